"""Boverket: grants for housing and public places."""

from __future__ import annotations

import re

from matcher.domain import ActionType, Call
from matcher.scrapers import html, labelled_page, money
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

WHEN, WHO, WHAT, MONEY, HOW = (
    "När kan du söka?",
    "Vem kan söka stödet?",
    "Vad kan du få stöd för?",
    "Stödets storlek",
    "Så prövas ansökan",
)
#: a least cost is no least grant
_LEAST_COST = re.compile(r"kostnad\w*,?\s+(?:som\s+)?ska\s+vara\s+minst[^.\n]*", re.I)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (WHEN, WHO, WHAT, MONEY, HOW))
    own.require((WHEN, WHO))
    return own.call(
        source,
        own.window(own.under(WHEN), label=WHEN),
        who=own.under(WHO),
        about_money=own.under(MONEY),
        unstated_is_total=True,
        **money.call_sums(_LEAST_COST.sub("", own.under(MONEY)), unstated_is_total=True),
        text=labelled_page.paragraphs(own.ingress(), own.under(WHAT)),
        conditions=own.under(HOW) or None,
        action=ActionType.INVESTMENT,
    )
