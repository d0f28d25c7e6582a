"""Pages cut at their labels, and the wordings that the agencies' pages brought."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from matcher.domain import ActionType, Applicant, Status
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import html, labelled_page, money, wording
from matcher.scrapers.labelled_page import LabelledPage
from matcher.scrapers.source import Page, load_sources

WHEN, WHO, WHAT = "Ansökningstider", "Ni kan söka bidraget", "Det här kan bidraget gå till"
NOW = datetime(2027, 2, 1, tzinfo=UTC)
CALL = (
    "<h1>Läger</h1><p>Unga möts.</p><p>Sista ansökningsdag 4 mars 2027</p>"
    "<h2>Ni kan söka bidraget</h2><p>Kommuner.</p><p>Publicerad 1 februari 2027</p>"
    "<p>Ansökan öppnar 3 februari 2027.</p><h2>Det här kan bidraget gå till</h2><p>Högst 60 procent.</p>"
    '<ul><li><a href="/villkor.pdf">Villkor</a></li></ul>'
)


def read(body: str, listed: str = "Läger för unga") -> LabelledPage:
    whole = f"<html><head><title>Läger</title></head><body><main>{body}</main></body></html>"
    page = Page("https://www.mucf.se/bidrag/lager", whole.encode(), NOW, notes={"listed": listed})
    return labelled_page.read(page, html.page_lines(page), (WHEN, WHO, WHAT))


def test_a_page_is_cut_at_its_labels_without_stamps_and_documents() -> None:
    own = read(CALL)
    assert (own.title, own.ingress()) == ("Läger", "Unga möts.")
    assert [line.text for line in own.head] == ["Unga möts.", "Sista ansökningsdag 4 mars 2027"]
    assert own.under(WHO) == "Kommuner.\nAnsökan öppnar 3 februari 2027."
    assert own.under(WHAT, WHEN) == "Högst 60 procent."


def test_the_opening_is_found_wherever_it_stands() -> None:
    when = read(CALL).window(html.text_of(read(CALL).head))
    assert (when.opens, [d.iso for d in when.deadlines]) == (date(2027, 2, 3), ["2027-03-04"])


def test_what_the_page_says_nothing_about_is_the_sources_default() -> None:
    own, source = read(CALL), load_sources()["se_mucf"]
    call = own.call(
        source, own.window(html.text_of(own.head)), who=own.under(WHO), about_money=own.under(WHAT)
    )
    assert (call.source_id, call.language, call.family) == ("lager", source.language, source.family)
    assert (call.applicants, call.geography, call.rate_maximum) == (
        (Applicant.MUNICIPALITY,),
        ("SE",),
        Decimal("0.6"),
    )
    assert (call.budget, call.consortium, call.action) == (None, None, ActionType.PROJECT)


def test_a_page_that_says_closed_without_a_date_makes_a_closed_call() -> None:
    own = read("<h1>Läger</h1><h2>Ansökningstider</h2><p>Ansökan är stängd.</p><h2>Ni kan söka bidraget</h2>")
    with pytest.raises(ParseError, match="nothing under 'Ansökningstider' says when"):
        own.window(own.under(WHEN), label=WHEN)
    when = own.window(own.under(WHEN), label=WHEN, closed=wording.says_closed(own.under(WHEN)))
    call = own.call(load_sources()["se_mucf"], when, who="", closed=True)
    assert call.status(NOW) is Status.CLOSED


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        ("Du kunde söka mellan 1 och 4 mars.", True),
        ("Stängd för ansökan", True),
        ("Årets ansökan är nu stängd.", True),
        ("Bidraget går inte att söka just nu.", True),
        ("Utlysningen stänger 4 mars.", False),
        ("Öppen för ansökan", False),
        ("Du kan söka när som helst.", False),
    ],
)
def test_closed_is_what_the_tense_or_the_word_says(words: str, closed: bool) -> None:
    assert wording.says_closed(words) is closed


def test_a_listed_page_with_none_of_a_calls_headings_is_guidance() -> None:
    with pytest.raises(SkipRecord):
        read("<h1>Läger</h1><p>Så fungerar det.</p>").require((WHEN,), (WHO,))


@pytest.mark.parametrize("heading", ["Logga in", "Välj kakor", "Webbplatsen uppdateras"])
def test_another_page_than_the_listed_one_is_a_wall(heading: str) -> None:
    with pytest.raises(ParseError, match=f"'{heading}', listed as 'Läger för unga': no 'Ansökningstider'"):
        read(f"<h1>{heading}</h1><p>Försök igen.</p>").require((WHEN,), (WHO,))


def test_a_call_that_lost_one_heading_is_a_fault() -> None:
    half = read("<h1>Läger</h1><h2>Ansökningstider</h2><p>4 mars 2027</p>")
    half.require((WHEN, WHO))
    with pytest.raises(ParseError, match="no 'Ni kan söka bidraget'"):
        half.require((WHEN,), (WHO,))


def test_labels_are_put_beside_their_values() -> None:
    found = [html.Line("Stänger:"), html.Line("3 maj"), html.Line("Öppnar 2 maj")]
    assert list(labelled_page.joined(found, ("Stänger", "Öppnar"))) == ["Stänger: 3 maj", "Öppnar 2 maj"]


@pytest.mark.parametrize(
    ("title", "what", "found"),
    [
        ("Förstudier om värme", "", ActionType.PRE_STUDY),
        ("Projekt och förstudier", "", ActionType.PROJECT),
        ("Värme", "Förstudie om lager.", ActionType.PRE_STUDY),
        ("Värme", "Förstudier och projekt.", ActionType.PROJECT),
        ("Verksamhetsbidrag till förbund", "", ActionType.OPERATING_GRANT),
        ("Laddning", "Investeringar i laddare.", ActionType.INVESTMENT),
    ],
)
def test_title_and_purpose_tell_what_the_money_is_for(title: str, what: str, found: ActionType) -> None:
    assert wording.action(title, what) is found


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


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Endast Migrationsverket kan söka.", (Applicant.STATE_AGENCY,)),
        ("Kommuner och länsstyrelser.", (Applicant.MUNICIPALITY, Applicant.STATE_AGENCY)),
        ("Kommuner kan söka hos länsstyrelsen.", (Applicant.MUNICIPALITY,)),
    ],
)
def test_boards_that_apply_are_state_agencies_and_boards_that_decide_are_not(
    words: str, found: tuple[Applicant, ...]
) -> None:
    assert wording.applicants(words) == found
