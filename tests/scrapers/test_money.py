"""Amounts and shares as publishers write them."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import Money, Share
from matcher.errors import ParseError
from matcher.scrapers.money import Role, amounts, call_sums, number, parse_money, rate


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("57,7 miljoner kronor", "57700000", "SEK"),
        ("2 mkr", "2000000", "SEK"),
        ("50 000 000 kr", "50000000", "SEK"),
        ("50\u00a0000\u00a0000 kr", "50000000", "SEK"),
        ("1.250.000 EUR", "1250000", "EUR"),
        ("€1,250,000", "1250000", "EUR"),
        ("€ 60,000.00", "60000", "EUR"),
        ("EUR 1,600,000.00", "1600000", "EUR"),
        ("5 miljoner euro", "5000000", "EUR"),
        ("EUR 2.5 million", "2500000", "EUR"),
        ("Ca 500 MSEK", "500000000", "SEK"),
        ("12 mEUR", "12000000", "EUR"),
        ("0,5 miljarder kronor", "500000000", "SEK"),
        ("750 tkr", "750000", "SEK"),
        ("167 306 kronor", "167306", "SEK"),
        ("NOK 300,000", "300000", "NOK"),
        ("99,50 kr", "99.5", "SEK"),
    ],
)
def test_an_amount_is_read(text: str, amount: str, currency: str) -> None:
    assert parse_money(text) == Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    "text", ["", "många kronor", "2027/00131", "30 månader", "1 kr och 2 kr", "46 procent"]
)
def test_what_is_not_one_amount_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_money(text)


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("Totalt fördelas 60 miljoner kronor.", {Role.TOTAL: 60_000_000}),
        ("82 500 000 kr är utlyst.", {Role.TOTAL: 82_500_000}),
        ("Cirka 85 miljoner kronor beräknas bli utlysta.", {Role.TOTAL: 85_000_000}),
        ("Högst 50 procent, dock högst 3 miljoner kronor per projekt.", {Role.MAXIMUM: 3_000_000}),
        ("För förstudier är stödet max 400 000 kronor.", {Role.MAXIMUM: 400_000}),
        ("250 000–500 000 kronor per projekt", {Role.MINIMUM: 250_000, Role.MAXIMUM: 500_000}),
        ("250 000 kronor–500 000 kronor per projekt.", {Role.MINIMUM: 250_000, Role.MAXIMUM: 500_000}),
        (
            "EUR 60 million; up to EUR 5 million per project",
            {Role.UNSTATED: 60_000_000, Role.MAXIMUM: 5_000_000},
        ),
        ("min. € 60,000.00", {Role.MINIMUM: 60_000}),
        ("13 miljoner kronor", {Role.UNSTATED: 13_000_000}),
    ],
)
def test_an_amount_has_the_role_its_sentence_gives_it(text: str, roles: dict[Role, int]) -> None:
    assert {a.role: a.money.amount for a in amounts(text)} == roles


def test_a_sum_without_words_is_the_calls_only_under_a_label_that_says_so() -> None:
    assert call_sums("25 miljoner kronor")["budget"] is None
    assert call_sums("25 miljoner kronor", unstated_is_total=True)["budget"] == Money(
        amount=Decimal(25_000_000), currency="SEK"
    )


@pytest.mark.parametrize(
    ("text", "low", "high", "stated"),
    [
        ("Regionalfonden finansierar högst 40 procent av kostnaderna.", "0.40", "0.40", Share.EU),
        ("Stöd från AMIF 75-90 %", "0.75", "0.90", Share.EU),
        ("Stödet är högst hälften av kostnaden.", "0.5", "0.5", Share.EU),
        ("Co-financing rate up to 65 %", "0.65", "0.65", Share.EU),
        ("The funding rate is 60% of the eligible costs.", "0.6", "0.6", Share.EU),
        ("Medfinansieringen är 46 procent.", "0.54", "0.54", Share.APPLICANT),
        ("Ingen medfinansiering krävs.", "1", "1", Share.APPLICANT),
        ("Det krävs inte någon egen medfinansiering.", "1", "1", Share.APPLICANT),
        ("Projekten får full finansiering.", "1", "1", Share.EU),
        ("Projektet bidrar med 25 procent medfinansiering.", "0.75", "0.75", Share.APPLICANT),
        ("Projektet ska självt bidra med 33 procent.", "0.67", "0.67", Share.APPLICANT),
        (
            "Kravet på medfinansiering är 40 procent i område A och 55 procent i område D.",
            "0.45",
            "0.60",
            Share.APPLICANT,
        ),
        ("Own contribution: at least 20 %", "0.8", "0.8", Share.APPLICANT),
    ],
)
def test_a_share_is_turned_into_the_eu_rate(text: str, low: str, high: str, stated: Share) -> None:
    found = rate(text)
    assert found is not None
    assert (found.minimum, found.maximum, found.stated) == (Decimal(low), Decimal(high), stated)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Indirekta kostnader ersätts med 40 procent.",
        "Mer än 95 procent har beviljats.",
        "Minst 40 procent av deltagarna ska vara kvinnor.",
        "Utsläppen ska minska med 55 procent.",
    ],
)
def test_a_percentage_of_something_else_is_no_rate(text: str) -> None:
    assert rate(text) is None


@given(st.integers(1, 10**12))
def test_a_sum_survives_being_written(amount: int) -> None:
    swedish = f"{amount:,}".replace(",", " ")
    german = f"{amount:,}".replace(",", ".")
    for text in (f"{swedish} kr", f"{german},00 kr", f"SEK {amount:,}.00"):
        assert parse_money(text) == Money(amount=Decimal(amount), currency="SEK")


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert all(found.money.amount >= 0 and len(found.money.currency) == 3 for found in amounts(text))
    share = rate(text)
    assert share is None or 0 <= share.minimum <= share.maximum <= 1
    with suppress(ParseError):
        assert number(text).is_finite()
