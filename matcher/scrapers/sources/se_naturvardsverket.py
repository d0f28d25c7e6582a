"""Naturvårdsverket: the list of grants, and the fixed headings of each grant's page."""

from __future__ import annotations

from matcher.domain import Call
from matcher.scrapers import html, labelled_page, wording
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

WHO, WHAT, MONEY, PERIOD, HOW = (
    "Vem får söka?",
    "Vad kan jag söka för?",
    "Hur mycket kan jag få?",
    "Ansökningsperiod",
    "Så går det till",
)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a grant's page into a call."""
    own = labelled_page.read(page, found, (WHO, WHAT, MONEY, PERIOD, HOW))
    own.require((WHO,), (PERIOD,))
    who = own.under(WHO)
    return own.call(
        source,
        own.window(own.under(PERIOD), label=PERIOD),
        who=who,
        about_money=own.under(MONEY),
        text=labelled_page.paragraphs(own.ingress(), own.under(WHAT)),
        conditions=own.under(HOW) or None,
        action=wording.action(own.title, own.under(WHAT)),
        **wording.whole_country_or(f"{own.title}\n{who}"),
    )
