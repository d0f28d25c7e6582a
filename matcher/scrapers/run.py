"""Read one source from its first page to checked calls, so that nothing of it escapes as an exception."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import (
    Call,
    Fetched,
    Outcome,
    Rule,
    SourceRun,
    Status,
    StoredCall,
    Unread,
    Violation,
    plain,
)
from matcher.errors import FetchError, MatcherError, ParseError, SkipRecord
from matcher.scrapers import expectations
from matcher.scrapers.source import Fetch, Page, Source, SourceModule

#: control characters, halves of characters, and signs that turn the reading direction around
_HOSTILE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]+"  # but \t and \n
)
_PARAGRAPHS = frozenset({"text", "conditions"})
#: so many missing calls are looked up at their own address, which tells a lost list from lost calls
_LOOKED_UP = 10
_GONE, _NOT_FOUND = 410, 404
#: a deadline in this year or later is how databases write "no date": 2099-12-31, 2100-01-01
_NO_DATE = 2090


def _line(text: str) -> str:
    return " ".join(_HOSTILE.sub(" ", text).split())


def _paragraphs(text: str) -> str:
    return _HOSTILE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean(call: Call) -> Call:
    """The call without what a hostile or careless publisher may have put into its texts.

    Control characters, line breaks and runs of blanks become one space, except that text and conditions
    keep their lines. A deadline that only stands for none is left out. It is done here, once, so that no
    source can forget it.

    Raises:
        ParseError: there is no identifier or title, or the address is not http(s).
    """
    changes: dict[str, Any] = {}
    for each in fields(call):
        value = getattr(call, each.name)
        if type(value) is str:  # not an enum: its words are our own
            changes[each.name] = _paragraphs(value) if each.name in _PARAGRAPHS else _line(value)
        elif isinstance(value, tuple) and value and type(value[0]) is str:
            changes[each.name] = tuple(_line(item) for item in value)
    changes["deadlines"] = tuple(
        replace(d, raw=d.raw and _line(d.raw)) for d in call.deadlines if d.at.year < _NO_DATE
    )
    cleaned = replace(call, **changes)
    if not cleaned.source_id or not cleaned.title:
        raise ParseError(f"a record without {'title' if cleaned.source_id else 'identifier'}")
    if not _is_web(cleaned.url):
        raise ParseError(f"{cleaned.source_id}: the address {cleaned.url!r} is not http(s)")
    return replace(cleaned, links=tuple(link for link in cleaned.links if _is_web(link)))


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def run_source(
    source: Source,
    module: SourceModule,
    fetch: Fetch,
    *,
    now: Callable[[], datetime],
    known: Sequence[StoredCall],
    history: Sequence[Mapping[str, float]] = (),
    accept: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> SourceRun:
    """Crawl, split and parse a source, and judge whether the run as a whole looks healthy.

    Never raises: what is wrong ends up in ``outcome``, ``problem`` and ``traceback``.

    Args:
        known: the stored calls of this source; those still ahead must be listed again.
        history: the fill rates of its latest stored runs, to compare with.
        accept: a person has looked at the publisher's site: known calls that are not listed are gone,
            and facts that are not there are no longer stated.
        progress: told the address of each page read.
    """
    started = now()
    reading = _Reading()
    violations: list[Violation] = []
    outcome, trace = Outcome.OK, None
    try:
        _read(source, module, fetch, reading, progress)
        if accept:
            reading.gone = [k.call.source_id for k in _unlisted(reading, known, started)]
        violations = list(_judge(source, module, fetch, reading, known, history, started, accept=accept))
        if any(v.fatal for v in violations):
            outcome = Outcome.FAILED
        elif violations:
            outcome = Outcome.DEGRADED
    except MatcherError as error:
        outcome = Outcome.FAILED
        about = "answer" if isinstance(error, FetchError) else "shape"
        violations = [Violation(rule=Rule.READABLE, about=about, sentence=str(error), fatal=True)]
    except Exception as error:  # noqa: BLE001 (the boundary: the other sources must be read whatever our bug)
        outcome, trace = Outcome.CRASHED, traceback.format_exc()
        sentence = f"{source.key}: our own code failed ({type(error).__name__}: {error}); see the traceback"
        violations = [Violation(rule=Rule.SOUND, sentence=sentence, fatal=True)]
    stores = outcome in (Outcome.OK, Outcome.DEGRADED)
    calls = tuple(reading.calls.values())
    return SourceRun(
        source=source.key,
        outcome=outcome,
        started_at=started,
        ended_at=now(),
        calls=calls if stores else (),
        pages=tuple(fetch.pages),
        read_from=reading.read_from if stores else {},
        unread=tuple(reading.unread),
        violations=tuple(violations),
        gone=tuple(reading.gone) if stores else (),
        absent=tuple(reading.absent) if stores else (),
        fill=expectations.fill_rates(calls, started) if stores else {},
        problem="; ".join(v.sentence for v in violations) or None,
        traceback=trace,
    )


@dataclass(slots=True)
class _Reading:
    """What has been read so far; everything by the call's identifier."""

    calls: dict[str, Call] = field(default_factory=dict)
    read_from: dict[str, Fetched] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def add(self, page: Page, call: Call) -> None:
        if self.calls.setdefault(call.source_id, call) != call:
            # publishers list a call twice now and then; only one that contradicts itself is a problem
            why = f"{call.source_id} is listed twice with different content; the first was kept"
            self.unread.append(Unread(url=page.url, why=why))
        elif page.response:
            self.read_from.setdefault(call.source_id, replace(page.response, notes=plain(page.notes)))


def _read(
    source: Source, module: SourceModule, fetch: Fetch, reading: _Reading, progress: Callable[[str], None]
) -> None:
    for page in module.crawl(source, fetch):
        progress(page.url)
        for found in read_page(source, module, page):
            if isinstance(found, Unread):
                reading.unread.append(found)
            else:
                reading.add(page, found)
    reading.unread += fetch.failures


def read_page(source: Source, module: SourceModule, page: Page) -> Iterator[Call | Unread]:
    """What a page holds: calls, and the reasons why records could not be read.

    Raises:
        ParseError: the page cannot be cut into records.
    """
    for record in module.split(page):
        try:
            yield clean(module.parse(source, page, record))
        except SkipRecord:
            continue
        except ParseError as error:
            yield Unread(url=page.url, why=str(error))


def _judge(
    source: Source,
    module: SourceModule,
    fetch: Fetch,
    reading: _Reading,
    known: Sequence[StoredCall],
    history: Sequence[Mapping[str, float]],
    now: datetime,
    *,
    accept: bool,
) -> Iterator[Violation]:
    """Every rule the run broke; what is fatal comes first and alone."""
    calls = list(reading.calls.values())
    broken = expectations.broken_bounds(source.expect, calls, reading.unread)
    if not accept:
        broken = (
            broken
            or expectations.lost_facts(calls, known, now)
            or expectations.missing_plan(calls, known, now)
        )
    if broken:
        yield broken
        return
    if not accept:
        _keep_deadlines(reading, known, now)
        ahead = [k for k in known if expectations.is_ahead(k, now)]
        # those without a date prove nothing about the list, but may be gone as well
        undated = [k for k in _unlisted(reading, known, now) if not k.call.planned and k not in ahead]
        states = _look_up(source, module, fetch, reading, [*ahead, *undated], now)
        missing = {k.call.source_id: s for k in ahead if (s := states.get(k.call.source_id))}
        ahead = [k for k in ahead if k.call.source_id not in reading.gone]
        yield from expectations.missing_calls(source.expect, ahead, missing)
    calls = list(reading.calls.values())
    yield from expectations.odd_records(source.expect, len(calls), reading.unread)
    if not accept:
        yield from expectations.fallen_rates(expectations.fill_rates(calls, now), history)


def _keep_deadlines(reading: _Reading, known: Sequence[StoredCall], now: datetime) -> None:
    """A call whose known deadline has vanished from its page counts as unread: what is stored stands."""
    for stored in known:
        call = reading.calls.get(stored.call.source_id)
        why = call and expectations.forgotten_deadline(stored, call, now)
        if call and why:
            reading.unread.append(Unread(url=call.url, why=why))
            del reading.calls[call.source_id]


def _unlisted(reading: _Reading, known: Sequence[StoredCall], now: datetime) -> list[StoredCall]:
    """Known calls that are open or coming and that this run does not hold."""
    live = (Status.OPEN, Status.FORTHCOMING, Status.UNKNOWN)
    return [k for k in known if k.call.source_id not in reading.calls and k.status(now) in live]


def _look_up(
    source: Source,
    module: SourceModule,
    fetch: Fetch,
    reading: _Reading,
    expected: Sequence[StoredCall],
    now: datetime,
) -> dict[str, str]:
    """By identifier of each call that is not listed: what its own page says.

    A call that its publisher says is gone (410) is none of them. One that can be read from its own page is
    read from there, and still missing from the list.
    """
    asked, answers = 0, True
    missing: dict[str, str] = {}
    unread = {u.url for u in reading.unread}
    failed = {u.url for u in fetch.failures}
    seen = {page.url for page in fetch.pages}
    for stored in expected:
        known = stored.call
        url = address_of(source, module, known)
        if known.source_id in reading.calls or (url in unread and url not in failed):
            continue
        if url in seen:
            missing[known.source_id] = f"it is no longer on {url}"
            continue
        if url is None or not answers or asked == _LOOKED_UP:
            missing[known.source_id] = f"see {known.url}"
            continue
        asked += 1
        try:
            page = fetch(url)
        except FetchError as error:
            if error.status == _GONE:
                reading.gone.append(known.source_id)
                reading.unread = [u for u in reading.unread if u.url != url]
            elif url in failed:
                continue  # listed, and counted as unread already
            elif error.status == _NOT_FOUND:
                reading.absent.append(known.source_id)
                missing[known.source_id] = f"its page answers 404: {url}"
            else:
                answers = False
                missing[known.source_id] = f"its page cannot be read: {error}"
            continue
        if _read_alone(source, module, page, known, reading, now):
            missing[known.source_id] = (
                f"its own page still has it: see whether the list has lost a part or hides it ({url})"
            )
        elif known.title.casefold() in _words(page).casefold():
            missing[known.source_id] = f"its page still stands, but cannot be read alone: {url}"
        else:
            missing[known.source_id] = f"its address no longer shows it: {url}"
    return missing


def address_of(source: Source, module: SourceModule, call: Call) -> str | None:
    """Where a call can be read alone: its own address, unless the module knows another (``own_page``)."""
    own_page: Callable[[Source, Call], str | None] | None = getattr(module, "own_page", None)
    return own_page(source, call) if own_page else call.url


def _read_alone(
    source: Source, module: SourceModule, page: Page, known: Call, reading: _Reading, now: datetime
) -> bool:
    try:
        found = [c for c in read_page(source, module, page) if isinstance(c, Call)]
    except MatcherError:  # the module reads this kind of page only together with the list
        return False
    for call in found:
        if call.source_id == known.source_id and call.next_deadline(now):
            reading.add(page, call)
            return True
    return False


def _words(page: Page) -> str:
    try:
        return str(page.json)
    except ParseError:
        return _line(page.soup.get_text(" "))
