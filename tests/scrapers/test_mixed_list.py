"""Lists that mix calls with other pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from matcher.domain import Applicant
from matcher.errors import ParseError
from matcher.scrapers import html, mixed_list, wording
from matcher.scrapers.source import Page

_URL = "https://example.org/grants/"


def a_page(body: str, listed: str = "") -> Page:
    markup = f"<html><head><title>t</title></head><body>{body}</body></html>"
    return Page(_URL, markup.encode(), datetime(2027, 2, 1, tzinfo=UTC), notes={"listed": listed})


def test_every_page_of_the_host_is_linked_once_in_order() -> None:
    page = a_page(
        '<h1>Grants</h1><p><a href="/b">Second</a></p><p><a href="/a">First</a></p>'
        '<p><a href="/b">Read more</a></p><p><a href="https://elsewhere.example/c">Third</a></p>'
    )
    assert list(mixed_list.linked_pages(page).items()) == [
        ("https://example.org/b", {"listed": "Second"}),
        ("https://example.org/a", {"listed": "First"}),
    ]


def test_a_list_without_links_is_not_the_list() -> None:
    with pytest.raises(ParseError, match="links to no page"):
        mixed_list.linked_pages(a_page("<h1>Vi uppdaterar</h1><p>Strax tillbaka.</p>"))


@pytest.mark.parametrize(
    ("heading", "body", "other"),
    [
        ("Ny rapport om bete", "<p>Rapporten finns nu.</p>", True),
        ("Rapport om bete finns", "<p>Läs mer.</p>", True),
        ("Något annat", "<h2>Vem kan söka?</h2><p>Kommuner.</p>", False),
    ],
)
def test_a_page_without_a_calls_labels_is_another_page(heading: str, body: str, other: bool) -> None:
    page = a_page(f"<h1>{heading}</h1>{body}", listed="Ny rapport om bete")
    assert mixed_list.is_other_page(page, html.page_lines(page), ("Vem kan söka?",)) is other


@pytest.mark.parametrize("heading", ["Logga in", "Välj kakor", "Webbplatsen uppdateras"])
def test_a_page_with_another_title_and_no_labels_is_a_wall(heading: str) -> None:
    page = a_page(f"<h1>{heading}</h1><p>Försök igen om en stund.</p>", listed="Bete i skärgården")
    with pytest.raises(ParseError, match="instead of 'Bete i skärgården'"):
        mixed_list.is_other_page(page, html.page_lines(page), ("Vem kan söka?",))


def test_lines_about_the_opening_are_found_below_the_text() -> None:
    found = [html.Line("Ansökan öppnar 3 maj 2027."), html.Line("Ansökan görs i e-tjänsten som öppnar 7.00.")]
    assert next(mixed_list.opening_lines(found)) == "Ansökan öppnar 3 maj 2027."


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
