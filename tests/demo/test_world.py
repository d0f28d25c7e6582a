"""The fictitious world: enough calls, half in Swedish, and the same mix of statuses on any day."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from matcher.demo.portal import as_html, conditions_html
from matcher.demo.records import Calendar, PortalCall, records
from matcher.demo.world import DemoWorld, Published
from matcher.domain import Status

DAYS = [date(2026, 11, 22), date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29), date(2027, 6, 15)]


def mix(calls: tuple[Published, ...]) -> Counter[str]:
    """How many are open, forthcoming, and closed or only planned."""
    over = (Status.CLOSED,)
    return Counter("over" if c.planned or c.status in over else str(c.status) for c in calls)


def test_there_are_at_least_sixty_calls_and_nearly_half_are_swedish() -> None:
    calls = DemoWorld(DAYS[0]).published()
    assert len(calls) >= 60
    assert sum(c.language == "sv" for c in calls) / len(calls) >= 0.45


def test_every_source_has_its_share() -> None:
    assert Counter(c.source for c in DemoWorld(DAYS[0]).published()) == {
        "eu_portal": 32,
        "se_tillvaxtverket": 17,
        "se_esf": 18,
        "interreg_eu": 8,
    }


@settings(deadline=None)  # the first example also reads the files
@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_on_any_day_the_mix_is_sixty_twenty_five_fifteen_percent(today: date) -> None:
    calls = DemoWorld(today).published()
    shares = {k: n / len(calls) for k, n in mix(calls).items()}
    assert shares["open"] == pytest.approx(0.60, abs=0.05)
    assert shares["forthcoming"] == pytest.approx(0.25, abs=0.05)
    assert shares["over"] == pytest.approx(0.15, abs=0.05)


@settings(deadline=None)  # the first example also reads the files
@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_no_date_falls_on_a_weekend_and_none_on_the_first_day(today: date) -> None:
    for call in DemoWorld(today).published():
        days = [d for d in (call.opens, *call.deadlines) if d and not call.planned and d.day != 1]
        assert all(d.weekday() < 5 for d in days), call
        assert today not in days, call


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)), st.integers(-400, 400))
def test_a_day_moved_off_the_weekend_stays_on_its_side_of_the_first_day(start: date, offset: int) -> None:
    moved = Calendar(start=start, today=start).day(offset) - start
    if offset:
        assert (moved > timedelta()) == (offset > 0)
        assert abs(moved.days - offset) <= 2


def test_with_a_fixed_start_statuses_change_but_deadlines_do_not() -> None:
    start = date(2026, 11, 23)
    first, later = DemoWorld(start), DemoWorld(start + timedelta(days=30), start=start)
    before = {c.url: c for c in first.published() if c.source == "interreg_eu"}
    after = {c.url: c for c in later.published() if c.source == "interreg_eu"}
    assert {u: c.deadlines for u, c in before.items()} == {u: c.deadlines for u, c in after.items()}
    assert mix(tuple(before.values())) != mix(tuple(after.values()))


def test_identities_are_unique_within_a_source() -> None:
    calls = DemoWorld(DAYS[0]).published()
    assert len({(c.source, c.source_id or c.url, c.title) for c in calls}) == len(calls)


def test_texts_have_the_length_of_real_ones() -> None:
    all_records = records()
    texts = {c.id: c.text for c in all_records.portal.calls if c.kind != "prospect"}
    texts |= {
        str(c.number): f"{c.lead} {c.who} {c.what} {' '.join(c.about)}"
        for c in all_records.tillvaxtverket.calls
    }
    texts |= {c.slug: f"{c.lead} {c.focus} {c.who} {' '.join(c.about)}" for c in all_records.esf.calls}
    texts |= {str(c.page): c.text for c in all_records.interreg.calls}
    lengths = {name: len(text.split()) for name, text in texts.items()}
    assert {n: words for n, words in lengths.items() if not 60 <= words <= 200} == {}


def test_the_portal_holds_its_awkward_cases() -> None:
    calls = records().portal.calls
    assert Counter(c.kind for c in calls) == {"topic": 29, "cascade": 2, "prospect": 1}
    assert {c.model for c in calls} == {"single-stage", "two-stage", "multiple cut-off"}
    assert records().portal.stubs
    assert records().portal.stale
    assert any(n > 1 for n in Counter(c.call for c in calls if c.call).values())


def test_a_record_with_an_unknown_key_is_refused() -> None:
    good = {"id": "X", "title": "T", "programme": "1", "opens": 1, "closes": [2], "text": "t"}
    assert PortalCall.model_validate(good).closes == [2]
    with pytest.raises(ValidationError, match="deadline"):
        PortalCall.model_validate({**good, "deadline": 3})


def test_identifiers_say_that_they_are_fictitious() -> None:
    names = [c.id for c in records().portal.calls if c.kind != "prospect"]
    assert [n for n in names if not re.search(r"-DEMO(-|$)", n)] == []


def test_section_heads_and_lists_are_written_as_the_portal_writes_them() -> None:
    text = "Scope:\nTowns & cities.\n\n- first\n- second"
    assert as_html(text) == (
        '<p class="topicdescriptionkind">Scope:</p><p>Towns &amp; cities.</p>'
        "<ul><li>first</li><li>second</li></ul>"
    )
    assert "<h4>2. Eligible countries</h4><p>All.</p>" in conditions_html("2. Eligible countries:\nAll.")
