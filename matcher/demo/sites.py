"""The web pages of the demo's Swedish publishers and of interreg.eu."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

from matcher.demo.records import Calendar, EsfCall, GrowthCall, InterregCall, records
from matcher.domain import STOCKHOLM, Status

GROWTH_HOST = "tillvaxtverket.se"
GROWTH_LIST = "/tillvaxtverket/sokfinansiering/utlysningar.1139.html"
GROWTH_RSS = "/4.3409dae11877922a04096d8d/12.3409dae11877922a04096da6.portlet"
ESF_HOST = "www.esf.se"
ESF_LIST = "/utlysningar/"
ESF_PLAN = "/utlysningar/utlysningsplan/"
ESF_HELP = "/att-ansoka/programperiod-2021-2027/ansokningskrav/"
INTERREG_HOST = "www.interreg.eu"
INTERREG_LIST = "/calls-for-projects/"
SEARCH_HOSTS = ("2e032drcns-dsn.algolia.net", "2e032drcns.algolia.net")
SEARCH_APP = "2E032DRCNS"
SEARCH_INDEX = "prod_en-us_content"

AUDIENCE = (
    "Business support organisation",
    "Higher education and research organisations",
    "Interest groups, including NGOs",
    "Local public authority",
    "National public authority",
    "Regional public authority",
)


def status(opens: date, closes: date | None, today: date) -> Status:
    """Forthcoming, open or closed on a day."""
    if opens > today:
        return Status.FORTHCOMING
    return Status.CLOSED if closes is not None and closes < today else Status.OPEN


def sv(day: date, pattern: str = "d MMMM y") -> str:
    """A day in Swedish words."""
    return str(format_date(day, pattern, locale="sv_SE"))


def en(day: date) -> str:
    """A day in English words."""
    return str(format_date(day, "d MMMM y", locale="en_GB"))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("matcher.demo", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(sv=sv, en=en)
    return found


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(name).render(**values)


# --- Tillväxtverket ----------------------------------------------------------------------------


def growth_path(call: GrowthCall) -> str:
    """Where a call's page is; the digits before .html are its stable number."""
    return f"/tillvaxtverket/sokfinansiering/utlysningar/utlysningar/{call.slug}.{call.number}.html"


def growth_plan_path() -> str:
    """Where the timetable is."""
    plan = records().tillvaxtverket.plan
    return f"/tillvaxtverket/sokfinansiering/planeradeutlysningar/{plan.slug}.{plan.number}.html"


def growth_status_line(call: GrowthCall, calendar: Calendar) -> str:
    """A coming call shows only when it opens, any other only when it closes."""
    opens, closes = calendar.day(call.opens), calendar.day(call.closes)
    match status(opens, closes, calendar.today):
        case Status.FORTHCOMING:
            return f"Öppnar {sv(opens)}"
        case Status.OPEN:
            return f"Stänger {sv(closes)}"
    return f"Stängd {sv(closes)}"


def growth_page(path: str, calendar: Calendar) -> str | None:
    """List, timetable or call, or ``None``."""
    calls, plan = records().tillvaxtverket.calls, records().tillvaxtverket.plan
    if path == GROWTH_LIST:
        rows = [(f"https://{GROWTH_HOST}{growth_path(c)}", c, growth_status_line(c, calendar)) for c in calls]
        plan_url = f"https://{GROWTH_HOST}{growth_plan_path()}"
        return _render("growth_list.html.j2", rows=rows, plan=plan, plan_url=plan_url)
    if path == growth_plan_path():
        return _render("growth_plan.html.j2", plan=plan, years=_growth_years(calendar))
    for call in calls:
        if growth_path(call) == path:
            line, published = growth_status_line(call, calendar), _published(call.opens, calendar)
            return _render("growth_call.html.j2", call=call, line=line, published=published)
    return None


def _growth_years(calendar: Calendar) -> dict[int, list[tuple[str, str]]]:
    """Year → (heading, sentence) of the timetable, in the order of opening."""
    years: dict[int, list[tuple[str, str]]] = {}
    for entry in records().tillvaxtverket.plan.entries:
        opens = calendar.day(entry.opens)
        closes = None if entry.closes is None else calendar.day(entry.closes)
        if entry.month or closes is None:
            when = f"{opens:%Y-%m} (prel.)"
        else:
            when = f"{sv(opens, 'd MMMM' if opens.year == closes.year else 'd MMMM y')} - " + (
                sv(closes, "d MMMM" if opens.year == closes.year else "d MMMM y")
            )
        heading = sv(opens, "MMMM").capitalize()
        if closes is not None and closes.month != opens.month:
            heading += f" till {sv(closes, 'MMMM')}"
        years.setdefault(opens.year, []).append((heading, f"{entry.goal}. {when}. {entry.text}"))
    return years


def growth_feed(calendar: Calendar) -> str:
    """The RSS: title, link and publication date of the newest calls, no deadlines."""
    rows = []
    for call in records().tillvaxtverket.calls:
        if calendar.day(call.closes) >= calendar.today:
            published = datetime.combine(_published(call.opens, calendar), time(9, 30), STOCKHOLM)
            rows.append((published, call.title, f"https://{GROWTH_HOST}{growth_path(call)}"))
    rows.sort(reverse=True)
    items = [(title, link, format_datetime(published)) for published, title, link in rows[:12]]
    return _render("growth_feed.xml.j2", items=items)


def _published(opens: int, calendar: Calendar) -> date:
    """Published a week before the call opens, but not after the world's first day."""
    return min(calendar.day(opens) - timedelta(days=7), calendar.start - timedelta(days=1))


# --- ESF-rådet -----------------------------------------------------------------------------------


def esf_path(call: EsfCall) -> str:
    """Where a call's page is."""
    return f"{ESF_LIST}{call.slug}/"


def esf_status(call: EsfCall, calendar: Calendar) -> Status:
    """Forthcoming, open or closed."""
    closes = None if call.closes is None else calendar.day(call.closes)
    return status(calendar.day(call.opens), closes, calendar.today)


def esf_period(opens: date, closes: date, months: bool = False) -> str:
    """``30 juli – 15 oktober 2026``: the first year is left out when it is the second."""
    last = "MMMM y" if months else "d MMMM y"
    first = last.removesuffix(" y") if opens.year == closes.year else last
    return f"{sv(opens, first)} – {sv(closes, last)}"


def esf_page(path: str, calendar: Calendar) -> str | None:
    """List, plan, guidance or call, or ``None``."""
    calls = records().esf.calls
    if path == ESF_LIST:
        kinds = [(Status.OPEN, "Öppna utlysningar", "Öppen utlysning")]
        kinds += [(Status.FORTHCOMING, "Kommande utlysningar", "Kommande utlysning")]
        groups = [
            (heading, word, [c for c in calls if esf_status(c, calendar) is wanted])
            for wanted, heading, word in kinds
        ]
        return _render("esf_list.html.j2", groups=groups, base=f"https://{ESF_HOST}")
    if path == ESF_PLAN:
        rows = [
            (p, esf_period(calendar.day(p.opens), calendar.day(p.closes), p.months))
            for p in records().esf.plan
        ]
        return _render("esf_plan.html.j2", rows=rows)
    if path == ESF_HELP:
        return _render("esf_help.html.j2")
    for call in calls:
        if esf_path(call) == path:
            opens = calendar.day(call.opens)
            closes = None if call.closes is None else calendar.day(call.closes)
            return _render(
                "esf_call.html.j2",
                call=call,
                opens=opens,
                closes=closes,
                reference=calendar.fill(call.reference),
                period=None if closes is None else esf_period(opens, closes),
                published=_published(call.opens, calendar),
            )
    return None


# --- interreg.eu -----------------------------------------------------------------------------------


def interreg_path(call: InterregCall) -> str:
    """Where a call's page is."""
    plain = unicodedata.normalize("NFKD", call.title.lower()).encode("ascii", "ignore").decode()
    return f"{INTERREG_LIST}{re.sub('[^a-z0-9]+', '-', plain).strip('-')}/"


def search_key(calendar: Calendar) -> str:
    """The search key, which the publisher changes from day to day."""
    return hashlib.sha256(f"demo {calendar.today}".encode()).hexdigest()[:32]


def interreg_page(path: str, calendar: Calendar) -> str | None:
    """The calls page with the search's settings, or a call, or ``None``."""
    if path == INTERREG_LIST:
        return _render("interreg_list.html.j2", app=SEARCH_APP, key=search_key(calendar), index=SEARCH_INDEX)
    for call in records().interreg.calls:
        if interreg_path(call) == path:
            return _render(
                "interreg_call.html.j2",
                call=call,
                opens=calendar.day(call.opens),
                closes=calendar.day(call.closes),
                audience=AUDIENCE,
            )
    return None


def interreg_hit(call: InterregCall, calendar: Calendar) -> dict[str, Any]:
    """A call as the search index returns it; dates are midnight UTC and mean a day."""
    opens, closes = calendar.day(call.opens), calendar.day(call.closes)
    changed = datetime.combine(_published(call.opens, calendar), time(9), UTC)
    return {
        "pageId": call.page,
        "contentType": "callForProjectsPage",
        "siteSection": "Open & Coming Calls",
        "contentUrl": interreg_path(call),
        "nodeName": call.title,
        "title": call.title,
        "updatedDate": changed.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "filterDate": int(changed.timestamp() * 1000),
        "themes": call.themes,
        "callThemes": call.themes,
        "countries": call.countries,
        "targetAudience": list(AUDIENCE),
        "callStatus": str(status(opens, closes, calendar.today)).capitalize(),
        "callOpenDate": f"{opens}T00:00:00Z",
        "callDeadlineDate": f"{closes}T00:00:00Z",
        "callEligibleCountryNames": call.countries,
        "callEligibleCountryNuts": sorted({code[:2] for code in call.regions}),
        "callEligibleRegionNames": list(call.regions.values()),
        "callEligibleRegionNuts": list(call.regions),
        "callExternalUrl": f"https://programme.example/{call.page}",
        "associatedProgrammes": [call.programme],
        "objectID": f"callForProjectsPage_{call.page}",
    }


def interreg_search(path: str, given: Mapping[str, str], body: bytes, calendar: Calendar) -> tuple[int, Any]:
    """Answer the search host: status and JSON. ``given``: query parameters and lower-case headers."""
    if given.get("x-algolia-application-id") != SEARCH_APP or given.get("x-algolia-api-key") != search_key(
        calendar
    ):
        return 403, {"message": "Invalid Application-ID or API key", "status": 403}
    try:
        asked = json.loads(body)
        if path == f"/1/indexes/{SEARCH_INDEX}/query":
            return 200, _hits(asked, calendar)
        if path == "/1/indexes/*/queries":
            return 200, {"results": [_hits(q, calendar) for q in asked["requests"]]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return 400, {"message": str(error), "status": 400}
    return 404, {"message": "Path not found", "status": 404}


def _hits(asked: Mapping[str, Any], calendar: Calendar) -> dict[str, Any]:
    """One page of hits; of filters only the content type is known, and every call has the same."""
    params = {k: v[0] for k, v in parse_qs(asked.get("params", "")).items()} | dict(asked)
    filters = str(params.get("filters", ""))
    if filters and "contentType" not in filters:
        raise ValueError(f"filters: unexpected token {filters!r}")
    found = [interreg_hit(c, calendar) for c in records().interreg.calls]
    size, page = int(params.get("hitsPerPage", 20)), int(params.get("page", 0))
    return {
        "hits": found[page * size : (page + 1) * size],
        "nbHits": len(found),
        "page": page,
        "nbPages": -(-len(found) // size),
        "hitsPerPage": size,
        "exhaustiveNbHits": True,
        "query": params.get("query", ""),
        "index": SEARCH_INDEX,
        "processingTimeMS": 1,
    }
