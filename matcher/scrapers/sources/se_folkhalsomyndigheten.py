"""Folkhälsomyndigheten: state grants, nearly all for non-profit organisations."""

from __future__ import annotations

from matcher.domain import Call
from matcher.scrapers import html, labelled_page
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

AIM, WHO, MONEY, TERMS = (
    "Syfte med statsbidraget",
    "Vilka kan ansöka",
    "Medel att fördela",
    "Villkor för ansökan",
)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (AIM, WHO, MONEY, TERMS))
    own.require((WHO, MONEY))
    return own.call(
        source,
        own.window(html.text_of(own.head)),
        who=own.under(WHO),
        about_money=own.under(MONEY),
        unstated_is_total=True,
        text=labelled_page.paragraphs(own.ingress(), own.under(AIM)),
        conditions=own.under(TERMS) or None,
    )
