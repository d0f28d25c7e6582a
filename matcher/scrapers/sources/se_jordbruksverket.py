"""Jordbruksverket: the list of calls, and each call's page in its printable form."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.domain import Call, Family
from matcher.scrapers import html, labelled_page, linked_pages, money, wording
from matcher.scrapers.linked_pages import split
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, BACKGROUND, AIM, BUDGET = (
    "Vem kan få stöd?",
    "Det kan du få stöd för",
    "Bakgrund",
    "Vad utlysningen ska främja",
    "Budget",
)
_PRINTABLE = ".printable"

__all__ = ["crawl", "own_page", "parse", "split"]


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the printable page of everything that the list links to."""
    pages = linked_pages.listed(source, fetch)
    yield from fetch.each((url.removesuffix(_PRINTABLE) + _PRINTABLE, notes) for url, notes in pages.items())


def own_page(source: Source, call: Call) -> str:  # noqa: ARG001 (every module's own_page takes it)
    """The printable form, as ``crawl`` reads it."""
    return call.url + _PRINTABLE


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a call's page into a call; the site has the first two labels on pages of calls only."""
    own = labelled_page.read(page, found, (WHO, WHAT, BACKGROUND, AIM, BUDGET))
    own.require((WHO,), (WHAT,))
    who, head = own.under(WHO), html.text_of(own.head)
    text = labelled_page.paragraphs(own.ingress(), own.under(WHAT, BACKGROUND, AIM))
    # most pages name no programme
    programme = source.word("programme", f"{own.title}\n{html.text_of(found)}")
    url = page.url.removesuffix(_PRINTABLE)
    return own.call(
        source,
        own.window(head),
        who=who,
        about_money=text,
        **money.call_sums(own.under(BUDGET) or head, unstated_is_total=BUDGET in own.parts),
        source_id=linked_pages.identifier(url),
        url=url,
        family=Family.NATIONAL if programme == "national-other" else source.family,
        programme=programme,
        fund=source.lookups["fund"].get(programme or ""),
        text=text,
        action=wording.action(own.title, own.under(WHAT)),
        **wording.whole_country_or(f"{own.title}\n{who}"),
    )
