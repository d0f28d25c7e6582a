"""Boverket: grants for housing and public places."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.mixed_list import crawl, require_heading, split
from matcher.scrapers.source import Page, Source

WHEN, WHO, WHAT, MONEY, HOW = (
    "När kan du söka?",
    "Vem kan söka stödet?",
    "Vad kan du få stöd för?",
    "Stödets storlek",
    "Så prövas ansökan",
)
_LABELS = (WHEN, WHO, WHAT, MONEY, HOW)
_OPENING = re.compile(r"(?:ansökan|ansökningsomgången)\s+öppnar\b", re.I)
#: a least cost is no least grant
_LEAST_COST = re.compile(r"kostnad\w*,?\s+(?:som\s+)?ska\s+vara\s+minst[^.\n]*", re.I)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call; one without "När kan du söka?" or "Vem kan söka stödet?" is none."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), _LABELS)
    if WHEN not in parts and WHO not in parts:
        require_heading(page, name)
        raise SkipRecord("neither when nor who may apply: not a call")
    said = [ln.text for ln in found if _OPENING.match(ln.text)]
    told = "\n".join([*parts.get(WHEN, ()), *said])
    when = dates.window(told, context=dates.Context(published=dates.published(html.text_of(found))))
    if not when.stated:
        raise ParseError(f"{name!r}: nothing under {WHEN!r} says when one can apply")
    who, about_money = ("\n".join(parts.get(label, ())) for label in (WHO, MONEY))
    first = next(i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS))
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL,
        programme=source.programme,
        text="\n".join((*(ln.text for ln in found[1:first]), *parts.get(WHAT, ()))),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(_LEAST_COST.sub("", about_money), unstated_is_total=True),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the whole country
        consortium=wording.consortium(who),
        action=ActionType.INVESTMENT,
    )
