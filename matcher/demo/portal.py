"""The search service of the EU Funding & Tenders Portal as the demo plays it."""

from __future__ import annotations

import email
import email.policy
import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any

from matcher.demo.records import Calendar, PortalCall, records
from matcher.domain import Status

HOST = "api.tech.ec.europa.eu"
SEARCH = "/search-api/prod/rest/search"
SCREENS = "https://ec.europa.eu/info/funding-tenders/opportunities/portal/screen/opportunities/"

_STATUS = {Status.FORTHCOMING: "31094501", Status.OPEN: "31094502", Status.CLOSED: "31094503"}
_SORT_STATUS = {"31094502": "1", "31094501": "2", "31094503": "3"}
_TYPE = {"topic": "1", "prospect": "2", "cascade": "8"}
_PAGE_CAP = 100


class RefusedQuery(Exception):  # noqa: N818 (an answer of the service, not a fault of the demo)
    """An answer other than 200, with the service's own JSON body."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"type": kind, "message": message}


def status(call: PortalCall, calendar: Calendar) -> Status:
    """What the portal says about a call on the calendar's day."""
    if calendar.day(call.opens) > calendar.today:
        return Status.FORTHCOMING
    return Status.OPEN if calendar.day(call.closes[-1]) >= calendar.today else Status.CLOSED


def url(call: PortalCall, calendar: Calendar) -> str:
    """The page that a person should open."""
    if call.kind == "cascade":
        return f"{SCREENS}competitive-calls-cs/{call.own_id}"
    if call.kind == "prospect":
        return f"https://webgate.ec.europa.eu/prospect/external/publishedcalls.htm?callId={call.number}"
    return f"{SCREENS}topic-details/{calendar.fill(call.id)}"


# --- documents of the index ------------------------------------------------------------------


def documents(calendar: Calendar) -> list[dict[str, Any]]:
    """All documents: current calls, an archive copy still marked open, a stub row without a status."""
    portal = records().portal
    by_id = {call.id: (number, call) for number, call in enumerate(portal.calls)}
    return [
        *(_stub(*by_id[i], calendar) for i in portal.stubs),
        *(_document(number, call, calendar) for number, call in enumerate(portal.calls)),
        *(_stale(*by_id[i], calendar) for i in portal.stale),
    ]


def _document(number: int, call: PortalCall, calendar: Calendar) -> dict[str, Any]:
    code = _STATUS[status(call, calendar)]
    opens, closes = calendar.day(call.opens), [calendar.day(c) for c in call.closes]
    clock = time.fromisoformat(call.time) if call.time else time()
    data: dict[str, list[str]] = {
        **_identity(number, call, calendar),
        "DATASOURCE": ["SEDIA"],
        "startDate": [_stamp(opens)],
        "es_SortDate": [_stamp(opens)],
        "deadlineDate": [_stamp(c, clock) for c in closes],
        "deadlineModel": [call.model],
        "status": [code],
        "sortStatus": [_SORT_STATUS[code]],
        "programmePeriod": ["2021 - 2027"],
        "focusArea": [],
    }
    match call.kind:
        case "topic":
            reference = f"{_ccm2(number)}TOPICSen"
            data |= _topic(call, calendar, opens, closes) | {"REFERENCE": [reference]}
        case "cascade":
            reference = f"{call.own_id}COMPETITIVE_CALLen"
            data |= {
                "callTitle": [call.call_title or ""],
                "callccm2Id": [call.own_id or ""],
                "projectAcronym": [call.project or ""],
                "budget": [str(call.amount)],
                "currency": ["EUR"],
                "beneficiaryAdministration": [as_html(call.text)],
            }
        case "prospect":
            reference = f"{call.number}PROSPECTSEN"
            data |= {"callIdentifier": [call.number or ""]}
    return _result(reference, call.call_title if call.kind == "cascade" else call.title, data)


def _identity(number: int, call: PortalCall, calendar: Calendar) -> dict[str, list[str]]:
    """The fields that even a stub row has."""
    served = url(call, calendar)
    if call.kind == "cascade":  # the index gives the parent topic's number
        served = f"{SCREENS}competitive-calls-cs/{_ccm2(number)}"
    data = {
        "type": [_TYPE[call.kind]],
        "language": ["en"],
        "identifier": [calendar.fill(call.id)],
        "title": [call.title],
        "frameworkProgramme": [call.programme],
        "url": [served],
        "es_ContentType": ["text/plain"],
    }
    return data | {"ccm2Id": [_ccm2(number)]} if call.kind == "topic" else data


def _topic(call: PortalCall, calendar: Calendar, opens: date, closes: list[date]) -> dict[str, list[str]]:
    """The fields that only topics have."""
    name = calendar.fill(call.call or "")
    stages = {"id": 31094505 if call.model == "two-stage" else 31094504, "abbreviation": call.model}
    action = {
        "types": [{"typeOfAction": call.action, "typeOfMGA": []}],
        "plannedOpeningDate": opens.isoformat(),
        "submissionProcedure": stages,
        "deadlineDates": [c.isoformat() for c in closes],
    }
    return {
        "callIdentifier": [name],
        "callTitle": [call.call_title or ""],
        "callccm2Id": [str(51_700_000 + [c.call for c in records().portal.calls].index(call.call))],
        "typesOfAction": [call.action or ""],
        "keywords": [calendar.fill(call.id), name, *call.keywords],
        "tags": [],
        "crossCuttingPriorities": [],
        "esDA_IngestDate": [f"{opens - timedelta(days=7)}T12:00:00.000+0100"],
        "allowPartnerSearch": ["true"],
        "actions": [json.dumps([action])],
        "links": ["[]"],
        "latestInfos": ["[]"],
        "budgetOverview": [json.dumps(_budget_overview(call, calendar))],
        "descriptionByte": [as_html(call.text)],
        "topicConditions": [conditions_html(call.conditions)],
    }


def _budget_overview(call: PortalCall, calendar: Calendar) -> dict[str, Any]:
    """The budget of every topic of the call, as the portal lists it; 0 means not stated."""
    year = str(calendar.start.year)
    table = {
        str(112_000 + number): [
            {
                "action": f"{calendar.fill(other.id)} - {other.action}",
                "expectedGrants": other.grants or 0,
                "minContribution": other.grant_minimum or 0,
                "maxContribution": other.grant_maximum or 0,
                "budgetYearMap": {year: str(other.budget or 0)},
                "plannedOpeningDate": calendar.day(other.opens).isoformat(),
                "deadlineModel": other.model,
                "deadlineDates": [calendar.day(c).isoformat() for c in other.closes],
            }
        ]
        for number, other in enumerate(records().portal.calls)
        if other.kind == "topic" and other.call == call.call
    }
    return {"budgetYearsColumns": [year], "budgetTopicActionMap": table}


def _stub(number: int, call: PortalCall, calendar: Calendar) -> dict[str, Any]:
    """A row without status, dates and text."""
    data = {**_identity(number, call, calendar), "DATASOURCE": ["SEDIA"]}
    return _result(f"{_ccm2(number)}TOPICSTUBen", call.title, data)


def _stale(number: int, call: PortalCall, calendar: Calendar) -> dict[str, Any]:
    """An archive copy of a current identifier, still marked open years after its deadline."""
    opened = calendar.start - timedelta(days=1100)
    data = {
        **_identity(number, call, calendar),
        "DATASOURCE": ["SEDIA_PRD_CENTRICITY"],
        "startDate": [_stamp(opened)],
        "deadlineDate": [_stamp(opened + timedelta(days=120), time(17))],
        "deadlineModel": ["single-stage"],
        "status": ["31094502"],
        "sortStatus": ["1"],
        "callIdentifier": [calendar.fill(call.call or "")],
        "keywords": ["[]"],
    }
    moment = (opened - date(1970, 1, 1)).days * 86_400_000
    return _result(f"{_ccm2(number)}{re.sub('[^A-Za-z]', '', call.action or '')}{moment}", call.title, data)


def _result(reference: str, title: str | None, data: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "apiVersion": "2.155",
        "reference": reference,
        "url": data["url"][0],
        "contentType": "text/plain",
        "language": "en",
        "databaseLabel": "SEDIA",
        "database": "SEDIA",
        "summary": title,
        "weight": 4.0,
        "groupById": data.get("sortStatus", ["3"])[0],
        "content": title,
        "accessRestriction": False,
        "metadata": data,
        "enrichedMetadata": {},
        "children": [],
        "highlightedFragments": [],
    }


def _ccm2(number: int) -> str:
    return str(51_900_000 + number)


def _stamp(day: date, clock: time = time()) -> str:
    """The index's own form of a date."""
    return f"{day}T{clock:%H:%M:%S}.000+0000"


# --- text as the portal's HTML -----------------------------------------------------------------


def _blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Cut a text into ("head" | "list" | "text", lines)."""
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if lines[0].endswith(":") and len(lines[0]) < 60:
            yield "head", [lines.pop(0)]
        if lines:
            is_list = all(line.startswith("- ") for line in lines)
            yield ("list", [line[2:] for line in lines]) if is_list else ("text", [" ".join(lines)])


def as_html(text: str) -> str:
    """A description with its section heads, in the portal's markup."""
    out = []
    for kind, lines in _blocks(text) if text else ():
        parts = [html.escape(line, quote=False) for line in lines]
        match kind:
            case "head":
                out.append(f'<p class="topicdescriptionkind">{parts[0]}</p>')
            case "list":
                out.append("<ul>" + "".join(f"<li>{p}</li>" for p in parts) + "</ul>")
            case _:
                out.append(f"<p>{parts[0]}</p>")
    return "".join(out)


def conditions_html(text: str) -> str:
    """Conditions in the portal's markup, its malformed class attribute included."""
    out = ['<div class="eui-u-mt-l>"><h4>Conditions</h4>']
    for kind, lines in _blocks(text):
        part = html.escape(lines[0].removesuffix(":") if kind == "head" else lines[0], quote=False)
        out.append(f"<h4>{part}</h4>" if kind == "head" else f"<p>{part}</p>")
    return "".join(out) + "</div>"


# --- the service ---------------------------------------------------------------------------------


def read_parts(content_type: str, body: bytes) -> dict[str, Any]:
    """The JSON parts of a multipart body; any other body is ignored, as the real service does.

    Raises:
        RefusedQuery: a part is not declared application/json, or is not JSON.
    """
    if not content_type.startswith("multipart/form-data"):
        return {}
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    parts = {}
    for part in message.iter_parts():
        if part.get_content_type() != "application/json":
            raise RefusedQuery(500, "throwable", f"Content-Type '{part.get_content_type()}' is not supported")
        payload = part.get_payload(decode=True)
        try:
            name = str(part.get_param("name", header="content-disposition"))
            parts[name] = json.loads(payload if isinstance(payload, bytes) else b"")
        except ValueError:
            raise RefusedQuery(500, "throwable", "An internal error occurred") from None
    return parts


def matches(data: Mapping[str, list[str]], query: Any) -> bool:
    """Evaluate bool/must/must_not, term, terms and exists on a document's metadata.

    Raises:
        RefusedQuery: the clause is none of these.
    """
    if isinstance(query, dict) and len(query) == 1:
        ((kind, inner),) = query.items()
        if kind == "bool" and set(inner) <= {"must", "must_not"}:
            wanted = [matches(data, q) for q in inner.get("must", [])]
            unwanted = [matches(data, q) for q in inner.get("must_not", [])]
            return all(wanted) and not any(unwanted)
        if kind == "exists" and set(inner) == {"field"}:
            return bool(data.get(inner["field"]))
        if kind in ("term", "terms") and len(inner) == 1:
            ((name, value),) = inner.items()
            values = value if kind == "terms" else [value]
            return bool({str(v) for v in values} & set(data.get(name, [])))
    raise RefusedQuery(400, "businessError", "Invalid Query format")


def search(params: Mapping[str, str], content_type: str, body: bytes, calendar: Calendar) -> dict[str, Any]:
    """One page of results.

    Raises:
        RefusedQuery: with the status and body that the service would answer.
    """
    if params.get("apiKey") != "SEDIA":
        raise RefusedQuery(400, "businessError", "Invalid apiKey")
    parts = read_parts(content_type, body)
    query, sort = parts.get("query", {"bool": {}}), parts.get("sort")
    found = [d for d in documents(calendar) if matches(d["metadata"], query)]
    if "en" not in parts.get("languages", ["en"]):
        found = []
    label = "relevance"
    if sort:
        rule = sort[0] if isinstance(sort, list) else sort
        name, order = rule["field"], rule.get("order", "ASC")
        found = [d for d in found if d["metadata"].get(name)]  # records without the field drop out
        found.sort(key=lambda d: str(d["metadata"][name][0]), reverse=order == "DESC")
        label = f"[{name}:{order}]"
    size = min(int(params.get("pageSize", "50")), _PAGE_CAP)
    page = int(params.get("pageNumber", "1"))
    return {
        "apiVersion": "2.155",
        "terms": params.get("text", "***"),
        "responseTime": 12,
        "totalResults": len(found),
        "pageNumber": page,
        "pageSize": size,
        "sort": label,
        "groupByField": "sortStatus",
        "bestBets": [],
        "warnings": [],
        "results": found[(page - 1) * size : page * size],
    }
