"""EuroAccess: the aggregator's table of calls page by page, and the data sheet of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from matcher.domain import BRUSSELS, ActionType, Call, Family
from matcher.errors import ParseError
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.source import Fetch, Page, Source

PROGRAMME, OPENING, DEADLINE, RATE, AMOUNT, LINK, TEXT, WHO, PARTNERS = (
    "Funding Program",
    "Opening",
    "Deadline",
    "Funding rate",
    "Estimated EU contribution per project",
    "Link to the call",
    "Short description",
    "Eligible entities",
    "Mandatory partnership",
)
_LABELS = (PROGRAMME, OPENING, DEADLINE, RATE, AMOUNT, LINK, TEXT, WHO, PARTNERS, "Call data")
_NUMBER = re.compile(r"/calls/(\d+)(?:/|$)")
_MOST_PAGES = 100


def crawl(source: Source, fetch: Fetch) -> Iterator[Page]:
    """Yield the data sheet of every call in the table."""
    found: dict[str, dict[str, str]] = {}
    total: int | None = None
    for number in range(_MOST_PAGES):
        page = fetch(source.start_url, params={"sent": "search", "page": str(number)})
        rows = html.page_lines(page)
        total = next((int(m[1]) for ln in rows if (m := re.match(r"(\d+) results?\b", ln.text))), total)
        new = [url for ln in rows for url in ln.links if _NUMBER.search(url) and url not in found]
        found |= {url: {} for url in new}
        if not new or len(found) == total:
            break
    if not found:
        raise ParseError(f"{source.start_url}: the table holds no call")
    if total is not None and len(found) != total:
        raise ParseError(f"{source.start_url}: {total} results reported, found {len(found)}")
    yield from fetch.each(found.items())


def split(page: Page) -> list[list[html.Line]]:
    """One record for each data sheet."""
    found = html.page_lines(page)
    if not html.fields(found, (PROGRAMME,)):
        raise ParseError(f"{page.url}: no {PROGRAMME!r} on the data sheet headed {found[0].text!r}")
    return [found]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a data sheet into a call."""
    name = found[0].text
    parts = html.fields(found, _LABELS)
    number = _NUMBER.search(urlsplit(page.url).path)
    if number is None:
        raise ParseError(f"{page.url}: no number of a call in the address")
    closes = list(_values(found, DEADLINE))
    if not closes:
        raise ParseError(f"{name!r}: no {DEADLINE!r} on the data sheet")
    told = "\n".join(
        [*(f"{OPENING} {t}" for t in _values(found, OPENING)), *(f"{DEADLINE} {t}" for t in closes)]
    )
    when = dates.window(told, zone=BRUSSELS)
    if not when.stated:
        raise ParseError(f"{name!r}: cannot read the deadline {closes[0]!r}")
    programme = " ".join(parts[PROGRAMME][:1])
    rate, amount = (" ".join(parts.get(label, ())[:1]) for label in (RATE, AMOUNT))
    links = tuple(dict.fromkeys(u for ln in found if LINK in ln.text for u in ln.links)) or tuple(
        u for u in parts.get(LINK, ())[:1] if html.web_address(u, "")
    )
    topic = re.search(r"/topic-details/([A-Za-z0-9-]+)", links[0]) if links else None
    who = [re.sub(r"^- ", "", t) for t in parts.get(WHO, ())]
    text = "\n".join(parts.get(TEXT, ()))
    structural = re.match(r"interreg|urbact|espon|european urban initiative", programme, re.I)
    return Call(
        source=source.key,
        source_id=number[1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.STRUCTURAL if structural else Family.SECTOR,
        programme=_programme(source, programme),
        programme_name=programme or None,
        text=text,
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        **money.call_sums(f"{amount} per project" if amount else ""),
        **money.rate_fields(money.rate(f"{RATE} {rate}")),
        applicants=wording.applicants("\n".join(who)),
        applicants_raw="\n".join(who) or None,
        consortium=wording.consortium(text),
        action=ActionType.PROJECT,
        reference=topic[1] if topic else None,
        links=links,
    )


def _values(found: list[html.Line], label: str) -> Iterator[str]:
    """What stands beside or under a label, each time it stands on the page."""
    for i, line in enumerate(found):
        own = html.fields([line], (label,))
        value = own[label][0] if own.get(label) else found[i + 1].text if own and i + 1 < len(found) else ""
        if re.search(r"\d", value):
            yield value


def _programme(source: Source, name: str) -> str | None:
    """Our code; an aggregator also lists programmes we have none for, and keeps their name."""
    return source.lookups["programme"].get(name)
