"""When a source counts as stale, and when as quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from matcher.domain import Outcome
from matcher.jobs.freshness import quiet, stale
from matcher.storage.repository import SourceRecord, Stored, StoredRun
from tests.scrapers.servers import a_source

NOW = datetime(2027, 3, 10, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def a_record(*, read: datetime | None) -> SourceRecord:
    def run(at: datetime, outcome: Outcome) -> StoredRun:
        return StoredRun(
            source="demo",
            outcome=outcome,
            started_at=at,
            ended_at=at,
            calls=9,
            pages=1,
            stored=Stored(),
            unread=(),
            violations=(),
            problem=None,
            traceback=None,
        )

    return SourceRecord(
        last=run(NOW, Outcome.FAILED), last_read=run(read, Outcome.OK) if read else None, failures=1
    )


@pytest.mark.parametrize(
    ("frequency", "hours", "old"),
    [("daily", 36, False), ("daily", 36.1, True), ("weekly", 9 * 24, False), ("weekly", 9 * 24 + 0.1, True)],
)
def test_a_source_is_stale_after_36_hours_or_nine_days(frequency: str, hours: float, old: bool) -> None:
    source = a_source(frequency=frequency)
    said = stale(source, a_record(read=NOW - timedelta(hours=hours)), NOW)
    assert (said is not None) == old
    if old:
        assert said
        assert said.startswith("not read since 2027-0")


def test_a_source_that_was_never_tried_is_not_stale_and_one_never_read_is() -> None:
    assert stale(a_source(), None, NOW) is None
    assert stale(a_source(), a_record(read=None), NOW) == "it has never been read"


def arrivals(*days: float) -> list[datetime]:
    """Moments so many days before now."""
    return [NOW - day * DAY for day in days]


def test_a_source_with_steady_arrivals_is_quiet_after_three_times_its_longest_gap() -> None:
    steady = [30.0 * n for n in range(12, -1, -1)]
    assert quiet(arrivals(*(89 + d for d in steady)), NOW) is None
    said = quiet(arrivals(*(91 + d for d in steady)), NOW)
    assert said
    assert "no new call since 2026-12-09, while there were never more than 31 days between two" in said


def test_sixty_days_are_never_too_long() -> None:
    busy = [n / 2 for n in range(100, -1, -1)]
    assert quiet(arrivals(*(60 + d for d in busy)), NOW) is None
    assert quiet(arrivals(*(61 + d for d in busy)), NOW)


def test_a_publisher_with_one_round_a_year_is_not_quiet_between_two() -> None:
    assert quiet(arrivals(360, 350, 340), NOW) is None  # one season seen so far
    assert quiet(arrivals(700, 690, 335, 320), NOW) is None
    assert quiet(arrivals(366), NOW) is None  # nothing came since the first run: no gap to measure by
    assert quiet([], NOW) is None
