"""Dates, numbers and money as a Swedish official writes them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.digest.words import one_line, words_for
from matcher.domain import (
    STOCKHOLM,
    ActionType,
    Amount,
    Applicant,
    Band,
    Deadline,
    Family,
    Money,
    Precision,
    Section,
    Status,
    Verdict,
)
from tests.digest.builders import at, on

SV, EN = words_for("sv"), words_for("en")


def money(amount: str, currency: str = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def test_dates_carry_weekday_and_time_in_the_languages_own_way() -> None:
    assert SV.deadline(at(2027, 1, 8)) == "fredag 8 januari 2027 kl.\u00a017.00"
    assert EN.deadline(at(2027, 1, 8)) == "Friday 8 January 2027 at\u00a017:00"


def test_a_day_without_a_time_shows_none() -> None:
    assert SV.deadline(on(2027, 1, 8)) == "fredag 8 januari 2027"


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        (Precision.MONTH, "under januari 2027"),
        (Precision.PRELIMINARY, "preliminärt fredag 8 januari 2027"),
        (Precision.DAY_WITHOUT_YEAR, "fredag 8 januari 2027 (årtalet framgår inte av utlysningen)"),
        (Precision.MONTH_WITHOUT_YEAR, "under januari 2027 (årtalet framgår inte av utlysningen)"),
    ],
)
def test_a_vague_date_is_shown_as_vague_as_it_is(precision: Precision, text: str) -> None:
    given_date = Deadline(at=datetime(2027, 1, 8, 23, 59, 59, tzinfo=STOCKHOLM), precision=precision)
    assert SV.deadline(given_date) == text


def test_another_countrys_time_is_turned_into_swedish_time_and_says_so() -> None:
    helsinki = datetime(2027, 1, 9, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    text = SV.deadline(Deadline(at=helsinki, precision=Precision.TIME))
    assert text == "fredag 8 januari 2027 kl.\u00a023.30 svensk tid"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (money("475311.97"), "475\u00a0311,97\u00a0euro"),
        (money("11933964", "SEK"), "11\u00a0933\u00a0964\u00a0kronor"),
        (money("1000000"), "1\u00a0miljon euro"),
        (money("6600000", "SEK"), "6,6\u00a0miljoner kronor"),
        (money("50000000", "SEK"), "50\u00a0miljoner kronor"),
        (money("2500", "PLN"), "2\u00a0500\u00a0PLN"),
    ],
)
def test_money_has_no_break_spaces_and_a_decimal_comma(amount: Money, text: str) -> None:
    assert SV.money(amount) == text


def test_an_equivalent_in_kronor_is_rounded_and_called_about() -> None:
    text = SV.amount(Amount(money=money("1234567"), sek=Decimal("13641965.35")))
    assert text == "1\u00a0234\u00a0567\u00a0euro (cirka 13,6\u00a0miljoner kronor)"


def test_shares_are_written_as_procent() -> None:
    assert SV.percent(Decimal("0.40")) == "40\u00a0procent"
    assert SV.percent(Decimal("0.625")) == "62,5\u00a0procent"


def test_one_and_many_are_told_apart() -> None:
    assert [SV("deadline.days", n=n) for n in (1, 2)] == ["1\u00a0dag kvar", "2\u00a0dagar kvar"]


def test_an_unknown_key_is_an_error_and_not_an_empty_text() -> None:
    with pytest.raises(KeyError):
        SV("no.such.key")
    with pytest.raises(KeyError):
        SV("deadline.later")


@pytest.mark.parametrize("words", [SV, EN], ids=["sv", "en"])
def test_every_value_a_call_can_have_has_a_text(words: object) -> None:
    kinds = {
        "section": Section, "family": Family, "status": Status, "action": ActionType,
        "eligibility": Verdict, "applicants": Applicant, "why": Band,
    }  # fmt: skip
    for prefix, kind in kinds.items():
        for value in kind:
            assert SV(f"{prefix}.{value}")


def test_the_swedish_texts_use_no_english_terms() -> None:
    texts = (resources.files("matcher.digest") / "texts" / "sv.yaml").read_text("utf-8")
    values = " ".join(
        line.partition(":")[2].lower() for line in texts.splitlines() if not line.startswith("#")
    )
    for word in ("deadline", "call", "match", "score", "topic"):
        assert f" {word}" not in values.replace("{deadline", "").replace("{", " {")


@given(st.text(max_size=400))
def test_foreign_text_becomes_one_printable_line(text: str) -> None:
    line = one_line(text, 100)
    assert len(line) <= 101
    assert line.splitlines() in ([], [line])
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    line.encode()


def test_a_long_title_is_cut_between_words() -> None:
    assert one_line("ett två tre fyra fem", 10) == "ett två…"
    assert one_line("x" * 400, 300) == "x" * 300 + "…"


def test_a_date_without_a_zone_of_its_own_is_never_made() -> None:
    assert SV.day(date(2026, 11, 13), weekday=False) == "13 november 2026"
    assert SV.deadline(Deadline(at=datetime(2027, 1, 8, 16, tzinfo=UTC), precision=Precision.TIME)) == (
        "fredag 8 januari 2027 kl.\u00a017.00 svensk tid"
    )
