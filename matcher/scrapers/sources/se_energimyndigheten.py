"""Energimyndigheten: the list of calls, and the labelled facts and sections of each call's page."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from matcher.domain import Call, Family, Money
from matcher.scrapers import dates, html, labelled_page, money, wording
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

CLOSES, OPENS, MONEY = "Sista dag för ansökan", "Utlysningen öppnar", "Utlysta medel"
WHO, WHAT, HOW = "Vem kan söka?", "Vad kan ni söka för?", "Så ansöker ni"
_FACTS = (CLOSES, OPENS, MONEY)
_PART = re.compile(
    r"\bvarav\s+(?:(?P<half>hälften)|(?P<share>\d{1,2})\s*(?:%|procent))\s+(?:utlyses|fördelas)", re.I
)
_BARE_SUM = re.compile(r"\d\s*(?:miljon(?:er)?|miljard(?:er)?)\W*$", re.I)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a call's page into a call."""
    own = labelled_page.read(page, found, (WHO, WHAT, HOW))
    own.require((WHO,))
    facts = html.fields(own.head, _FACTS)
    values = {texts[0] for texts in facts.values() if texts}
    intro = [
        ln.text
        for ln in own.head
        if not html.fields([ln], _FACTS) and ln.text not in values and not dates.read(ln.text)
    ]
    who = own.under(WHO)
    text = labelled_page.paragraphs(*intro, own.under(WHAT))
    # words that name other money than the agency's own
    programme = source.word("programme", html.text_of(found)) or source.programme
    fund = source.lookups["fund"].get(programme or "")
    return own.call(
        source,
        own.window(*labelled_page.joined(own.head, (CLOSES, OPENS))),
        who=who,
        about_money=text,
        **_sums(" ".join(facts.get(MONEY, ())[:1])),
        family=Family.STRUCTURAL if fund else source.family,
        programme=programme,
        fund=fund,
        text=text,
        conditions=own.under(HOW) or None,
        **wording.whole_country_or(f"{own.title}\n{who}"),
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
