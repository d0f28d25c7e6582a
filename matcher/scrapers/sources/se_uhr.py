"""UHR: Erasmus+ for school, vocational and adult education, and Swedish exchange programmes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from matcher.domain import ActionType, Applicant, Call, Family
from matcher.errors import ParseError
from matcher.scrapers import below, dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, SIZE, WHEN, HOW = (
    "Vem kan ansöka?",
    "Det här kan ni göra",
    "Bidragets storlek",
    "När kan ni ansöka?",
    "Så bedöms ansökan",
)
_LABELS = (WHO, WHAT, SIZE, WHEN, HOW)
_OPENING = re.compile(r"ansök\w*\s+öppn", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from below.crawl(source, fetch)


def split(page: Page) -> list[Any]:
    """A page is one call."""
    return [html.page_lines(page)]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a page into a call."""
    name = record[0].text
    below.require(page, record, (WHO,), (WHEN,))
    parts = html.fields(record, _LABELS)
    first = next((i for i, ln in enumerate(record) if html.fields([ln], _LABELS)), len(record))
    ingress = [ln.text for ln in record[1:first]]
    everything = html.text_of(record)
    # "Ansökan öppnar …" also stands outside the section
    said = [*parts[WHEN], *(ln.text for ln in record[1:] if _OPENING.search(ln.text))]
    when = dates.window(
        "\n".join(dict.fromkeys(said)),
        context=dates.Context(published=dates.published(everything)),
        label=WHEN,
    )
    if not when.stated:
        raise ParseError(f"{name!r}: nothing under {WHEN!r} says when one can apply")
    what = "\n".join(parts.get(WHAT, ()))
    word = _word(source, "programme", "\n".join((name, *ingress, what)))
    if word is None:
        known = ", ".join(source.lookups["programme"])
        raise ParseError(f"{name!r}: names no programme we know ({known}); add it to {source.key}.yaml")
    programme = source.lookup("programme", word)
    who = "\n".join(parts[WHO])
    about_money = "\n".join(parts.get(SIZE, ()))
    action = _word(source, "action", f"{name}\n{what}")
    return Call(
        source=source.key,
        source_id=below.identifier(source, page.url),
        url=page.url,
        title=name,
        language=source.language,
        family=Family(source.lookup("family", programme)),
        programme=programme,
        programme_name=source.lookup("programme_name", word),
        text="\n".join(t for t in (*ingress, what) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=_applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the agency's money is for all of Sweden; pages name no places
        consortium=wording.consortium(f"{who}\n{what}"),
        action=ActionType(source.lookup("action", action)) if action else ActionType.PROJECT,
    )


def _word(source: Source, table: str, text: str) -> str | None:
    """The first word of a lookup that a text holds."""
    return next((word for word in source.lookups[table] if word in text.lower()), None)


def _applicants(who: str) -> tuple[Applicant, ...]:
    """A school applies through its principal, which for most schools is a municipality."""
    found = wording.applicants(who)
    if Applicant.SCHOOL in found and Applicant.MUNICIPALITY not in found:
        return (Applicant.MUNICIPALITY, *found)
    return found
