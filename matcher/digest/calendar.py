"""The digest's days as iCalendar: last days to apply, and the meetings that must decide before them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event

from matcher.digest.words import Words, one_line
from matcher.domain import (
    Call,
    Deadline,
    DeadlineModel,
    Digest,
    DigestItem,
    Precision,
    Status,
    Timing,
)

#: Entries would pretend to know the day.
_NO_DAY = frozenset({Precision.MONTH, Precision.MONTH_WITHOUT_YEAR})


def calendar_of(digest: Digest, words: Words, domain: str) -> bytes | None:
    """One VEVENT per deadline ahead and one for the last meeting before the next; ``None`` without any.

    Times are UTC; a day without a time is an all-day entry. A deadline's UID is the same in every letter of
    every committee, a meeting's in every letter of the committee. SEQUENCE rises when a call changes or is
    withdrawn, so that a moved day moves the entry; entries for what is no more are cancelled.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//matcher//calls//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", words("calendar.name", committee=one_line(digest.committee_name)))
    events = [event for item in digest.items for event in _events(item, digest, words=words, domain=domain)]
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical() if events else None


def _events(item: DigestItem, digest: Digest, *, words: Words, domain: str) -> Iterator[Event]:
    now, call = digest.created_at, item.call
    deadlines = _places(call)
    for place, deadline in deadlines.items():
        if deadline.at >= now and deadline.precision not in _NO_DAY:
            yield _deadline_event(item, place, deadline, now=now, words=words, domain=domain)
    # What was told once and has left the publisher's page would stand in the calendar for ever.
    for place, deadline in (_places(item.before.call) if item.before else {}).items():
        if deadline.at >= now and deadline.precision not in _NO_DAY and place not in deadlines:
            event = _deadline_event(item, place, deadline, now=now, words=words, domain=domain)
            event["status"] = "CANCELLED"
            yield event
    if (meeting := _meeting_event(item, digest, words=words, domain=domain)) is not None:
        yield meeting


def _places(call: Call) -> dict[str, Deadline]:
    """A call's deadlines by what stays the same when one moves.

    Cut-offs come and go on the publisher's page, so each is known by its day; a single deadline or a stage
    keeps its place, so that a moved one replaces the old entry.
    """
    ordered = sorted(call.deadlines, key=lambda d: d.at)
    if call.deadline_model is DeadlineModel.MULTIPLE:
        return {deadline.day.isoformat(): deadline for deadline in ordered}
    return {str(index): deadline for index, deadline in enumerate(ordered)}


def _deadline_event(
    item: DigestItem, place: str, deadline: Deadline, *, now: datetime, words: Words, domain: str
) -> Event:
    event = _event((*item.call.key, place), item, now, domain)
    event.add("summary", words("calendar.summary", title=one_line(item.call.title, 200)))
    if deadline.precision is Precision.TIME:
        event.add("dtstart", deadline.at.astimezone(UTC))
    else:
        _all_day(event, deadline.day)
    status = "TENTATIVE" if deadline.precision is Precision.PRELIMINARY else "CONFIRMED"
    event.add("status", "CANCELLED" if item.status is Status.WITHDRAWN else status)
    notes = [one_line(n, 300) for n in (item.programme, item.call.source_id, item.call.url) if n]
    event.add("description", "\n".join(notes))
    return event


def _meeting_event(item: DigestItem, digest: Digest, *, words: Words, domain: str) -> Event | None:
    if item.deadline is not None and item.deadline.precision in _NO_DAY:
        return None
    decision, known = item.decision, (*item.call.key, digest.committee, "meeting")
    event = _event(known, item, digest.created_at, domain)
    event.add("summary", words("calendar.meeting", title=one_line(item.call.title, 200)))
    if (
        decision is not None
        and decision.timing is Timing.IN_TIME
        and decision.meeting is not None
        and decision.papers_due is not None
        and item.status is not Status.WITHDRAWN
    ):
        _all_day(event, decision.meeting)
        event.add("status", "CONFIRMED")
        event.add("description", words("calendar.papers", day=words.day(decision.papers_due)))
        return event
    # No meeting will do any more: whatever day was noted is no longer the one.
    if not item.changes or item.deadline is None:
        return None
    _all_day(event, item.deadline.day)
    event.add("status", "CANCELLED")
    return event


def _event(known: tuple[str, ...], item: DigestItem, now: datetime, domain: str) -> Event:
    uid = hashlib.sha256("\n".join(known).encode(errors="replace")).hexdigest()[:32]
    event = Event()
    event.add("uid", f"{uid}@{domain}")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", _sequence(item))
    event.add("transp", "TRANSPARENT")
    return event


def _sequence(item: DigestItem) -> int:
    """Twice the number of changes, and one in between for each time the call vanished."""
    told_withdrawn = item.before is not None and item.before.status is Status.WITHDRAWN
    if item.status is Status.WITHDRAWN:
        return 2 * item.version - 1
    return 2 * item.version if told_withdrawn else 2 * (item.version - 1)


def _all_day(event: Event, day: date) -> None:
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
