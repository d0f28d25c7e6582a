"""Viable Cities: the list of calls, and the feed for those not listed."""

from __future__ import annotations

from matcher.domain import Call
from matcher.scrapers import html, labelled_page
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

WHO, MONEY, WHAT, AIM, PARTNERS = (
    "Vem kan söka?",
    "Hur mycket kan ni söka?",
    "Vad kan ni söka för?",
    "Vad vill vi uppnå med denna utlysning?",
    "Hur ska konsortiet se ut?",
)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (WHO, MONEY, WHAT, AIM, PARTNERS))
    own.require((WHO, MONEY))
    together = own.under(PARTNERS)
    return own.call(
        source,
        own.window(html.text_of(own.head)),
        who=own.under(WHO),
        about_money=own.under(MONEY),
        unstated_is_total=True,
        # where the applications are handed in
        programme=source.word("programme", together) or source.programme,
        text=labelled_page.paragraphs(own.ingress(), own.under(WHAT, AIM)),
        conditions=together or None,
    )
