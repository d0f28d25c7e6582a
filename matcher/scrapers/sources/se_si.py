"""Svenska institutet: the list of calls, and the feed for those not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from matcher.domain import Call
from matcher.scrapers import html, labelled_page, linked_pages, wording
from matcher.scrapers.linked_pages import split
from matcher.scrapers.source import Fetch, Page, Source

WHO, OVERVIEW, AIM, STEPS = (
    "Vem kan söka?",
    "Översikt",
    "Vad stödet ska leda till",
    "Steg i ansökningsprocessen",
)
_TAKING_PART = re.compile(r"kan (?:delta|söka)\b")

__all__ = ["crawl", "parse", "split"]


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every call below the list, and of those that only the feed has."""
    yield from linked_pages.crawl(source, fetch, keep=linked_pages.below(source))


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a call's page into a call."""
    own = labelled_page.read(page, found, (WHO, OVERVIEW, AIM, STEPS))
    own.require((WHO,), (OVERVIEW,))
    who = own.under(WHO)
    others = [s for s in wording.sentences(own.under(AIM)) if _TAKING_PART.search(s)]
    return own.call(
        source,
        own.window(html.text_of(own.head)),
        who=who,
        about_money=own.under(OVERVIEW),
        text=own.under(OVERVIEW, AIM),
        applicants=wording.applicants(who) or wording.applicants("\n".join(others)),
    )
