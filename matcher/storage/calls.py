"""Calls in the database: taken in from a run, with versions, changes and absences, and read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Row, insert, or_, select, true, tuple_, update
from sqlalchemy.orm import Session

from matcher.domain import (
    STOCKHOLM,
    Call,
    Change,
    SourceRun,
    StoredCall,
    call_from_plain,
    content_hash,
    plain,
)
from matcher.storage.engine import alone, portions
from matcher.storage.noticed import moved, noticed
from matcher.storage.tables import CallChangeRow, CallRow, CallVersionRow, storable

#: days in a row on which a call is absent before it counts as withdrawn
RUNS_UNTIL_WITHDRAWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How many calls a run made new, changed, left as they were, or showed to be withdrawn."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0


#: the page in the archive that a call, by its identifier, was read from
PageOf = Callable[[str], int | None]


def take_in(session: Session, run: SourceRun, now: datetime, page_of: PageOf) -> Stored:
    """Store the calls of a run that ``stores``, and note which known ones it shows to be absent or gone.

    ``page_of`` is asked only about calls that are new, changed or without evidence.
    """
    listed = {str(storable(call.source_id)): call for call in run.calls}
    known = _known(session, run.source, listed)
    contents = {source_id: storable(plain(call)) for source_id, call in listed.items()}
    news = [source_id for source_id in listed if source_id not in known]
    _add(session, [(listed[i], contents[i]) for i in news], now, page_of)
    changed = _refresh(
        session, [(listed[i], contents[i], known[i]) for i in listed if i in known], now, page_of
    )
    return Stored(
        new=len(news),
        changed=changed,
        unchanged=len(known) - changed,
        withdrawn=_withdraw(session, run, now),
    )


def correct(session: Session, source: str, calls: Iterable[tuple[Call, int]], now: datetime) -> int:
    """Store calls as they are read now from the page they came from, given by its id.

    When they were last listed stays as it is. A call that has been read from another page meanwhile is
    left alone. Returns how many got a new version.
    """
    alone(session, f"source {source}")
    read = {call.source_id: (call, page_id) for call, page_id in calls}
    known = {i: row for i, row in _known(session, source, read).items() if row.page_id == read[i][1]}
    rows = [(read[i][0], storable(plain(read[i][0])), row) for i, row in known.items()]
    return _refresh(session, rows, now, lambda i: known[i].page_id, listed=False)


def _known(session: Session, source: str, source_ids: Iterable[str]) -> dict[str, Row[Any]]:
    return {
        row.source_id: row
        for ids in portions(source_ids)
        for row in session.execute(
            select(
                CallRow.id,
                CallRow.source_id,
                CallRow.content,
                CallRow.content_hash,
                CallRow.version,
                CallRow.last_changed,
                CallRow.page_id,
            ).where(CallRow.source == source, CallRow.source_id.in_(ids))
        )
    }


def _add(
    session: Session, calls: Sequence[tuple[Call, dict[str, Any]]], now: datetime, page_of: PageOf
) -> None:
    if not calls:
        return
    pages = {content["source_id"]: page_of(content["source_id"]) for _, content in calls}
    rows = [
        {
            "source": content["source"],
            "source_id": content["source_id"],
            "first_seen": now,
            "last_changed": now,
            "version": 1,
            "page_id": pages[content["source_id"]],
            **_content(call, content, noticed(content)),
            **_listed(now),
        }
        for call, content in calls
    ]
    # by name and not in order: SQLite would insert row by row to keep the order
    added = session.execute(insert(CallRow).returning(CallRow.source_id, CallRow.id), rows)
    ids = {row.source_id: row.id for row in added}
    versions = [
        {"call_id": ids[i], "version": 1, "content": content, "seen_at": now, "page_id": pages[i]}
        for _, content in calls
        for i in (content["source_id"],)
    ]
    session.execute(insert(CallVersionRow), versions)


def _content(call: Call, content: dict[str, Any], reduced: dict[str, Any]) -> dict[str, Any]:
    """The columns that every edit refreshes, cosmetic ones too."""
    return {
        "title": content["title"],
        "content": content,
        "content_hash": content_hash(reduced),
        "closes_at": max((d.at for d in call.deadlines), default=None),
    }


def _listed(now: datetime) -> dict[str, Any]:
    """The columns that being on the publisher's list refreshes."""
    return {"last_seen": now, "missing_runs": 0, "missed_at": None, "withdrawn_at": None}


def _refresh(
    session: Session,
    calls: Sequence[tuple[Call, dict[str, Any], Row[Any]]],
    now: datetime,
    page_of: PageOf,
    *,
    listed: bool = True,
) -> int:
    present = _listed(now) if listed else {}
    same: list[int] = []
    proved: list[dict[str, Any]] = []
    edits: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for call, content, row in calls:
        if content == row.content:
            same.append(row.id)
            # its page was dropped, or it was stored before pages were noted
            if row.page_id is None and (page_id := page_of(row.source_id)) is not None:
                proved.append({"id": row.id, "page_id": page_id})
            continue
        reduced = noticed(content)
        edit = {"id": row.id, "version": row.version, "last_changed": row.last_changed, **present}
        edit |= _content(call, content, reduced)
        edit["page_id"] = page_of(row.source_id)
        # another hash may also come from another version of this code, so the fields decide
        same_hash = edit["content_hash"] == row.content_hash
        fields = [] if same_hash else moved(noticed(row.content), reduced)
        if fields:
            edit |= {"version": row.version + 1, "last_changed": now}
            versions.append(
                {
                    "call_id": row.id,
                    "version": row.version + 1,
                    "content": content,
                    "seen_at": now,
                    "page_id": edit["page_id"],
                }
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
        edits.append(edit)
    for ids in portions(same) if listed else ():
        session.execute(
            update(CallRow)
            .where(CallRow.id.in_(ids))
            .values(**present)
            .execution_options(synchronize_session=False)
        )
    for table, rows in ((CallVersionRow, versions), (CallChangeRow, changes)):
        if rows:
            session.execute(insert(table), rows)
    for rows in (edits, proved):
        if rows:
            session.execute(update(CallRow), rows)  # by primary key
    return len(versions)


def _withdraw(session: Session, run: SourceRun, now: datetime) -> int:
    """Calls that are gone, or that the last of three days did not list; those that closed are taken down.

    A second run on the same Swedish day proves nothing new.
    """
    open_still = (
        CallRow.source == run.source,
        CallRow.withdrawn_at.is_(None),
        or_(CallRow.closes_at.is_(None), CallRow.closes_at >= now),
    )
    today = datetime.combine(now.astimezone(STOCKHOLM).date(), time(), tzinfo=STOCKHOLM)
    missed = (
        update(CallRow)
        .where(
            *open_still, CallRow.last_seen < now, or_(CallRow.missed_at.is_(None), CallRow.missed_at < today)
        )
        .values(missing_runs=CallRow.missing_runs + 1, missed_at=now)
        .execution_options(synchronize_session=False)
    )
    for which in [true()] if run.complete else _named(run.absent):
        session.execute(missed.where(which))
    withdrawn = (
        update(CallRow)
        .where(*open_still)
        .values(withdrawn_at=now)
        .execution_options(synchronize_session=False)
    )
    absent_for_long = CallRow.missing_runs >= RUNS_UNTIL_WITHDRAWN
    return sum(
        cast("CursorResult[Any]", session.execute(withdrawn.where(which))).rowcount
        for which in (absent_for_long, *_named(run.gone))
    )


def _named(source_ids: Iterable[str]) -> list[ColumnElement[bool]]:
    """Calls with these identifiers, in portions."""
    return [CallRow.source_id.in_(ids) for ids in portions(str(storable(i)) for i in source_ids)]


def arrivals(session: Session) -> dict[str, list[datetime]]:
    """By source, the moments at which new calls were first seen, oldest first."""
    found: dict[str, list[datetime]] = {}
    query = select(CallRow.source, CallRow.first_seen).distinct().order_by(CallRow.first_seen)
    for source, first_seen in session.execute(query):
        found.setdefault(source, []).append(first_seen)
    return found


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
