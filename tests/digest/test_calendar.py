"""The calendar file: the same entry for the same day, moved when it moves, cancelled when it is no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from icalendar import Calendar

from matcher.digest.render import render
from matcher.domain import Deadline, DeadlineModel, Digest, Precision, Section, Status, StoredCall
from tests.digest.builders import COMMITTEE, NOW, at, call, on, plan, rich_digest, stored, told

UNPLANNED = COMMITTEE.model_copy(update={"meetings": ()})


def entries(digest: Digest) -> list[Any]:
    ics = render(digest, list_domain="letters.example.org").ics
    assert ics is not None
    assert all(len(line) <= 75 for line in ics.split(b"\r\n"))
    return list(Calendar.from_ical(ics).walk("VEVENT"))


def deadlines(digest: Digest) -> list[Any]:
    return [e for e in entries(digest) if str(e["SUMMARY"]).startswith("Sista ansökningsdag")]


def meetings(digest: Digest) -> list[Any]:
    return [e for e in entries(digest) if str(e["SUMMARY"]).startswith("Sista sammanträde")]


def test_each_deadline_ahead_is_an_entry_times_in_utc_and_days_as_whole_days() -> None:
    first, second = deadlines(
        plan([stored(call("A", deadlines=(at(2027, 1, 8),))), stored(call("B", deadlines=(on(2027, 2, 1),)))])
    )
    assert first["DTSTART"].to_ical() == b"20270108T160000Z"
    assert second["DTSTART"].to_ical() == b"20270201"
    assert second["DTEND"].to_ical() == b"20270202"


def test_the_last_meeting_before_the_deadline_is_an_entry_that_says_when_papers_are_due() -> None:
    (entry,) = meetings(plan([stored(call("A", deadlines=(at(2027, 1, 8),)))]))
    assert entry["DTSTART"].to_ical() == b"20261216"
    assert str(entry["DESCRIPTION"]) == "Handlingar senast onsdag 2 december 2026"
    assert entry["STATUS"] == "CONFIRMED"


def test_a_moved_deadline_keeps_its_entries_uids_and_counts_up() -> None:
    before = entries(plan([stored(call("A"))]))
    moved = stored(call("A", deadlines=(at(2027, 2, 8),)), version=4)
    after = entries(plan([moved], tellings=[told(call("A"))]))
    assert [e["UID"] for e in before] == [e["UID"] for e in after]
    assert len({e["UID"] for e in before}) == 2
    assert {e["SEQUENCE"] for e in before} == {0}
    assert {e["SEQUENCE"] for e in after} == {6}
    assert after[1]["DTSTART"].to_ical() == b"20270127"


def test_an_unchanged_call_keeps_its_entry_as_it_is() -> None:
    soon = call("A", deadlines=(on(2026, 12, 3),))
    (first,) = deadlines(plan([stored(soon)]))
    (again,) = deadlines(plan([stored(soon)], tellings=[told(soon)]))
    for name in ("UID", "SEQUENCE", "SUMMARY", "STATUS"):
        assert first[name] == again[name]
    assert first["DTSTART"].to_ical() == again["DTSTART"].to_ical()


def test_a_meeting_that_no_longer_helps_is_taken_out_of_the_calendar() -> None:
    before = call("A", deadlines=(at(2027, 2, 8),))
    (noted,) = meetings(plan([stored(before)]))
    earlier = stored(call("A", deadlines=(on(2026, 11, 24),)), version=2)
    (gone,) = meetings(plan([earlier], tellings=[told(before)], committee=COMMITTEE))
    assert gone["UID"] == noted["UID"]
    assert gone["STATUS"] == "CANCELLED"
    assert gone["SEQUENCE"] > noted["SEQUENCE"]


def test_cut_offs_keep_their_uids_when_an_earlier_one_leaves_the_page() -> None:
    model = {"deadline_model": DeadlineModel.MULTIPLE}
    both = deadlines(plan([stored(call("A", deadlines=(at(2027, 1, 8), at(2027, 3, 8)), **model))]))
    (left,) = deadlines(plan([stored(call("A", deadlines=(at(2027, 3, 8),), **model))]))
    assert left["UID"] in {e["UID"] for e in both}


def test_a_cut_off_that_is_dropped_is_cancelled() -> None:
    model = {"deadline_model": DeadlineModel.MULTIPLE}
    before = call("A", deadlines=(at(2027, 1, 8), at(2027, 3, 8)), **model)
    dropped, _ = deadlines(plan([stored(before)]))
    now = stored(replace(before, deadlines=(at(2027, 3, 8),)), version=2)
    states = {e["UID"]: e["STATUS"] for e in deadlines(plan([now], tellings=[told(before)]))}
    assert states.pop(dropped["UID"]) == "CANCELLED"
    assert list(states.values()) == ["CONFIRMED"]


def test_a_withdrawn_calls_entries_are_cancelled_and_confirmed_anew_when_it_is_back() -> None:
    a = call("A")
    first = entries(plan([stored(a)]))
    withdrawn = plan([stored(a, withdrawn_at=NOW - timedelta(days=1))], [], [told(a)])
    gone = entries(withdrawn)
    assert [e["UID"] for e in gone] == [e["UID"] for e in first]
    assert {e["STATUS"] for e in gone} == {"CANCELLED"}
    back = plan([stored(a)], tellings=[replace(told(a, Section.CHANGED, 7), status=Status.WITHDRAWN)])
    assert [(c.field, c.before, c.after) for c in back.items[0].changes] == [
        ("status", Status.WITHDRAWN, Status.OPEN)
    ]
    again = entries(back)
    assert {e["STATUS"] for e in again} == {"CONFIRMED"}
    assert first[0]["SEQUENCE"] < gone[0]["SEQUENCE"] < again[0]["SEQUENCE"]


def test_a_month_is_no_calendar_entry_and_a_preliminary_day_is_tentative() -> None:
    def dated(precision: Precision) -> StoredCall:
        return stored(call("A", deadlines=(Deadline(at=on(2027, 1, 31).at, precision=precision),)))

    assert render(plan([dated(Precision.MONTH)])).ics is None
    (event,) = deadlines(plan([dated(Precision.PRELIMINARY)]))
    assert event["STATUS"] == "TENTATIVE"


def test_the_calendar_holds_nothing_for_what_is_over() -> None:
    ids = [str(e["DESCRIPTION"]) for e in deadlines(rich_digest())]
    assert not any("ERASMUS-2026-X" in text for text in ids)
    assert len(ids) == 5  # both stages of the two-stage call


def test_a_title_cannot_add_lines_to_the_calendar() -> None:
    evil = call("A", title="x\r\nATTENDEE:mailto:evil@example.org\r\nSUMMARY:y" + "å" * 400)
    (event,) = deadlines(plan([stored(evil)], committee=UNPLANNED))
    assert "ATTENDEE" not in event
    assert "\n" not in str(event["SUMMARY"])
