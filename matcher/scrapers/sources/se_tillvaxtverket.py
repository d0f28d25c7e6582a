"""Tillväxtverket: the list of calls, their pages, the feed as a cross-check, and the plan pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, labelled_page, linked_pages, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, MONEY, ABOUT = (
    "Vem kan söka?",
    "Vad kan ni söka för?",
    "Hur mycket kan ni få i stöd?",
    "Vad handlar erbjudandet om?",
)
#: the same on older pages of the site
WHO_OLD, WHAT_OLD, MONEY_OLD = "Vem?", "Vad?", "Hur mycket?"
_MARKS = {WHO, WHO_OLD, MONEY, MONEY_OLD}
_PLAN = re.compile(r"planera", re.I)
_STATUS = re.compile(r"^\s*(?:öppnar|stänger|stängd|öppen|ansök\b)", re.I)


@dataclass(frozen=True)
class Planned:
    """An entry of a plan page: a sentence that names it and the words about when."""

    title: str
    text: str
    year: int | None
    page_title: str
    number: int = 1


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every listed call, of calls that only the feed has, and the plan pages."""
    calls, plans = linked_pages.calls_and_plans(fetch(source.start_url), status=_STATUS, plan=_PLAN)
    linked_pages.add_from_feed(
        source, fetch, calls, keep=lambda e: "/utlysningar/" in e.url and e.url not in plans
    )
    yield from fetch.each([*calls.items(), *plans.items()])


def split(page: Page) -> list[Any]:
    """One record for a call's page, one for each entry of a plan page."""
    found = html.page_lines(page)
    heading = found[0].text
    if page.notes.get("kind") != "plan":
        return [found]
    entries: list[Planned] = []
    year: int | None = None
    for line in found[1:]:
        if re.fullmatch(r"20\d\d", line.text):
            year = int(line.text)
            continue
        if line.head:
            continue
        name, *rest = wording.sentences(line.text)
        if rest and not dates.read(name) and _when(" ".join(rest), year).stated:
            name = name.rstrip(".")
            same = sum(1 for e in entries if e.title == name)
            entries.append(Planned(name, " ".join(rest), year, heading, same + 1))
    if not entries:
        raise ParseError(f"{page.url}: no planned call found on the plan page")
    return entries


def _when(text: str, year: int | None) -> dates.Window:
    return dates.window(text, context=dates.Context(year=year), bare=dates.Kind.OPENS)


def parse(source: Source, page: Page, record: Any) -> Call:
    """Turn a call's page or an entry of a plan into a call."""
    return _planned(source, page, record) if isinstance(record, Planned) else _call(source, page, record)


def _call(source: Source, page: Page, found: list[html.Line]) -> Call:
    own = labelled_page.read(page, found, (WHO, WHO_OLD, WHAT, WHAT_OLD, MONEY, MONEY_OLD, ABOUT))
    if "found" in page.notes and not own.parts.keys() & _MARKS:
        raise SkipRecord("in the feed, but not a call: neither who may apply nor how much")
    if not own.parts.keys() & _MARKS:
        raise ParseError(f"{own.title!r}: neither {WHO!r} nor {MONEY!r} on the page")
    everything = html.text_of(found)
    status = [ln.text for ln in own.head if _STATUS.match(ln.text)]
    context = dates.Context(published=dates.published(everything))
    stated = dates.window("\n".join(status), context=context).stated
    when = own.window(*(status if stated else [html.text_of(own.head)]))
    named = [ln.text for ln in own.head if wording.only_places(ln.text)]
    geography = wording.places(", ".join(named))
    programme, fund, family = _programme(source, geography, everything)
    ingress = [ln.text for ln in own.head if ln.text not in (*named, *status)]
    what = own.under(WHAT, WHAT_OLD)
    return own.call(
        source,
        when,
        who=own.under(WHO, WHO_OLD),
        about_money=own.under(MONEY, MONEY_OLD),
        source_id=_identifier(page.url),
        family=family,
        programme=programme,
        fund=fund,
        text=labelled_page.paragraphs(*ingress, what, own.under(ABOUT)),
        geography=geography,
        geography_raw=", ".join(wording.place_names(", ".join(named))) or None,
        action=_action(own.title, what),
        links=tuple(dict.fromkeys(link for ln in found for link in ln.links if link.endswith(".pdf"))),
    )


def _programme(
    source: Source, geography: tuple[str, ...], text: str
) -> tuple[str | None, str | None, Family]:
    """The pages do not name the programme; the places do, unless the text names another fund."""
    if re.search(r"fonden för en rättvis omställning|\bFRO\b|\bJTF\b", text, re.I):
        return "jtf", "jtf", Family.STRUCTURAL
    if geography == ("SE",):
        if re.search(r"regionalfond|urban|\bstäder", text, re.I):
            return "erdf-national", "erdf", Family.STRUCTURAL
        return "national-other", None, Family.NATIONAL
    area = wording.area_of(geography)
    return (source.lookup("programme", area) if area else None), "erdf", Family.STRUCTURAL


def _action(name: str, what: str) -> ActionType:
    """Only a call for nothing but pre-studies is one; most take projects and pre-studies."""
    studies = re.search(r"förstudie", f"{name} {what}", re.I)
    projects = re.search(r"(?<!förbereder )\b\w*projekt(?!idé)", what, re.I)
    return ActionType.PRE_STUDY if studies and not projects else ActionType.PROJECT


def _identifier(url: str) -> str:
    """The page number of the site ("….6480.html"), else the last part of the address."""
    last = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
    number = re.search(r"\.([0-9a-f]{3,})$", last)
    return number[1] if number else last


def _planned(source: Source, page: Page, entry: Planned) -> Call:
    geography = wording.places(entry.page_title)
    area = wording.area_of(geography)
    when = _when(entry.text, entry.year)
    return Call(
        source=source.key,
        source_id=wording.planned_id(urlsplit(page.url).path, entry.title, entry.number),
        url=page.url,
        title=entry.title,
        language="sv",
        family=Family.STRUCTURAL,
        programme=source.lookup("programme", area) if area else None,
        fund="erdf",
        text=entry.text,
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        planned=True,
        applicants=wording.applicants(entry.text),
        geography=geography,
        geography_raw=entry.page_title if geography else None,
        action=ActionType.PROJECT,
    )
