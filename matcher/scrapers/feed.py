"""RSS feeds: what a publisher has put up lately. Feeds give no deadlines, so they only add to a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

from matcher.errors import ParseError
from matcher.scrapers import html
from matcher.scrapers.source import Page


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed."""

    title: str
    url: str
    text: str
    published: date | None


def items(page: Page) -> list[Item]:
    """The entries that have a web address, in the feed's order.

    Raises:
        ParseError: the page is no complete feed, but for example a notice with status 200.
    """
    if b"<rss" not in page.body[:2000] or b"</rss>" not in page.body[-200:]:
        raise ParseError(f"{page.url}: not a complete feed")
    out = []
    for item in BeautifulSoup(page.body, "xml").find_all("item"):
        url = html.web_address(urljoin(page.url, _text(item, "link")), page.url)
        if url:
            text = html.tidy(html.html_text(_text(item, "description")))
            out.append(Item(html.tidy(_text(item, "title")), url, text, _day(_text(item, "pubDate"))))
    return out


def _text(item: Tag, name: str) -> str:
    found = item.find(name)
    return found.get_text(strip=True) if found is not None else ""


def _day(stamp: str) -> date | None:
    try:
        return parsedate_to_datetime(stamp).date()
    except ValueError:
        return None
