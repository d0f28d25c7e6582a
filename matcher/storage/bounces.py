"""Letters that came back, and the addresses that get none any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from matcher.domain import Bounce, Letter, Suspension
from matcher.errors import StorageError
from matcher.storage.engine import alone, upsert
from matcher.storage.letters import letter_of
from matcher.storage.tables import BounceRow, LetterRow, SubscriptionRow, SuspensionRow

#: so many days on which an address sent a letter back for good suspend it …
DAYS_TO_SUSPEND = 3
#: … within a time that holds three letters of a committee that gets one a month
WITHIN = timedelta(days=120)
UNSUBSCRIBED = "The recipient has unsubscribed."


def letter_sent_to(session: Session, address: str) -> bool:
    """Whether any letter was made for an address."""
    found = select(LetterRow.id).where(func.lower(LetterRow.recipient) == address.lower()).exists()
    return bool(session.scalar(select(found)))


def letter_by_message_id(session: Session, message_id: str) -> Letter | None:
    """The first letter with a Message-ID."""
    row = session.scalar(
        select(LetterRow).where(LetterRow.message_id == message_id).order_by(LetterRow.id).limit(1)
    )
    return None if row is None else letter_of(row)


def record_bounces(session: Session, bounces: Sequence[Bounce], now: datetime) -> list[Suspension]:
    """Note letters that came back; a report that is known already changes nothing.

    Returns:
        The addresses that are suspended because of this.
    """
    alone(session, "bounces")
    suspended = []
    for bounce in bounces:
        address = bounce.address.lower()
        row = upsert(session, BounceRow).values(
            report=bounce.report,
            address=address,
            hard=bounce.hard,
            at=bounce.at,
            message_id=bounce.message_id,
            problem=bounce.problem,
        )
        new = session.scalars(row.on_conflict_do_nothing().returning(BounceRow.report)).all()
        if new and bounce.hard and (suspension := _suspend(session, address, bounce.problem, now)):
            suspended.append(suspension)
    return suspended


def _suspend(session: Session, address: str, problem: str, now: datetime) -> Suspension | None:
    before = session.get(SuspensionRow, address)
    if before is not None and before.lifted_at is None:
        return None
    since = now - WITHIN
    if before is not None and before.lifted_at is not None:
        since = max(since, before.lifted_at)
    days = {
        at.date()
        for at in session.scalars(
            select(BounceRow.at).where(
                BounceRow.address == address, BounceRow.hard.is_(True), BounceRow.at > since
            )
        )
    }
    if len(days) < DAYS_TO_SUSPEND:
        return None
    values = {"since": now, "lifted_at": None, "problem": problem}
    row = upsert(session, SuspensionRow).values(address=address, **values)
    session.execute(row.on_conflict_do_update(index_elements=["address"], set_=values))
    session.expire_all()
    return Suspension(address=address, since=now, problem=problem)


def suspensions(session: Session) -> list[Suspension]:
    """The addresses that get no letters now, and those that have ended one committee's, in order."""
    bounced = session.scalars(select(SuspensionRow).where(SuspensionRow.lifted_at.is_(None)))
    ended = session.scalars(select(SubscriptionRow).where(SubscriptionRow.ended_at.is_not(None)))
    found = [Suspension(address=row.address, since=row.since, problem=row.problem) for row in bounced]
    found += [
        Suspension(address=row.address, committee=row.committee, since=row.ended_at, problem=UNSUBSCRIBED)
        for row in ended
        if row.ended_at is not None
    ]
    return sorted(found, key=lambda suspension: (suspension.address, suspension.committee or ""))


def lift_suspension(session: Session, address: str, now: datetime, committee: str | None = None) -> None:
    """Let an address get letters again; bounces up to now no longer count.

    With ``committee``, those which the address itself has ended.

    Raises:
        StorageError: it is not suspended.
    """
    row, open_, values = (
        (SuspensionRow, SuspensionRow.lifted_at.is_(None), {"lifted_at": now})
        if committee is None
        else (
            SubscriptionRow,
            SubscriptionRow.ended_at.is_not(None) & (SubscriptionRow.committee == committee),
            {"ended_at": None},
        )
    )
    lifted = update(row).where(row.address == address.lower(), open_).values(values).returning(row.address)
    if not session.scalars(lifted).all():
        raise StorageError(f"{address} is not suspended; `matcher outbox suspended` lists those that are.")


def bounces(session: Session, address: str | None = None) -> list[Bounce]:
    """Letters that came back, newest first."""
    query = select(BounceRow).order_by(BounceRow.at.desc(), BounceRow.report)
    if address is not None:
        query = query.where(BounceRow.address == address.lower())
    return [
        Bounce(
            report=row.report,
            address=row.address,
            hard=row.hard,
            at=row.at,
            message_id=row.message_id,
            problem=row.problem,
        )
        for row in session.scalars(query)
    ]
