"""EU Funding & Tenders Portal: topics, cascade funding and external-action calls from its search index.

The index lists a call in every language and keeps old copies; sorting on a field drops the records
without it, and ties that fill more than a page come in another order on each page. ``crawl`` therefore
reads until the references it has seen are as many as the unsorted total, and fails otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from matcher.domain import BRUSSELS, ActionType, Call, Deadline, DeadlineModel, Family, Money, Precision
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

PORTAL = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/"
WEBGATE = "https://webgate.ec.europa.eu/prospect/external/publishedcalls.htm?callId="
TOPIC, EXTERNAL, CASCADE = "1", "2", "8"
#: the field each type is sorted by; the next ones are tried when the first left records out
_SORTS = {
    TOPIC: ("identifier", "ccm2Id", "startDate"),
    EXTERNAL: ("callIdentifier", "identifier", "startDate"),
    CASCADE: ("callccm2Id", "projectAcronym", "startDate"),
}
_LIVE = ["31094501", "31094502"]  # forthcoming, open; which of them is decided by the dates
_SIZE = 100  # the service gives no more


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the result pages of each type, with notes on which records count."""
    for kind in _SORTS:
        yield from _complete(source, fetch, kind)


def own_page(source: Source, call: Call) -> str | None:
    """The file behind a topic's page; the pages themselves are one program that answers to any address."""
    return f"{source.urls['topic']}{call.source_id.lower()}.json" if "/topic-details/" in call.url else None


def _query(kind: str) -> dict[str, Any]:
    must = [{"terms": {"type": [kind]}}, {"terms": {"status": _LIVE}}, {"terms": {"DATASOURCE": ["SEDIA"]}}]
    return {"bool": {"must": must}}


def _search(
    source: Source, fetch: Fetch, kind: str, *, page: int = 1, size: int = 1, sort: str | None = None
) -> Page:
    parts: dict[str, Any] = {"query": _query(kind), "languages": ["en"]}
    if sort:
        parts["sort"] = {"field": sort, "order": "ASC"}
    return fetch(
        source.start_url,
        params={"pageSize": str(size), "pageNumber": str(page)},
        multipart=parts,
        notes={"type": kind},
    )


def _complete(source: Source, fetch: Fetch, kind: str) -> list[Page]:
    """All pages of a type, once it is proved that they hold every record.

    Raises:
        ParseError: the total cannot be reached, or moved while reading.
    """
    total = _total(_search(source, fetch, kind))
    pages: list[Page] = []
    seen: dict[str, tuple[str, str]] = {}  # not the records, which would all stay in memory
    for sort in (*_SORTS[kind], None):
        for number in range(1, -(-total // _SIZE) + 1):
            page = _search(source, fetch, kind, page=number, size=_SIZE, sort=sort)
            results = _results(page)
            new = {r["reference"]: _call_and_rank(r, kind) for r in results if r["reference"] not in seen}
            pages.append(replace(page, notes={"type": kind, "references": frozenset(new)}))
            seen |= new
            if not results:
                break
        if len(seen) >= total:
            break
    after = _total(_search(source, fetch, kind))
    if after != total:
        raise ParseError(f"type {kind}: the portal reported {total} records at first and {after} at the end")
    if len(seen) != total:
        raise ParseError(f"type {kind}: the portal reported {total} records, fetched {len(seen)}")
    best = _newest(seen)
    return [replace(p, notes={"type": kind, "references": p.notes["references"] & best}) for p in pages]


def _call_and_rank(result: dict[str, Any], kind: str) -> tuple[str, str]:
    """Which call a document is about, and when it was made."""
    data = result["metadata"]
    call = _first(data, "callccm2Id" if kind == CASCADE else "identifier") or result["reference"]
    return call, _first(data, "esDA_IngestDate") or ""


def _newest(seen: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """One reference per call: updates and further actions of an identifier are documents of their own."""
    best: dict[str, tuple[str, str]] = {}
    for reference, (call, made) in seen.items():
        best[call] = max(best.get(call, (made, reference)), (made, reference))
    return frozenset(reference for _, reference in best.values())


def _answer(page: Page) -> dict[str, Any]:
    answer = page.json
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise ParseError(f"{page.url}: not a search result{f' but the message {said!r}' if said else ''}")
    return answer


def _total(page: Page) -> int:
    total = _answer(page).get("totalResults")
    if not isinstance(total, int):
        raise ParseError(f"{page.url}: totalResults is missing")
    return total


def _results(page: Page) -> list[dict[str, Any]]:
    results = _answer(page)["results"]
    for result in results:
        if not (
            isinstance(result, dict) and isinstance(result.get("metadata"), dict) and result.get("reference")
        ):
            raise ParseError(f"{page.url}: a result without reference or metadata")
    return list(results)


def split(page: Page) -> list[dict[str, Any]]:
    """The records of a result page that count; those seen before or replaced by newer ones do not."""
    wanted = page.notes.get("references")
    return [r for r in _results(page) if wanted is None or r["reference"] in wanted]


def parse(source: Source, page: Page, record: dict[str, Any]) -> Call:  # noqa: ARG001 (a record says all)
    """Turn one search result into a call."""
    data: Mapping[str, Any] = record["metadata"]
    kind = _first(data, "type")
    if _first(data, "DATASOURCE") != "SEDIA" or not _first(data, "status"):
        raise SkipRecord("an archived copy, or a row without content")
    if kind not in _SORTS:
        raise SkipRecord(f"type {kind} is no grant")
    identifier = _need(data, "identifier", record)
    code = _need(data, "frameworkProgramme", record)
    programme = source.lookup("programme", code) or None
    conditions = html.html_text(_first(data, "topicConditions") or "")
    common: dict[str, Any] = {
        "source": source.key,
        "language": "en",
        "family": Family.SECTOR,
        "programme": programme,
        "programme_name": None if programme else source.lookup("programme_name", code),
        "fund": source.lookups["fund"].get(programme or ""),  # most sector programmes have none
        "opens": dates.day(_need(data, "startDate", record)),
        "opens_precision": Precision.DAY,
        "deadlines": tuple(_deadline(text, kind) for text in data.get("deadlineDate") or ()),
        "deadline_model": _model(source, data),
        "keywords": _keywords(data),
        "reference": record["reference"],
    }
    if kind == CASCADE:
        return _cascade(common, record, data)
    text = html.html_text(_first(data, "descriptionByte") or "")
    if kind == EXTERNAL:
        number = re.match(r"\d+", record["reference"])
        if not number:
            raise ParseError(f"{record['reference']}: no number for the address of an external-action call")
        return Call(
            **common,
            source_id=identifier,
            url=WEBGATE + number[0],
            title=html.tidy(_need(data, "title", record)),
            text=text,
        )
    rate = money.rate("\n".join(_funding_rates(f"{conditions}\n{text}")))
    raw = html.tidy(_first(data, "typesOfAction") or "") or None
    return Call(
        **common,
        **_budget(data, identifier),
        source_id=identifier,
        url=f"{PORTAL}topic-details/{identifier}",
        title=html.tidy(_need(data, "title", record)),
        call_title=html.tidy(_first(data, "callTitle") or "") or None,
        text=text,
        conditions=conditions or None,
        consortium=wording.consortium(conditions) or wording.consortium(text),
        **money.rate_fields(rate),
        action=_action(source, raw),
        action_raw=raw,
    )


def _cascade(common: dict[str, Any], record: dict[str, Any], data: Mapping[str, Any]) -> Call:
    """A call of a funded project: identifier, title and address in the index are its parent topic's."""
    own = _need(data, "callccm2Id", record)
    name = html.tidy(str(record.get("summary") or "") or _first(data, "callTitle") or "")
    if not name:
        raise ParseError(f"{record['reference']}: a cascade call without a name of its own")
    texts = (
        html.html_text(_first(data, key) or "")
        for key in ("beneficiaryAdministration", "description", "furtherInformation")
    )
    amount = _first(data, "budget")
    budget = None
    if amount and (value := money.number(amount)):
        budget = Money(amount=value, currency=_first(data, "currency") or "EUR")
    return Call(
        **common,
        source_id=own,
        url=f"{PORTAL}competitive-calls-cs/{own}",
        title=name,
        call_title=html.tidy(_first(data, "title") or "") or None,
        text="\n".join(dict.fromkeys(t for t in texts if t)),
        budget=budget,
        action=ActionType.CASCADE,
    )


def _first(data: Mapping[str, Any], key: str) -> str | None:
    """The first of a field's values; every value of the index is a list of texts."""
    values = data.get(key)
    if isinstance(values, str):
        return values
    return str(values[0]) if isinstance(values, list) and values else None


def _need(data: Mapping[str, Any], key: str, record: dict[str, Any]) -> str:
    if value := _first(data, key):
        return value
    raise ParseError(f"{record['reference']}: the field {key} is missing")


def _deadline(text: str, kind: str) -> Deadline:
    """A topic's clock time is a placeholder; other types carry real ones, written as Brussels time."""
    day = dates.day(text)
    clock = re.match(r"\d{4}-\d\d-\d\dT(\d\d):(\d\d)", text)
    if kind == TOPIC or not clock or clock[0].endswith("T00:00"):
        return dates.end_of(day, BRUSSELS)
    try:
        at = datetime.combine(day, time(int(clock[1]), int(clock[2])), BRUSSELS)
    except ValueError:
        raise ParseError(f"{text!r} is not a time") from None
    return Deadline(at=at, precision=Precision.TIME)


def _model(source: Source, data: Mapping[str, Any]) -> DeadlineModel | None:
    word = _first(data, "deadlineModel")
    return DeadlineModel(source.lookup("model", word)) if word else None


def _keywords(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The keywords without the topic's and call's identifiers, from a list or a list written as JSON."""
    words: list[str] = []
    for value in data.get("keywords") or ():
        text = str(value)
        words += [str(w) for w in _json(text, "keywords")] if text.startswith("[") else [text]
    ids = {_first(data, key) for key in ("identifier", "callIdentifier")}
    return tuple(dict.fromkeys(w for w in map(html.tidy, words) if w and w not in ids))


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ParseError(f"{field} is not valid JSON ({error})") from None


def _budget(data: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    """Budget and grant sizes of the topic itself; the field lists every topic of the call. 0 = not stated."""
    text = _first(data, "budgetOverview")
    if not text:
        return {}
    try:
        table = _json(text, "budgetOverview")["budgetTopicActionMap"] or {}
        rows = [r for rows in table.values() for r in rows if str(r["action"]).startswith(f"{identifier} - ")]
    except (AttributeError, KeyError, TypeError):
        raise ParseError(f"{identifier}: budgetOverview has another shape") from None
    if not rows:
        return {}
    total = sum((_number(v) for r in rows for v in (r.get("budgetYearMap") or {}).values()), Decimal())
    lows = [n for r in rows if (n := _number(r.get("minContribution")))]
    highs = [n for r in rows if (n := _number(r.get("maxContribution")))]
    return {
        "budget": _euro(total),
        "grant_minimum": _euro(min(lows, default=Decimal())),
        "grant_maximum": _euro(max(highs, default=Decimal())),
        "expected_grants": int(sum(_number(r.get("expectedGrants")) for r in rows)) or None,
    }


def _number(value: Any) -> Decimal:
    return money.number(str(value), scaled=True) if value not in (None, "") else Decimal()


def _euro(amount: Decimal) -> Money | None:
    return Money(amount=amount, currency="EUR") if amount else None


def _funding_rates(text: str) -> Iterator[str]:
    """The sentences about the funding rate; a percentage elsewhere is about something else."""
    for sentence in wording.sentences(text):
        if re.search(r"\b(?:funding|co-?financing) rate\b[^.%]{0,60}\d\s?%", sentence, re.I):
            yield sentence


def _action(source: Source, raw: str | None) -> ActionType | None:
    if raw is None:
        return None
    word = next((w for w in source.lookups["action"] if w in raw.lower()), None)
    return ActionType(source.lookup("action", word)) if word else ActionType.PROJECT
