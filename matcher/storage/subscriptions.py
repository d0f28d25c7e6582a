"""Who has ended one committee's letters, and the token in each letter that ends them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from matcher.domain import LetterState, Subscription
from matcher.storage.bounces import UNSUBSCRIBED
from matcher.storage.engine import upsert
from matcher.storage.tables import LetterRow, SubscriptionRow


def subscription_tokens(session: Session, committee: str, recipients: Sequence[str]) -> dict[str, str]:
    """The token of each recipient, 22 characters that cannot be guessed; made when first asked for."""
    rows = [
        {"token": secrets.token_urlsafe(16), "committee": committee, "address": address.lower()}
        for address in recipients
    ]
    if not rows:
        return {}
    session.execute(upsert(session, SubscriptionRow).on_conflict_do_nothing(), rows)
    of_committee = select(SubscriptionRow.address, SubscriptionRow.token).where(
        SubscriptionRow.committee == committee
    )
    tokens = {row.address: row.token for row in session.execute(of_committee)}
    return {address: tokens[address.lower()] for address in recipients}


def find_subscription(session: Session, token: str) -> Subscription | None:
    """Whose letters a token ends, or ``None``."""
    row = session.get(SubscriptionRow, token)
    if row is None:
        return None
    return Subscription(committee=row.committee, address=row.address, ended_at=row.ended_at)


def end_subscription(session: Session, token: str, now: datetime) -> Subscription | None:
    """Plan no letters of the token's committee for its recipient, and give up those that wait.

    Ending twice changes nothing. ``None`` if there is no such token.
    """
    ended = session.scalars(
        update(SubscriptionRow)
        .where(SubscriptionRow.token == token, SubscriptionRow.ended_at.is_(None))
        .values(ended_at=now)
        .returning(SubscriptionRow)
    ).one_or_none()
    if ended is not None:
        session.execute(
            update(LetterRow)
            .where(
                LetterRow.state == LetterState.QUEUED,
                LetterRow.committee == ended.committee,
                func.lower(LetterRow.recipient) == ended.address,
            )
            .values(state=LetterState.FAILED, next_attempt_at=None, problem=UNSUBSCRIBED),
            execution_options={"synchronize_session": False},
        )
    return find_subscription(session, token)


def resume_subscription(session: Session, token: str) -> Subscription | None:
    """Undo ``end_subscription``; letters given up then stay so. ``None`` if there is no such token."""
    session.execute(update(SubscriptionRow).where(SubscriptionRow.token == token).values(ended_at=None))
    return find_subscription(session, token)
