"""When letters fall due: schedule, clock and the periods already planned in, a period out; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from matcher.config.models import DigestSchedule
from matcher.domain import STOCKHOLM

#: A letter that fell due longer ago is not made up: the next one is only hours away.
MAKE_UP = timedelta(days=6, hours=18)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def period_of(moment: datetime) -> str:
    """The ISO week of an aware moment in Sweden: ``2026-W47``."""
    year, week, _ = moment.astimezone(STOCKHOLM).isocalendar()
    return f"{year:04}-W{week:02}"


def slot(schedule: DigestSchedule, period: str) -> datetime | None:
    """The moment (UTC) at which a period's letter falls due, or ``None`` when that week has none.

    A local time that the change to summer time skips is shifted forward by the hour that is missing; of
    a time that comes twice in autumn the first counts. Every other week is counted from a fixed Monday,
    so that years with 53 weeks do not break the rhythm. A slot within a pause does not exist, so nothing
    is made up for when the pause ends.
    """
    year, week = int(period[:4]), int(period[6:])
    day = date.fromisocalendar(year, week, WEEKDAYS.index(schedule.weekday) + 1)
    # The ordinal of day 1 is a Monday: whole weeks since then, even for 2026-W02.
    weeks = (day.toordinal() - 1) // 7
    if schedule.every == "fortnight" and weeks % 2 != 0:
        return None
    if schedule.every == "month" and day.day > 7:
        return None
    if _paused_on(schedule, day):
        return None
    # fold=0: zoneinfo reads a skipped time with the offset before the gap, a doubled one as the first.
    return datetime.combine(day, schedule.time, STOCKHOLM).astimezone(UTC)


def is_paused(schedule: DigestSchedule, now: datetime) -> bool:
    """Whether the committee gets no letters at present."""
    return _paused_on(schedule, now.astimezone(STOCKHOLM).date())


def letter_due(schedule: DigestSchedule, *, now: datetime, last_period: str | None) -> str | None:
    """The period whose letter is due and not yet made, or ``None``.

    ``last_period`` is the latest period the committee has a letter for. Only the latest slot can be due:
    one that a switched-off machine missed is made up until the next is near, earlier ones are not sent
    afterwards (their calls come in this letter). A clock that went back never makes a second letter.
    """
    return _due(lambda period: slot(schedule, period), now, last_period)


def overview_due(
    schedules: Iterable[DigestSchedule], *, now: datetime, last_period: str | None
) -> str | None:
    """The period whose overview is due: that of the latest letters, once the last committee's has fallen
    due; a week in which no committee has a letter has no overview either.
    """
    every = list(schedules)

    def last_slot(period: str) -> datetime | None:
        return max((due for s in every if (due := slot(s, period)) is not None), default=None)

    return _due(last_slot, now, last_period)


def next_letter(schedule: DigestSchedule, *, now: datetime, last_period: str | None) -> datetime | None:
    """When (UTC) the next letter falls due, a moment past if it is due already; ``None`` when paused."""
    if schedule.paused:
        return None
    if period := letter_due(schedule, now=now, last_period=last_period):
        return slot(schedule, period)
    # A month's letters are at most five weeks apart; one more, since this month's may have been sent.
    start = now
    if schedule.paused_until is not None:
        start = max(now, datetime.combine(schedule.paused_until, schedule.time, STOCKHOLM))
    for weeks in range(11):
        period = period_of(start + timedelta(weeks=weeks))
        due = slot(schedule, period)
        if due is not None and due > now and (last_period is None or period > last_period):
            return due
    return None


def _paused_on(schedule: DigestSchedule, day: date) -> bool:
    return schedule.paused or (schedule.paused_until is not None and day <= schedule.paused_until)


def _due(slot_of: Callable[[str], datetime | None], now: datetime, last_period: str | None) -> str | None:
    for period in (period_of(now), period_of(now - timedelta(weeks=1))):
        due = slot_of(period)
        if due is None or due > now:
            continue
        fresh = now - due <= MAKE_UP and (last_period is None or last_period < period)
        return period if fresh else None
    return None
