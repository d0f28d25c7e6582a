"""Lists whose calls lie below them, and the wordings that the agencies' pages brought."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from matcher.domain import Applicant
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import below, html, money, wording
from matcher.scrapers.source import Page, load_sources

URL = "https://www.mucf.se/bidrag/lager"
WHEN, WHO = ("Ansökningstider",), ("Ni kan söka bidraget",)


def page(body: str, listed: str = "") -> Page:
    whole = f"<html><head><title>Läger</title></head><body><main>{body}</main></body></html>"
    return Page(URL, whole.encode(), datetime(2027, 2, 1, tzinfo=UTC), notes={"listed": listed})


def test_a_listed_page_with_none_of_a_calls_headings_is_guidance() -> None:
    guidance = page("<h1>Läger</h1><p>Så fungerar det.</p>", listed="Läger för unga")
    with pytest.raises(SkipRecord):
        below.require(guidance, html.page_lines(guidance), WHEN, WHO)


def test_another_page_than_the_listed_one_is_a_fault() -> None:
    wall = page("<h1>Logga in</h1><p>Med e-legitimation.</p>", listed="Läger för unga")
    with pytest.raises(ParseError, match="'Logga in': the page has no 'Ansökningstider'"):
        below.require(wall, html.page_lines(wall), WHEN, WHO)


def test_a_call_that_lost_one_heading_is_a_fault() -> None:
    half = page("<h1>Läger</h1><h2>Ansökningstider</h2><p>4 mars 2027</p>", listed="Läger")
    with pytest.raises(ParseError, match="no 'Ni kan söka bidraget'"):
        below.require(half, html.page_lines(half), WHEN, WHO)


def test_a_call_is_known_by_its_address_below_the_list() -> None:
    source = load_sources()["se_mucf"]
    assert below.identifier(source, "https://www.mucf.se/bidrag/lager/sommar/") == "lager/sommar"


def test_a_choice_of_lump_sums_gives_the_lowest_and_the_highest() -> None:
    sums = money.call_sums("Klumpsumma på 25 000, 40 000 eller 55 000 euro.")
    assert (sums["grant_minimum"].amount, sums["grant_maximum"].amount) == (25000, 55000)


@pytest.mark.parametrize(("words", "amount"), [("två miljoner", 2), ("Tolv miljoner", 12), ("3 miljoner", 3)])
def test_numbers_in_words_are_read(words: str, amount: int) -> None:
    assert money.call_sums(f"{words} kronor totalt.")["budget"].amount == Decimal(amount * 10**6)


def test_who_can_only_be_a_part_or_answer_for_a_group_does_not_apply() -> None:
    assert wording.applicants("En förening söker. En kommun kan vara part men inte koordinator.") == (
        Applicant.NON_PROFIT,
    )
    assert wording.applicants("En kommun kan stå som ansvarig organisation.") == ()


def test_a_vocational_or_folk_high_school_is_no_university() -> None:
    assert Applicant.UNIVERSITY not in wording.applicants("Yrkeshögskolor och folkhögskolor.")
    assert Applicant.UNIVERSITY in wording.applicants("Högskolor.")
