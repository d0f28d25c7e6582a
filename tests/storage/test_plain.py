"""Calls as JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from matcher.domain import (
    BRUSSELS,
    END_OF_DAY,
    STOCKHOLM,
    ActionType,
    Applicant,
    Call,
    Consortium,
    Deadline,
    DeadlineModel,
    Family,
    Money,
    Precision,
    call_from_plain,
    content_hash,
    plain,
)
from tests.storage.builders import call

WORDS = st.text(max_size=30)
MAYBE = st.none() | WORDS
ZONES = st.sampled_from([BRUSSELS, STOCKHOLM, UTC, timezone(timedelta(hours=2))])
# from an instant, so that the local time exists
MOMENTS = st.builds(
    lambda at, zone: at.replace(tzinfo=UTC).astimezone(zone),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    ZONES,
)
DAYS = st.builds(
    lambda day, zone: datetime.combine(day, END_OF_DAY, zone),
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    ZONES,
)
SHARES = st.none() | st.decimals(0, 1, places=4)
MONEY = st.none() | st.builds(
    Money, amount=st.decimals(0, 10**12, places=2), currency=st.sampled_from(["EUR", "SEK"])
)
CALLS = st.builds(
    Call,
    source=WORDS,
    source_id=WORDS,
    url=WORDS,
    title=WORDS,
    language=st.sampled_from(["sv", "en"]),
    family=st.sampled_from(Family),
    programme=MAYBE,
    text=WORDS,
    conditions=MAYBE,
    keywords=st.lists(WORDS, max_size=3).map(tuple),
    opens=st.none() | st.dates(),
    opens_precision=st.none() | st.sampled_from(Precision),
    deadlines=st.lists(
        st.builds(Deadline, at=MOMENTS | DAYS, precision=st.sampled_from(Precision), raw=MAYBE), max_size=3
    ).map(tuple),
    deadline_model=st.none() | st.sampled_from(DeadlineModel),
    planned=st.booleans(),
    continuous=st.booleans(),
    budget=MONEY,
    grant_maximum=MONEY,
    expected_grants=st.none() | st.integers(0, 10**6),
    rate_minimum=SHARES,
    rate_maximum=SHARES,
    applicants=st.lists(st.sampled_from(Applicant), max_size=3).map(tuple),
    geography=st.lists(WORDS, max_size=3).map(tuple),
    consortium=st.none() | st.builds(Consortium, partners=st.none() | st.integers(1, 9), countries=st.none()),
    action=st.none() | st.sampled_from(ActionType),
)


@given(CALLS)
def test_any_call_comes_back_from_json_as_it_was(original: Call) -> None:
    read = call_from_plain(json.loads(json.dumps(plain(original))))

    assert read == original
    assert [d.at.utcoffset() for d in read.deadlines] == [d.at.utcoffset() for d in original.deadlines]
    assert plain(read) == plain(original)


def test_a_day_comes_back_as_its_last_second_in_the_publishers_zone() -> None:
    deadline = Deadline(at=datetime(2027, 1, 8, 23, 59, 59, tzinfo=STOCKHOLM))

    data = plain(deadline)
    (read,) = call_from_plain(plain(call(deadlines=(deadline,)))).deadlines

    assert data == {"at": "2027-01-08", "precision": "day", "raw": None, "zone": "Europe/Stockholm"}
    assert read.at == datetime(2027, 1, 8, 22, 59, 59, tzinfo=UTC)
    assert read.at.tzinfo is STOCKHOLM


def test_both_hours_of_an_autumn_night_are_kept_apart() -> None:
    night = datetime(2027, 10, 31, 2, 30, tzinfo=BRUSSELS)
    hours = tuple(Deadline(at=night.replace(fold=fold), precision=Precision.TIME) for fold in (0, 1))

    read = call_from_plain(plain(call(deadlines=hours))).deadlines

    assert [d.at.astimezone(UTC).time() for d in read] == [time(0, 30), time(1, 30)]


def test_fields_of_another_version_do_no_harm() -> None:
    original = call()
    data = plain(original)
    del data["reference"]

    assert call_from_plain({**data, "from_the_future": 1}) == original


def test_data_that_are_no_call_are_refused() -> None:
    with pytest.raises(ValidationError, match="family"):
        call_from_plain({**plain(call()), "family": "astrology"})


def test_the_hash_does_not_see_empty_fields() -> None:
    assert content_hash(call()) == content_hash(replace(call(), conditions=None, rate_minimum=None))
    assert content_hash(call()) != content_hash(replace(call(), rate_minimum=Decimal("0.4")))
