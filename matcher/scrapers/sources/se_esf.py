"""Svenska ESF-rådet: open and coming calls, their pages, and the plan of coming calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family, Precision
from matcher.errors import ParseError
from matcher.scrapers import dates, html, labelled_page, linked_pages, money, wording
from matcher.scrapers.source import Fetch, Page, Source

REFERENCE, AREA, REGION, FOCUS = "Diarienummer", "Programområde", "Region", "Inriktning"
PERIOD, WHO, MONEY, ABOUT, HOW = (
    "Utlysningsperiod",
    "Vem kan söka?",
    "Utlyst belopp och medfinansiering",
    "Om utlysningen",
    "Så ansöker ni",
)
APPLICANTS, AMOUNT = "Möjliga stödsökanden", "Belopp"
_DATED = (PERIOD, "Öppnar", "Stänger", "Startdatum", "Slutdatum")
_FACTS = (REFERENCE, AREA, REGION, FOCUS, *_DATED)
_PLAN_LABELS = (PERIOD, AREA, FOCUS, APPLICANTS, AMOUNT)
_PLAN = re.compile(r"utlysningsplan|planerade utlysningar", re.I)
_LISTED = re.compile(r"^(?:(?:öppen|kommande|stängd)?\s*utlysning\b|region:)", re.I)


@dataclass(frozen=True)
class Planned:
    """An entry of the plan: its heading ("A1 Stockholm") and the lines under it."""

    title: str
    lines: tuple[html.Line, ...]
    number: int
    #: the page's address, to this entry where the page has an id for it
    url: str


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every listed call, and the plan."""
    calls, plans = linked_pages.calls_and_plans(fetch(source.start_url), status=_LISTED, plan=_PLAN)
    yield from fetch.each([*calls.items(), *plans.items()])


def split(page: Page) -> list[Any]:
    """One record for a call's page, one for each entry of the plan."""
    found = html.page_lines(page)
    if page.notes.get("kind") != "plan":
        return [found]
    starts = [i - 1 for i, ln in enumerate(found) if i > 1 and html.fields([ln], (PERIOD,))]
    if not starts:
        raise ParseError(f"{page.url}: the plan has no {PERIOD!r}")
    out: list[Planned] = []
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        name = found[start].text
        same = sum(1 for p in out if p.title == name)
        out.append(Planned(name, tuple(found[start + 1 : end]), same + 1, found[start].address(page.url)))
    return out


def parse(source: Source, page: Page, record: Any) -> Call:
    """Turn a call's page or an entry of the plan into a call."""
    return _planned(source, page, record) if isinstance(record, Planned) else _call(source, page, record)


def _call(source: Source, page: Page, found: list[html.Line]) -> Call:
    own = labelled_page.read(page, found, (WHO, MONEY, ABOUT, HOW))
    facts = html.fields(own.head, _FACTS)
    if WHO not in own.parts or REGION not in facts:
        raise ParseError(f"{own.title!r}: no {REGION!r} or no {WHO!r} on the page")
    when = own.window(*labelled_page.joined(own.head, _DATED))
    monthly = when.opens_precision in (Precision.MONTH, Precision.MONTH_WITHOUT_YEAR)
    if when.opens and monthly and re.match(r"öppen\b", page.notes.get("status", ""), re.I):
        when = replace(when, opens=when.opens.replace(day=1))  # it has opened, on a day we are not told
    region, area, focus, reference = (
        " ".join(facts.get(k, ())[:1]) for k in (REGION, AREA, FOCUS, REFERENCE)
    )
    values = {v[0] for v in facts.values() if v}
    about = [
        ln.text
        for ln in own.head
        if not (ln.head or html.fields([ln], _FACTS) or ln.text in values or _is_dated(ln.text))
        and len(ln.text) > 40
    ]
    return own.call(
        source,
        when,
        who=own.under(WHO),
        # "Belopp: 25 miljoner kronor": under this heading a sum without more words is the call's
        about_money=own.under(MONEY),
        unstated_is_total=True,
        programme_name=_area(area),
        text=labelled_page.paragraphs(*about, focus, own.under(ABOUT)),
        conditions=own.under(HOW) or None,
        geography=wording.places(region),
        geography_raw=region or None,
        action=wording.action(own.title, focus),
        reference=reference or None,
    )


def _area(letter: str) -> str | None:
    return f"ESF+ programområde {letter}" if letter else None


def _is_dated(text: str) -> bool:
    """Whether a paragraph only says when one can apply."""
    return bool(re.search(r"\butlysning(?:en)?\b[^.]*\b(?:öppen|stäng|öppnar)|ansökningstid", text, re.I))


def _planned(source: Source, page: Page, entry: Planned) -> Call:
    parts = html.fields(entry.lines, _PLAN_LABELS)
    period = " ".join(parts[PERIOD][:1])
    when = dates.window(period, bare=dates.Kind.OPENS)
    if not when.stated:
        raise ParseError(f"{entry.title!r}: cannot read the period {period!r}")
    applicants = " ".join(parts.get(APPLICANTS, ())[:1])
    area = " ".join(parts.get(AREA, ())[:1])
    geography = wording.places(entry.title)
    return Call(
        source=source.key,
        source_id=wording.planned_id(urlsplit(page.url).path, entry.title, entry.number),
        url=entry.url,
        title=entry.title,
        language="sv",
        family=Family.STRUCTURAL,
        programme=source.programme,
        programme_name=_area(area),
        fund=source.fund,
        text=" ".join(parts.get(FOCUS, ())[:1]),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        planned=True,
        **money.call_sums(" ".join(parts.get(AMOUNT, ())[:1]), unstated_is_total=True),
        applicants=wording.applicants(applicants),
        applicants_raw=applicants or None,
        geography=geography,
        geography_raw=entry.title if geography else None,
        action=ActionType.PROJECT,
    )
