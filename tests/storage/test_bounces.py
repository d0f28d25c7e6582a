"""Three hard bounces on three days suspend an address, and a person lifts that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from matcher.domain import Bounce
from matcher.errors import StorageError
from matcher.storage.bounces import DAYS_TO_SUSPEND, WITHIN
from matcher.storage.engine import Database
from matcher.storage.repository import bounces, lift_suspension, record_bounces, suspensions
from tests.storage.builders import DAY, NOW

ADDRESS = "Namnd@kommun.example"


def bounce(database: Database, at: datetime, *, hard: bool = True, report: str | None = None) -> list[str]:
    """Record one; gives the addresses suspended by it."""
    with database.write() as session:
        found = Bounce(report=report or f"<{at}>", address=ADDRESS, hard=hard, at=at, problem="no such user")
        return [s.address for s in record_bounces(session, [found], at)]


def suspended(database: Database) -> list[str]:
    with database.read() as session:
        return [s.address for s in suspensions(session)]


def test_the_third_day_suspends_once(database: Database) -> None:
    got = [bounce(database, NOW + n * 7 * DAY) for n in range(5)]
    assert got == [[], [], [ADDRESS.lower()], [], []]
    assert suspended(database) == [ADDRESS.lower()]


def test_many_reports_of_one_day_are_one_day(database: Database) -> None:
    for n in range(10):
        assert bounce(database, NOW + timedelta(minutes=n)) == []
    assert suspended(database) == []


def test_the_same_report_read_again_counts_once(database: Database) -> None:
    for n in range(10):
        assert bounce(database, NOW + n * DAY, report="<same>") == []
    with database.read() as session:
        assert len(bounces(session, ADDRESS)) == 1


def test_a_full_mailbox_suspends_nobody(database: Database) -> None:
    for n in range(10):
        assert bounce(database, NOW + n * DAY, hard=False) == []


def test_bounces_of_long_ago_do_not_count(database: Database) -> None:
    for n in range(5):
        assert bounce(database, NOW + n * (WITHIN / 2 + DAY)) == []


def test_another_address_is_not_silenced(database: Database) -> None:
    for n in range(DAYS_TO_SUSPEND):
        bounce(database, NOW + n * DAY)
    with database.write() as session:
        other = Bounce(report="x", address="other@kommun.example", hard=True, at=NOW, problem="x")
        assert record_bounces(session, [other], NOW) == []
    assert suspended(database) == [ADDRESS.lower()]


def test_lifted_by_hand_it_takes_three_new_days(database: Database) -> None:
    for n in range(3):
        bounce(database, NOW + n * DAY)
    with database.write() as session:
        lift_suspension(session, ADDRESS.upper(), NOW + 3 * DAY)
    assert suspended(database) == []
    assert [bounce(database, NOW + n * DAY) for n in range(4, 7)] == [[], [], [ADDRESS.lower()]]
    with pytest.raises(StorageError, match="is not suspended"), database.write() as session:
        lift_suspension(session, "nobody@kommun.example", NOW)
