"""Runs of sources, the pages they read, and what each source's record looks like."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.domain import Fetched, Outcome, SourceRun, Unread, plain
from matcher.storage.calls import Stored, take_in
from matcher.storage.engine import alone, portions, upsert
from matcher.storage.tables import PageBodyRow, PageRow, SourceRunRow

SUCCESSES = (Outcome.OK, Outcome.DEGRADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as remembered: its calls and pages as numbers."""

    source: str
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    calls: int
    pages: int
    stored: Stored
    unread: tuple[Unread, ...]
    problem: str | None
    traceback: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """How a source has fared lately."""

    last: StoredRun
    #: the last run that ended ok or degraded
    last_read: StoredRun | None
    #: failed or crashed runs since then
    failures: int


def save_source_run(session: Session, run: SourceRun, now: datetime) -> Stored:
    """Remember a run, keep its pages and, unless it failed, take in its calls.

    A failed or crashed run leaves every call as it was. The same content again changes nothing but
    ``last_seen``; cosmetic edits are stored without becoming a version (see ``noticed``).

    Raises:
        ValueError: a call belongs to another source.
    """
    if strangers := {call.source for call in run.calls} - {run.source}:
        raise ValueError(f"a run of {run.source} holds calls of {', '.join(sorted(strangers))}")
    alone(session, f"source {run.source}")
    _keep_pages(session, run)
    stored = take_in(session, run, now) if run.stores else Stored()
    session.add(
        SourceRunRow(
            source=run.source,
            outcome=run.outcome,
            started_at=run.started_at,
            ended_at=run.ended_at,
            calls=len(run.calls),
            pages=len(run.pages),
            new=stored.new,
            changed=stored.changed,
            unchanged=stored.unchanged,
            withdrawn=stored.withdrawn,
            unread=plain(run.unread),
            problem=run.problem,
            traceback=run.traceback,
        )
    )
    return stored


def _keep_pages(session: Session, run: SourceRun) -> None:
    bodies = {page.sha256: page.body for page in run.pages}
    held = {
        sha256
        for portion in portions(bodies)
        for sha256 in session.scalars(select(PageBodyRow.sha256).where(PageBodyRow.sha256.in_(portion)))
    }
    # in the order of their hashes, so that two sources with the same bodies cannot block each other
    fresh = [
        {"sha256": sha256, "body": gzip.compress(body, mtime=0)}
        for sha256, body in sorted(bodies.items())
        if sha256 not in held
    ]
    if fresh:
        session.execute(upsert(session, PageBodyRow).on_conflict_do_nothing(), fresh)
    pages = {
        (page.url, page.sha256): {
            "source": run.source,
            "url": page.url,
            "sha256": page.sha256,
            "status": page.status,
            "content_type": page.content_type,
            "etag": page.etag,
            "last_modified": page.last_modified,
            "fetched_at": page.fetched_at,
        }
        for page in run.pages
    }
    if pages:
        row = upsert(session, PageRow)
        again = {
            f: row.excluded[f] for f in ("status", "content_type", "etag", "last_modified", "fetched_at")
        }
        session.execute(
            row.on_conflict_do_update(index_elements=["source", "url", "sha256"], set_=again),
            list(pages.values()),
        )


def cached_pages(session: Session, source: str) -> dict[str, Fetched]:
    """By address, the latest good response that can be asked for conditionally (ETag or Last-Modified)."""
    rows = session.execute(
        select(PageRow, PageBodyRow.body)
        .join(PageBodyRow, PageBodyRow.sha256 == PageRow.sha256)
        .where(
            PageRow.source == source,
            PageRow.status == 200,
            PageRow.etag.is_not(None) | PageRow.last_modified.is_not(None),
        )
        .order_by(PageRow.fetched_at, PageRow.id)
    )
    latest = {page.url: (page, body) for page, body in rows}
    return {
        url: Fetched(
            url=url,
            body=gzip.decompress(body),
            fetched_at=page.fetched_at,
            status=page.status,
            content_type=page.content_type,
            etag=page.etag,
            last_modified=page.last_modified,
        )
        for url, (page, body) in latest.items()
    }


def source_runs(session: Session, source: str | None = None, limit: int | None = None) -> list[StoredRun]:
    """Runs, of one source or of all, newest first."""
    query = select(SourceRunRow).order_by(SourceRunRow.id.desc()).limit(limit)
    if source is not None:
        query = query.where(SourceRunRow.source == source)
    return [_run(row) for row in session.scalars(query)]


def last_runs(session: Session) -> dict[str, SourceRecord]:
    """The record of every source that has ever been read."""
    read_id = func.coalesce(func.max(SourceRunRow.id).filter(SourceRunRow.outcome.in_(SUCCESSES)), 0)
    ids = {
        source: (last, read)
        for source, last, read in session.execute(
            select(SourceRunRow.source, func.max(SourceRunRow.id), read_id).group_by(SourceRunRow.source)
        )
    }
    failures = {
        source: session.scalar(
            select(func.count()).where(SourceRunRow.source == source, SourceRunRow.id > read)
        )
        for source, (_, read) in ids.items()
    }
    wanted = {i for pair in ids.values() for i in pair}
    rows = {r.id: _run(r) for r in session.scalars(select(SourceRunRow).where(SourceRunRow.id.in_(wanted)))}
    return {
        source: SourceRecord(last=rows[last], last_read=rows.get(read), failures=failures[source] or 0)
        for source, (last, read) in sorted(ids.items())
    }


def _run(row: SourceRunRow) -> StoredRun:
    return StoredRun(
        source=row.source,
        outcome=Outcome(row.outcome),
        started_at=row.started_at,
        ended_at=row.ended_at,
        calls=row.calls,
        pages=row.pages,
        stored=Stored(new=row.new, changed=row.changed, unchanged=row.unchanged, withdrawn=row.withdrawn),
        unread=tuple(Unread(**u) for u in row.unread),
        problem=row.problem,
        traceback=row.traceback,
    )
