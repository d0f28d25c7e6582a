"""Publishers whose list links to one page per call, all of them below the list's own address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import html
from matcher.scrapers.source import Fetch, Page, Source


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page that the list links to and that lies below it; ``notes`` hold the link's words.

    Raises:
        ParseError: there is no such link, so that this is not the list.
    """
    page = fetch(source.start_url)
    host, base = urlsplit(page.url).hostname or "", _folder(page.url)
    listed: dict[str, dict[str, str]] = {}
    for entry in html.entries(html.page_lines(page), host):
        if _folder(entry.url).startswith(base) and _folder(entry.url) != base:
            listed.setdefault(entry.url, {"listed": entry.title})
    if not listed:
        raise ParseError(f"{page.url}: the list links to no page below its own address")
    yield from fetch.each(listed.items())


def identifier(source: Source, url: str) -> str:
    """The page's address below the list, which publishers keep from year to year."""
    return _folder(url).removeprefix(_folder(source.start_url)).strip("/")


def require(page: Page, found: Sequence[html.Line], *labels: tuple[str, ...]) -> dict[str, list[str]]:
    """The values under all labels; each tuple holds the spellings of one label that every call has.

    Raises:
        ParseError: a label is missing, or the page is not the one that was listed.
        SkipRecord: it is the listed page, but has none of the labels: guidance, not a call.
    """
    parts = html.fields(found, [spelling for label in labels for spelling in label])
    missing = [label[0] for label in labels if not any(spelling in parts for spelling in label)]
    name = found[0].text
    if len(missing) == len(labels) and page.notes.get("listed", "").startswith(name):
        raise SkipRecord("a listed page with none of a call's headings")
    if missing:
        raise ParseError(f"{name!r}: the page has no {' and no '.join(map(repr, missing))}")
    return parts


def _folder(url: str) -> str:
    return urlsplit(url).path.rstrip("/") + "/"
