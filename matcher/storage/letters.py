"""The outbox and the ledger: letters on their way, and what each committee has been told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, func, or_, select, update
from sqlalchemy.orm import Session

from matcher.domain import Letter, LetterState, Told, plain
from matcher.errors import StorageError
from matcher.storage.engine import alone, upsert
from matcher.storage.ledger import told_of
from matcher.storage.tables import LetterRow, ToldRow

_KEY = ("committee", "period", "kind", "recipient")


def queue_letters(session: Session, letters: Sequence[Letter], told: Sequence[Told]) -> int:
    """Put a committee's letters of one period in the outbox and note what they tell it.

    Planning again does nothing: a letter that exists, in whatever state, stays as it is. What is told is
    noted only with the first letters of the period, so that a call which only a late recipient's letter
    holds is news for the others next time.

    Returns:
        How many letters were new.

    Raises:
        ValueError: the letters are not of one committee, period and kind.
    """
    batches = {(letter.committee, letter.period, letter.kind) for letter in letters}
    if not batches:
        return 0
    if len(batches) > 1:
        raise ValueError("letters are queued for one committee, period and kind at a time")
    ((committee, period, kind),) = batches
    alone(session, f"letters {committee} {period} {kind}")
    first = not session.scalar(
        select(func.count()).where(
            LetterRow.committee == committee, LetterRow.period == period, LetterRow.kind == kind
        )
    )
    rows = [
        {
            **{f: getattr(letter, f) for f in (*_KEY, "subject", "message_id", "body", "created_at")},
            "state": LetterState.QUEUED,
            "attempts": 0,
            "next_attempt_at": letter.next_attempt_at,
        }
        for letter in letters
    ]
    query = upsert(session, LetterRow).values(rows).on_conflict_do_nothing(index_elements=_KEY)
    new = len(session.scalars(query.returning(LetterRow.id)).all())
    if first:
        record_told(session, committee, told)
    return new


def claimable(now: datetime, kind: str | None = None) -> tuple[ColumnElement[bool], ...]:
    """What holds of a letter, of that kind if one is given, that may be tried."""
    return (
        LetterRow.state == LetterState.QUEUED,
        or_(LetterRow.next_attempt_at.is_(None), LetterRow.next_attempt_at <= now),
        *(() if kind is None else (LetterRow.kind == kind,)),
    )


def letter_waiting(session: Session, now: datetime, kind: str | None = None) -> bool:
    """Whether a queued letter, of that kind if one is given, may be tried now."""
    return bool(session.scalar(select(select(LetterRow.id).where(*claimable(now, kind)).exists())))


def claim_letter(
    session: Session, owner: str, now: datetime, lease: timedelta, kind: str | None = None
) -> Letter | None:
    """Take the letter that has been due longest; commit before the mail server is called.

    ``owner`` names the process and must be unique; ``lease`` is longer than the longest SMTP dialogue;
    with ``kind``, letters of other kinds stay where they are.
    Two claims never get the same letter: PostgreSQL passes over locked rows, SQLite has one writer.
    """
    letter_id = session.scalar(
        select(LetterRow.id)
        .where(*claimable(now, kind))
        .order_by(func.coalesce(LetterRow.next_attempt_at, LetterRow.created_at), LetterRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # dropped without a word on SQLite
    )
    if letter_id is None:
        return None
    row = session.scalars(
        update(LetterRow)
        .where(LetterRow.id == letter_id, LetterRow.state == LetterState.QUEUED)
        .values(
            state=LetterState.SENDING,
            owner=owner,
            lease_until=now + lease,
            claimed_at=now,
            attempts=LetterRow.attempts + 1,
            problem=None,
        )
        .returning(LetterRow),
        execution_options={"synchronize_session": False},
    ).one()
    return letter_of(row)


def finish_letter(
    session: Session,
    letter_id: int,
    owner: str,
    state: LetterState,
    now: datetime,
    *,
    problem: str | None = None,
    next_attempt_at: datetime | None = None,
    attempts: int | None = None,
) -> bool:
    """Write down what became of a claimed letter; ``next_attempt_at`` counts for ``queued`` alone.

    ``attempts`` puts the number of tries right when this one says nothing about the letter.

    A sender that comes back after its lease has run out may still report what it knows, unless somebody
    has settled the letter meanwhile.

    Returns:
        Whether the letter was still this owner's.
    """
    moved = _move(
        session,
        update(LetterRow)
        .where(
            LetterRow.id == letter_id,
            LetterRow.owner == owner,
            LetterRow.state.in_((LetterState.SENDING, LetterState.UNCERTAIN)),
        )
        .values(
            state=state,
            owner=None,
            lease_until=None,
            sent_at=now if state is LetterState.SENT else None,
            problem=problem,
            next_attempt_at=(next_attempt_at or now) if state is LetterState.QUEUED else None,
            **({} if attempts is None else {"attempts": attempts}),
        ),
    )
    return moved == 1


def expire_leases(session: Session, now: datetime) -> int:
    """Mark letters whose sender has vanished as uncertain: they may have been accepted."""
    return _move(
        session,
        update(LetterRow)
        .where(LetterRow.state == LetterState.SENDING, LetterRow.lease_until < now)
        .values(
            state=LetterState.UNCERTAIN,
            lease_until=None,
            problem="The sender vanished before it could say whether the mail server took the letter.",
        ),
    )


def resolve_letter(
    session: Session, letter_id: int, state: LetterState, now: datetime, problem: str | None = None
) -> None:
    """Settle an uncertain letter: ``sent`` (the archive has it), ``queued`` (send again) or ``failed``.

    ``problem`` replaces the words stored with it, where it is given.

    Raises:
        StorageError: there is no such letter or it is not uncertain.
    """
    if state not in (LetterState.SENT, LetterState.QUEUED, LetterState.FAILED):
        raise ValueError(f"an uncertain letter cannot become {state}")
    done = _move(
        session,
        update(LetterRow)
        .where(LetterRow.id == letter_id, LetterRow.state == LetterState.UNCERTAIN)
        .values(
            state=state,
            owner=None,
            sent_at=func.coalesce(LetterRow.claimed_at, now) if state is LetterState.SENT else None,
            next_attempt_at=now if state is LetterState.QUEUED else None,
            **({} if problem is None else {"problem": problem}),
        ),
    )
    if not done:
        found = session.scalar(select(LetterRow.state).where(LetterRow.id == letter_id))
        raise StorageError(
            f"There is no letter {letter_id}."
            if found is None
            else f"Letter {letter_id} is {found}; only an uncertain letter can be settled."
        )


def copy_letter(session: Session, letter_id: int, now: datetime, recipient: str | None = None) -> Letter:
    """Queue the same bytes once more, to the same or another recipient, beside the letter that is done.

    Raises:
        StorageError: there is no such letter, it is still on its way, or its bytes are no longer kept.
    """
    alone(session, "letter copies")
    letter = find_letter(session, letter_id)
    if letter.state not in (LetterState.SENT, LetterState.FAILED):
        raise StorageError(
            f"Letter {letter_id} is {letter.state}; only one that is sent or failed can be sent anew."
        )
    if not letter.body:
        raise StorageError(f"The bytes of letter {letter_id} are no longer kept; see retention.")
    to = recipient or letter.recipient
    first, _, number = letter.kind.partition(" again ")
    kinds = session.scalars(
        select(LetterRow.kind).where(
            LetterRow.committee == letter.committee,
            LetterRow.period == letter.period,
            LetterRow.recipient == to,
            LetterRow.kind.startswith(f"{first} again "),
        )
    )
    count = max((int(kind.rpartition(" ")[2]) for kind in kinds), default=int(number or 0))
    row = LetterRow(
        **{f: getattr(letter, f) for f in ("committee", "period", "subject", "message_id", "body")},
        kind=f"{first} again {count + 1}",
        recipient=to,
        created_at=now,
        state=LetterState.QUEUED,
        attempts=0,
    )
    session.add(row)
    session.flush()
    return letter_of(row)


def find_letter(session: Session, letter_id: int) -> Letter:
    """A letter by its number.

    Raises:
        StorageError: there is none.
    """
    row = session.get(LetterRow, letter_id)
    if row is None:
        raise StorageError(f"There is no letter {letter_id}.")
    return letter_of(row)


def count_letters(session: Session) -> dict[LetterState, int]:
    """How many letters are in each state; states without any are left out."""
    rows = session.execute(select(LetterRow.state, func.count()).group_by(LetterRow.state))
    return {LetterState(state): count for state, count in rows}


def letters(
    session: Session,
    state: LetterState | None = None,
    committee: str | None = None,
    limit: int | None = None,
    since: datetime | None = None,
) -> list[Letter]:
    """Letters, newest first; with ``since`` those made then or later."""
    query = select(LetterRow).order_by(LetterRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(LetterRow.state == state)
    if committee is not None:
        query = query.where(LetterRow.committee == committee)
    if since is not None:
        query = query.where(LetterRow.created_at >= since)
    return [letter_of(row) for row in session.scalars(query)]


def told(session: Session, committee: str) -> dict[tuple[str, str], Told]:
    """The last time a committee was told about each call, by the call's key."""
    rows = session.scalars(
        select(ToldRow).where(ToldRow.committee == committee).order_by(ToldRow.told_at, ToldRow.id)
    )
    return {(row.source, row.source_id): told_of(row) for row in rows}


def record_told(session: Session, committee: str, told: Sequence[Told]) -> None:
    """Note what a committee has been told; the same call in the same section and period counts once."""
    rows = [
        {
            "committee": committee,
            **{f: getattr(t, f) for f in ("source", "source_id", "section", "period", "told_at")},
            "call": plain(t.call),
            "status": t.status,
        }
        for t in told
    ]
    if rows:
        session.execute(upsert(session, ToldRow).on_conflict_do_nothing(), rows)


def drop_letters(session: Session, before: datetime) -> int:
    """Empty the bodies of letters that were done before a moment, and say how many.

    The rows stay, so that nothing is planned or told twice; a letter that is on its way, or of which we
    do not know whether it arrived, keeps its bytes.
    """
    return _move(
        session,
        update(LetterRow)
        .where(
            LetterRow.state.in_((LetterState.SENT, LetterState.FAILED)),
            func.coalesce(LetterRow.sent_at, LetterRow.created_at) < before,
            func.length(LetterRow.body) > 0,
        )
        .values(body=b""),
    )


def _move(session: Session, statement: Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def letter_of(row: LetterRow) -> Letter:
    """The row as the rest of the product sees it."""
    return Letter(
        id=row.id,
        committee=row.committee,
        period=row.period,
        kind=row.kind,
        recipient=row.recipient,
        subject=row.subject,
        message_id=row.message_id,
        body=row.body,
        created_at=row.created_at,
        state=LetterState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        lease_until=row.lease_until,
        claimed_at=row.claimed_at,
        sent_at=row.sent_at,
        problem=row.problem,
    )
