"""Svenska institutet: the list of calls, and the feed for those not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, feed, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, OVERVIEW, AIM, STEPS = (
    "Vem kan söka?",
    "Översikt",
    "Vad stödet ska leda till",
    "Steg i ansökningsprocessen",
)
_LABELS = (WHO, OVERVIEW, AIM, STEPS)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every call below the list's own address, and of those that only the feed has."""
    page = fetch(source.start_url)
    below = source.start_url
    listed = html.entries(html.page_lines(page), urlsplit(page.url).hostname or "")
    found: dict[str, dict[str, Any]] = {
        e.url: {"title": e.title} for e in listed if e.url.startswith(below) and e.url != below
    }
    if not found:
        raise ParseError(f"{page.url}: no link on the list leads to a call")
    for rss in fetch.each([(source.urls["feed"], {})]):
        for item in feed.items(rss):
            if item.url.startswith(below) and item.url != below:
                found.setdefault(item.url, {"title": item.title, "found": "only in the feed"})
    yield from fetch.each(found.items())


def split(page: Page) -> list[list[html.Line]]:
    """One record for each page."""
    return [html.page_lines(page)]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a call's page into a call."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), _LABELS)
    if WHO not in parts or OVERVIEW not in parts:
        if "found" in page.notes:
            raise SkipRecord(f"in the feed, but not a call: no {WHO!r} or no {OVERVIEW!r}")
        raise ParseError(f"{name!r}: no {WHO!r} or no {OVERVIEW!r} on the page")
    first = next(i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS))
    everything = html.text_of(found)
    context = dates.Context(published=dates.published(everything))
    said = [ln.text for ln in found[1:] if re.match(r"(?:ansökan|utlysningen)\s+öppnar\b", ln.text, re.I)]
    when = dates.window("\n".join([*(ln.text for ln in found[1:first]), *said]), context=context)
    if not when.stated:
        raise ParseError(f"{name!r}: nothing above the text says when one can apply")
    aim = parts.get(AIM, [])
    who = "\n".join(parts[WHO])
    about_money = "\n".join(parts[OVERVIEW])
    taking_part = "\n".join(
        s for t in aim for s in wording.sentences(t) if re.search(r"kan (?:delta|söka)\b", s)
    )
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL,
        programme=source.programme,
        text="\n".join((*parts[OVERVIEW], *aim)),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who) or wording.applicants(taking_part),
        applicants_raw=who or None,
        geography=("SE",),  # the whole country
        consortium=wording.consortium("\n".join((who, *aim))),
        action=ActionType.PROJECT,
    )
