"""ICLD: articles that invite applications for municipal partnerships, and the feed for those not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, feed, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, ABOUT = "Vem kan ansöka?", "Vad kan ni söka för?", "Om ICLD:s program"
#: words of an article about applying, in its title or under it in the list
_APPLYING = re.compile(r"\bansök|\butlys|\bsök|partnerskap", re.I)
#: a line that may say when one can apply
_WHEN = re.compile(r"\bansök|\butlys|\bsök(?:a|s)\b|öppn|stäng|tillfälle", re.I)
_SHUT = re.compile(r"\b(?:årets\s+)?ansökan\s+är\s+(?:nu\s+)?stängd", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every article about applying."""
    page = fetch(source.start_url)
    host = urlsplit(page.url).hostname or ""
    listed = html.entries(html.page_lines(page), host)
    found = {e.url: {"title": e.title} for e in listed if _APPLYING.search(f"{e.title}\n{e.text}")}
    if not found:
        raise ParseError(f"{page.url}: no article on the list is about applying")
    for rss in fetch.each([(source.urls["feed"], {})]):
        for item in feed.items(rss):
            if urlsplit(item.url).hostname == host and _APPLYING.search(f"{item.title}\n{item.text}"):
                notes = found.setdefault(item.url, {"title": item.title})
                if item.published:
                    notes["published"] = item.published.isoformat()
    yield from fetch.each(found.items())


def split(page: Page) -> list[list[html.Line]]:
    """One record for each page."""
    return [html.page_lines(page)]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn an article into a call."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), (WHO, WHAT, ABOUT))
    if WHO not in parts and WHAT not in parts:
        if name.casefold() != page.notes.get("title", name).casefold():
            raise ParseError(f"{page.url}: the page is headed {name!r}, not {page.notes['title']!r}")
        raise SkipRecord("an article without who may apply and what for")
    first = next(i for i, ln in enumerate(found) if html.fields([ln], (WHO, WHAT)))
    everything = html.text_of(found)
    told = "\n".join(ln.text for ln in found[1:] if _WHEN.search(ln.text))
    when = dates.window(told, context=_context(page, everything))
    if not when.stated:
        if _SHUT.search(everything):
            raise SkipRecord("this year's round is closed, and no date is given")
        raise ParseError(f"{name!r}: nothing says when one can apply")
    what = parts.get(WHAT, [])
    intro = [ln.text for ln in found[1:first] if not dates.read(ln.text) and not ln.head]
    who = "\n".join(parts.get(WHO, ()))
    partners = re.search(r"partnerskap", f"{name}\n{chr(10).join(what[:1])}", re.I)
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL,
        programme=source.programme,
        text="\n".join((*intro, *what)),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums("\n".join(what)),
        **money.rate_fields(money.rate("\n".join(what))),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the whole country: ICLD works for all municipalities and regions
        consortium=wording.consortium(who),
        action=ActionType.PARTNERSHIP if partners else ActionType.PROJECT,
    )


def _context(page: Page, text: str) -> dates.Context:
    """Dates without a year are counted from the article's day; yearly ones of an old article from today's."""
    noted = page.notes.get("published")
    published = dates.published(text) or (date.fromisoformat(noted) if noted else None)
    seen = page.fetched_at.date()
    if re.search(r"varje\s+år|årligen", text, re.I) and (
        published is None or seen - published > timedelta(days=365)
    ):
        published = seen
    return dates.Context(published=published)
