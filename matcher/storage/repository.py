"""Everything that can be asked of the database: functions over a Session that return domain values."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.storage.calls import Stored, changes, find_call, known_calls, stored_calls
from matcher.storage.engine import upsert
from matcher.storage.letters import (
    claim_letter,
    expire_leases,
    finish_letter,
    letter_periods,
    letter_waiting,
    letters,
    queue_letters,
    record_told,
    resolve_letter,
    told,
)
from matcher.storage.matches import (
    last_matching,
    load_configuration,
    load_matches,
    save_configuration,
    save_matches,
)
from matcher.storage.runs import (
    SourceRecord,
    StoredRun,
    cached_pages,
    last_runs,
    save_source_run,
    source_runs,
)
from matcher.storage.tables import HeartbeatRow

__all__ = [
    "SourceRecord",
    "Stored",
    "StoredRun",
    "beat",
    "cached_pages",
    "changes",
    "claim_letter",
    "expire_leases",
    "find_call",
    "finish_letter",
    "known_calls",
    "last_beat",
    "last_matching",
    "last_runs",
    "letter_periods",
    "letter_waiting",
    "letters",
    "load_configuration",
    "load_matches",
    "queue_letters",
    "record_told",
    "resolve_letter",
    "save_configuration",
    "save_matches",
    "save_source_run",
    "source_runs",
    "stored_calls",
    "told",
]

_TICK = "tick"


def beat(session: Session, now: datetime) -> None:
    """Say that the service is alive."""
    row = upsert(session, HeartbeatRow).values(name=_TICK, at=now)
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def last_beat(session: Session) -> datetime | None:
    """When the service last said so; ``None`` = never."""
    return session.scalar(select(HeartbeatRow.at).where(HeartbeatRow.name == _TICK))
