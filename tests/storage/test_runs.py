"""Runs and pages: what is remembered of every reading of a source."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from matcher.domain import Fetched, Outcome, Rule, Unread, Violation
from matcher.storage.engine import Database
from matcher.storage.repository import (
    Stored,
    beat,
    broken_since,
    cached_pages,
    fill_history,
    last_beat,
    last_runs,
    save_source_run,
    source_runs,
)
from matcher.storage.tables import PageBodyRow, PageRow
from tests.storage.builders import DAY, NOW, call, page, run


def save(database: Database, day: int, *pages: Fetched, **fields: Any) -> None:
    """Save a run that many days after NOW."""
    with database.write() as session:
        save_source_run(session, run(at=NOW + day * DAY, pages=pages, **fields), NOW + day * DAY)


def test_a_run_is_remembered_with_its_numbers_and_problems(database: Database) -> None:
    with database.write() as session:
        save_source_run(
            session,
            run(
                [call(1), call(2)],
                outcome=Outcome.DEGRADED,
                unread=(Unread(url="https://publisher.example/3", why="no deadline"),),
                problem="1 of 3 records could not be read.",
                pages=(page(),),
            ),
            NOW,
        )

    with database.read() as session:
        (stored,) = source_runs(session, "demo")
    assert (stored.calls, stored.pages, stored.stored) == (2, 1, Stored(new=2))
    assert stored.unread == (Unread(url="https://publisher.example/3", why="no deadline"),)
    assert (stored.outcome, stored.problem) == (Outcome.DEGRADED, "1 of 3 records could not be read.")
    assert stored.ended_at == NOW


def test_runs_come_newest_first_and_no_more_than_asked_for(database: Database) -> None:
    for day in range(4):
        save(database, day)
    save(database, 4, source="other")

    with database.read() as session:
        assert [r.ended_at for r in source_runs(session, "demo", limit=2)] == [NOW + 3 * DAY, NOW + 2 * DAY]
        assert [r.source for r in source_runs(session, limit=2)] == ["other", "demo"]


def test_the_record_of_a_source_counts_failures_since_it_was_last_read(database: Database) -> None:
    outcomes = [Outcome.FAILED, Outcome.OK, Outcome.DEGRADED, Outcome.FAILED, Outcome.CRASHED]
    for day, outcome in enumerate(outcomes):
        save(database, day, outcome=outcome)
    save(database, 5, source="never", outcome=Outcome.FAILED)
    save(database, 6, source="well")

    with database.read() as session:
        records = last_runs(session)
    assert {
        s: (r.last.outcome, r.last_read and r.last_read.ended_at, r.failures) for s, r in records.items()
    } == {
        "demo": (Outcome.CRASHED, NOW + 2 * DAY, 2),
        "never": (Outcome.FAILED, None, 1),
        "well": (Outcome.OK, NOW + 6 * DAY, 0),
    }


def test_the_history_holds_the_fill_rates_of_the_latest_runs_that_were_stored(database: Database) -> None:
    for day in range(12):
        save(database, day, fill={"budget": day / 100})
    save(database, 12, fill={"budget": 0.99}, outcome=Outcome.FAILED)
    with database.read() as session:
        assert fill_history(session, "demo") == [{"budget": day / 100} for day in range(11, 1, -1)]
        assert fill_history(session, "other") == []


def test_a_trouble_lasts_until_it_has_stayed_away_for_a_while(database: Database) -> None:
    lost = Violation(rule=Rule.SURVIVAL, sentence="only 3 of 9 known calls", fatal=True)
    fallen = Violation(rule=Rule.FILL, about="budget", sentence="10% have a budget")
    for day in range(30):
        broken = lost if day in (2, 3, 20, 22, 23) else fallen if day == 29 else None
        outcome = Outcome.OK if broken is None else Outcome.FAILED if broken.fatal else Outcome.DEGRADED
        save(database, day, outcome=outcome, violations=(broken,) if broken else ())
    with database.read() as session:
        assert source_runs(session, "demo", limit=1)[0].violations == (fallen,)
        assert broken_since(session, "demo", "survival", 3 * DAY) == NOW + 20 * DAY
        assert broken_since(session, "demo", "survival", 30 * DAY) == NOW + 2 * DAY
        assert broken_since(session, "demo", "fill budget", 3 * DAY) == NOW + 29 * DAY
        assert broken_since(session, "demo", "fill rate", 3 * DAY) is None


def test_a_run_from_before_violations_were_noted_broke_what_its_outcome_says(database: Database) -> None:
    save(database, 0, outcome=Outcome.FAILED, problem="the publisher answers 503")
    with database.read() as session:
        (violation,) = source_runs(session, "demo")[0].violations
    assert violation == Violation(rule=Rule.READABLE, sentence="the publisher answers 503", fatal=True)


def test_a_body_is_kept_once_however_often_it_is_served(database: Database) -> None:
    for day in range(3):
        save(database, day, page(at=NOW + day * DAY), page(url="https://publisher.example/2"))

    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(PageBodyRow)) == 1
        assert session.scalar(select(func.count()).select_from(PageRow)) == 2


def test_the_cache_holds_the_latest_good_response_of_each_address(database: Database) -> None:
    first, second = page(b"first", etag='"1"'), page(b"second", at=NOW + DAY, etag='"2"')
    back = page(b"first", at=NOW + 2 * DAY, etag='"3"', last_modified="Wed, 25 Nov 2026 05:00:00 GMT")
    save(database, 0, first)
    save(database, 1, second, page(b"other", url="https://publisher.example/no-etag", etag=None))
    with database.read() as session:
        assert cached_pages(session, "demo") == {second.url: second}

    save(database, 2, back, outcome=Outcome.FAILED)
    save(database, 3, page(b"broken", at=NOW + 3 * DAY, status=500), outcome=Outcome.FAILED)

    with database.read() as session:
        assert cached_pages(session, "demo") == {back.url: back}
        assert cached_pages(session, "other") == {}


def test_the_heartbeat_is_the_last_one(database: Database) -> None:
    with database.read() as session:
        assert last_beat(session) is None
    for now in (NOW, NOW + DAY):
        with database.write() as session:
            beat(session, now)

    with database.read() as session:
        assert last_beat(session) == NOW + DAY
