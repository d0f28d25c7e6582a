"""What is stored as pandas DataFrames, for notebooks: read-only, with the same columns also when empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pandas as pd
from sqlalchemy import select

from matcher.domain import Money, StoredCall
from matcher.storage import answers as given
from matcher.storage import letters as outbox
from matcher.storage import runs
from matcher.storage.calls import stored_calls
from matcher.storage.engine import Database
from matcher.storage.tables import CallChangeRow, CallRow, CallVersionRow, CommitteeMatchRow

MOMENT = "datetime64[us, UTC]"
DAY = "datetime64[us]"  # a calendar day has no zone
TEXT, NUMBER, AMOUNT, FLAG, VALUE, KIND = "string", "Int64", "Float64", "boolean", "object", "category"

CALLS = {
    "source": KIND,
    "source_id": TEXT,
    "title": TEXT,
    "language": KIND,
    "family": KIND,
    "programme": KIND,
    "programme_name": TEXT,
    "fund": KIND,
    "call_title": TEXT,
    "status": KIND,
    "opens": DAY,
    "next_deadline": MOMENT,
    "last_deadline": MOMENT,
    "days_left": NUMBER,  # whole days to the next deadline
    "budget": AMOUNT,
    "grant_minimum": AMOUNT,
    "grant_maximum": AMOUNT,
    "currency": KIND,  # of budget, else of the grant
    "expected_grants": NUMBER,
    "rate_minimum": AMOUNT,  # the EU's share, 0-1
    "rate_maximum": AMOUNT,
    "applicants": VALUE,  # tuple of str, as keywords and geography
    "keywords": VALUE,
    "geography": VALUE,
    "partners": NUMBER,
    "countries": NUMBER,
    "action": KIND,
    "planned": FLAG,
    "continuous": FLAG,
    "invited_only": FLAG,
    "text": TEXT,
    "conditions": TEXT,
    "url": TEXT,
    "reference": TEXT,
    "version": NUMBER,
    "first_seen": MOMENT,
    "last_seen": MOMENT,
    "last_changed": MOMENT,
    "withdrawn_at": MOMENT,
}
VERSIONS = {
    "source": KIND,
    "source_id": TEXT,
    "version": NUMBER,
    "seen_at": MOMENT,
    "title": TEXT,
    "content": VALUE,
}
CHANGES = {
    "source": KIND,
    "source_id": TEXT,
    "title": TEXT,  # as it is now
    "version": NUMBER,
    "field": KIND,
    "before": VALUE,
    "after": VALUE,
    "seen_at": MOMENT,
}
MATCHES = {
    "committee": KIND,
    "source": KIND,
    "source_id": TEXT,
    "title": TEXT,
    "score": AMOUNT,
    "rank": NUMBER,  # 1 = the committee's best
    "band": KIND,
    "verdict": KIND,
    "priority": TEXT,  # id of the best one
    "terms": VALUE,  # tuple of "committee's word <- call's word" of that priority
    "config_version": TEXT,
    "matched_at": MOMENT,
}
LETTERS = {
    "id": NUMBER,
    "committee": KIND,
    "period": KIND,
    "kind": KIND,
    "recipient": TEXT,
    "subject": TEXT,
    "message_id": TEXT,
    "bytes": NUMBER,
    "state": KIND,
    "attempts": NUMBER,
    "created_at": MOMENT,
    "next_attempt_at": MOMENT,
    "sent_at": MOMENT,
    "problem": TEXT,
}
ANSWERS = {
    "committee": KIND,
    "source": KIND,
    "source_id": TEXT,
    "title": TEXT,
    "kind": KIND,
    "reason": KIND,
    "role": KIND,
    "who": TEXT,
    "note": TEXT,
    "at": MOMENT,
    "counts": FLAG,  # the committee's latest about this call
}
SOURCE_RUNS = {
    "source": KIND,
    "outcome": KIND,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "seconds": AMOUNT,
    "calls": NUMBER,
    "pages": NUMBER,
    "new": NUMBER,
    "changed": NUMBER,
    "unchanged": NUMBER,
    "withdrawn": NUMBER,
    "unread": NUMBER,
    "problem": TEXT,
}


def calls(database: Database, now: datetime) -> pd.DataFrame:
    """All stored calls with columns ``CALLS``; ``status`` and ``days_left`` are as of ``now``."""
    with database.read() as session:
        return _frame(CALLS, (_call(stored, now) for stored in stored_calls(session)))


def versions(database: Database) -> pd.DataFrame:
    """Every version of every call with columns ``VERSIONS``; ``content`` is ``plain(call)``."""
    query = (
        select(
            CallRow.source,
            CallRow.source_id,
            CallVersionRow.version,
            CallVersionRow.seen_at,
            CallVersionRow.content,
        )
        .join(CallRow, CallRow.id == CallVersionRow.call_id)
        .order_by(CallRow.source, CallRow.source_id, CallVersionRow.version)
    )
    with database.read() as session:
        rows = session.execute(query)
        return _frame(VERSIONS, ({**row._mapping, "title": row.content["title"]} for row in rows))


def changes(database: Database) -> pd.DataFrame:
    """Every field that moved, oldest first, with columns ``CHANGES``; values are as in ``plain(call)``."""
    query = (
        select(
            CallRow.source,
            CallRow.source_id,
            CallRow.title,
            CallChangeRow.version,
            CallChangeRow.field,
            CallChangeRow.before,
            CallChangeRow.after,
            CallChangeRow.seen_at,
        )
        .join(CallRow, CallRow.id == CallChangeRow.call_id)
        .order_by(CallChangeRow.seen_at, CallRow.source, CallRow.source_id, CallChangeRow.field)
    )
    with database.read() as session:
        return _frame(CHANGES, (dict(row._mapping) for row in session.execute(query)))


def matches(database: Database, committee: str | None = None) -> pd.DataFrame:
    """The present rankings, of one committee or of all, best first, with columns ``MATCHES``."""
    match = CommitteeMatchRow
    query = (
        select(match, CallRow.title)
        .join(CallRow, (CallRow.source == match.source) & (CallRow.source_id == match.source_id))
        .order_by(match.committee, match.score.desc(), match.source, match.source_id)
    )
    if committee is not None:
        query = query.where(match.committee == committee)
    records: list[dict[str, Any]] = []
    with database.read() as session:
        for row, title in session.execute(query):
            best = next(iter(row.content["reasons"]), None)
            same = bool(records) and records[-1]["committee"] == row.committee
            records.append(
                {
                    **{f: getattr(row, f, None) for f in MATCHES},
                    "title": title,
                    "rank": records[-1]["rank"] + 1 if same else 1,
                    "priority": best and best["priority_id"],
                    "terms": tuple(
                        t["query"] if t["query"] == t["document"] else f"{t['query']} ← {t['document']}"
                        for t in (best["terms"] if best else ())
                    ),
                }
            )
    return _frame(MATCHES, records)


def letters(database: Database) -> pd.DataFrame:
    """The outbox, newest first, with columns ``LETTERS``; the bytes themselves stay in the database."""
    with database.read() as session:
        return _frame(
            LETTERS,
            (
                {**{f: getattr(letter, f, None) for f in LETTERS}, "bytes": len(letter.body)}
                for letter in outbox.letters(session)
            ),
        )


def answers(database: Database) -> pd.DataFrame:
    """One row per answer of a committee, oldest first, with the call's title."""
    with database.read() as session:
        every = given.answers(session, history=True)
        latest = set(given.answers(session))
        titles = {(r.source, r.source_id): r.title for r in session.scalars(select(CallRow))}
    return _frame(
        ANSWERS,
        [
            {f: getattr(a, f) for f in ANSWERS if hasattr(a, f)}
            | {"title": titles[a.key], "counts": a in latest}
            for a in every
        ],
    )


def source_runs(database: Database) -> pd.DataFrame:
    """Every run of every source, newest first, with columns ``SOURCE_RUNS``; ``unread`` is a number."""
    with database.read() as session:
        return _frame(
            SOURCE_RUNS,
            (
                {
                    **{f: getattr(run, f, getattr(run.stored, f, None)) for f in SOURCE_RUNS},
                    "seconds": (run.ended_at - run.started_at).total_seconds(),
                    "unread": len(run.unread),
                }
                for run in runs.source_runs(session)
            ),
        )


def _call(stored: StoredCall, now: datetime) -> dict[str, Any]:
    call, ahead = stored.call, stored.call.next_deadline(now)
    money = call.budget or call.grant_maximum or call.grant_minimum
    consortium = call.consortium
    return {
        **{f: getattr(call, f, getattr(stored, f, None)) for f in CALLS},
        "status": stored.status(now),
        "next_deadline": ahead and ahead.at,
        "last_deadline": max((d.at for d in call.deadlines), default=None),
        "days_left": (ahead.at - now).days if ahead else None,
        "currency": money and money.currency,
        "partners": consortium and consortium.partners,
        "countries": consortium and consortium.countries,
    }


def _frame(columns: Mapping[str, str], records: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    held = list(records)
    return pd.DataFrame(
        {name: _column([record[name] for record in held], kind) for name, kind in columns.items()}
    )


def _column(values: list[Any], kind: str) -> pd.Series[Any]:
    if kind == AMOUNT:
        values = [v.amount if isinstance(v, Money) else v for v in values]
        values = [float(v) if isinstance(v, Decimal) else v for v in values]
    if kind in (TEXT, KIND):
        values = [v if v is None else str(v) for v in values]
    if kind == MOMENT:
        values = [v and v.astimezone(UTC) for v in values]
    column: pd.Series[Any] = pd.Series(values, dtype=cast("Any", kind))
    return column
