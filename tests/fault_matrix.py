"""Every fault of the replay at every source: what its runs came to, and what became of the stored calls."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from matcher import jobs
from matcher.domain import Outcome, SourceRun, Status, StoredCall
from matcher.errors import FetchError
from matcher.scrapers.fetch import Fetcher
from matcher.scrapers.source import Page, Source, load_module
from matcher.storage import repository
from tests import fleet
from tests.fleet import NOW, Publishers

#: what an operator must hear of
HIDING = (
    "maintenance", "cookie_wall", "login", "server_error", "slow_drip", "stall", "truncated_json",
    "gzip_bomb", "double_gzip_bomb", "endless", "redirect_offsite", "redirect_loop", "empty_list",
    "page_one_only", "half_missing", "dates_in_other_format", "column_dropped",
)  # fmt: skip
#: what a run gets over by itself
BEARABLE = ("rate_limited", "wrong_charset", "wrong_charset_false_header", "deadline_moved")
#: got over where calls have numbers and pages of their own, else heard of
EITHER = ("hostile_html", "withdrawn")
HEALTHY = "healthy"
KINDS = (*HIDING, *BEARABLE, *EITHER, HEALTHY)
#: faults that last as long as we let them, and the total deadline they meet, in seconds
LASTING, PATIENCE = ("slow_drip", "stall", "endless"), 1.5

ALARMED, WHOLE, SILENT = "alarmed", "whole", "silent"

Calls = Mapping[str, StoredCall]
Answer = tuple[str, dict[str, Any], bytes]


@dataclass
class Cell:
    """What one fault did to one source."""

    source: str
    kind: str
    #: per run: the operators were told, all is stored as the publisher means it, or neither
    runs: list[str] = field(default_factory=list)
    harm: list[str] = field(default_factory=list)
    problem: str | None = None
    #: whether the fault changes any answer that this source asks for, by more than hiding closed calls
    shows: bool = True

    def right(self, run: int) -> bool:
        """Whether the first (0) or second (1) run ended as it should."""
        if self.kind == HEALTHY or not self.shows or self.kind in BEARABLE:
            return self.runs[run] == WHOLE
        return self.runs[run] in ((ALARMED, WHOLE) if self.kind in EITHER else (ALARMED,))


class Recorder(Fetcher):
    """A fetcher that remembers what was asked and answered, POST requests too."""

    answers: list[Answer]

    def __call__(self, url: str, **how: Any) -> Page:
        page = super().__call__(url, **how)
        how.pop("notes", None)
        self.answers.append((url, how, page.body))
        return page


def recorder(installation: jobs.Installation, source: Source) -> Recorder:
    """A fetcher without a cache, as in a first run."""
    settings = installation.configuration.settings
    fetch = Recorder(
        source,
        settings=settings.http,
        now=lambda: NOW,
        replay=installation.replay,
        permitted=source.key in settings.permissions,
    )
    fetch.answers = []
    return fetch


@dataclass
class World:
    """The publishers, a database after one healthy run, and what they answered in it."""

    publishers: Publishers
    installation: jobs.Installation
    database: Path
    before: dict[str, Calls]
    truth: dict[str, Any]
    answers: dict[str, list[Answer]]

    def shows(self, kind: str, source: Source) -> bool:
        """Whether a fault changes anything that a healthy run asks the publisher for."""
        self.publishers.fault(kind, source)
        try:
            with recorder(self.installation, source) as fetch:
                return any(fetch(url, **how).body != body for url, how, body in self.answers[source.key])
        except FetchError:
            return True
        finally:
            self.publishers.heal()


@contextmanager
def healthy_world(folder: Path) -> Iterator[World]:
    """The whole fleet read once, in good health."""
    database = folder / "healthy.db"
    with (
        fleet.publishers() as publishers,
        fleet.without_waiting(),
        fleet.installation(folder, publishers.url, f"sqlite:///{database}") as installation,
    ):
        runs = fleet.read_all(installation, NOW)
        assert {key: run.problem for key, run in runs.items() if run.outcome is not Outcome.OK} == {}
        answers = {}
        for key, source in installation.sources.items():
            with recorder(installation, source) as fetch:
                for _ in load_module(source).crawl(source, fetch):
                    pass
            answers[key] = fetch.answers
        before: dict[str, Calls] = dict(fleet.stored(installation))
        yield World(publishers, installation, database, before, publishers.truth(), answers)


def a_day(world: World, day: int, folder: Path, *, cold: bool = False) -> list[Cell]:
    """Each source with another fault, or with none; two runs, two hours apart.

    Over as many days as there are kinds every source meets every kind, always beside others that are well.
    With ``cold`` nothing has been read before, and there is one run.
    """
    if not cold:
        shutil.copy(world.database, folder / "matcher.db")
    address = f"sqlite:///{folder / 'matcher.db'}"
    with fleet.installation(folder, world.publishers.url, address) as opened:
        sources = list(opened.sources.values())
        cells = [Cell(source.key, KINDS[(n + day) % len(KINDS)]) for n, source in enumerate(sources)]
        for source, cell in zip(sources, cells, strict=True):
            if cell.kind != HEALTHY:
                world.publishers.fault(cell.kind, source)
        truth = world.publishers.truth()
        installation = fleet.hurried(opened, PATIENCE, *(c.source for c in cells if c.kind in LASTING))
        for number in (1,) if cold else (1, 2):
            now = NOW + number * timedelta(hours=2)
            runs = fleet.read_all(installation, now)
            letters, after = fleet.alarmed(installation), fleet.stored(installation)
            with installation.database.read() as session:
                changed = repository.changes(session)
            for source, cell in zip(sources, cells, strict=True):
                recorded = {source_id for key, source_id in changed if key == source.key}
                reading = Reading(
                    source, cell.kind, world.before[source.key], after[source.key], world.truth, truth, now
                )
                cell.runs.append(reading.verdict(runs[source.key], letters[source.key], recorded, cold=cold))
                if cell.runs[-1] == WHOLE and reading.closed_hidden():
                    cell.shows = False
                harm = reading.false_open() if cold else (*reading.false_open(), *reading.harm())
                cell.harm += [f"run {number}: {what}" for what in harm]
                cell.problem = runs[source.key].problem or cell.problem
        world.publishers.heal()
    for cell in cells:
        if WHOLE in cell.runs and cell.kind in HIDING and cell.shows:
            cell.shows = world.shows(cell.kind, world.installation.sources[cell.source])
    return cells


@dataclass
class Reading:
    """A source's calls before and after a run under a fault, and what is really so."""

    source: Source
    kind: str
    before: Calls
    after: Calls
    healthy_truth: dict[str, Any]
    truth: dict[str, Any]
    now: datetime

    def __post_init__(self) -> None:
        then, present = self._listed(self.healthy_truth), self._listed(self.truth)
        gone = [call["title"] for key, call in then.items() if key not in present]
        moved = [
            call["title"]
            for key, call in then.items()
            if key in present and present[key]["deadlines"] != call["deadlines"]
        ]
        self.gone, self.moved = Counter(map(words, gone)), Counter(map(words, moved))
        self.open = Counter(words(call["title"]) for call in present.values() if call["status"] == "open")

    def _listed(self, truth: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        hosts = self.source.allowed_hosts & truth.keys()
        return {(host, call["id"]): call for host in hosts for call in truth[host]["calls"]}

    def verdict(self, run: SourceRun, letters: int, recorded: set[str], *, cold: bool) -> str:
        """What the run came to."""
        if run.outcome is not Outcome.OK and letters:
            return ALARMED
        return WHOLE if self._whole(recorded, cold=cold) else SILENT

    def _whole(self, recorded: set[str], *, cold: bool) -> bool:
        seen = {key for key, new in self.after.items() if new.last_seen == self.now}
        if self.kind == "hostile_html":  # titles are what it changes, see tests/test_fleet_hostile.py
            return len(seen) == len(self.before) == len(self.after)
        unseen = self.before.keys() - seen - self.closed_hidden()
        if self.titles(unseen) != self.gone or not seen <= self.before.keys():
            return False
        if any(
            self.after[key].status(self.now) is not Status.WITHDRAWN for key in unseen & self.after.keys()
        ):
            return False
        changed = {key for key in seen if self.after[key].call != self.before[key].call}
        return (
            self.titles(changed) == self.moved
            and all(two_weeks_later(self.before[key], self.after[key]) for key in changed)
            and (cold or changed <= recorded)
        )

    def titles(self, keys: Iterable[str]) -> Counter[str]:
        """Titles of stored calls, each as often as calls have it."""
        return Counter(words(self.before[key].call.title) for key in keys)

    def closed_hidden(self) -> set[str]:
        """Calls that a fault hides and that have closed: publishers take those down, nobody need be told."""
        return {
            key
            for key, old in self.before.items()
            if self.kind in HIDING
            and old.status(self.now) is Status.CLOSED
            and (key not in self.after or self.after[key].last_seen < self.now)
        }

    def false_open(self) -> Iterator[str]:
        """Calls that are shown as open and are not."""
        for key, new in self.after.items():
            if new.status(self.now) is not Status.OPEN:
                continue
            title = words(new.call.title)
            was = self.before[key].status(self.now) if key in self.before else None
            # one without a number of its own is another call when its title has changed
            if was is not Status.OPEN and not (was is None and self.open[title]):
                yield f"{key} is shown as open, falsely"

    def harm(self) -> Iterator[str]:
        """What no run may do: lose a stored call, take one away, or move its dates."""
        for key, old in self.before.items():
            if key not in self.after:
                yield f"{key} is lost"
                continue
            new, title = self.after[key], words(old.call.title)
            was, status = old.status(self.now), new.status(self.now)
            if status is not was and not (self.gone[title] and status is Status.WITHDRAWN):
                yield f"{key} was {was} and is {status}"
            if dates(old) != dates(new) and not self.moved[title]:
                yield f"{key} has other dates"


def dates(stored: StoredCall) -> Any:
    return stored.call.opens, [deadline.at for deadline in stored.call.deadlines]


def two_weeks_later(old: StoredCall, new: StoredCall) -> bool:
    last, now = max(d.day for d in old.call.deadlines), max(d.day for d in new.call.deadlines)
    return now - last == timedelta(days=14)


def words(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))


def table(cells: Sequence[Cell]) -> str:
    """The matrix for a person: a row per source, a column per fault, a letter per run."""
    signs = {ALARMED: "A", WHOLE: "w", SILENT: "!"}
    kinds = list(dict.fromkeys(KINDS))
    at = {(cell.source, cell.kind): cell for cell in cells}
    lines = [f"{n:>3} {kind}" for n, kind in enumerate(kinds)]
    lines.append("A operators told, w all read, o nothing to see, ! neither, # harm done")
    lines.append(" " * 24 + "".join(f"{n:>4}" for n in range(len(kinds))))
    for source in sorted({cell.source for cell in cells}):
        row = ""
        for cell in (at.get((source, kind)) for kind in kinds):
            shown = "" if cell is None else "".join(signs[r] for r in cell.runs) + "#" * bool(cell.harm)
            row += f"{shown if cell is None or cell.shows else shown.replace('w', 'o'):>4}"
        lines.append(f"{source:<24}{row}")
    return "\n".join(lines)


def wrong(cells: Sequence[Cell], run: int) -> list[str]:
    """Cells whose run did not end as it should, for people."""
    return [f"{c.source} {c.kind}: {c.runs[run]} ({c.problem})" for c in cells if not c.right(run)]
