"""Everything that can be asked of the database: functions over a Session that return domain values."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from matcher.storage.answers import answers, record_answer
from matcher.storage.bounces import (
    bounces,
    letter_by_message_id,
    letter_sent_to,
    lift_suspension,
    record_bounces,
    suspensions,
)
from matcher.storage.calls import Stored, arrivals, changes, correct, find_call, known_calls, stored_calls
from matcher.storage.engine import upsert
from matcher.storage.ledger import keep_silent, last_periods, told_in
from matcher.storage.letters import (
    claim_letter,
    copy_letter,
    count_letters,
    drop_letters,
    expire_leases,
    find_letter,
    finish_letter,
    letter_waiting,
    letters,
    queue_letters,
    record_told,
    resolve_letter,
    told,
)
from matcher.storage.matches import (
    last_ranked,
    load_configuration,
    load_matches,
    ranked,
    save_configuration,
    save_matches,
)
from matcher.storage.pages import (
    Evidence,
    archived_page,
    cached_pages,
    drop_pages,
    evidence,
    pages_of_calls,
)
from matcher.storage.runs import (
    SourceRecord,
    StoredRun,
    broken_since,
    fill_history,
    last_runs,
    save_source_run,
    source_runs,
)
from matcher.storage.subscriptions import (
    end_subscription,
    find_subscription,
    resume_subscription,
    subscription_tokens,
)
from matcher.storage.tables import HeartbeatRow
from matcher.storage.volume import Volume, last_tried, volume

__all__ = [
    "Evidence",
    "SourceRecord",
    "Stored",
    "StoredRun",
    "Volume",
    "answers",
    "archived_page",
    "arrivals",
    "beat",
    "begin",
    "bounces",
    "broken_since",
    "cached_pages",
    "changes",
    "claim_letter",
    "copy_letter",
    "correct",
    "count_letters",
    "drop_letters",
    "drop_pages",
    "end",
    "end_subscription",
    "evidence",
    "expire_leases",
    "fill_history",
    "find_call",
    "find_letter",
    "find_subscription",
    "finish_letter",
    "keep_silent",
    "known_calls",
    "last_beat",
    "last_periods",
    "last_ranked",
    "last_runs",
    "last_tried",
    "letter_by_message_id",
    "letter_sent_to",
    "letter_waiting",
    "letters",
    "lift_suspension",
    "load_configuration",
    "load_matches",
    "pages_of_calls",
    "queue_letters",
    "ranked",
    "record_answer",
    "record_bounces",
    "record_told",
    "resolve_letter",
    "resume_subscription",
    "save_configuration",
    "save_matches",
    "save_source_run",
    "source_runs",
    "stored_calls",
    "subscription_tokens",
    "suspensions",
    "told",
    "told_in",
    "volume",
]

_TICK = "tick"


def beat(session: Session, now: datetime, name: str = _TICK) -> None:
    """Say that the service, or a duty of its own by its name, is alive."""
    row = upsert(session, HeartbeatRow).values(name=name, at=now)
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def last_beat(session: Session, name: str = _TICK) -> datetime | None:
    """When it last said so; ``None`` = never."""
    return session.scalar(select(HeartbeatRow.at).where(HeartbeatRow.name == name))


def begin(session: Session, name: str, now: datetime) -> datetime | None:
    """Note that a piece of work begins; since when it has not come to its end, if it was begun before."""
    since = last_beat(session, name)
    if since is None:
        beat(session, now, name)
    return since


def end(session: Session, name: str) -> None:
    """Note that a piece of work has come to its end."""
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.name == name))
