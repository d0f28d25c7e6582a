"""Short valid objects; every argument changes one field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from matcher.domain import (
    BRUSSELS,
    Band,
    Call,
    Deadline,
    Eligibility,
    Family,
    Fetched,
    Letter,
    Match,
    Outcome,
    Precision,
    Reason,
    Remark,
    Section,
    SourceRun,
    Term,
    Told,
    Verdict,
)

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def call(number: int = 1, **fields: Any) -> Call:
    """Call number N of the source "demo", open until 8 January 2027."""
    values: dict[str, Any] = {
        "source": "demo",
        "source_id": f"DEMO-{number}",
        "url": f"https://publisher.example/{number}",
        "title": f"Support for long-term care at home, part {number}",
        "language": "en",
        "family": Family.SECTOR,
        "programme": "esf-easi",
        "text": "Objectives\nProjects test how care at home can be organised, with families and staff.",
        "deadlines": (Deadline(at=datetime(2027, 1, 8, 17, tzinfo=BRUSSELS), precision=Precision.TIME),),
    }
    return Call(**values | fields)


def run(calls: Sequence[Call] = (), *, at: datetime = NOW, **fields: Any) -> SourceRun:
    """A run of "demo" that ended ok at the given time."""
    values: dict[str, Any] = {
        "source": "demo",
        "outcome": Outcome.OK,
        "started_at": at - timedelta(seconds=5),
        "ended_at": at,
        "calls": tuple(calls),
    }
    return SourceRun(**values | fields)


def page(body: bytes = b"<p>Calls</p>", *, at: datetime = NOW, **fields: Any) -> Fetched:
    """A list page with an ETag."""
    values: dict[str, Any] = {
        "url": "https://publisher.example/",
        "fetched_at": at,
        "etag": '"1"',
    }
    return Fetched.of(body, **values | fields)


def match(number: int = 1, score: float = 1.0, committee: str = "norrbacka-sn") -> Match:
    """Call number N for a committee, because of long-term care."""
    remark = Remark(rule="consortium", sv="Kräver minst tre parter.", en="Needs three partners.")
    return Match(
        source="demo",
        source_id=f"DEMO-{number}",
        committee=committee,
        score=score,
        band=Band.STRONG,
        eligibility=Eligibility(verdict=Verdict.CHECK, reasons=(remark,), open_points=(remark,)),
        reasons=(
            Reason(
                priority_id="trygg-omsorg",
                priority="Trygg omsorg",
                score=score,
                terms=(
                    Term(query="äldreomsorg", document="long-term care", route="lexicon", weight=0.4),
                    Term(query="hemtjänst", document="hemtjänst", route="same", weight=0.1),
                ),
            ),
        ),
    )


def letter(recipient: str = "sn@norrbacka.example", **fields: Any) -> Letter:
    """A frozen letter for week 48."""
    values: dict[str, Any] = {
        "committee": "norrbacka-sn",
        "period": "2026-W48",
        "recipient": recipient,
        "subject": "Socialnämnden: 3 nya EU-utlysningar",
        "message_id": f"<2026-w48.{recipient.partition('@')[0]}@matcher.invalid>",
        "body": b"Subject: =?utf-8?q?Socialn=C3=A4mnden?=\r\n\r\n\x00\xff",
        "created_at": NOW,
    }
    return Letter(**values | fields)


def told(number: int = 1, **fields: Any) -> Told:
    """Call number N told as new in week 48."""
    values: dict[str, Any] = {
        "source": "demo",
        "source_id": f"DEMO-{number}",
        "section": Section.NEW,
        "period": "2026-W48",
        "told_at": NOW,
        "call": call(number),
    }
    return Told(**values | fields)
