"""Naturvårdsverket: the list of grants, and the fixed headings of each grant's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from matcher.domain import ActionType, Call
from matcher.errors import ParseError
from matcher.scrapers import dates, html, mixed_list, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, MONEY, PERIOD, HOW = (
    "Vem får söka?",
    "Vad kan jag söka för?",
    "Hur mycket kan jag få?",
    "Ansökningsperiod",
    "Så går det till",
)
_OF_GRANTS = (WHO, MONEY, PERIOD)
_LABELS = (WHO, WHAT, MONEY, PERIOD, HOW)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield everything that the list links to."""
    yield from fetch.each(list(mixed_list.linked_pages(fetch(source.start_url)).items()))


def split(page: Page) -> list[Any]:
    """One record for a grant's page, none for news."""
    found = html.page_lines(page)
    return [] if mixed_list.is_other_page(page, found, _OF_GRANTS) else [found]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a grant's page into a call."""
    name = record[0].text
    parts = {label: "\n".join(texts) for label, texts in html.fields(record, _LABELS).items()}
    for label in (WHO, PERIOD):
        if not parts.get(label):
            raise ParseError(f"{name!r}: nothing under {label!r}")
    context = dates.Context(published=dates.published(html.text_of(record)))
    period = "\n".join((parts[PERIOD], *mixed_list.opening_lines(record)))
    when = dates.window(period, context=context, label=PERIOD)
    if not when.stated:
        raise ParseError(f"{name!r}: cannot read when one can apply in {parts[PERIOD]!r}")
    first = next(i for i, ln in enumerate(record) if i and html.fields([ln], _LABELS))
    what = parts.get(WHAT, "")
    about_money = parts.get(MONEY, "")
    places = wording.places(f"{name}\n{parts[WHO]}")
    return Call(
        source=source.key,
        source_id=mixed_list.identifier(page.url),
        url=page.url,
        title=name,
        language="sv",
        family=source.family,
        programme=source.programme,
        text="\n".join(t for t in (*(ln.text for ln in record[1:first]), what) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(parts[WHO]),
        applicants_raw=parts[WHO],
        # the agency's grants are for the whole country unless the page names a part of it
        geography=places or ("SE",),
        geography_raw=", ".join(wording.place_names(f"{name}\n{parts[WHO]}")) or None,
        action=ActionType.INVESTMENT if re.match(r"investering", what, re.I) else ActionType.PROJECT,
    )
