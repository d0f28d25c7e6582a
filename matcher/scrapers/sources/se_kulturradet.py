"""Kulturrådet: grants for libraries, reading, culture schools and other culture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import below, dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

ABOUT, WHO, MONEY, APPLY, REPORT = (
    "Läs om bidraget",
    "Vem kan söka?",
    "Hur mycket kan ni få?",
    "Ansök",
    "Redovisa",
)
_LABELS = (ABOUT, WHO, MONEY, APPLY, REPORT)
_DATED = ("Första ansökningsdag", "Sista ansökningsdag", "Ansökningsperiod")
_STEP = re.compile(r"^\s*steg\s+\d+\s*[:.–-]?\s*", re.I)
_STATUS = re.compile(r"(?:öppen|stängd)(?:\s+för\s+ansökan)?|kommande|pågående", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield each page below the list."""
    yield from below.crawl(source, fetch)


def split(page: Page) -> list[Any]:
    """A page is one call; "Steg 2: Vem kan söka?" is read as "Vem kan söka?"."""
    found = html.page_lines(page)
    return [
        [replace(ln, text=_STEP.sub("", ln.text) or ln.text, lead=_STEP.sub("", ln.lead)) for ln in found]
    ]


def parse(source: Source, page: Page, record: list[html.Line]) -> Call:
    """Turn a page into a call."""
    name = record[0].text
    below.require(page, record, (WHO,), (ABOUT,))
    parts = html.fields(record, _LABELS)
    first = next((i for i, ln in enumerate(record) if i and html.fields([ln], _LABELS)), len(record))
    head = record[1:first]
    context = dates.Context(published=dates.published(html.text_of(record)))
    when = dates.window("\n".join(_joined(head)), context=context)
    if not when.stated:
        if any(
            _STATUS.fullmatch(ln.text) and ln.text.lower().startswith("stängd") for ln in head
        ) and not any(label.lower() in ln.text.lower() for ln in head for label in _DATED):
            raise SkipRecord("closed, and the page does not say since when")
        raise ParseError(f"{name!r}: nothing above the steps says when one can apply")
    ingress = [
        ln.text
        for ln in head
        if not ln.head
        and not _STATUS.fullmatch(ln.text)
        and not html.fields([ln], _DATED)
        and not dates.read(ln.text)
    ]
    about, who = "\n".join(parts.get(ABOUT, ())), "\n".join(parts[WHO])
    about_money = "\n".join(parts.get(MONEY, ()))
    other = next((code for word, code in source.lookups["programme"].items() if word in name.lower()), None)
    return Call(
        source=source.key,
        source_id=below.identifier(source, page.url),
        url=page.url,
        title=name,
        language=source.language,
        family=Family.SECTOR if other else source.family,
        programme=other or source.programme,
        text="\n".join(t for t in (*ingress, about) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the agency's money is for all of Sweden; pages name no places
        action=ActionType.PROJECT,
    )


def _joined(head: list[html.Line]) -> Iterator[str]:
    """Lines with a date's label beside its value, whatever element separates them."""
    label = ""
    for line in head:
        if html.fields([line], _DATED) in [{name: []} for name in _DATED]:
            label = line.text
            continue
        yield f"{label} {line.text}" if label else line.text
        label = ""
