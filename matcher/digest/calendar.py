"""The digest's last days to apply as iCalendar, so that a secretary can put them in the calendar."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from matcher.digest.words import Words, one_line
from matcher.domain import Deadline, DeadlineModel, Digest, DigestItem, Precision, Status

#: Entries would pretend to know the day.
_NO_DAY = frozenset({Precision.MONTH, Precision.MONTH_WITHOUT_YEAR})


def calendar_of(digest: Digest, words: Words, domain: str) -> bytes | None:
    """One VEVENT per deadline ahead, or ``None`` when there is none.

    Times are UTC; a day without a time is an all-day entry. UIDs are the same in every letter of every
    committee and SEQUENCE follows the call's version, so a moved deadline moves the entry; the entries of
    a withdrawn call are cancelled.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//matcher//calls//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", words("calendar.name", committee=one_line(digest.committee_name)))
    events = [
        _event(item, index, deadline, now=digest.created_at, words=words, domain=domain)
        for item in digest.items
        for index, deadline in enumerate(sorted(item.call.deadlines, key=lambda d: d.at))
        if deadline.at >= digest.created_at and deadline.precision not in _NO_DAY
    ]
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical() if events else None


def _event(
    item: DigestItem, index: int, deadline: Deadline, *, now: datetime, words: Words, domain: str
) -> Event:
    call = item.call
    # Cut-offs come and go on the publisher's page, so each is known by its day; a single deadline or a
    # stage keeps its place, so that a moved one replaces the old entry.
    place = deadline.day.isoformat() if call.deadline_model is DeadlineModel.MULTIPLE else str(index)
    known = hashlib.sha256("\n".join((*call.key, place)).encode(errors="replace")).hexdigest()[:32]
    event = Event()
    event.add("uid", f"{known}@{domain}")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("sequence", item.version - 1)
    event.add("summary", words("calendar.summary", title=one_line(call.title, 200)))
    if deadline.precision is Precision.TIME:
        event.add("dtstart", deadline.at.astimezone(UTC))
    else:
        event.add("dtstart", deadline.day)
        event.add("dtend", deadline.day + timedelta(days=1))
    status = "TENTATIVE" if deadline.precision is Precision.PRELIMINARY else "CONFIRMED"
    event.add("status", "CANCELLED" if item.status is Status.WITHDRAWN else status)
    event.add("transp", "TRANSPARENT")
    notes = [one_line(n, 300) for n in (item.programme, call.source_id, call.url) if n]
    event.add("description", "\n".join(notes))
    return event
