"""Reading HTML by visible words: whatever the markup, the same lines, labels and entries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import ParseError
from matcher.scrapers import html
from matcher.scrapers.source import Page

URL = "https://calls.example/list/"
WORDS = (
    "<h1>Utlysning</h1>{facts}<h2>Vem kan söka?</h2><p>Kommuner.</p><p>Regioner.</p><h2>Sist</h2><p>Slut.</p>"
)
_ROW = "<tr><{0}>Region:</{0}><td>Skåne</td></tr><tr><{0}>Stänger</{0}><td>3 maj 2027</td></tr>"
_FOLDED = "<details><summary>{}</summary>{}</details>"
_OWN = "<x-fact><x-label>{}</x-label><x-value>{}</x-value></x-fact>"
_WIDE = "<tr><th colspan=2>{}</th></tr><tr><td colspan=2>{}</td></tr>"
_SPANS = "<div><span>{}</span><span>{}</span></div>"
FACTS = {
    "definition list": "<dl><dt>Region:<dd>Skåne</dd><dt>Stänger</dt><dd><time>3 maj 2027</time></dl>",
    "table": f"<table>{_ROW.format('th')}</table>",
    "plain cells": f"<table>{_ROW.format('td')}</table>",
    "bold": "<p><strong>Region:</strong> Skåne</p><p><b>Stänger</b> 3 maj 2027</p>",
    "bold with a break": "<p><strong>Region:</strong><br>Skåne</p><p><b>Stänger</b><br>3 maj 2027</p>",
    "spans": _SPANS.format("Region:", "Skåne") + _SPANS.format("Stänger", "3 maj 2027"),
    "headings": "<h3>Region:</h3><p>Skåne</p><h3>Stänger</h3><p>3 maj 2027</p>",
    "items": "<ul><li>Region: Skåne</li><li>Stänger 3 maj 2027</li></ul>",
    "divs": "<div>Region:</div><div>Skåne</div><div>Stänger</div><div>3 maj 2027</div>",
    "one paragraph": "<p>Region:<br>Skåne<br>Stänger<br>3 maj 2027</p>",
    "wide cells": f"<table>{_WIDE.format('Region:', 'Skåne')}{_WIDE.format('Stänger', '3 maj 2027')}</table>",
    "labels across": "<table><tr><th>Region:<th>Stänger<tr><td>Skåne<td>3 maj 2027</table>",
    "folded": _FOLDED.format("Region", "Skåne") + _FOLDED.format("Stänger", "3 maj 2027"),
    "definitions in items": "<ul><li><dl><dt>Region<dd>Skåne</dl><li><dl><dt>Stänger<dd>3 maj 2027</dl></ul>",
    "text after a span": "<div><span>Region:</span> Skåne</div><div><span>Stänger</span> 3 maj 2027</div>",
    "aside in the content": "<section><aside>Region:<p>Skåne</p>Stänger<p>3 maj 2027</p></aside></section>",
    "unknown elements": _OWN.format("Region:", "Skåne") + _OWN.format("Stänger", "3 maj 2027"),
    "signs in labels": "<p><b>Reg\u00adion\u00a0:</b> Skåne</p><h3>Stänger <a href=#x>#</a></h3>3 maj 2027",
    "capital letters": "<p><b>REGION:</b> Skåne</p><p><b>STÄNGER</b> 3 maj 2027</p>",
    "buttons": "<h3><button>Region</button></h3>Skåne<h3><button>Stänger</button></h3>3 maj 2027",
    "roles": "<div role=heading>Region</div><div>Skåne</div><div role=heading>Stänger</div>3 maj 2027",
}


def soup(markup: str) -> BeautifulSoup:
    return BeautifulSoup(markup, "lxml")


def page(body: str, *, title: str = "Utlysning - Myndigheten", encoding: str = "utf-8") -> Page:
    text = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"
    return Page(URL, text.encode(encoding), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_values_are_found_by_their_visible_label(facts: str) -> None:
    found = html.fields(
        html.page_lines(page(WORDS.format(facts=facts))), ["Region", "Stänger", "Vem kan söka?"]
    )
    assert found == {
        "Region": ["Skåne"],
        "Stänger": ["3 maj 2027"],
        "Vem kan söka?": ["Kommuner.", "Regioner."],
    }


def test_a_label_ends_at_the_next_heading_and_its_first_value_counts() -> None:
    markup = "<h1>U</h1><h2>Vem?</h2><p>Kommuner</p><h2>Annat</h2><p>x</p><p>Vem? Ingen</p>"
    assert html.fields(html.lines(soup(markup)), ["Vem?"]) == {"Vem?": ["Kommuner"]}


def test_a_sentence_that_begins_like_a_label_is_none() -> None:
    assert html.fields(html.lines(soup("<p>Region Skåne svarar på frågor</p>")), ["Region"]) == {}


def test_a_heading_in_two_lines_is_one_and_its_id_is_where_an_address_leads() -> None:
    first, second = html.lines(soup("<h2 id='post3'>Stora<br>projekt</h2><p>Text</p>"))
    assert (first.text, first.address(URL), second.address(URL)) == ("Stora projekt", f"{URL}#post3", URL)


def test_links_are_read_from_the_base_that_the_page_names() -> None:
    base = page("<h1>Utlysning</h1><p><a href=b.html>Läs</a></p>").body.replace(
        b"<head>", b"<head><base href='/annan/'>"
    )
    found = html.page_lines(Page(URL, base, datetime(2027, 1, 1, tzinfo=UTC)))
    assert found[1].links == ("https://calls.example/annan/b.html",)


def test_two_elements_side_by_side_are_two_words_but_one_inside_a_sentence_is_not() -> None:
    (line,) = html.lines(soup("<p><i>Öppen</i><i>nu</i>, till <time>3 maj</time>.</p>"))
    assert line.text == "Öppen nu, till 3 maj."


@pytest.mark.parametrize(
    "body",
    [
        "<nav>3 mars</nav><main><h1>Utlysning</h1><p>Text</p></main><aside>4 mars</aside>",
        "<div role=navigation>3 mars</div><div role=main><h1>Utlysning</h1><p>Text</p></div>",
        "<div>3 mars</div><div><div><h1>Utlysning</h1><p>Text</p></div></div><div>News</div><div>4 May</div>",
        "<dialog>kakor</dialog><h1>Utlysning</h1><p>Text</p><h2>Nyheter</h2><p>4 mars</p>",
        "<main><header><h1>Utlysning</h1></header><nav>3 mars</nav><p>Text</p></main>",
        "<div>3 mars</div><div>Utlysning</div><p>Text</p>",
        "<header>Start</header><div><h1>Utlysning</h1></div><main><p>Text</p></main><footer>3 mars</footer>",
        "<main><h1>Utlysning</h1><ul><li><a href=#t>Text</a></ul><p>Text</p></main>",
        "<main><ol><li>Start<li>Utlysning</ol><h1>Utlysning</h1><p>Text</p></main>",
        "<main><h1>Utlysning</h1><p>Text</p><h2>Relaterade utlysningar</h2><p>Stänger 4 mars</p></main>",
        "<main><h1>Utlysning</h1><p>Text</p><aside><h2>Aktuellt</h2>4 mars</aside></main>",
        "<table><tr><td>3 mars<td><h1>Utlysning</h1><p>Text</p><p>Text</p><tr></table>".replace(
            "<p>Text</p><p>", "<p>"
        ),
    ],
)
def test_what_stands_around_the_content_is_left_out(body: str) -> None:
    assert [ln.text for ln in html.page_lines(page(body))] == ["Utlysning", "Text"]


@pytest.mark.parametrize("body", ["", "<p>Vi byter system</p>"])
def test_a_page_without_text_or_heading_is_refused(body: str) -> None:
    with pytest.raises(ParseError):
        html.page_lines(page(body, title=""))


def test_a_page_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ParseError, match="cut off"):
        html.page_lines(Page(URL, b"<html><body><h1>Utlysning</h1><p>Sti", datetime(2027, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_swedish_letters_survive_without_a_declared_charset(encoding: str) -> None:
    assert html.page_lines(page("<h1>Få åka över ån</h1>", encoding=encoding))[0].text == "Få åka över ån"


_ENTRIES = (("a", "Ett", "Stänger 3 maj"), ("b", "Två", "Öppnar 4 maj"))
LISTS = {
    name: "".join(form.format(*entry) for entry in _ENTRIES)
    for name, form in {
        "list": "<ul><li><a href=/{0}.html>{1}</a><p>{2}</p></li></ul>",
        "articles": "<article><h3><a href=/{0}.html>{1}</a></h3><p>{2}</p></article>",
        "table": "<table><tr><td><a href=/{0}.html>{1}</a></td><td>{2}</td></tr></table>",
        "cards": "<div><a href=/{0}.html><span>{1}</span><p>{2}</p></a></div>",
    }.items()
}


@pytest.mark.parametrize("listing", LISTS.values(), ids=LISTS)
def test_a_listing_gives_each_link_with_the_words_after_it(listing: str) -> None:
    found = html.entries(
        html.lines(soup(f"<h1>Lista</h1>{listing}<h2>Läs</h2><a href=https://x.example/>bort</a>"), URL),
        "calls.example",
    )
    assert [(e.title, e.url, e.text) for e in found] == [
        ("Ett", "https://calls.example/a.html", "Stänger 3 maj"),
        ("Två", "https://calls.example/b.html", "Öppnar 4 maj"),
    ]


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("Visar 10 av 45", False),
        ("Visar 1–10 av totalt 45 träffar", False),
        ("Sida 1 av 3", False),
        ("Showing 1-20 of 21", False),
        ("Visar 2 av 2", True),
        ("Sida 1 av 1", True),
        ("Ansök senast 1 av 3 veckor", True),
    ],
)
def test_a_listing_that_says_it_is_a_part_is_refused(words: str, whole: bool) -> None:
    found = html.lines(soup(f"<h1>Lista</h1>{LISTS['list']}<p>{words}</p>"), URL)
    if whole:
        assert len(html.entries(found, "calls.example")) == 2
    else:
        with pytest.raises(ParseError, match="further pages"):
            html.entries(found, "calls.example")


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "mailto:a@b.example", "data:text/html,x", "http://[", "tel:1"]
)
def test_only_web_addresses_are_links(href: str) -> None:
    assert html.web_address(href, URL) == ""


def test_addresses_are_absolute_and_without_fragment() -> None:
    assert html.web_address("../x?a=1#top", URL) == "https://calls.example/x?a=1"


def test_a_portal_text_keeps_heads_lists_and_paragraphs() -> None:
    markup = (
        '<p class="topicdescriptionkind">Expected Outcome:</p><p>One &amp; two.</p>'
        "<ul><li>first</li><li>second</li></ul>"
        '<p><span class="topicdescriptionkind">Scope:</span> Cities act.</p>'
        "<h4>2. Eligible countries</h4><p>All.</p>"
        "<script>alert(1)</script>"
    )
    assert html.html_text(markup) == (
        "Expected Outcome:\nOne & two.\n- first\n- second\nScope:\nCities act.\n2. Eligible countries\nAll."
    )
    assert html.html_text("  ") == ""


def test_selection_says_how_much_it_expects() -> None:
    tree = soup("<p>a</p><p>b</p><i>c</i>")
    assert [t.text for t in html.select(tree, "p")] == ["a", "b"]
    assert html.select_one(tree, "i").text == "c"
    with pytest.raises(ParseError, match="0 elements"):
        html.select(tree, "table")
    with pytest.raises(ParseError, match="2 elements"):
        html.select_one(tree, "p")


def test_control_and_direction_characters_are_no_text() -> None:
    assert html.tidy("a\x00b\u202ec\r\n  d .") == "a bc d."


@given(st.text(max_size=300))
def test_any_markup_gives_lines_of_one_line_each(markup: str) -> None:
    for line in html.lines(soup(f"<body>{markup}</body>"), URL):
        assert line.text
        assert line.text == html.tidy(line.text)
