"""Lists, the feeds beside them, and the pages they link to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from matcher.domain import Fetched, Unread
from matcher.errors import ParseError
from matcher.scrapers import linked_pages
from matcher.scrapers.source import Page, Source, load_sources
from tests.scrapers.servers import a_source

URL = "https://example.org/grants/"
FEED = "https://example.org/feed/"


def a_page(body: str, url: str = URL) -> Page:
    markup = f"<html><head><title>t</title></head><body>{body}</body></html>"
    return Page(url, markup.encode(), datetime(2027, 2, 1, tzinfo=UTC))


class Saved:
    """Answers with saved pages."""

    pages: tuple[Fetched, ...] = ()
    failures: tuple[Unread, ...] = ()

    def __init__(self, **bodies: str) -> None:
        self.bodies = bodies

    def __call__(self, url: str, **_: Any) -> Page:
        if url == FEED:
            return Page(url, self.bodies["feed"].encode(), datetime(2027, 2, 1, tzinfo=UTC))
        return a_page(self.bodies["list"], url)

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        return (self(url) for url, _ in pages)


def source(**changes: Any) -> Source:
    return a_source(start_url=URL, **changes)


LIST = (
    '<h1>Grants</h1><p><a href="/grants/b">Second</a></p><p><a href="/a">First</a></p>'
    '<p><a href="/grants/b">Read more</a></p><p><a href="https://elsewhere.example/c">Third</a></p>'
    '<p><a href="/grants/">This list</a></p>'
)
RSS = """<?xml version="1.0"?><rss version="2.0"><channel>
<item><title>Second</title><link>/grants/b</link><pubDate>Mon, 01 Feb 2027 12:00:00 +0000</pubDate></item>
<item><title>Fourth</title><link>/d</link></item>
<item><title>Fifth</title><link>https://elsewhere.example/e</link></item></channel></rss>"""


def test_every_page_of_the_host_is_linked_once_in_order() -> None:
    assert list(linked_pages.listed(source(), Saved(list=LIST)).items()) == [
        ("https://example.org/grants/b", {"listed": "Second"}),
        ("https://example.org/a", {"listed": "First"}),
    ]


def test_the_feed_adds_what_the_list_lacks_and_the_day_of_what_it_has() -> None:
    found = linked_pages.listed(source(urls={"feed": FEED}), Saved(list=LIST, feed=RSS))
    assert found == {
        "https://example.org/grants/b": {"listed": "Second", "published": "2027-02-01"},
        "https://example.org/a": {"listed": "First"},
        "https://example.org/d": {"listed": "Fourth", "found": "only in the feed"},
    }


def test_only_the_pages_below_the_list_are_kept_where_all_calls_lie_there() -> None:
    found = linked_pages.listed(source(), Saved(list=LIST), keep=linked_pages.below(source()))
    assert list(found) == ["https://example.org/grants/b"]


@pytest.mark.parametrize(
    "body", ["<h1>Vi uppdaterar</h1><p>Strax tillbaka.</p>", "<h1>A</h1><a href=/a>B</a>"]
)
def test_a_list_without_a_link_to_keep_is_not_the_list(body: str) -> None:
    with pytest.raises(ParseError, match="no link on the list leads to a call"):
        linked_pages.listed(source(), Saved(list=body), keep=linked_pages.below(source()))


def test_calls_have_a_status_under_their_link_and_plans_have_none() -> None:
    page = a_page(
        "<h1>Utlysningar</h1><p><a href=/a>Ett</a></p><p>Stänger 3 maj</p>"
        "<h2>Läs också</h2><p><a href=/plan>Planerade utlysningar</a></p><p><a href=/krav>Krav</a></p>"
    )
    status, plan = re.compile("stänger", re.I), re.compile("planera", re.I)
    calls, plans = linked_pages.calls_and_plans(page, status=status, plan=plan)
    assert calls == {"https://example.org/a": {"kind": "call", "status": "Stänger 3 maj"}}
    assert plans == {"https://example.org/plan": {"kind": "plan"}}


def test_a_list_without_any_status_is_not_the_list() -> None:
    page = a_page("<h1>Logga in</h1><p><a href=/plan>Planerade utlysningar</a></p>")
    with pytest.raises(ParseError, match="no link on the list has a line about its status"):
        linked_pages.calls_and_plans(page, status=re.compile("stänger"), plan=re.compile("planera"))


def test_a_call_is_known_by_its_own_name_or_by_its_address_below_the_list() -> None:
    url = "https://www.mucf.se/bidrag/lager/sommar/"
    assert linked_pages.identifier(url) == "sommar"
    assert linked_pages.path_below(load_sources()["se_mucf"], url) == "lager/sommar"
