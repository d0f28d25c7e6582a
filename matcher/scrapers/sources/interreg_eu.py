"""interreg.eu: the calls of all Interreg programmes, from the search service behind its calls page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from bs4 import BeautifulSoup

from matcher.domain import BRUSSELS, ActionType, Applicant, Call, Family, Precision
from matcher.errors import ParseError
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

KIND = "callForProjectsPage"
_HITS = 100
RATE, FUNDS, PROGRAMME = "Co-financing rate", "Available funds", "Programme"
#: spellings of the three settings, without case and signs
_SETTINGS = {
    "app": ("appid", "applicationid", "algoliaappid", "algoliaapplicationid"),
    "key": (
        "searchkey",
        "apikey",
        "searchapikey",
        "searchonlyapikey",
        "searchonlykey",
        "algoliasearchkey",
        "algoliaapikey",
        "publickey",
    ),
    "index": ("indexname", "index", "algoliaindex", "algoliaindexname", "searchindex"),
}
_PAIR = re.compile(r"""["']?([A-Za-z][\w-]*)["']?\s*[:=]\s*(["'])(.*?)\2""")


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the page of each call, then the search results for those whose page is gone."""
    start = fetch(source.start_url)
    settings = _settings(start.soup, start.url)
    host, index = f"{settings['app'].lower()}-dsn.algolia.net", quote(settings["index"], safe="")
    url = f"https://{host}/1/indexes/{index}/query"
    headers = {"x-algolia-application-id": settings["app"], "x-algolia-api-key": settings["key"]}
    pages: list[Page] = []
    hits: dict[str, dict[str, Any]] = {}
    total = None
    while total is None or len(hits) < total:
        body = {"query": "", "filters": f"contentType:{KIND}", "hitsPerPage": _HITS, "page": len(pages)}
        page = fetch(url, json=body, headers=headers)
        found = _hits(page)
        now = page.json.get("nbHits")
        if not isinstance(now, int) or (total is not None and now != total):
            raise ParseError(f"{url}: nbHits was {total} and is {now}")
        total = now
        new = {h["objectID"]: h for h in found if h["objectID"] not in hits}
        pages.append(page)
        if not new:
            break
        hits |= new
    if len(hits) != total:
        raise ParseError(f"{url}: {total} calls reported, fetched {len(hits)}")
    # A call's own page says more: description, rate, amount. Of what is gone the index still tells.
    done: set[str] = set()
    for page in fetch.each((urljoin(source.start_url, h["contentUrl"]), {"hit": h}) for h in hits.values()):
        done.add(page.notes["hit"]["objectID"])
        yield page
    for page in pages:
        yield replace(page, notes={"done": frozenset(done)})
        done |= {h["objectID"] for h in _hits(page)}


def _settings(soup: BeautifulSoup, url: str) -> dict[str, str]:
    """Application, key and index, from wherever the page carries them: a script or an element's attributes.

    Raises:
        ParseError: one of them is not on the page.
    """
    given: dict[str, str] = {}

    def take(name: str, value: str) -> None:
        plain = re.sub(r"[^a-z]", "", name.lower().removeprefix("data-"))
        for key, spellings in _SETTINGS.items():
            if plain in spellings and value.strip():
                given.setdefault(key, value.strip())

    for element in soup.find_all(True):
        if element.name == "script":
            for name, _, value in _PAIR.findall(element.get_text()):
                take(name, value)
        attributes = {k: v for k, v in element.attrs.items() if isinstance(v, str)}
        for name, value in attributes.items():
            take(name, value)
            if "{" in value:
                for inner, _, text in _PAIR.findall(value):
                    take(inner, text)
        for label in ("name", "property", "id"):
            for value_of in ("content", "value"):
                take(attributes.get(label, ""), attributes.get(value_of, ""))
    missing = [key for key in _SETTINGS if key not in given]
    if missing:
        raise ParseError(
            f"{url}: the page no longer carries the search settings (missing: {', '.join(missing)})"
        )
    return given


def _hits(page: Page) -> list[dict[str, Any]]:
    answer = page.json
    hits = answer.get("hits") if isinstance(answer, dict) else None
    if not isinstance(hits, list):
        said = answer.get("message") if isinstance(answer, dict) else None
        raise ParseError(f"{page.url}: not a search result{f' but the message {said!r}' if said else ''}")
    for hit in hits:
        if not (isinstance(hit, dict) and hit.get("objectID") and hit.get("contentUrl")):
            raise ParseError(f"{page.url}: a hit without objectID or contentUrl")
    return list(hits)


def split(page: Page) -> list[dict[str, Any]]:
    """The hit a call's page belongs to, or the hits of a result page whose own pages were not read."""
    if "hit" in page.notes:
        found, hit = html.page_lines(page), page.notes["hit"]
        if found[0].text != html.tidy(str(hit.get("title"))) and not html.fields(found, (PROGRAMME,)):
            raise ParseError(f"{page.url}: {found[0].text!r} is not the page of {hit.get('title')!r}")
        return [hit]
    done = page.notes.get("done", frozenset())
    return [h for h in _hits(page) if h["objectID"] not in done]


def parse(source: Source, page: Page, record: dict[str, Any]) -> Call:
    """Turn a hit, with the call's page where it was read, into a call."""
    name = html.tidy(str(record.get("title") or ""))
    if not name:
        raise ParseError(f"{record['objectID']}: no title")
    programmes = _words(record, "associatedProgrammes")
    programme = (
        source.lookups["programme"].get(programmes[0], "interreg-other") if programmes else "interreg-other"
    )
    audience = _words(record, "targetAudience")
    applicants = (source.lookup("audience", word) for word in audience)
    regions = _words(record, "callEligibleRegionNuts") or _words(record, "callEligibleCountryNuts")
    opens, closes = record.get("callOpenDate"), record.get("callDeadlineDate")
    details = _details(page) if "hit" in page.notes else {}
    return Call(
        source=source.key,
        source_id=str(record["objectID"]),
        url=urljoin(source.start_url, str(record["contentUrl"])),
        title=name,
        language="en",
        family=Family.STRUCTURAL,
        programme=programme,
        programme_name=programmes[0] if programmes else None,
        fund=source.fund,
        keywords=tuple(dict.fromkeys(_words(record, "callThemes") + _words(record, "themes"))),
        opens=dates.day(str(opens)) if opens else None,
        opens_precision=Precision.DAY if opens else None,
        # midnight UTC is how the index writes a day
        deadlines=(dates.end_of(dates.day(str(closes)), BRUSSELS),) if closes else (),
        applicants=tuple(dict.fromkeys(Applicant(code) for code in applicants if code)),
        applicants_raw=", ".join(audience) or None,
        geography=tuple(dict.fromkeys(regions)),
        geography_raw=", ".join(_words(record, "countries")) or None,
        action=ActionType.PROJECT,
        links=tuple(
            x
            for x in [html.web_address(str(record.get("callExternalUrl") or ""), page.url)]
            if urlsplit(x).path
        ),
        **details,
    )


def _words(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = record.get(key) or ()
    if not isinstance(values, list | tuple):
        raise ParseError(f"{record['objectID']}: {key} is no list")
    return tuple(html.tidy(str(v)) for v in values if v)


def _details(page: Page) -> dict[str, Any]:
    """What only the call's page says: description, rate, amounts, partners."""
    found = html.page_lines(page)[1:]
    parts = html.fields(found, (PROGRAMME, RATE, FUNDS, "Countries", "Who can apply"))
    skip = re.compile(
        r"^(?:The call (?:opens|is open)|Application period|Launch of the call"
        r"|Countries:|Who can apply:|Edited on)"
    )
    values = {v for vs in parts.values() for v in vs[:1]}
    text = [
        ln.text
        for ln in found
        if not skip.match(ln.text)
        and not ln.links
        and ln.text not in values
        and not html.fields([ln], (PROGRAMME, RATE, FUNDS))
    ]
    out: dict[str, Any] = {"text": "\n".join(text), "consortium": wording.consortium("\n".join(text))}
    if stated := " ".join(parts.get(RATE, ())[:1]):
        rate = money.rate(f"{RATE} {stated}")
        if rate is None:
            raise ParseError(f"{page.url}: cannot read the rate {stated!r}")
        out |= money.rate_fields(rate)
    funds = " ".join(parts.get(FUNDS, ())[:1])
    if funds and "(programme)" not in funds:  # the programme's whole money is not the call's
        if re.search(r"\d", funds) and not money.amounts(funds):
            raise ParseError(f"{page.url}: cannot read the amount {funds!r}")
        out |= money.call_sums(funds, unstated_is_total=True)
    return out
