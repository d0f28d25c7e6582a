"""A year of daily readings of publishers with faults: what is alarmed, when, and what is lost."""

from __future__ import annotations

import argparse
import dataclasses
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from matcher import jobs
from matcher.config import Configuration
from matcher.config.loading import load_configuration
from matcher.demo.configuration import write_config
from matcher.digest.alarm import OPERATORS
from matcher.domain import STOCKHOLM, Call, Family, Fetched, Money, Status, StoredCall, Unread
from matcher.errors import FetchError, ParseError
from matcher.scrapers import dates
from matcher.scrapers.run import run_source
from matcher.scrapers.source import Page, Source, load_sources
from matcher.storage import repository
from matcher.storage.engine import open_database

FIRST = date(2027, 1, 11)
PAGE = 10
FAULTS = (
    "half lost",
    "page one only",
    "empty list",
    "column dropped",
    "other date format",
    "maintenance page",
    "server error",
)


# --- the publishers --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a publisher is like: how many calls it has at a time, and how they come."""

    key: str
    size: int
    #: "rolling", "batch" (each quarter), "season" (September to November) or "cut-offs" (several deadlines)
    way: str = "rolling"
    #: share of its calls with a budget
    budgets: float = 0.8
    #: the list says how many calls there are in all
    total: bool = False
    #: what its YAML allows to be unread: small lists need more room
    max_unread: float = 0.2


KINDS = (
    Kind(key="three", size=3, max_unread=0.34),
    Kind(key="three-season", size=3, way="season", max_unread=0.34),
    Kind(key="five", size=5, max_unread=0.34),
    Kind(key="five-batch", size=5, way="batch", max_unread=0.34),
    Kind(key="eight", size=8, budgets=0.5),
    Kind(key="eight-cut-offs", size=8, way="cut-offs"),
    Kind(key="fifteen", size=15),
    Kind(key="fifteen-batch", size=15, way="batch", budgets=0.6),
    Kind(key="twenty", size=20, total=True),
    Kind(key="twenty-season", size=20, way="season"),
    Kind(key="sixty", size=60, max_unread=0.05),
    Kind(key="sixty-cut-offs", size=60, way="cut-offs", total=True, max_unread=0.05),
    Kind(key="three-hundred", size=300, budgets=0.95, max_unread=0.05),
)
SMALL = tuple(k for k in KINDS if k.key in ("three", "five-batch", "eight-cut-offs", "twenty", "sixty"))


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A call as its publisher means it; days are counted from the first run."""

    number: int
    opens: int
    #: the last days to apply
    closes: tuple[int, ...]
    #: the day the last deadline is put off by two weeks
    moved: int | None
    #: the day it is withdrawn, and what its page answers from then on
    withdrawn: int | None
    answers: int
    #: the day its text is edited without a change of meaning
    edited: int
    #: taken down in the morning of its last day
    early: bool
    budget: bool

    def deadlines(self, day: int) -> tuple[int, ...]:
        if self.moved is not None and day >= self.moved:
            return (*self.closes[:-1], self.closes[-1] + 14)
        return self.closes

    def is_listed(self, day: int) -> bool:
        if self.withdrawn is not None and day >= self.withdrawn:
            return False
        last = self.deadlines(day)[-1]
        return self.opens - 14 <= day and (day < last or (day == last and not self.early))

    def line(self, day: int, *, dated: bool = True, american: bool = False) -> str:
        """The call as it stands in the list and on its page."""
        form = "%m/%d/%y" if american else "%Y-%m-%d"
        closes = ", ".join((FIRST + timedelta(d)).strftime(form) for d in self.deadlines(day))
        opens = FIRST + timedelta(self.opens)
        text = f"Stöd till kommuner som utvecklar sin verksamhet tillsammans, nummer {self.number}"
        return "|".join(
            (
                f"{self.number}",
                f"Bidrag {self.number}",
                opens.isoformat() if dated else "",
                closes if dated else "",
                "500000" if self.budget else "",
                f"{text} ." if day >= self.edited else text,
            )
        )


def calls_of(kind: Kind, days: int, chance: random.Random) -> list[Truth]:
    """A year of calls: windows of 77 days in the middle, moved, edited and withdrawn now and then."""
    cuts = 3 if kind.way == "cut-offs" else 1
    live = 77.0 * 1.13 + 14 + 90 * (cuts - 1)
    rate = kind.size / live
    opens: list[int] = []
    day = -int(live)
    while day < days:
        calendar = FIRST + timedelta(day)
        if kind.way == "batch":
            number = kind.size if calendar.day == 12 and calendar.month % 3 == 1 else 0
            ahead = 20
        elif kind.way == "season":
            busy = calendar.month in (9, 10, 11) or day < 0
            number, ahead = (_poisson(rate * (1 if day < 0 else 2.5), chance) if busy else 0), 14
        else:
            number, ahead = _poisson(rate, chance), 14
        opens += [day + ahead] * number
        day += 1
    out = []
    for number, start in enumerate(opens):
        window = min(300, max(21, round(chance.lognormvariate(4.34, 0.5))))
        closes = tuple(start + window + 90 * n for n in range(cuts))
        life = range(start - 10, closes[-1] - 7)
        out.append(
            Truth(
                number=number,
                opens=start,
                closes=closes,
                moved=chance.choice(life) if chance.random() < 0.05 else None,
                withdrawn=chance.choice(life) if chance.random() < 0.015 else None,
                answers=chance.choice((404, 410)),
                edited=chance.choice(life),
                early=chance.random() < 0.1,
                budget=chance.random() < kind.budgets,
            )
        )
    return out


def _poisson(mean: float, chance: random.Random) -> int:
    number, left = 0, chance.expovariate(1)
    while left < mean:
        number, left = number + 1, left + chance.expovariate(1)
    return number


@dataclass
class Publisher:
    """One publisher's site as it is on a day, with or without a fault."""

    kind: Kind
    truths: Sequence[Truth]
    faults: Mapping[int, str]
    day: int = 0
    pages: list[Fetched] = field(default_factory=list)
    failures: list[Unread] = field(default_factory=list)

    @property
    def list_url(self) -> str:
        return f"https://{self.kind.key}.example/"

    def listed(self, day: int) -> list[Truth]:
        return [t for t in self.truths if t.is_listed(day)]

    def shown(self) -> list[Truth]:
        fault, listed = self.faults.get(self.day), self.listed(self.day)
        if fault == "half lost":
            return listed[::2]
        if fault == "page one only":
            return listed[:PAGE]
        return [] if fault == "empty list" else listed

    def hurts(self, seen: Set[int]) -> bool:
        """Whether today's fault takes away anything that was there on a healthy day."""
        fault = self.faults.get(self.day)
        if fault not in ("half lost", "page one only"):
            return fault is not None
        return any(t.number in seen for t in self.listed(self.day) if t not in self.shown())

    def __call__(self, url: str, **_: Any) -> Page:
        fault = self.faults.get(self.day)
        if fault == "server error":
            raise FetchError(f"{url}: the publisher answers 500", url=url, status=500)
        if fault == "maintenance page":
            return Page(url, b"Webbplatsen uppdateras", moment(self.day))
        text = {"dated": fault != "column dropped", "american": fault == "other date format"}
        if url != self.list_url:
            number = int(url.rsplit("/", 1)[1])
            truth = self.truths[number]
            readable = self.shown() if fault == "half lost" else self.listed(self.day)
            if truth not in readable:
                gone = truth.withdrawn is not None and self.day >= truth.withdrawn
                status = truth.answers if gone else 404
                raise FetchError(f"{url}: the publisher answers {status}", url=url, status=status)
            return Page(url, "\n".join(("Calls", truth.line(self.day, **text))).encode(), moment(self.day))
        shown = self.shown()
        # the total is the search service's own count: a fault that loses records loses them from it too
        total = len(self.listed(self.day)) if fault == "page one only" else len(shown)
        head = f"Calls {total}" if self.kind.total else "Calls"
        body = "\n".join((head, *(t.line(self.day, **text) for t in shown)))
        return Page(url, body.encode(), moment(self.day))

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        """Part of ``Fetch``; lists of this kind need it not."""
        return (self(url) for url, _ in pages)


def moment(day: int, hour: int = 5) -> datetime:
    """When a day's run is."""
    return datetime.combine(FIRST + timedelta(day), datetime.min.time(), STOCKHOLM) + timedelta(hours=hour)


class Lines:
    """The module of all these sources: lines ``number|title|opens|closes|budget|text``."""

    def crawl(self, source: Source, fetch: Any) -> Iterator[Page]:
        """The list, which is whole if it says how many calls there are."""
        page = fetch(source.start_url)
        head, *lines = page.body.decode().split("\n")
        total = head.removeprefix("Calls ")
        if total.isdigit() and int(total) != len(lines):
            raise ParseError(f"{page.url}: {total} calls reported, {len(lines)} listed")
        yield page

    def split(self, page: Page) -> list[str]:
        """A line is a record."""
        head, *lines = page.body.decode().split("\n")
        if not head.startswith("Calls"):
            raise ParseError(f"{page.url}: the list of calls is missing")
        return lines

    def parse(self, source: Source, page: Page, record: str) -> Call:  # noqa: ARG002 (a line says all)
        """A line as a call; its dates are read as from any page."""
        return _parsed(source.key, source.start_url, record)


@lru_cache(maxsize=20_000)
def _parsed(key: str, url: str, record: str) -> Call:
    number, title, opens, closes, budget, text = record.split("|")
    said = [f"Ansökan öppnar {opens}"] if opens else []
    said += [f"Sista ansökningsdag {c}" for c in closes.split(", ") if c]
    when = dates.window("\n".join(said))
    return Call(
        source=key,
        source_id=number,
        url=f"{url}{number}",
        title=title,
        language="sv",
        family=Family.NATIONAL,
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        budget=Money(amount=Decimal(budget), currency="SEK") if budget else None,
        text=text,
    )


def source_of(kind: Kind) -> Source:
    """The YAML such a source would have."""
    return Source.model_validate(
        {
            "key": kind.key,
            "title": kind.key,
            "publisher": {"name": kind.key, "acronym": "P", "country": "se", "url": "https://example.org"},
            "url": f"https://{kind.key}.example/",
            "start_url": f"https://{kind.key}.example/",
            "language": "sv",
            "family": "national",
            "terms": {"licence": "-"},
            "expect": {
                "min_calls": 1,
                "max_calls": 10 * kind.size,
                "min_deadline_share": 0.5,
                "max_unread_share": kind.max_unread,
            },
        }
    )


def faults_of(days: int, chance: random.Random, kinds: Sequence[str] = FAULTS) -> dict[int, str]:
    """Three or four a year, each for one to five days, at least a week apart."""
    faults: dict[int, str] = {}
    for _ in range(round(3.5 * days / 365)):
        length = chance.randint(1, 5)
        for _attempt in range(50):
            start = chance.randrange(10, days - length)
            if not any(day in faults for day in range(start - 7, start + length + 7)):
                faults |= dict.fromkeys(range(start, start + length), chance.choice(kinds))
                break
    return faults


# --- the year --------------------------------------------------------------------------------


@dataclass
class Tally:
    """What happened to one source, or to all."""

    source_years: float = 0.0
    #: letters on days without a fault, other than about calls that the publisher did withdraw
    false_alarms: list[str] = field(default_factory=list)
    #: letters about calls that were withdrawn without a word
    withdrawals_told: int = 0
    #: by kind of fault: the day (1, 2 …) of the first letter, or ``None``
    found: dict[str, list[int | None]] = field(default_factory=dict)
    lost: set[tuple[str, int]] = field(default_factory=set)
    #: withdrawn for as long as a fault lasted that took the call from the list and its page too
    hidden: set[tuple[str, int]] = field(default_factory=set)
    redated: set[tuple[str, int]] = field(default_factory=set)
    false_open: set[tuple[str, int]] = field(default_factory=set)
    #: days from a withdrawal without a word to our noticing
    silent: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in another source's figures."""
        self.source_years += other.source_years
        self.false_alarms += other.false_alarms
        self.withdrawals_told += other.withdrawals_told
        for kind, days in other.found.items():
            self.found.setdefault(kind, []).extend(days)
        self.lost |= other.lost
        self.hidden |= other.hidden
        self.redated |= other.redated
        self.false_open |= other.false_open
        self.silent += other.silent

    def share(self, kinds: Sequence[str], day: int) -> float:
        """The share of faults of these kinds that were alarmed by their nth day, of those that had one."""
        days = [d for kind in kinds for d in self.found.get(kind, ())]
        return sum(d is not None and d <= day for d in days) / len(days) if days else 1.0


def live_through(installation: jobs.Installation, kind: Kind, days: int, chance: random.Random) -> Tally:
    """Read one publisher each morning, again two hours after a failure, and raise the alarms."""
    source = source_of(kind)
    alone = dataclasses.replace(installation, sources={kind.key: source})
    truths = calls_of(kind, days, chance)
    # a day without any call is no healthy list: the publishers of this world always have one
    publisher = Publisher(kind, truths, faults_of(days, chance))
    tally = Tally(source_years=days / 365)
    told: set[str] = set()
    since: dict[int, tuple[str, int]] = {}  # by day of a fault: its kind and first day that hurt
    seen: set[int] = set()
    stored: list[StoredCall] = []
    for day in range(days):
        publisher.day = day
        if not publisher.listed(day) and day not in publisher.faults:
            continue
        for hour in (5, 7):
            now = moment(day, hour)
            if not _read(alone, source, publisher, stored, now):
                break
        jobs.raise_alarms(alone, now)
        with alone.database.read() as session:
            letters = {
                x.period: x.subject
                for x in repository.letters(session)
                if x.committee == OPERATORS and x.period.startswith(f"{kind.key} ")
            }
            stored = repository.known_calls(session, kind.key)
        new = letters.keys() - told
        told |= new
        _note_alarms(publisher, new, since, seen, tally)
        if day not in publisher.faults:
            seen |= {t.number for t in publisher.listed(day)}
        _note_calls(publisher, stored, seen, now, tally)
    return tally


def _read(
    installation: jobs.Installation,
    source: Source,
    publisher: Publisher,
    known: Sequence[StoredCall],
    now: datetime,
) -> bool:
    """One run, stored; whether it failed and is tried again."""
    with installation.database.read() as session:
        history = repository.fill_history(session, source.key)
    run = run_source(source, Lines(), publisher, now=lambda: now, known=known, history=history)
    with installation.database.write() as session:
        repository.save_source_run(session, run, now)
    return not run.stores


def _note_alarms(
    publisher: Publisher,
    new: Iterable[str],
    since: dict[int, tuple[str, int]],
    seen: Set[int],
    tally: Tally,
) -> None:
    day, fault = publisher.day, publisher.faults.get(publisher.day)
    if fault is None:
        for key in new:
            _, rule, about, *_ = key.split()
            truth = publisher.truths[int(about)] if rule == "survival" and about.isdigit() else None
            if truth and truth.withdrawn is not None and truth.withdrawn <= day:
                tally.withdrawals_told += 1
            else:
                tally.false_alarms.append(f"day {day}: {key}")
        return
    first = since.get(day - 1, (fault, day))[1]
    if day - 1 not in since and not publisher.hurts(seen):
        return
    since[day] = (fault, first)
    days = tally.found.setdefault(fault, [])
    if first == day:
        days.append(None)
    if days[-1] is None and any(True for _ in new):
        days[-1] = day - first + 1


def _note_calls(
    publisher: Publisher, stored: Sequence[StoredCall], seen: set[int], now: datetime, tally: Tally
) -> None:
    """Compare what a committee would see with what the publisher means."""
    day, key = publisher.day, publisher.kind.key
    held = {int(s.call.source_id): s for s in stored}
    for truth in publisher.listed(day):
        if truth.number not in seen:
            continue
        known = held.get(truth.number)
        if known is None or known.withdrawn_at is not None:
            # while list and page deny a call for days, it counts as withdrawn; afterwards it must be back
            (tally.hidden if day in publisher.faults else tally.lost).add((key, truth.number))
        elif tuple((d.day - FIRST).days for d in known.call.deadlines) not in (
            truth.closes,
            truth.deadlines(day),
        ):
            tally.redated.add((key, truth.number))
    for number, known in held.items():
        truth = publisher.truths[number]
        withdrawn = truth.withdrawn is not None and day >= truth.withdrawn
        if known.status(now) is Status.OPEN and day > truth.deadlines(day)[-1] and not withdrawn:
            tally.false_open.add((key, number))
        if truth.withdrawn is not None and withdrawn and known.withdrawn_at == now and truth.answers == 404:
            tally.silent.append(day - truth.withdrawn)


@lru_cache(maxsize=1)
def configuration() -> Configuration:
    """Somebody to send the alarms to, and no committee: its letters are another matter."""
    with tempfile.TemporaryDirectory() as name:
        write_config(Path(name), FIRST)
        loaded = load_configuration(Path(name), known_sources=load_sources())
    return loaded.model_copy(update={"municipalities": ()})


def simulate(kind: Kind, *, days: int = 365, seed: int = 1) -> Tally:
    """A year of one publisher, on an SQLite database of its own."""
    with tempfile.TemporaryDirectory() as name:
        database = open_database(f"sqlite:///{Path(name) / 'matcher.db'}")
        database.upgrade()
        installation = jobs.Installation(
            configuration=configuration(),
            database=database,
            directory=Path(name),
            mail_from="eu@kommun.example",
        )
        try:
            return live_through(installation, kind, days, random.Random(f"{seed} {kind.key}"))
        finally:
            installation.close()


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    began = time.perf_counter()
    tally = Tally()
    configuration()  # once, for all processes
    slowest_first = sorted(KINDS, key=lambda kind: -kind.size)
    with ProcessPoolExecutor() as pool:
        for one in pool.map(partial(simulate, days=given.days, seed=given.seed), slowest_first):
            tally.add(one)
    years = tally.source_years
    said = [
        f"{len(KINDS)} sources, {given.days} days, seed {given.seed}",
        f"false alarms per source-year: {len(tally.false_alarms) / years:.2f} (bound 1)",
        f"letters about silent withdrawals per source-year: {tally.withdrawals_told / years:.2f}",
        f"half-lost lists found the same day: {tally.share(['half lost'], 1):.0%} (bound 95%)",
    ]
    for kinds in (*([kind] for kind in sorted(tally.found)), FAULTS):
        name = kinds[0] if len(kinds) == 1 else "all faults"
        number = sum(len(tally.found.get(kind, ())) for kind in kinds)
        first, second = (tally.share(kinds, day) for day in (1, 2))
        said.append(f"  {name}: {number}, alarmed on day 1 {first:.1%}, by day 2 {second:.1%}")
    said += [
        f"calls lost: {len(tally.lost)}, given another date: {len(tally.redated)} (bound 0); "
        f"withdrawn while list and page denied them for three days or more: {len(tally.hidden)}",
        f"false open: {len(tally.false_open)} (bound 0)",
        f"silent withdrawals: {len(tally.silent)}, noticed after {_mean(tally.silent):.1f} days, "
        f"at most {max(tally.silent, default=0)}",
        f"{time.perf_counter() - began:.0f} s",
        *tally.false_alarms[:20],
    ]
    print("\n".join(said))


def _mean(numbers: Sequence[int]) -> float:
    return statistics.mean(numbers) if numbers else 0.0


if __name__ == "__main__":
    main()
