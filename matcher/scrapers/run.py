"""Read one source from its first page to checked calls, so that nothing of it escapes as an exception."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import Call, Fetched, Outcome, SourceRun, Status, StoredCall, Unread
from matcher.errors import ExpectationError, MatcherError, ParseError, SkipRecord
from matcher.scrapers.source import Expect, Fetch, Source, SourceModule

#: control characters, halves of characters, and signs that turn the reading direction around
_HOSTILE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]+"  # but \t and \n
)
_PARAGRAPHS = frozenset({"text", "conditions"})
#: below this many known calls one that vanished says little
_LEAST_KNOWN = 5
#: what a reader relies on, and the share of known calls that must still have it
_REMEMBERED = ("deadlines", "opens", "budget", "rate_maximum", "applicants", "geography", "programme", "text")
_LEAST_KEPT = 0.8


def _line(text: str) -> str:
    return " ".join(_HOSTILE.sub(" ", text).split())


def _paragraphs(text: str) -> str:
    return _HOSTILE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean(call: Call) -> Call:
    """The call without what a hostile or careless publisher may have put into its texts.

    Control characters, line breaks and runs of blanks become one space, except that text and conditions
    keep their lines. It is done here, once, so that no source can forget it.

    Raises:
        ParseError: there is no identifier or title, or the address is not http(s).
    """
    changes: dict[str, Any] = {}
    for field in fields(call):
        value = getattr(call, field.name)
        if type(value) is str:  # not an enum: its words are our own
            changes[field.name] = _paragraphs(value) if field.name in _PARAGRAPHS else _line(value)
        elif isinstance(value, tuple) and value and type(value[0]) is str:
            changes[field.name] = tuple(_line(item) for item in value)
    changes["deadlines"] = tuple(replace(d, raw=d.raw and _line(d.raw)) for d in call.deadlines)
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
    progress: Callable[[str], None] = lambda _: None,
) -> SourceRun:
    """Crawl, split and parse a source, and judge whether the run as a whole looks healthy.

    Never raises: what is wrong ends up in ``outcome``, ``problem`` and ``traceback``.

    Args:
        known: the stored calls of this source; most of those still ahead must be listed again.
        progress: told the address of each page read.
    """
    started = now()
    calls: dict[str, Call] = {}
    unread: list[Unread] = []
    outcome, problem, trace = Outcome.OK, None, None
    try:
        for page in module.crawl(source, fetch):
            progress(page.url)
            for record in module.split(page):
                try:
                    call = clean(module.parse(source, page, record))
                    _add(calls, call)
                except SkipRecord:
                    continue
                except ParseError as error:
                    unread.append(Unread(url=page.url, why=str(error)))
        unread += fetch.failures
        _check(source.expect, list(calls.values()), unread, known, started)
        problem = _warning(source.expect, len(calls), unread)
        outcome = Outcome.DEGRADED if problem else Outcome.OK
    except MatcherError as error:
        outcome, problem = Outcome.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 (the boundary: the other sources must be read whatever our bug)
        outcome, trace = Outcome.CRASHED, traceback.format_exc()
        problem = f"{source.key}: our own code failed ({type(error).__name__}: {error}); see the traceback"
    stores = outcome in (Outcome.OK, Outcome.DEGRADED)
    pages: tuple[Fetched, ...] = tuple(fetch.pages)
    return SourceRun(
        source=source.key,
        outcome=outcome,
        started_at=started,
        ended_at=now(),
        calls=tuple(calls.values()) if stores else (),
        pages=pages,
        unread=tuple(unread),
        problem=problem,
        traceback=trace,
    )


def _add(calls: dict[str, Call], call: Call) -> None:
    """Publishers list a call twice now and then; only one that contradicts itself is a problem."""
    first = calls.setdefault(call.source_id, call)
    if first != call:
        raise ParseError(f"{call.source_id} is listed twice with different content; the first was kept")


def _check(
    expect: Expect, calls: list[Call], unread: list[Unread], known: Sequence[StoredCall], now: datetime
) -> None:
    """Raise ExpectationError with the most telling sentence if the run cannot be trusted."""
    if unread and len(unread) / (len(calls) + len(unread)) > expect.max_unread_share:
        raise ExpectationError(
            f"{len(unread)} of {len(calls) + len(unread)} records could not be read "
            f"(at most {expect.max_unread_share:.0%} may); the first: {unread[0].why} ({unread[0].url})"
        )
    if not calls:
        raise ExpectationError("no calls at all; the list is empty or its shape has changed")
    if len(calls) < expect.min_calls:
        raise ExpectationError(
            f"only {len(calls)} calls, at least {expect.min_calls} expected; see whether all pages were read"
        )
    dated = [bool(call.deadlines) for call in calls if not call.planned and not call.continuous]
    if dated and sum(dated) / len(dated) < expect.min_deadline_share:
        raise ExpectationError(
            f"only {sum(dated)} of {len(dated)} calls have a deadline "
            f"(at least {expect.min_deadline_share:.0%} expected); see whether its label or format changed"
        )
    _check_fields(calls, known, now)
    ahead = {k.call.source_id for k in known if _is_ahead(k, now)}
    listed = len(ahead & {call.source_id for call in calls})
    if len(ahead) >= _LEAST_KNOWN and listed / len(ahead) < expect.min_survival:
        raise ExpectationError(
            f"only {listed} of {len(ahead)} known calls with a deadline ahead are listed again "
            f"({listed / len(ahead):.0%}, at least {expect.min_survival:.0%} expected); "
            "see whether paging or a filter has changed"
        )


def _check_fields(calls: list[Call], known: Sequence[StoredCall], now: datetime) -> None:
    """Raise ExpectationError if a field that known calls had is gone from too many of them.

    Storing such a run would forget what we knew, deadlines first of all.
    """
    before = {k.call.source_id: k.call for k in known if _is_ahead(k, now)}
    for name in _REMEMBERED:
        pairs = [(before[c.source_id], c) for c in calls if c.source_id in before]
        had = [new for old, new in pairs if getattr(old, name)]
        kept = sum(bool(getattr(new, name)) for new in had)
        if len(had) >= _LEAST_KNOWN and kept / len(had) < _LEAST_KEPT:
            raise ExpectationError(
                f"{len(had) - kept} of {len(had)} known calls have lost their {name.replace('_', ' ')}; "
                "see whether its label or format changed"
            )


def _is_ahead(stored: StoredCall, now: datetime) -> bool:
    """Whether the publisher should still list the call."""
    live = stored.status(now) in (Status.OPEN, Status.FORTHCOMING)
    return live and stored.call.next_deadline(now) is not None


def _warning(expect: Expect, found: int, unread: list[Unread]) -> str | None:
    """What a person should look at although the calls were stored."""
    sentences = []
    if unread:
        sentences.append(
            f"{len(unread)} of {found + len(unread)} records could not be read; "
            f"the first: {unread[0].why} ({unread[0].url})"
        )
    if found > expect.max_calls:
        sentences.append(
            f"{found} calls, at most {expect.max_calls} expected; see whether a filter is ignored"
        )
    return "; ".join(sentences) or None
