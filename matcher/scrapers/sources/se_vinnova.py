"""Vinnova: the rounds of its calls, from the open data service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from matcher.domain import STOCKHOLM, ActionType, Call, Deadline, Family, Precision
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

#: rounds that have not changed for longer than this are long closed
_YEARS = 3
_NO_DATE = "1900-01-01"
_WHO = re.compile(
    r"koordin|kan\s+(?:ni\s+|du\s+)?(?:söka|ansöka|anmäla)|riktar\s+sig\s+till|sökande|\bvem\s+kan\b", re.I
)
_MONEY = re.compile(r"kronor|\bkr\b|\bmkr\b|\bSEK\b|finansier|kostnad|bidrag", re.I)
_TOGETHER = re.compile(r"\b(?:tillsammans|i\s+samverkan|i\s+samarbete)\s+med\b[^.]*", re.I)
_NOT_COORDINATOR = re.compile(r"inte\s+(?:vara\s+)?koordin", re.I)


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the rounds, with the titles of the calls and programmes they belong to."""
    programmes = fetch(source.start_url)
    since = f"{programmes.fetched_at.year - _YEARS}-01-01"
    calls = fetch(source.urls["calls"] + since)
    names = {"programmes": _titles(programmes), "calls": _titles(calls)}
    yield replace(fetch(source.urls["rounds"] + since), notes=names)


def own_page(source: Source, call: Call) -> str:
    """The service gives one round by its number; ``Call.url`` is a page for people."""
    return source.urls["rounds"] + call.source_id


def _titles(page: Page) -> dict[str, str]:
    return {r["Diarienummer"]: name for r in split(page) if (name := _name(r.get("Titel")))}


def split(page: Page) -> list[dict[str, Any]]:
    """The records of an answer; an empty answer is a fault of the service, not the absence of calls."""
    answer = page.json
    if not isinstance(answer, list) or not answer:
        raise ParseError(f"{page.url}: the answer holds no list of records")
    for record in answer:
        if not (isinstance(record, dict) and record.get("Diarienummer")):
            raise ParseError(f"{page.url}: a record without Diarienummer")
    return list(answer)


def parse(source: Source, page: Page, record: dict[str, Any]) -> Call:
    """Turn a round into a call."""
    number = str(record["Diarienummer"])
    if _need(record, "Publik") in (0, False, "0"):
        raise SkipRecord("only for parties that Vinnova has invited")
    call_title = page.notes.get("calls", {}).get(record.get("DiarienummerUtlysning"))
    title = _name(record.get("Titel")) or call_title or _name(record.get("TitelEngelska"))
    if not title:
        raise ParseError(f"{number}: no title")
    opens, closes = (_moment(record, key) for key in ("Oppningsdatum", "Stangningsdatum"))
    texts = [_text(record.get("Beskrivning"))]
    texts += [_text(part.get("TextSv")) for part in _list(record, "WebTextLista")]
    text = "\n".join(dict.fromkeys(t for t in texts if t))
    sentences = list(wording.sentences(text))
    about_money = "\n".join(s for s in sentences if _MONEY.search(s))
    who = [s for s in sentences if _WHO.search(s)]
    able = "\n".join(_TOGETHER.sub("", s) for s in who if not _NOT_COORDINATOR.search(s))
    links = [_address(x.get("URL"), page) for x in _list(record, "LankLista")]
    links += [_address(x.get("fileURL"), page) for x in _list(record, "DokumentLista")]
    own = _address(record.get("Webbsida"), page)
    url = own or next(filter(None, links), source.url)
    return Call(
        source=source.key,
        source_id=number,
        url=url,
        title=title,
        language=source.language,
        family=Family.NATIONAL,
        programme=source.programme,
        programme_name=page.notes.get("programmes", {}).get(record.get("DiarienummerProgram")),
        call_title=call_title,
        text=text,
        opens=opens.date() if opens else None,
        opens_precision=Precision.DAY if opens else None,
        deadlines=(_deadline(closes),) if closes else (),
        **money.call_sums(about_money),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(able),
        applicants_raw="\n".join(who) or None,
        geography=("SE",),  # Vinnova's money is for all of Sweden; the data have no field for places
        consortium=wording.consortium(text),
        action=ActionType.PRE_STUDY
        if re.search(r"förstudie|förberedelseprojekt|planeringsbidrag", title, re.I)
        else ActionType.PROJECT,
        reference=number,
        links=tuple(dict.fromkeys(x for x in links if x and x != url)),
    )


def _need(record: Mapping[str, Any], key: str) -> Any:
    if key not in record:
        raise ParseError(f"{record['Diarienummer']}: the field {key} is missing")
    return record[key]


def _list(record: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    values = record.get(key) or []
    if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
        raise ParseError(f"{record['Diarienummer']}: {key} is no list of records")
    return values


def _address(value: Any, page: Page) -> str:
    return html.web_address(str(value), page.url) if value else ""


def _name(value: Any) -> str | None:
    """A title; the service writes "x" where there is none."""
    name = html.tidy(str(value or ""))
    return None if name.casefold() in ("", "x") else name


def _text(value: Any) -> str:
    return html.html_text(str(value)) if value else ""


def _moment(record: Mapping[str, Any], key: str) -> datetime | None:
    """A time stamp without zone, which is Swedish time; the year 1900 and an empty field mean no date."""
    text = str(_need(record, key) or _NO_DATE).strip()
    day = dates.day(text)
    if day <= date.fromisoformat(_NO_DATE):
        return None
    clock = re.fullmatch(r"[^T ]+[T ](\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?", text)
    if not clock:
        if text != day.isoformat():
            raise ParseError(f"{record['Diarienummer']}: {key} {text!r} is not a Swedish time without zone")
        return datetime(day.year, day.month, day.day, tzinfo=STOCKHOLM)
    try:
        return datetime(day.year, day.month, day.day, int(clock[1]), int(clock[2]), tzinfo=STOCKHOLM)
    except ValueError:
        raise ParseError(f"{record['Diarienummer']}: {key} {text!r} is not a time") from None


def _deadline(at: datetime) -> Deadline:
    """Midnight is how a database writes a day."""
    if (at.hour, at.minute) == (0, 0):
        return dates.end_of(at.date(), STOCKHOLM)
    return Deadline(at=at, precision=Precision.TIME)
