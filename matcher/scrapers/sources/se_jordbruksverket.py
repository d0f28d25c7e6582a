"""Jordbruksverket: the list of calls, and each call's page in its printable form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError
from matcher.scrapers import dates, html, mixed_list, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, BACKGROUND, AIM, BUDGET = (
    "Vem kan få stöd?",
    "Det kan du få stöd för",
    "Bakgrund",
    "Vad utlysningen ska främja",
    "Budget",
)
#: the site has these on pages of calls only
_OF_CALLS = (WHO, WHAT)
_LABELS = (*_OF_CALLS, BACKGROUND, AIM, BUDGET)
_PRINTABLE = ".printable"


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the printable page of everything that the list links to."""
    pages = mixed_list.linked_pages(fetch(source.start_url))
    yield from fetch.each(
        [(url.removesuffix(_PRINTABLE) + _PRINTABLE, notes) for url, notes in pages.items()]
    )


def split(page: Page) -> list[Any]:
    """One record for a call's page, none for news and procurements."""
    found = html.page_lines(page)
    return [] if mixed_list.is_other_page(page, found, _OF_CALLS) else [found]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a call's page into a call."""
    name = record[0].text
    parts = {label: "\n".join(texts) for label, texts in html.fields(record, _LABELS).items()}
    if not parts.get(WHO):
        raise ParseError(f"{name!r}: no {WHO!r} on the page")
    first = next(i for i, ln in enumerate(record) if i and html.fields([ln], _LABELS))
    head = [ln.text for ln in record[1:first]]
    context = dates.Context(published=dates.published(html.text_of(record)))
    when = dates.window("\n".join((*head, *mixed_list.opening_lines(record))), context=context)
    if not when.stated:
        raise ParseError(f"{name!r}: no sentence above {WHO!r} says when one can apply")
    text = "\n".join(
        t
        for t in (
            *(t for t in head if not dates.read(t)),
            *(parts.get(k, "") for k in (WHAT, BACKGROUND, AIM)),
        )
        if t
    )
    programme = _programme(source, f"{name}\n{html.text_of(record)}")
    places = wording.places(f"{name}\n{parts[WHO]}")
    url = page.url.removesuffix(_PRINTABLE)
    return Call(
        source=source.key,
        source_id=mixed_list.identifier(url),
        url=url,
        title=name,
        language="sv",
        family=Family.NATIONAL if programme == "national-other" else source.family,
        programme=programme,
        fund=source.lookups["fund"].get(programme or ""),
        text=text,
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(parts.get(BUDGET) or "\n".join(head), unstated_is_total=BUDGET in parts),
        **money.rate_fields(money.rate(text)),
        applicants=wording.applicants(parts[WHO]),
        applicants_raw=parts[WHO],
        # the board's support covers the whole country unless the page names a part of it
        geography=places or ("SE",),
        geography_raw=", ".join(wording.place_names(f"{name}\n{parts[WHO]}")) or None,
        consortium=wording.consortium(text),
        action=ActionType.INVESTMENT
        if re.match(r"(?:stöd till )?investering", parts.get(WHAT, ""), re.I)
        else ActionType.PROJECT,
    )


def _programme(source: Source, text: str) -> str | None:
    """The programme whose name stands on the page; most pages name none."""
    text = text.casefold()
    return next((code for words, code in source.lookups["programme"].items() if words in text), None)
