"""What has been planned for whom: periods with a letter or with silence, and what a period told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from matcher.domain import Section, Status, Told, call_from_plain
from matcher.storage.engine import upsert
from matcher.storage.tables import LetterRow, SilenceRow, ToldRow


def last_periods(session: Session, kind: str = "digest") -> dict[str, str]:
    """The latest period that has been planned for each committee, letters and silence alike."""
    planned = union_all(
        *(select(row.committee, row.period).where(row.kind == kind) for row in (LetterRow, SilenceRow))
    ).subquery()
    latest = func.max(planned.c.period).label("period")
    query = select(planned.c.committee, latest).group_by(planned.c.committee)
    return {row.committee: row.period for row in session.execute(query)}


def keep_silent(session: Session, committee: str, period: str, now: datetime, kind: str = "digest") -> None:
    """Note that a period is planned without a letter, since there is nothing to tell."""
    row = upsert(session, SilenceRow).values(committee=committee, period=period, kind=kind, at=now)
    session.execute(row.on_conflict_do_nothing())


def told_in(session: Session, committee: str, period: str) -> list[Told]:
    """What one period's letter told a committee, in the order of the letter."""
    rows = session.scalars(
        select(ToldRow).where(ToldRow.committee == committee, ToldRow.period == period).order_by(ToldRow.id)
    )
    return [told_of(row) for row in rows]


def told_of(row: ToldRow) -> Told:
    """A row of the ledger as a value."""
    return Told(
        source=row.source,
        source_id=row.source_id,
        section=Section(row.section),
        period=row.period,
        told_at=row.told_at,
        call=call_from_plain(row.call),
        status=Status(row.status) if row.status else None,
    )
