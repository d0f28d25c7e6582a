"""Calls in the database: taken in from a run, with versions, changes and absences, and read again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from matcher.domain import Call, Change, Outcome, SourceRun, StoredCall, call_from_plain, content_hash, plain
from matcher.storage.engine import portions
from matcher.storage.noticed import moved, noticed
from matcher.storage.tables import CallChangeRow, CallRow, CallVersionRow, storable

#: complete runs in a row without a call before it counts as withdrawn
RUNS_UNTIL_WITHDRAWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How many calls a run made new, changed, left as they were, or showed to be withdrawn."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0


def take_in(session: Session, run: SourceRun, now: datetime) -> Stored:
    """Store the calls of a run that ``stores``; absence counts only after a complete one (outcome ok)."""
    listed = {str(storable(call.source_id)): call for call in run.calls}
    known = {
        row.source_id: row
        for ids in portions(listed)
        for row in session.execute(
            select(
                CallRow.id,
                CallRow.source_id,
                CallRow.content,
                CallRow.content_hash,
                CallRow.version,
                CallRow.last_changed,
            ).where(CallRow.source == run.source, CallRow.source_id.in_(ids))
        )
    }
    contents = {source_id: storable(plain(call)) for source_id, call in listed.items()}
    news = [source_id for source_id in listed if source_id not in known]
    _add(session, [(listed[i], contents[i]) for i in news], now)
    changed = _refresh(session, [(listed[i], contents[i], known[i]) for i in listed if i in known], now)
    return Stored(
        new=len(news),
        changed=changed,
        unchanged=len(known) - changed,
        withdrawn=_count_absent(session, run.source, now) if run.outcome is Outcome.OK else 0,
    )


def _add(session: Session, calls: Sequence[tuple[Call, dict[str, Any]]], now: datetime) -> None:
    if not calls:
        return
    rows = [
        {
            "source": content["source"],
            "source_id": content["source_id"],
            "first_seen": now,
            "last_changed": now,
            "version": 1,
            **_present(call, content, noticed(content), now),
        }
        for call, content in calls
    ]
    # by name and not in order: SQLite would insert row by row to keep the order
    added = session.execute(insert(CallRow).returning(CallRow.source_id, CallRow.id), rows)
    ids = {row.source_id: row.id for row in added}
    versions = [
        {"call_id": ids[content["source_id"]], "version": 1, "content": content, "seen_at": now}
        for _, content in calls
    ]
    session.execute(insert(CallVersionRow), versions)


def _present(call: Call, content: dict[str, Any], reduced: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that every edit refreshes, cosmetic ones too."""
    return {
        "title": content["title"],
        "content": content,
        "content_hash": content_hash(reduced),
        "closes_at": max((d.at for d in call.deadlines), default=None),
        "last_seen": now,
        "missing_runs": 0,
        "withdrawn_at": None,
    }


def _refresh(session: Session, calls: Sequence[tuple[Call, dict[str, Any], Row[Any]]], now: datetime) -> int:
    same: list[int] = []
    edits: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for call, content, row in calls:
        if content == row.content:
            same.append(row.id)
            continue
        reduced = noticed(content)
        present = _present(call, content, reduced, now)
        # another hash may also come from another version of this code, so the fields decide
        same_hash = present["content_hash"] == row.content_hash
        fields = [] if same_hash else moved(noticed(row.content), reduced)
        edit = {"id": row.id, "version": row.version, "last_changed": row.last_changed}
        if fields:
            edit |= {"version": row.version + 1, "last_changed": now}
            versions.append(
                {"call_id": row.id, "version": row.version + 1, "content": content, "seen_at": now}
            )
            changes += (
                {
                    "call_id": row.id,
                    "version": row.version + 1,
                    "field": field,
                    "before": row.content.get(field),
                    "after": content.get(field),
                    "seen_at": now,
                }
                for field in fields
            )
        edits.append(edit | present)
    for ids in portions(same):
        session.execute(
            update(CallRow)
            .where(CallRow.id.in_(ids))
            .values(last_seen=now, missing_runs=0, withdrawn_at=None)
            .execution_options(synchronize_session=False)
        )
    for table, rows in ((CallVersionRow, versions), (CallChangeRow, changes)):
        if rows:
            session.execute(insert(table), rows)
    if edits:
        session.execute(update(CallRow), edits)  # by primary key
    return len(versions)


def _count_absent(session: Session, source: str, now: datetime) -> int:
    """Calls that this run did not list, and that have not closed meanwhile: publishers take those down."""
    absent = (
        CallRow.source == source,
        CallRow.withdrawn_at.is_(None),
        or_(CallRow.closes_at.is_(None), CallRow.closes_at >= now),
    )
    unsynchronised = {"synchronize_session": False}
    session.execute(
        update(CallRow)
        .where(*absent, CallRow.last_seen < now)
        .values(missing_runs=CallRow.missing_runs + 1)
        .execution_options(**unsynchronised)
    )
    withdrawn = session.execute(
        update(CallRow)
        .where(*absent, CallRow.missing_runs >= RUNS_UNTIL_WITHDRAWN)
        .values(withdrawn_at=now)
        .execution_options(**unsynchronised)
    )
    return cast("CursorResult[Any]", withdrawn).rowcount


def known_calls(session: Session, source: str) -> list[StoredCall]:
    """All stored calls of a source, the closed and the withdrawn ones too."""
    return stored_calls(session, [source])


def stored_calls(session: Session, sources: Iterable[str] | None = None) -> list[StoredCall]:
    """All stored calls, of the given sources or of all, ordered by source and identifier."""
    query = select(CallRow).order_by(CallRow.source, CallRow.source_id)
    if sources is not None:
        query = query.where(CallRow.source.in_(list(sources)))
    return [_stored(row) for row in session.scalars(query)]


def find_call(session: Session, source: str, source_id: str) -> StoredCall | None:
    """One call by its identity."""
    row = session.scalar(select(CallRow).where(CallRow.source == source, CallRow.source_id == source_id))
    return None if row is None else _stored(row)


def changes(
    session: Session, keys: Iterable[tuple[str, str]] | None = None, since: datetime | None = None
) -> dict[tuple[str, str], list[Change]]:
    """What moved after ``since``, per call and oldest first; values are JSON as in ``plain(call)``."""
    query = (
        select(CallRow.source, CallRow.source_id, CallChangeRow)
        .join(CallChangeRow, CallChangeRow.call_id == CallRow.id)
        .order_by(CallRow.source, CallRow.source_id, CallChangeRow.version, CallChangeRow.field)
    )
    if since is not None:
        query = query.where(CallChangeRow.seen_at > since)
    parts = [query]
    if keys is not None:
        parts = [query.where(tuple_(CallRow.source, CallRow.source_id).in_(k)) for k in portions(keys)]
    found: dict[tuple[str, str], list[Change]] = {}
    for part in parts:
        for source, source_id, row in session.execute(part):
            change = Change(field=row.field, before=row.before, after=row.after, seen_at=row.seen_at)
            found.setdefault((source, source_id), []).append(change)
    return found


def _stored(row: CallRow) -> StoredCall:
    return StoredCall(
        call=call_from_plain(row.content),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        last_changed=row.last_changed,
        version=row.version,
        withdrawn_at=row.withdrawn_at,
    )
