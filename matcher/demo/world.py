"""The demo's publishers on one day: which address answers what, and what a perfect reader would find."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, unquote

from matcher.demo import portal, sites
from matcher.demo.records import Calendar, records
from matcher.domain import Status

HTML = "text/html; charset=utf-8"
JSON = "application/json;charset=UTF-8"
XML = "text/xml;charset=UTF-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response before it is sent."""

    status: int = 200
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publisher says about one fictitious call: the demo's truth.

    ``source_id`` is ``None`` where the publisher gives no identifier; dates are the days a reader
    can find in the publisher's present state.
    """

    source: str
    source_id: str | None
    url: str
    title: str
    language: str
    status: Status
    opens: date | None
    deadlines: tuple[date, ...]
    planned: bool = False
    #: whether the publisher's list or service shows it now
    listed: bool = True


class DemoWorld:
    """All publishers as seen on ``today``; the calls are dated from ``start``, normally the same day.

    A fixed ``start`` lets time pass: statuses change, dates stay.
    """

    def __init__(self, today: date, *, start: date | None = None) -> None:
        self.calendar = Calendar(start=start or today, today=today)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every publisher's host name."""
        return (portal.HOST, sites.GROWTH_HOST, sites.ESF_HOST, sites.INTERREG_HOST, *sites.SEARCH_HOSTS)

    def answer(
        self,
        method: str,
        host: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Answer a request for ``https://host/path?query``; header names are lower case."""
        path, headers = unquote(path), headers or {}
        params = {k: v[0] for k, v in parse_qs(query, keep_blank_values=True).items()}
        if host not in self.hosts:
            return _missing(f"{host} is not a publisher of the demo; known: {', '.join(self.hosts)}")
        if path == "/robots.txt":
            return Answer(body=b"User-agent: *\nAllow: /\n", content_type=TEXT)
        if host == portal.HOST:
            return self._portal(method, path, params, headers.get("content-type", ""), body)
        if host in sites.SEARCH_HOSTS:
            status, data = sites.interreg_search(path, {**params, **headers}, body, self.calendar)
            return _json(data, status)
        if host == sites.GROWTH_HOST and path == sites.GROWTH_RSS:
            return Answer(body=sites.growth_feed(self.calendar).encode(), content_type=XML)
        page = {
            sites.GROWTH_HOST: sites.growth_page,
            sites.ESF_HOST: sites.esf_page,
            sites.INTERREG_HOST: sites.interreg_page,
        }[host](path, self.calendar)
        if page is None:
            return _missing(f"There is no page {path} on {host}")
        return Answer(body=page.encode(), content_type=HTML)

    def _portal(
        self, method: str, path: str, params: Mapping[str, str], content_type: str, body: bytes
    ) -> Answer:
        if path != portal.SEARCH:
            return _missing(f"There is no service {path} on {portal.HOST}")
        if method != "POST":
            return _json({"type": "businessError", "message": "Use POST"}, 405)
        try:
            return _json(portal.search(params, content_type, body, self.calendar))
        except portal.RefusedQuery as error:
            return _json(error.body, error.status)
        except (ValueError, KeyError, TypeError, AttributeError):  # the real service is as vague
            return _json({"type": "throwable", "message": "An internal error occurred"}, 500)

    # --- the truth --------------------------------------------------------------------------------

    def published(self) -> tuple[Published, ...]:
        """Every call of the world, those included that no list shows any more."""
        return (*self._portal_calls(), *self._growth_calls(), *self._esf_calls(), *self._interreg_calls())

    def _portal_calls(self) -> Iterator[Published]:
        day = self.calendar.day
        for call in records().portal.calls:
            cascade = call.kind == "cascade"
            status = portal.status(call, self.calendar)
            yield Published(
                source="eu_portal",
                source_id=call.own_id if cascade else self.calendar.fill(call.id),
                url=portal.url(call, self.calendar),
                title=(call.call_title or "") if cascade else call.title,
                language="en",
                status=status,
                opens=day(call.opens),
                deadlines=tuple(day(c) for c in call.closes),
                listed=status is not Status.CLOSED,
            )

    def _growth_calls(self) -> Iterator[Published]:
        day, base = self.calendar.day, f"https://{sites.GROWTH_HOST}"
        for call in records().tillvaxtverket.calls:
            opens, closes = day(call.opens), day(call.closes)
            status = sites.status(opens, closes, self.calendar.today)
            coming = status is Status.FORTHCOMING
            yield Published(
                source="se_tillvaxtverket",
                source_id=str(call.number),
                url=base + sites.growth_path(call),
                title=call.title,
                language="sv",
                status=status,
                opens=opens if coming else None,
                deadlines=() if coming else (closes,),
            )
        for entry in records().tillvaxtverket.plan.entries:
            opens = day(entry.opens)
            yield Published(
                source="se_tillvaxtverket",
                source_id=None,
                url=base + sites.growth_plan_path(),
                title=entry.goal,
                language="sv",
                status=Status.FORTHCOMING,
                opens=opens.replace(day=1) if entry.month else opens,
                deadlines=() if entry.month or entry.closes is None else (day(entry.closes),),
                planned=True,
            )

    def _esf_calls(self) -> Iterator[Published]:
        day, base = self.calendar.day, f"https://{sites.ESF_HOST}"
        for call in records().esf.calls:
            status = sites.esf_status(call, self.calendar)
            opens = day(call.opens)
            yield Published(
                source="se_esf",
                source_id=None,
                url=base + sites.esf_path(call),
                title=call.title,
                language="sv",
                status=status,
                opens=opens.replace(day=1) if call.form == "coming" else opens,
                deadlines=() if call.closes is None else (day(call.closes),),
                listed=status is not Status.CLOSED,
            )
        for entry in records().esf.plan:
            opens, closes = day(entry.opens), day(entry.closes)
            if entry.months:
                opens, closes = opens.replace(day=1), _last_of_month(closes)
            yield Published(
                source="se_esf",
                source_id=None,
                url=base + sites.ESF_PLAN,
                title=f"{entry.area} {entry.region}",
                language="sv",
                status=Status.FORTHCOMING,
                opens=opens,
                deadlines=(closes,),
                planned=True,
            )

    def _interreg_calls(self) -> Iterator[Published]:
        for call in records().interreg.calls:
            opens, closes = self.calendar.day(call.opens), self.calendar.day(call.closes)
            yield Published(
                source="interreg_eu",
                source_id=f"callForProjectsPage_{call.page}",
                url=f"https://{sites.INTERREG_HOST}{sites.interreg_path(call)}",
                title=call.title,
                language="en",
                status=sites.status(opens, closes, self.calendar.today),
                opens=opens,
                deadlines=(closes,),
            )


def _last_of_month(day: date) -> date:
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date.fromordinal(after.toordinal() - 1)


def _json(data: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(data, ensure_ascii=False).encode(), content_type=JSON)


def _missing(why: str) -> Answer:
    return Answer(status=404, body=why.encode(), content_type=TEXT)
