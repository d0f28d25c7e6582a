"""MUCF: Erasmus+ Youth, the European Solidarity Corps, and national grants in the same list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from matcher.domain import ActionType, Applicant, Call, DeadlineModel, Family
from matcher.scrapers import html, labelled_page, linked_pages, wording
from matcher.scrapers.linked_pages import split
from matcher.scrapers.source import Fetch, Page, Source

# "Prioriteringar" is the same on every page and is left out of the text
WHEN, HOW, WHO, WHAT, LENGTH, FIRST = (
    "Ansökningstider",
    "Ansökan",
    "Ni kan söka bidraget",
    "Det här kan bidraget gå till",
    "Projektets längd och starttid",
    "Prioriteringar",
)
_SOON = re.compile(r"öppnar\s+(?:inom\s+kort|snart)", re.I)
_DAY = (
    r"\d{1,2}\s+(?:januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december)"
    r"(?:\s+20\d\d)?"
)
#: a column of the table of rounds: when the projects start, beside the deadline
_STARTING = re.compile(
    rf"(?:projekt\w*\s+som\s+)?startar\s+mellan(?:\s+(?:den\s+)?{_DAY}\s+(?:och|–|-|till)\s+{_DAY})?", re.I
)
_STARTS = re.compile(rf"\b{_DAY}\s+(?:och|–|-|till)\s+(?:den\s+)?{_DAY}", re.I)
#: "Organisationer som …", without a word that narrows it, are public and private ones in both programmes
_ANY_ORGANISATION = re.compile(r"(?:^|[.\n]\s*)organisationer\b(?=\s+(?:som|med)\b)", re.I)

__all__ = ["crawl", "parse", "split"]


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from linked_pages.crawl(source, fetch, keep=linked_pages.below(source))


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (WHEN, HOW, WHO, WHAT, LENGTH, FIRST))
    own.require((WHEN,), (WHO,))
    said, who, what, head = own.under(WHEN), own.under(WHO), own.under(WHAT), html.text_of(own.head)
    closed = wording.says_closed(said)
    when = own.window(_without_starts(said), label=WHEN, closed=closed)
    # by the words about the call itself, else by those of the whole page
    words = ("\n".join((own.title, head, what)), html.text_of(found))
    programme = next(filter(None, (source.word("programme", text) for text in words)), "national-other")
    action = source.word("action", f"{own.title}\n{what}")
    return own.call(
        source,
        when,
        source_id=linked_pages.path_below(source, page.url),
        who=who,
        about_money=what,
        family=Family.NATIONAL if programme == "national-other" else Family.SECTOR,
        programme=programme,
        text=labelled_page.paragraphs(head, what, own.under(LENGTH)),
        conditions=own.under(HOW) or None,
        deadline_model=DeadlineModel.MULTIPLE if len(when.deadlines) > 1 else None,
        # "öppnar inom kort": it has a deadline and is not open, on a day we are not told
        planned=bool(_SOON.search(said)) and when.opens is None,
        closed=closed and not when.stated,
        applicants=_applicants(who, programme),
        action=ActionType(action) if action else ActionType.PROJECT,
    )


def _without_starts(said: str) -> str:
    """Without the days between which projects start (a column of the table of rounds)."""
    if not re.search(r"startar\s+mellan", said, re.I):
        return said
    return _STARTS.sub(" ", _STARTING.sub(" ", said))


def _applicants(who: str, programme: str) -> tuple[Applicant, ...]:
    found = wording.applicants(who)
    if programme != "national-other" and not found and _ANY_ORGANISATION.search(who):
        return (Applicant.LEGAL_ENTITY,)
    return found
