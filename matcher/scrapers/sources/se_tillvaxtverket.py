"""Tillväxtverket: the list of calls, their pages, the feed as a cross-check, and the plan pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

WHO, WHAT, MONEY, ABOUT = (
    "Vem kan söka?",
    "Vad kan ni söka för?",
    "Hur mycket kan ni få i stöd?",
    "Vad handlar erbjudandet om?",
)
#: older pages of the site have shorter headings
_SAME = {"Vem?": WHO, "Vad?": WHAT, "Hur mycket?": MONEY}
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
    page = fetch(source.start_url)
    host = urlsplit(page.url).hostname or ""
    listed = html.entries(html.page_lines(page), host)
    calls = {e.url: {"kind": "call"} for e in listed if any(map(_STATUS.match, e.text.splitlines()))}
    if not calls:
        raise ParseError(f"{page.url}: no link on the list has a status line (Öppnar, Stänger) under it")
    plans = {
        e.url: {"kind": "plan"}
        for e in listed
        if e.url not in calls and re.search(r"planera", f"{e.title} {e.url}", re.I)
    }
    for feed in fetch.each([(source.urls["feed"], {})]):
        for url in _feed(feed):
            if urlsplit(url).hostname == host and url not in plans:
                calls.setdefault(url, {"kind": "call", "found": "only in the feed, not in the list"})
    yield from fetch.each(list(calls.items()) + list(plans.items()))


def _feed(page: Page) -> Iterator[str]:
    """Links of the feed's items that are calls."""
    items = BeautifulSoup(page.body, "xml").find_all("item")
    if not items and b"<rss" not in page.body[:2000]:
        raise ParseError(f"{page.url}: not a feed")
    for item in items:
        link = item.find("link")
        if link is not None and "/utlysningar/" in link.get_text():
            yield urljoin(page.url, link.get_text(strip=True))


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
    name = found[0].text
    parts: dict[str, str] = {}
    for label, texts in html.fields(found, (WHO, WHAT, MONEY, ABOUT, *_SAME)).items():
        parts.setdefault(_SAME.get(label, label), "\n".join(_without_stamp(texts)))
    if WHO not in parts and MONEY not in parts:
        if "found" in page.notes:
            raise SkipRecord("in the feed, but not a call: neither who may apply nor how much")
        raise ParseError(f"{name!r}: neither {WHO!r} nor {MONEY!r} on the page")
    first = next(
        (i for i, ln in enumerate(found) if i and html.fields([ln], (WHO, WHAT, *_SAME))), len(found)
    )
    head = found[1:first]
    everything = html.text_of(found)
    context = dates.Context(published=dates.published(everything))
    status = [ln.text for ln in head if _STATUS.match(ln.text)]
    when = dates.window("\n".join(status), context=context)
    if not when.stated:
        when = dates.window(html.text_of(head), context=context)
    if not when.stated:
        raise ParseError(f"{name!r}: no status line (Öppnar, Stänger, Stängd) above the text")
    named = [ln.text for ln in head if wording.only_places(ln.text)]
    geography = wording.places(", ".join(named))
    programme, fund, family = _programme(source, geography, everything)
    about_money = parts.get(MONEY, "")
    ingress = [ln.text for ln in head if ln.text not in named and ln.text not in status]
    what = parts.get(WHAT, "")
    return Call(
        source=source.key,
        source_id=_identifier(page.url),
        url=page.url,
        title=name,
        language="sv",
        family=family,
        programme=programme,
        fund=fund,
        text="\n".join(t for t in (*ingress, what, parts.get(ABOUT, "")) if t),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(parts.get(WHO, "")),
        applicants_raw=parts.get(WHO) or None,
        geography=geography,
        geography_raw=", ".join(wording.place_names(", ".join(named))) or None,
        action=_action(name, what),
        links=tuple(dict.fromkeys(link for ln in found for link in ln.links if link.endswith(".pdf"))),
    )


def _without_stamp(texts: list[str]) -> list[str]:
    """Without the line that says when the page was published, and links to documents below it."""
    return [t for t in texts if not re.match(r"(?:- )?(?:Publicerad|Senast uppdaterad|Utlysningstext)\b", t)]


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
