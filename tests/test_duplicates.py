"""The same call on two sites is one call with two links, and only then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import STOCKHOLM, Call, Family
from matcher.jobs.duplicates import merged, same
from matcher.scrapers.dates import end_of


def a_call(source: str, title: str = "Hållbara resor i glesbygd", **changes: Any) -> Call:
    call = Call(
        source=source,
        source_id=title,
        url=f"https://{source}.example/{len(title)}",
        title=title,
        language="sv",
        family=Family.NATIONAL,
        deadlines=(end_of(date(2027, 3, 1), STOCKHOLM),),
    )
    return replace(call, **changes)


def test_one_call_on_two_sites_is_one_call_with_two_links():
    one, other = a_call("a"), a_call("b", "Hållbara resor i glesbygd")
    (kept,) = merged([other, one]).values()
    assert (kept.source, kept.links) == ("a", (other.url,))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"title": "Hållbara resor i glesbygd 2027"}, True),
        ({"title": "Hållbara byggnader i städer"}, False),
        ({"deadlines": (end_of(date(2027, 3, 2), STOCKHOLM),)}, False),
        ({"deadlines": ()}, False),
        ({"source": "a"}, False),
        ({"title": "Helt annan rubrik", "reference": "2027-000123"}, True),
        ({"title": "Helt annan rubrik", "reference": "12/27"}, False),
    ],
)
def test_two_calls_are_the_same_by_number_or_by_day_and_title(changes, expected):
    one = a_call("a", reference=changes.get("reference"))
    assert same(one, replace(a_call("b"), **changes)) is expected


def test_a_planned_call_that_has_been_published_is_the_published_one():
    facts = {"opens": date(2027, 1, 12), "geography": ("SE31",), "programme_name": "A1"}
    plan = a_call("a", "A1 Norra Mellansverige", planned=True, **facts)
    call = a_call("a", "Vägar till arbete", **facts)
    assert list(merged([plan, call]).values()) == [replace(call, links=(plan.url,))]


@pytest.mark.parametrize(
    "changes",
    [{"opens": date(2027, 1, 13)}, {"geography": ("SE12",)}, {"programme_name": "A2"}, {"planned": True}],
)
def test_a_planned_call_for_another_time_place_or_area_stays(changes):
    facts = {"opens": date(2027, 1, 12), "geography": ("SE31",), "programme_name": "A1"}
    plan = a_call("a", "A1 Norra Mellansverige", planned=True, **facts)
    assert not same(plan, a_call("a", "Vägar till arbete", **facts | changes))


def test_what_only_a_cross_check_lists_stays_its_own_and_never_wins():
    twin, alone = a_call("aaa_check"), a_call("aaa_check", "Bara här")
    kept = merged([twin, alone, a_call("z")], last=frozenset({"aaa_check"}))
    assert {c.source for c in kept.values()} == {"z", "aaa_check"}
    assert kept["z", twin.title].links == (twin.url,)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["Ett bidrag", "Två bidrag", "Vatten"]), st.integers(0, 2)
        ),
        unique=True,
        max_size=8,
    )
)
def test_merging_loses_no_address_and_is_the_same_in_any_order(rows):
    calls = [
        a_call(
            source,
            title,
            source_id=f"{title}{day}",
            url=f"https://{source}.example/{title}{day}",
            deadlines=(end_of(date(2027, 3, 1) + timedelta(days=day), STOCKHOLM),),
        )
        for source, title, day in rows
    ]
    kept = merged(calls)
    addresses = [url for call in kept.values() for url in (call.url, *call.links)]
    assert sorted(addresses) == sorted(call.url for call in calls)
    assert merged(list(reversed(calls))).keys() == kept.keys()
