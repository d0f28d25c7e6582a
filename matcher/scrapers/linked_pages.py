"""A publisher's list, the feed beside it, and the pages they link to: which of them to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from matcher.errors import ParseError
from matcher.scrapers import feed, html
from matcher.scrapers.source import Fetch, Page, Source

Keep = Callable[[html.Entry], bool]
Notes = dict[str, str]


def crawl(source: Source, fetch: Fetch, *, keep: Keep = lambda _: True) -> Iterator[Page]:
    """Yield the page behind every link of the list, and of those that only the source's feed has.

    Raises:
        ParseError: see ``listed``.
    """
    yield from fetch.each(listed(source, fetch, keep=keep).items())


def listed(source: Source, fetch: Fetch, *, keep: Keep = lambda _: True) -> dict[str, Notes]:
    """Address → notes of the links to keep: ``listed``, the link's words, and what the feed says.

    Raises:
        ParseError: the list holds no such link, so that it is not the list, or the feed is none.
    """
    page = fetch(source.start_url)
    found: dict[str, Notes] = {}
    for entry in _entries(page):
        if entry.url != source.start_url and keep(entry):
            found.setdefault(entry.url, {"listed": entry.title})
    if not found:
        raise ParseError(f"{page.url}: no link on the list leads to a call")
    add_from_feed(source, fetch, found, keep=keep)
    return found


def calls_and_plans(
    page: Page, *, status: re.Pattern[str], plan: re.Pattern[str]
) -> tuple[dict[str, Notes], dict[str, Notes]]:
    """The links of a list that have a line like ``status`` under them, and the other ones about a plan.

    The first line under a call's link is its note ``status``.

    Raises:
        ParseError: there is no call, so that this is not the list.
    """
    found = _entries(page)
    calls = {
        e.url: {"kind": "call", "status": e.text.partition("\n")[0]}
        for e in found
        if any(map(status.match, e.text.splitlines()))
    }
    if not calls:
        raise ParseError(f"{page.url}: no link on the list has a line about its status under it")
    plans = {
        e.url: {"kind": "plan"} for e in found if e.url not in calls and plan.search(f"{e.title} {e.url}")
    }
    return calls, plans


def add_from_feed(source: Source, fetch: Fetch, found: dict[str, Notes], *, keep: Keep) -> None:
    """Add what only the feed has, noted as ``found``, and to all it has the day it was ``published``."""
    host = urlsplit(source.start_url).hostname
    for rss in fetch.each([(source.urls["feed"], {})] if "feed" in source.urls else []):
        for item in feed.items(rss):
            if urlsplit(item.url).hostname == host and keep(html.Entry(item.title, item.url, item.text)):
                notes = found.setdefault(item.url, {"listed": item.title, "found": "only in the feed"})
                if item.published:
                    notes["published"] = item.published.isoformat()


def _entries(page: Page) -> list[html.Entry]:
    host = urlsplit(page.url).hostname or ""
    return [e for e in html.entries(html.page_lines(page), host) if e.url != page.url]


def below(source: Source) -> Keep:
    """Keeps the links to pages below the list's own address."""
    base = _folder(source.start_url)
    return lambda entry: _folder(entry.url).startswith(base) and _folder(entry.url) != base


def split(page: Page) -> list[list[html.Line]]:
    """A page is one record."""
    return [html.page_lines(page)]


def identifier(url: str) -> str:
    """The last part of an address, which is the page's own name."""
    return urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]


def path_below(source: Source, url: str) -> str:
    """The page's path below the list, for publishers whose pages share names in several folders."""
    return _folder(url).removeprefix(_folder(source.start_url)).strip("/")


def _folder(url: str) -> str:
    return urlsplit(url).path.rstrip("/") + "/"
