"""Energimyndigheten: the list of calls, and the labelled facts and sections of each call's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from matcher.domain import ActionType, Call, Family, Money
from matcher.errors import ParseError
from matcher.scrapers import dates, html, mixed_list, money, wording
from matcher.scrapers.source import Fetch, Page, Source

CLOSES, OPENS, MONEY = "Sista dag för ansökan", "Utlysningen öppnar", "Utlysta medel"
WHO, WHAT, HOW = "Vem kan söka?", "Vad kan ni söka för?", "Så ansöker ni"
_OF_CALLS = (CLOSES, MONEY, WHO)
_LABELS = (CLOSES, OPENS, MONEY, WHO, WHAT, HOW)
_PART = re.compile(
    r"\bvarav\s+(?:(?P<half>hälften)|(?P<share>\d{1,2})\s*(?:%|procent))\s+(?:utlyses|fördelas)", re.I
)
_BARE_SUM = re.compile(r"\d\s*(?:miljon(?:er)?|miljard(?:er)?)\W*$", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield everything that the list links to."""
    yield from fetch.each(list(mixed_list.linked_pages(fetch(source.start_url)).items()))


def split(page: Page) -> list[Any]:
    """One record for a call's page, none for news."""
    found = html.page_lines(page)
    return [] if mixed_list.is_other_page(page, found, _OF_CALLS) else [found]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a call's page into a call."""
    name = record[0].text
    parts = html.fields(record, _LABELS)
    if not parts.get(WHO):
        raise ParseError(f"{name!r}: no {WHO!r} on the page")
    first = next(i for i, ln in enumerate(record) if i and html.fields([ln], (WHO, WHAT, HOW)))
    everything = html.text_of(record)
    context = dates.Context(published=dates.published(everything))
    facts = mixed_list.joined(record[1:first], (CLOSES, OPENS))
    when = dates.window("\n".join((*facts, *mixed_list.opening_lines(record))), context=context)
    if not when.stated:
        raise ParseError(f"{name!r}: neither {CLOSES!r} nor a sentence that says when one can apply")
    values = {texts[0] for texts in parts.values() if texts}
    intro = [
        ln.text
        for ln in record[1:first]
        if not html.fields([ln], _LABELS) and ln.text not in values and not dates.read(ln.text)
    ]
    text = "\n".join((*intro, *parts.get(WHAT, ())))
    who = "\n".join(parts[WHO])
    places = wording.places(f"{name}\n{who}")
    programme = next(
        (code for words, code in source.lookups["programme"].items() if words in everything.casefold()),
        source.programme,
    )
    fund = source.lookups["fund"].get(programme or "")
    return Call(
        source=source.key,
        source_id=mixed_list.identifier(page.url),
        url=page.url,
        title=name,
        language="sv",
        family=Family.STRUCTURAL if fund else source.family,
        programme=programme,
        fund=fund,
        text=text,
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **_sums(" ".join(parts.get(MONEY, ())[:1])),
        **money.rate_fields(money.rate(text)),
        applicants=wording.applicants(who),
        applicants_raw=who,
        # the agency's calls are for the whole country unless the page names a part of it
        geography=places or ("SE",),
        geography_raw=", ".join(wording.place_names(f"{name}\n{who}")) or None,
        consortium=wording.consortium(text),
        action=ActionType.PRE_STUDY if re.search(r"förstudie", name, re.I) else ActionType.PROJECT,
    )


def _sums(text: str) -> dict[str, Any]:
    """The amounts; kronor where the currency is left out, and only the part that this call gives out."""
    if _BARE_SUM.search(text):
        text = f"{text} kronor"
    found = money.call_sums(text, unstated_is_total=True)
    part = _PART.search(text)
    budget: Money | None = found["budget"]
    if part and budget:
        share = Decimal("0.5") if part["half"] else Decimal(part["share"]) / 100
        found["budget"] = replace(budget, amount=(budget.amount * share).quantize(Decimal(1)))
    return found
