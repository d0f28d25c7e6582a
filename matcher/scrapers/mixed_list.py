"""Publishers whose list mixes calls with other pages: what to read, and what turns out to be no call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from matcher.errors import ParseError
from matcher.scrapers import feed, html
from matcher.scrapers.source import Fetch, Page, Source

_OPENING = re.compile(
    r"^(?:ansökan|ansökningen|ansökningsomgången|utlysningen)\b[^.\d]*\böppna(?:r|s|de)\b", re.I
)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page behind every link of the list, and of those that only the source's feed has.

    Raises:
        ParseError: the list holds no link.
    """
    page = fetch(source.start_url)
    found = linked_pages(page)
    found.pop(source.start_url, None)
    host = urlsplit(page.url).hostname
    for rss in fetch.each((url, {}) for name, url in source.urls.items() if name == "feed"):
        for item in feed.items(rss):
            if urlsplit(item.url).hostname == host:
                found.setdefault(item.url, {"listed": item.title})
    yield from fetch.each(found.items())


def split(page: Page) -> list[list[html.Line]]:
    """A page is one record."""
    return [html.page_lines(page)]


def require_heading(page: Page, heading: str) -> None:
    """Make sure that a page is the one that was listed.

    Raises:
        ParseError: its heading is not the link's words, so it is a wall in front of that page.
    """
    listed = str(page.notes.get("listed", heading))
    if heading.casefold() != listed.casefold():
        raise ParseError(f"{page.url}: the page is headed {heading!r}, not {listed!r}")


def linked_pages(page: Page) -> dict[str, dict[str, str]]:
    """Every page of the same host that a list's content links to, with ``listed``, the link's words.

    Raises:
        ParseError: there is none, so that this is not the list.
    """
    host = urlsplit(page.url).hostname or ""
    pages: dict[str, dict[str, str]] = {}
    for entry in html.entries(html.page_lines(page), host):
        if entry.url != page.url:
            pages.setdefault(entry.url, {"listed": entry.title})
    if not pages:
        raise ParseError(f"{page.url}: the list links to no page of {host}")
    return pages


def is_other_page(page: Page, found: Sequence[html.Line], labels: Iterable[str]) -> bool:
    """Whether a listed page is no call: it has the title it was listed by, and none of a call's labels.

    Raises:
        ParseError: it has neither, so that it is a wall in front of the page that was asked for.
    """
    labels = list(labels)
    if html.fields(found, labels):
        return False
    listed = str(page.notes.get("listed") or "")
    if not _alike(listed, found[0].text):
        raise ParseError(
            f"{page.url}: {found[0].text!r} instead of {listed!r}, and nothing under {' or '.join(labels)}"
        )
    return True


def _alike(one: str, other: str) -> bool:
    """Whether most words of the shorter title stand in the longer one."""
    first, second = (set(re.findall(r"\w{3,}", t.casefold())) for t in (one, other))
    return len(first & second) > 0.5 * max(1, min(len(first), len(second)))


def opening_lines(found: Iterable[html.Line]) -> Iterator[str]:
    """Lines that say when applications open, wherever on the page they stand."""
    return (line.text for line in found if _OPENING.match(line.text))


def joined(found: Iterable[html.Line], labels: Sequence[str]) -> Iterator[str]:
    """Lines with each of the labels beside its value, whatever element separates them."""
    label = ""
    for line in found:
        own = html.fields([line], labels)
        if own and not next(iter(own.values())):
            label = line.text
            continue
        yield f"{label} {line.text}" if label else line.text
        label = ""


def identifier(url: str) -> str:
    """The last part of an address, which is the page's own name."""
    return urlsplit(url).path.strip("/").rsplit("/", 1)[-1]
