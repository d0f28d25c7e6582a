"""UHR: Erasmus+ for school, vocational and adult education, and Swedish exchange programmes."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.domain import ActionType, Applicant, Call, Family
from matcher.errors import ParseError
from matcher.scrapers import html, labelled_page, linked_pages, wording
from matcher.scrapers.linked_pages import split
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, SIZE, WHEN, HOW = (
    "Vem kan ansöka?",
    "Det här kan ni göra",
    "Bidragets storlek",
    "När kan ni ansöka?",
    "Så bedöms ansökan",
)

__all__ = ["crawl", "parse", "split"]


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from linked_pages.crawl(source, fetch, keep=linked_pages.below(source))


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (WHO, WHAT, SIZE, WHEN, HOW))
    own.require((WHO,), (WHEN,))
    when = own.window(own.under(WHEN), label=WHEN)
    who, what, head = own.under(WHO), own.under(WHAT), html.text_of(own.head)
    about = "\n".join((own.title, head, what))
    programme = source.word("programme", about)
    if programme is None:
        known = ", ".join(source.lookups["programme"])
        raise ParseError(f"{own.title!r}: names no programme we know ({known}); add it to {source.key}.yaml")
    action = source.word("action", f"{own.title}\n{what}")
    return own.call(
        source,
        when,
        source_id=linked_pages.path_below(source, page.url),
        who=who,
        about_money=own.under(SIZE),
        family=Family(source.lookup("family", programme)),
        programme=programme,
        programme_name=source.word("programme_name", about),
        text=labelled_page.paragraphs(head, what),
        conditions=own.under(HOW) or None,
        applicants=_applicants(who),
        action=ActionType(action) if action else ActionType.PROJECT,
    )


def _applicants(who: str) -> tuple[Applicant, ...]:
    """A school applies through its principal, which for most schools is a municipality."""
    found = wording.applicants(who)
    if Applicant.SCHOOL in found and Applicant.MUNICIPALITY not in found:
        return (Applicant.MUNICIPALITY, *found)
    return found
