"""ICLD: articles that invite applications for municipal partnerships, and the feed for those not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from matcher.domain import ActionType, Call
from matcher.scrapers import dates, html, labelled_page, linked_pages, wording
from matcher.scrapers.linked_pages import split
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, ABOUT = "Vem kan ansöka?", "Vad kan ni söka för?", "Om ICLD:s program"
#: words of an article about applying, in its title or under it in the list
_APPLYING = re.compile(r"\bansök|\butlys|\bsök|partnerskap", re.I)
#: a line that may say when one can apply
_WHEN = re.compile(r"\bansök|\butlys|\bsök(?:a|s)\b|öppn|stäng|tillfälle", re.I)

__all__ = ["crawl", "parse", "split"]


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every article about applying."""
    yield from linked_pages.crawl(
        source, fetch, keep=lambda e: bool(_APPLYING.search(f"{e.title}\n{e.text}"))
    )


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn an article into a call."""
    own = labelled_page.read(page, found, (WHO, WHAT, ABOUT))
    own.require((WHO, WHAT))
    what = own.under(WHAT)
    told = [ln.text for ln in found[1:] if _WHEN.search(ln.text)]
    closed = wording.says_closed("\n".join(told))
    when = own.window(*told, context=_context(page, html.text_of(found)), closed=closed)
    partners = re.search(r"partnerskap", f"{own.title}\n{what.partition(chr(10))[0]}", re.I)
    return own.call(
        source,
        when,
        who=own.under(WHO),
        about_money=what,
        text=labelled_page.paragraphs(own.ingress(), what),
        closed=closed and not when.stated,
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
