"""Due-ness of letters: one per period, at the committee's own hour, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.config.models import DigestSchedule
from matcher.digest.when import (
    WEEKDAYS,
    is_paused,
    letter_due,
    next_letter,
    overview_due,
    period_of,
    slot,
)
from matcher.domain import STOCKHOLM
from tests.digest.builders import NOW, WEEK

HOUR = timedelta(hours=1)


def weekly(weekday: str = "monday", clock: time = time(7), **fields: object) -> DigestSchedule:
    return DigestSchedule.model_validate({"weekday": weekday, "time": clock, **fields})


def periods(first: date, last: date) -> list[str]:
    """Every ISO week that has a day from first to last."""
    days = (last - first).days + 1
    return list(dict.fromkeys(period_of(noon(first + timedelta(days=n))) for n in range(days)))


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), STOCKHOLM)


def test_a_letter_falls_due_at_the_committees_hour_and_not_a_minute_before() -> None:
    due = datetime(2026, 11, 16, 7, 0, tzinfo=STOCKHOLM)
    assert letter_due(weekly(), now=due - timedelta(minutes=1), last_period="2026-W46") is None
    assert letter_due(weekly(), now=due, last_period="2026-W46") == "2026-W47"


def test_a_period_that_has_its_letter_is_not_due_again() -> None:
    assert letter_due(weekly(), now=NOW + 3 * HOUR, last_period="2026-W47") is None


def test_a_clock_set_back_a_week_makes_no_second_letter() -> None:
    assert letter_due(weekly(), now=NOW - WEEK + HOUR, last_period="2026-W47") is None


def test_a_machine_off_until_sunday_still_sends_this_weeks_letter_once() -> None:
    sunday = datetime(2026, 11, 22, 23, 0, tzinfo=STOCKHOLM)
    assert letter_due(weekly(), now=sunday, last_period="2026-W43") == "2026-W47"


def test_a_friday_letter_missed_over_the_weekend_is_made_up_on_monday() -> None:
    monday = datetime(2026, 11, 16, 8, 0, tzinfo=STOCKHOLM)
    assert letter_due(weekly("friday"), now=monday, last_period="2026-W45") == "2026-W46"
    assert letter_due(weekly("friday"), now=monday, last_period="2026-W46") is None


def test_a_letter_missed_until_the_next_is_hours_away_is_left_to_the_next() -> None:
    before_the_hour = datetime(2026, 11, 16, 6, 59, tzinfo=STOCKHOLM)
    assert letter_due(weekly(), now=before_the_hour, last_period="2026-W43") is None


def test_a_new_committee_gets_its_first_letter_in_its_first_week() -> None:
    assert letter_due(weekly(), now=NOW + 48 * HOUR, last_period=None) == "2026-W47"


def test_a_paused_committee_is_never_due() -> None:
    assert letter_due(weekly(paused=True), now=NOW + HOUR, last_period=None) is None


def test_the_period_is_the_swedish_week_even_when_it_is_still_sunday_in_utc() -> None:
    assert period_of(datetime(2026, 11, 15, 23, 30, tzinfo=UTC)) == "2026-W47"


def test_the_week_belongs_to_the_iso_year_at_the_turn_of_the_year() -> None:
    assert period_of(noon(date(2027, 1, 1))) == "2026-W53"
    assert period_of(noon(date(2027, 1, 4))) == "2027-W01"


def test_an_hour_skipped_in_spring_is_shifted_forward() -> None:
    due = slot(weekly("sunday", time(2, 30)), "2026-W13")
    assert due is not None
    assert due.astimezone(STOCKHOLM).replace(tzinfo=None) == datetime(2026, 3, 29, 3, 30)


def test_of_an_hour_doubled_in_autumn_the_first_counts() -> None:
    assert slot(weekly("sunday", time(2, 30)), "2026-W43") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_every_other_week_goes_on_over_years_with_53_weeks() -> None:
    schedule = weekly(every="fortnight")
    slots = [s for p in periods(date(2024, 1, 1), date(2034, 12, 31)) if (s := slot(schedule, p))]
    local = [s.astimezone(STOCKHOLM).date() for s in slots]
    assert {b - a for a, b in pairwise(local)} == {timedelta(days=14)}
    assert period_of(slots[53]) == "2026-W04"  # even weeks in 2026


@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_a_monthly_letter_comes_on_the_first_such_weekday_of_every_month(weekday: str) -> None:
    schedule = weekly(weekday, every="month")
    slots = [s for p in periods(date(2025, 1, 1), date(2027, 12, 31)) if (s := slot(schedule, p))]
    days = [d for s in slots if (d := s.astimezone(STOCKHOLM).date()).year < 2028]
    assert len({(d.year, d.month) for d in days}) == len(days) == 36
    assert all(d.day <= 7 and d.weekday() == WEEKDAYS.index(weekday) for d in days)


@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_every_weekly_slot_of_two_years_gives_exactly_one_letter_per_week(weekday: str) -> None:
    # Both changes of clock in each year, and the year of 53 weeks, are in it.
    for hour in range(24):
        schedule = weekly(weekday, time(hour, 30))
        sent: list[str] = []
        for period in periods(date(2026, 1, 5), date(2028, 1, 2)):
            due = slot(schedule, period)
            assert due is not None
            for moment in (due - timedelta(minutes=1), due, due + timedelta(minutes=1), due + HOUR):
                found = letter_due(schedule, now=moment, last_period=sent[-1] if sent else None)
                if found is not None:
                    assert moment == due
                    sent.append(found)
            local = due.astimezone(STOCKHOLM)
            skipped = local.hour != hour
            assert local.minute == 30
            assert not skipped or (hour == 2 and local.hour == 3 and local.month == 3)
        assert sent == periods(date(2026, 1, 5), date(2028, 1, 2))
        assert len(sent) == 104


@pytest.mark.slow
@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_every_weekly_slot_from_2024_to_2034_gives_exactly_one_letter_per_week(weekday: str) -> None:
    every = periods(date(2024, 1, 1), date(2034, 12, 31))
    for hour in range(24):
        for minute in range(0, 60, 15):
            schedule = weekly(weekday, time(hour, minute))
            last: str | None = None
            for period in every:
                due = slot(schedule, period)
                assert due is not None
                assert letter_due(schedule, now=due - timedelta(minutes=1), last_period=last) is None
                assert letter_due(schedule, now=due, last_period=last) == period
                last = period
                assert letter_due(schedule, now=due + HOUR, last_period=last) is None
                local = due.astimezone(STOCKHOLM)
                assert (local.hour, local.minute) == (hour, minute) or (
                    (local.hour, hour, local.month) == (3, 2, 3)
                )
            assert last == every[-1] == "2034-W52"
    assert len(every) == 574


@given(
    st.sampled_from(WEEKDAYS),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(["week", "fortnight", "month"]),
    st.lists(st.integers(0, 60 * 24 * 200), min_size=1, max_size=60),
)
def test_ticks_at_any_moments_never_make_two_letters_of_a_period_nor_one_too_early(
    weekday: str, clock: time, every: str, minutes: list[int]
) -> None:
    schedule = weekly(weekday, clock, every=every)
    last: str | None = None
    for minute in sorted(minutes):
        now = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=minute)
        found = letter_due(schedule, now=now, last_period=last)
        if found is not None:
            due = slot(schedule, found)
            assert due is not None
            assert due <= now
            assert last is None or found > last
            last = found


def test_the_zone_of_the_clock_that_asks_does_not_matter() -> None:
    moment = datetime(2026, 11, 16, 7, 0, tzinfo=STOCKHOLM)
    for zone in ("America/New_York", "Asia/Tokyo", "UTC"):
        assert letter_due(weekly(), now=moment.astimezone(ZoneInfo(zone)), last_period=None) == "2026-W47"


def test_the_next_letter_is_told_for_every_rhythm() -> None:
    assert next_letter(weekly(), now=NOW, last_period="2026-W47") == datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    assert next_letter(weekly(), now=NOW + HOUR, last_period="2026-W46") == NOW  # due already
    monthly = next_letter(weekly(every="month"), now=NOW, last_period="2026-W45")
    assert monthly == datetime(2026, 12, 7, 6, 0, tzinfo=UTC)
    assert next_letter(weekly(paused=True), now=NOW, last_period=None) is None


# --- pauses and overviews ---------------------------------------------------------------------


def test_a_pause_ends_after_its_last_day_and_leaves_nothing_to_make_up() -> None:
    schedule = weekly(paused_until=date(2026, 11, 16))
    monday = datetime(2026, 11, 16, 7, 0, tzinfo=STOCKHOLM)
    assert is_paused(schedule, monday)
    assert not is_paused(schedule, monday + timedelta(days=1))
    for day in range(7):  # the Monday fell within the pause, so its letter does not come on Tuesday either
        assert letter_due(schedule, now=monday + timedelta(days=day), last_period="2026-W40") is None
    assert letter_due(schedule, now=monday + WEEK, last_period="2026-W40") == "2026-W48"
    assert next_letter(schedule, now=NOW, last_period="2026-W40") == (monday + WEEK).astimezone(UTC)


def test_the_next_letter_after_a_pause_of_half_a_year_is_told() -> None:
    schedule = weekly(paused_until=date(2027, 5, 31))
    assert next_letter(schedule, now=NOW, last_period="2026-W46") == datetime(2027, 6, 7, 5, 0, tzinfo=UTC)


def test_an_overview_is_due_with_the_last_letter_of_its_period_and_once() -> None:
    schedules = [weekly(), weekly("thursday", time(9)), weekly(paused=True)]
    thursday = datetime(2026, 11, 19, 9, 0, tzinfo=STOCKHOLM)
    last = "2026-W46"
    assert overview_due(schedules, now=thursday - timedelta(minutes=1), last_period=last) is None
    assert overview_due(schedules, now=thursday, last_period=last) == "2026-W47"
    assert overview_due(schedules, now=thursday + 3 * HOUR, last_period="2026-W47") is None


def test_a_week_without_letters_has_no_overview() -> None:
    odd_week = datetime(2026, 11, 18, 12, 0, tzinfo=STOCKHOLM)
    even_week = odd_week + WEEK
    fortnightly = [weekly(every="fortnight")]
    found = [overview_due(fortnightly, now=n, last_period="2026-W45") for n in (odd_week, even_week)]
    assert sorted(str(period) for period in found) == ["2026-W48", "None"]
    assert overview_due([], now=NOW, last_period=None) is None
