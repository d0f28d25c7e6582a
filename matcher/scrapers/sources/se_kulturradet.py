"""Kulturrådet: grants for libraries, reading, culture schools and other culture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from matcher.domain import Call, Family
from matcher.scrapers import dates, html, labelled_page, linked_pages, wording
from matcher.scrapers.source import Fetch, Page, Source

ABOUT, WHO, MONEY, APPLY, REPORT = (
    "Läs om bidraget",
    "Vem kan söka?",
    "Hur mycket kan ni få?",
    "Ansök",
    "Redovisa",
)
_DATED = ("Första ansökningsdag", "Sista ansökningsdag", "Ansökningsperiod")
_STEP = re.compile(r"^\s*steg\s+\d+\s*[:.–-]?\s*", re.I)
_STATUS = re.compile(r"(?:öppen|stängd)(?:\s+för\s+ansökan)?|kommande|pågående", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from linked_pages.crawl(source, fetch, keep=linked_pages.below(source))


def split(page: Page) -> list[list[html.Line]]:
    """A page is one record; "Steg 2: Vem kan söka?" is read as "Vem kan söka?"."""
    found = html.page_lines(page)
    return [
        [replace(ln, text=_STEP.sub("", ln.text) or ln.text, lead=_STEP.sub("", ln.lead)) for ln in found]
    ]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (ABOUT, WHO, MONEY, APPLY, REPORT))
    own.require((WHO,), (ABOUT,))
    dated = [ln for ln in own.head if html.fields([ln], _DATED)]
    closed = not dated and any(_STATUS.fullmatch(ln.text) and wording.says_closed(ln.text) for ln in own.head)
    when = own.window(*labelled_page.joined(own.head, _DATED), closed=closed)
    ingress = [
        ln.text
        for ln in own.head
        if not (ln.head or ln in dated or _STATUS.fullmatch(ln.text) or dates.read(ln.text))
    ]
    programme = source.word("programme", own.title)
    return own.call(
        source,
        when,
        source_id=linked_pages.path_below(source, page.url),
        who=own.under(WHO),
        about_money=own.under(MONEY),
        closed=closed and not when.stated,
        family=Family.SECTOR if programme else source.family,
        programme=programme or source.programme,
        text=labelled_page.paragraphs(*ingress, own.under(ABOUT)),
    )
