"""Runs of sources, and what each source's record looks like."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.domain import Outcome, Rule, SourceRun, Unread, Violation, plain
from matcher.storage.calls import Stored, take_in
from matcher.storage.engine import alone
from matcher.storage.pages import Archive
from matcher.storage.tables import SourceRunRow

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
    violations: tuple[Violation, ...]
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
    """Remember a run, keep the pages worth it and, unless it failed, take in its calls.

    A failed or crashed run leaves every call as it was. The same content again changes nothing but
    ``last_seen``; cosmetic edits are stored without becoming a version (see ``noticed``).

    Raises:
        ValueError: a call belongs to another source.
    """
    if strangers := {call.source for call in run.calls} - {run.source}:
        raise ValueError(f"a run of {run.source} holds calls of {', '.join(sorted(strangers))}")
    alone(session, f"source {run.source}")
    archive = Archive(session, run)
    stored = take_in(session, run, now, archive.page_of) if run.stores else Stored()
    archive.tidy()
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
            fill=dict(run.fill) if run.stores else None,
            violations=plain(run.violations),
        )
    )
    return stored


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


def fill_history(session: Session, source: str, runs: int = 10) -> list[dict[str, float]]:
    """The fill rates of the latest runs that were stored, by field."""
    return list(
        session.scalars(
            select(SourceRunRow.fill)
            .where(SourceRunRow.source == source, SourceRunRow.outcome.in_(SUCCESSES))
            .where(SourceRunRow.fill.is_not(None))
            .order_by(SourceRunRow.id.desc())
            .limit(runs)
        )
    )


def broken_since(session: Session, source: str, name: str, pause: timedelta) -> datetime | None:
    """Since when runs break the rule with this name (``Violation.name``), shorter pauses passed over.

    ``None`` if the source's runs have not done so at all.
    """
    since = None
    query = (
        select(SourceRunRow.ended_at, SourceRunRow.outcome, SourceRunRow.problem, SourceRunRow.violations)
        .where(SourceRunRow.source == source)
        .order_by(SourceRunRow.id.desc())
        .execution_options(yield_per=20)  # the trouble is seldom old
    )
    with closing(session.execute(query)) as rows:
        for ended_at, outcome, problem, violations in rows:
            if since is not None and ended_at < since - pause:
                break
            if any(v.name == name for v in _violations(outcome, problem, violations)):
                since = ended_at
    return since


def _violations(outcome: str, problem: str | None, stored: Any) -> tuple[Violation, ...]:
    """What a run broke; runs from before this was noted broke one rule, if any."""
    if stored:
        return tuple(Violation(**{**v, "rule": Rule(v["rule"])}) for v in stored)
    rule = {
        Outcome.DEGRADED: Rule.RECORDS,
        Outcome.FAILED: Rule.READABLE,
        Outcome.CRASHED: Rule.SOUND,
    }.get(Outcome(outcome))
    fatal = outcome not in SUCCESSES
    return (Violation(rule=rule, sentence=problem or "no reason was given", fatal=fatal),) if rule else ()


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
        violations=_violations(row.outcome, row.problem, row.violations),
        problem=row.problem,
        traceback=row.traceback,
    )
