"""AMIF in Sweden: the entries of Migrationsverket's page of planned calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Precision
from matcher.errors import ParseError
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

MONEY, RATE = "Tillgängliga medel", "Stöd från AMIF"
_DATED = ("Öppnar", "Stänger", "Utlysningsperiod")
_LABELS = (MONEY, "Finansieringsalternativ", RATE, *_DATED, "Projektstart")
_CHOSEN = re.compile(r"\bicke[ -]konkurrerande|\bverkställande utlysning|\bendast migrationsverket\b", re.I)


@dataclass(frozen=True)
class Planned:
    """An entry: its heading, the paragraphs under it, and the labelled facts below those."""

    title: str
    paragraphs: tuple[str, ...]
    facts: tuple[html.Line, ...]
    number: int
    #: the page's address, to this entry where the page has an id for it
    url: str


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the plan."""
    yield fetch(source.start_url)


def split(page: Page) -> list[Any]:
    """One record for each heading with labelled facts under it."""
    found = html.page_lines(page)
    labels = [i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS)]
    starts: list[tuple[int, int]] = []  # of the heading and of the first fact
    free = 1  # the first line that is neither a fact nor the value of one
    for at in labels:
        back = range(at - 1, free - 1, -1)
        # the last heading; where headings are not marked as such, the line above the objective
        heading = next((i for i in back if found[i].head), None) or next(
            (i - 1 for i in back if i > free and found[i].text.startswith("AMIF")), None
        )
        if heading is not None:
            starts.append((heading, at))
        beside = any(html.fields([found[at]], _LABELS).values())
        free = at + (1 if beside else 2)
    if not starts:
        raise ParseError(f"{page.url}: no heading with {MONEY!r}, {_DATED[0]!r} or the like under it")
    out: list[Planned] = []
    for (heading, facts), (end, _) in zip(starts, [*starts[1:], (len(found), 0)], strict=True):
        name = found[heading].text
        same = sum(1 for p in out if p.title == name)
        above = tuple(ln.text for ln in found[heading + 1 : facts])
        out.append(Planned(name, above, tuple(found[facts:end]), same + 1, found[heading].address(page.url)))
    return out


def parse(source: Source, page: Page, record: Planned) -> Call:
    """Turn an entry into a call."""
    parts = {label: values[0] for label, values in html.fields(record.facts, _LABELS).items() if values}
    when = dates.window("\n".join(f"{label} {parts[label]}" for label in _DATED if label in parts))
    if not when.stated:
        raise ParseError(f"{record.title!r}: neither an opening nor a closing day under {', '.join(_DATED)}")
    # without a label: what it is about, beginning with the objective, and last who may apply
    *about, who = record.paragraphs or ("",)
    objective, _, intro = (about[0] if about else "").partition(". ")
    if not objective.startswith("AMIF"):
        objective, intro = "", about[0] if about else ""
    return Call(
        source=source.key,
        source_id=wording.planned_id(urlsplit(page.url).path, record.title, record.number),
        url=record.url,
        title=record.title,
        language="sv",
        family=source.family,
        programme=source.programme,
        programme_name=objective.rstrip(".") or None,
        fund=source.fund,
        text="\n".join(t for t in (intro, *about[1:]) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        # without the exact day of opening it is no more than an announcement
        planned=when.opens_precision is not Precision.DAY,
        **money.call_sums(parts.get(MONEY, ""), unstated_is_total=True),
        **money.rate_fields(money.rate(f"{RATE} {parts[RATE]}") if RATE in parts else None),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        invited_only=bool(_CHOSEN.search(who)),
        geography=("SE",),  # the programme's area is the country; the page does not repeat it
        action=_action(record.title, objective),
    )


def _action(name: str, objective: str) -> ActionType:
    if re.match(r"förstudie", name, re.I):
        return ActionType.PRE_STUDY
    return (
        ActionType.OPERATING_GRANT
        if re.search(r"driftstöd", f"{name} {objective}", re.I)
        else ActionType.PROJECT
    )
