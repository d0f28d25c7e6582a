"""MUCF: Erasmus+ Youth, the European Solidarity Corps, and national grants in the same list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from matcher.domain import ActionType, Applicant, Call, DeadlineModel, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import below, dates, html, money, wording
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
_LABELS = (WHEN, HOW, WHO, WHAT, LENGTH, FIRST)
_SOON = re.compile(r"öppnar\s+(?:inom\s+kort|snart)", re.I)
_NOT_NOW = re.compile(r"går\s+inte\s+att\s+söka", re.I)
_STAMP = re.compile(r"(?:Publicerad|Uppdaterad)\s", re.I)
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


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from below.crawl(source, fetch)


def split(page: Page) -> list[Any]:
    """A page is one call."""
    return [html.page_lines(page)]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a page into a call."""
    name = record[0].text
    below.require(page, record, (WHEN,), (WHO,))
    parts = html.fields(record, _LABELS)
    first = next((i for i, ln in enumerate(record) if html.fields([ln], _LABELS)), len(record))
    ingress = [ln.text for ln in record[1:first]]
    said = "\n".join(parts[WHEN])
    when = _window(said, dates.Context(published=dates.published(html.text_of(record))))
    if not when.stated:
        if _NOT_NOW.search(said):
            raise SkipRecord("closed, and the page does not say since when")
        raise ParseError(f"{name!r}: nothing under {WHEN!r} says when one can apply")
    who = "\n".join(parts[WHO])
    what = "\n".join(t for t in parts.get(WHAT, ()) if not _STAMP.match(t))
    length = [t for t in parts.get(LENGTH, ()) if not _STAMP.match(t)]
    programme = _programme(source, "\n".join((name, *ingress, what)), html.text_of(record))
    action = next((w for w in source.lookups["action"] if w in f"{name}\n{what}".lower()), None)
    return Call(
        source=source.key,
        source_id=below.identifier(source, page.url),
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL if programme == "national-other" else Family.SECTOR,
        programme=programme,
        text="\n".join(t for t in (*ingress, what, *length) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        deadline_model=DeadlineModel.MULTIPLE if len(when.deadlines) > 1 else None,
        # "öppnar inom kort": it has a deadline and is not open, on a day we are not told
        planned=bool(_SOON.search(said)) and when.opens is None,
        continuous=when.continuous,
        **money.call_sums(what),
        **money.rate_fields(money.rate(what)),
        applicants=_applicants(who, programme),
        applicants_raw=who or None,
        geography=("SE",),  # the agency's money is for all of Sweden; pages name no places
        consortium=wording.consortium(f"{who}\n{what}"),
        action=ActionType(source.lookup("action", action)) if action else ActionType.PROJECT,
    )


def _window(said: str, context: dates.Context) -> dates.Window:
    """The window, without the days between which projects start (a column of the table of rounds)."""
    if re.search(r"startar\s+mellan", said, re.I):
        said = _STARTS.sub(" ", _STARTING.sub(" ", said))
    return dates.window(said, context=context, label=WHEN)


def _programme(source: Source, about: str, everything: str) -> str:
    """By the words about the call itself, else by those of the whole page."""
    for text in (about.lower(), everything.lower()):
        for word, code in source.lookups["programme"].items():
            if word in text:
                return code
    return "national-other"


def _applicants(who: str, programme: str) -> tuple[Applicant, ...]:
    found = wording.applicants(who)
    if programme != "national-other" and not found and _ANY_ORGANISATION.search(who):
        return (Applicant.LEGAL_ENTITY,)
    return found
