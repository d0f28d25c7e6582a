"""How much waits in the outbox, beside how much is usual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from matcher.domain import Letter, LetterState, Section
from matcher.storage.letters import claimable, letter_of
from matcher.storage.tables import LetterRow, ToldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What waits to be sent, and what was planned before."""

    #: the first letter that waits; ``None`` = none does
    first: int | None
    letters: int
    #: calls that the waiting letters tell a committee for the first time or as changed
    calls: int
    #: when each earlier letter was planned
    letters_before: tuple[datetime, ...]
    #: when each earlier call was told
    calls_before: tuple[datetime, ...]


def volume(session: Session, now: datetime, since: datetime, apart_from: str) -> Volume:
    """What waits in the outbox at ``now``, beside what was planned from ``since`` on; one kind left out."""
    waits = (*claimable(now), LetterRow.kind != apart_from)
    news = ToldRow.section.in_((Section.NEW, Section.CHANGED))
    batches = select(LetterRow.committee, LetterRow.period).where(*waits)
    waiting = news & tuple_(ToldRow.committee, ToldRow.period).in_(batches)
    letters_, first = session.execute(select(func.count(), func.min(LetterRow.id)).where(*waits)).one()
    before = select(LetterRow.created_at).where(
        LetterRow.created_at >= since, LetterRow.kind != apart_from, LetterRow.state == LetterState.SENT
    )
    told_before = select(ToldRow.told_at).where(ToldRow.told_at >= since, news, ~waiting)
    return Volume(
        first=first,
        letters=letters_,
        calls=session.scalar(select(func.count()).where(waiting)) or 0,
        letters_before=tuple(session.scalars(before)),
        calls_before=tuple(session.scalars(told_before)),
    )


def last_tried(session: Session, since: datetime, limit: int, apart_from: str) -> list[Letter]:
    """The letters that were tried last and are done, from ``since`` on, newest first; one kind left out."""
    query = (
        select(LetterRow)
        .where(
            LetterRow.claimed_at >= since,
            LetterRow.kind != apart_from,
            LetterRow.state.in_((LetterState.SENT, LetterState.FAILED)),
        )
        .order_by(LetterRow.claimed_at.desc(), LetterRow.id.desc())
        .limit(limit)
    )
    return [letter_of(row) for row in session.scalars(query)]
