"""The archive of pages: what a call was read from, reading it again, and letting go of what is old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from matcher.domain import STOCKHOLM, Call, Change, Fetched, StoredCall, plain
from matcher.errors import MatcherError, StorageError
from matcher.jobs.installation import Installation, Progress
from matcher.scrapers.run import read_page
from matcher.scrapers.source import Page, Source, SourceModule, load_module
from matcher.storage import repository

log = structlog.get_logger(__name__)

#: name of the duty among the heartbeats
RETENTION = "retention"


# --- reading again ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reread:
    """A stored call that today's code reads otherwise, or not at all, from the page it came from."""

    source_id: str
    title: str
    #: address of the page
    url: str
    #: field by field, stored → read now; values as in ``plain(call)``
    changes: tuple[Change, ...] = ()
    #: why it could not be read
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reparse:
    """What reading a source's archive again gave."""

    source: str
    #: pages and calls that were read again
    pages: int
    calls: int
    rereads: tuple[Reread, ...]
    #: stored calls whose page is not in the archive
    missing: tuple[str, ...]
    #: records of the pages that are no stored call; the next run takes in those that are still listed
    unknown: tuple[str, ...]
    #: versions made; 0 unless asked to store, and for changes that no reader would notice
    stored: int = 0


def reparse(
    installation: Installation,
    source: Source,
    now: datetime,
    *,
    store: bool = False,
    progress: Progress = lambda _: None,
) -> Reparse:
    """Run today's split and parse over the page of every stored call of a source, without the network.

    Args:
        store: store what is read now, as versions where a reader would notice. When a call was last
            listed stays as it is, and a call read from a newer page meanwhile is left alone.
    """
    database, module = installation.database, load_module(source)
    with database.read() as session:
        known = {c.call.source_id: c for c in repository.known_calls(session, source.key)}
        page_of = repository.pages_of_calls(session, source.key)
    calls_of: dict[int, list[StoredCall]] = {}
    missing = {i for i in known if page_of.get(i) is None}
    for source_id, page_id in page_of.items():
        if page_id is not None and source_id in known:
            calls_of.setdefault(page_id, []).append(known[source_id])
    rereads: list[Reread] = []
    corrections: list[tuple[Call, int]] = []
    unknown: set[str] = set()
    for page_id, calls in calls_of.items():
        with database.read() as session:
            fetched = repository.archived_page(session, page_id)
        if fetched is None:  # dropped since
            missing |= {c.call.source_id for c in calls}
            continue
        progress(fetched.url)
        found, problem = _read_again(source, module, fetched)
        unknown |= found.keys() - known.keys()
        for stored in calls:
            call = found.get(stored.call.source_id)
            changes = _differences(stored.call, call, now) if call else ()
            if call and changes:
                corrections.append((call, page_id))
            if changes or not call:
                rereads.append(
                    Reread(
                        source_id=stored.call.source_id,
                        title=stored.call.title,
                        url=fetched.url,
                        changes=changes,
                        problem=None if call else problem or "the page no longer gives a call with this id",
                    )
                )
    versions = 0
    if store and corrections:
        with database.write() as session:
            versions = repository.correct(session, source.key, corrections, now)
    return Reparse(
        source=source.key,
        pages=len(calls_of),
        calls=len(known) - len(missing),
        rereads=tuple(sorted(rereads, key=lambda r: r.source_id)),
        missing=tuple(sorted(missing)),
        unknown=tuple(sorted(unknown)),
        stored=versions,
    )


def _read_again(source: Source, module: SourceModule, page: Fetched) -> tuple[dict[str, Call], str | None]:
    """The calls of a page by identifier, the first of each as in a run, and why others cannot be read."""
    found: dict[str, Call] = {}
    reasons: list[str] = []
    try:
        again = Page(page.url, page.body, page.fetched_at, page.content_type, page.notes)
        for item in read_page(source, module, again):
            if isinstance(item, Call):
                found.setdefault(item.source_id, item)
            else:
                reasons.append(item.why)
    except MatcherError as error:
        reasons.append(str(error))
    return found, "; ".join(reasons) or None


def _differences(before: Call, after: Call, now: datetime) -> tuple[Change, ...]:
    old, new = plain(before), plain(after)
    return tuple(
        Change(field=name, before=old[name], after=new[name], seen_at=now)
        for name in old
        if old[name] != new[name]
    )


# --- what a version was read from ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A version of a call with the page it was read from; ``None`` = not in the archive."""

    version: int
    seen_at: datetime
    page: Fetched | None


def proofs(installation: Installation, source: str, source_id: str) -> list[Proof]:
    """The versions of a call, oldest first, each with its page.

    Raises:
        StorageError: there is no such call.
    """
    with installation.database.read() as session:
        found = [
            Proof(
                version=e.version,
                seen_at=e.seen_at,
                page=None if e.page_id is None else repository.archived_page(session, e.page_id),
            )
            for e in repository.evidence(session, source, source_id)
        ]
    if not found:
        raise StorageError(
            f"No call {source_id!r} of {source!r} is stored; `matcher calls --source {source}` lists them."
        )
    return found


# --- retention -------------------------------------------------------------------------------


def carry_out_retention(installation: Installation, now: datetime) -> None:
    """Once a day: drop the pages and the text of letters that the configuration no longer keeps."""
    keep = installation.configuration.settings.retention
    if keep.pages_days is None and keep.letters_days is None:
        return
    with installation.database.write() as session:
        last = repository.last_beat(session, RETENTION)
        if last and last.astimezone(STOCKHOLM).date() >= now.astimezone(STOCKHOLM).date():
            return
        pages = letters = 0
        if keep.pages_days is not None:
            pages = repository.drop_pages(session, now - timedelta(days=keep.pages_days), now)
        if keep.letters_days is not None:
            letters = repository.drop_letters(session, now - timedelta(days=keep.letters_days))
        repository.beat(session, now, RETENTION)
    if pages or letters:
        log.info("retention", pages=pages, letters=letters)
