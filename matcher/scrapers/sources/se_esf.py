"""Svenska ESF-rådet: open and coming calls, their pages, and the plan of coming calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family, Precision
from matcher.errors import ParseError
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

REFERENCE, AREA, REGION, FOCUS = "Diarienummer", "Programområde", "Region", "Inriktning"
PERIOD, WHO, MONEY, ABOUT = (
    "Utlysningsperiod",
    "Vem kan söka?",
    "Utlyst belopp och medfinansiering",
    "Om utlysningen",
)
APPLICANTS, AMOUNT = "Möjliga stödsökanden", "Belopp"
_DATED = (PERIOD, "Öppnar", "Stänger", "Startdatum", "Slutdatum")
_LABELS = (REFERENCE, AREA, REGION, FOCUS, *_DATED, WHO, MONEY, ABOUT, "Så ansöker ni")
_PLAN_LABELS = (PERIOD, AREA, FOCUS, APPLICANTS, AMOUNT)
_MONTHLY = (Precision.MONTH, Precision.MONTH_WITHOUT_YEAR)
_LISTED = re.compile(r"^(?:(?:öppen|kommande|stängd)?\s*utlysning\b|region:)", re.I)


@dataclass(frozen=True)
class Planned:
    """An entry of the plan: its heading ("A1 Stockholm") and the lines under it."""

    title: str
    lines: tuple[html.Line, ...]
    number: int


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of every listed call, and the plan."""
    page = fetch(source.start_url)
    host = urlsplit(page.url).hostname or ""
    listed = html.entries(html.page_lines(page), host)
    calls = {
        e.url: {"kind": "call", "listed": e.text.splitlines()[0]}
        for e in listed
        if any(map(_LISTED.match, e.text.splitlines()))
    }
    plans = {
        e.url: {"kind": "plan"}
        for e in listed
        if e.url not in calls
        and re.search(r"utlysningsplan|planerade utlysningar", f"{e.title} {e.url}", re.I)
    }
    if not calls:
        raise ParseError(f"{page.url}: no link on the list has a status or a region under it")
    yield from fetch.each(list(calls.items()) + list(plans.items()))


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
        out.append(Planned(name, tuple(found[start + 1 : end]), same + 1))
    return out


def parse(source: Source, page: Page, record: Any) -> Call:
    """Turn a call's page or an entry of the plan into a call."""
    return _planned(source, page, record) if isinstance(record, Planned) else _call(source, page, record)


def _call(source: Source, page: Page, found: list[html.Line]) -> Call:
    name = found[0].text
    parts = html.fields(found, _LABELS)
    if WHO not in parts or REGION not in parts:
        raise ParseError(f"{name!r}: no {REGION!r} or no {WHO!r} on the page")
    everything = html.text_of(found)
    first = next((i for i, ln in enumerate(found) if html.fields([ln], (WHO,))), len(found))
    when = _window(found[1:first], dates.Context(published=dates.published(everything)))
    if not when.stated:
        raise ParseError(f"{name!r}: nothing says when one can apply")
    opens = when.opens
    if (
        opens
        and when.opens_precision in _MONTHLY
        and re.match(r"öppen\b", page.notes.get("listed", ""), re.I)
    ):
        opens = opens.replace(day=1)  # it has opened, on a day of that month we are not told
    region = parts[REGION][0] if parts[REGION] else ""
    about_money = "\n".join(parts.get(MONEY, ()))
    area = " ".join(parts.get(AREA, ())[:1])
    focus = " ".join(parts.get(FOCUS, ())[:1])
    about = [
        ln.text
        for ln in found[1:first]
        if not ln.head and not html.fields([ln], _LABELS) and len(ln.text) > 40
    ]
    values = {v[0] for v in parts.values() if v}
    about = [t for t in about if t not in values and not _is_dated(t)]
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language="sv",
        family=Family.STRUCTURAL,
        programme=source.programme,
        programme_name=f"ESF+ programområde {area}" if area else None,
        fund=source.fund,
        text="\n".join(t for t in (*about, focus, *parts.get(ABOUT, ())) if t),
        opens=opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        # "Belopp: 25 miljoner kronor": under this heading a sum without more words is the call's
        **money.call_sums(about_money, unstated_is_total=True),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants("\n".join(parts[WHO])),
        applicants_raw="\n".join(parts[WHO]) or None,
        geography=wording.places(region),
        geography_raw=region or None,
        action=ActionType.PRE_STUDY if re.match(r"förstudie", focus or name, re.I) else ActionType.PROJECT,
        reference=" ".join(parts.get(REFERENCE, ())[:1]) or None,
    )


def _is_dated(text: str) -> bool:
    """Whether a paragraph only says when one can apply."""
    return bool(re.search(r"\butlysning(?:en)?\b[^.]*\b(?:öppen|stäng|öppnar)|ansökningstid", text, re.I))


def _window(found: list[html.Line], context: dates.Context) -> dates.Window:
    """The period from the labelled facts and the sentences beside them."""
    return dates.window("\n".join(_joined(found)), context=context)


def _joined(found: list[html.Line]) -> Iterator[str]:
    """Lines with a date's label beside its value, whatever element separates them."""
    label = ""
    for line in found:
        own = html.fields([line], _DATED)
        if own and not next(iter(own.values())):
            label = line.text
            continue
        yield f"{label} {line.text}" if label else line.text
        label = ""


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
        url=page.url,
        title=entry.title,
        language="sv",
        family=Family.STRUCTURAL,
        programme=source.programme,
        programme_name=f"ESF+ programområde {area}" if area else None,
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
