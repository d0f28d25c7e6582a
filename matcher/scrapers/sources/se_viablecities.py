"""Viable Cities: the list of calls, and the feed for those not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, feed, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, MONEY, WHAT, AIM, PARTNERS = (
    "Vem kan söka?",
    "Hur mycket kan ni söka?",
    "Vad kan ni söka för?",
    "Vad vill vi uppnå med denna utlysning?",
    "Hur ska konsortiet se ut?",
)
_LABELS = (WHO, MONEY, WHAT, AIM, PARTNERS)
_OPENING = re.compile(r"(?:ansökan|utlysningen)\s+öppnar\b", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page behind every link of the list, and of those that only the feed has."""
    page = fetch(source.start_url)
    host = urlsplit(page.url).hostname or ""
    listed = html.entries(html.page_lines(page), host)
    found = {e.url: {"title": e.title} for e in listed if e.url not in (page.url, source.start_url)}
    if not found:
        raise ParseError(f"{page.url}: the list holds no link")
    for rss in fetch.each([(source.urls["feed"], {})]):
        for item in feed.items(rss):
            if urlsplit(item.url).hostname == host:
                found.setdefault(item.url, {"title": item.title})
    yield from fetch.each(found.items())


def split(page: Page) -> list[list[html.Line]]:
    """One record for each page."""
    return [html.page_lines(page)]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call; one without "Vem kan söka?" and "Hur mycket kan ni söka?" is none."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), _LABELS)
    if WHO not in parts and MONEY not in parts:
        if name.casefold() != page.notes.get("title", name).casefold():
            raise ParseError(f"{page.url}: the page is headed {name!r}, not {page.notes['title']!r}")
        raise SkipRecord("neither who may apply nor how much: not a call")
    first = next(i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS))
    said = [ln.text for ln in found[first:] if _OPENING.match(ln.text)]
    told = "\n".join([*(ln.text for ln in found[1:first]), *said])
    when = dates.window(told, context=dates.Context(published=dates.published(html.text_of(found))))
    if not when.stated:
        raise ParseError(f"{name!r}: nothing above the text says when one can apply")
    who, about_money = ("\n".join(parts.get(label, ())) for label in (WHO, MONEY))
    intro = [ln.text for ln in found[1:first] if not dates.read(ln.text)]
    where = "\n".join(parts.get(PARTNERS, ()))
    agencies = [code for word, code in source.lookups["programme"].items() if word in where]
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL,
        programme=agencies[0] if agencies else source.programme,
        text="\n".join((*intro, *parts.get(WHAT, ()), *parts.get(AIM, ()))),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money, unstated_is_total=True),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the whole country
        consortium=wording.consortium(who),
        action=ActionType.PRE_STUDY if re.match(r"förstud", name, re.I) else ActionType.PROJECT,
    )
