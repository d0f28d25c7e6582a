"""Viable Cities: the list of calls, and the feed for those not listed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.mixed_list import crawl, require_heading, split
from matcher.scrapers.source import Page, Source

WHO, MONEY, WHAT, AIM, PARTNERS = (
    "Vem kan söka?",
    "Hur mycket kan ni söka?",
    "Vad kan ni söka för?",
    "Vad vill vi uppnå med denna utlysning?",
    "Hur ska konsortiet se ut?",
)
_LABELS = (WHO, MONEY, WHAT, AIM, PARTNERS)
_OPENING = re.compile(r"(?:ansökan|utlysningen)\s+öppnar\b", re.I)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call; one without "Vem kan söka?" and "Hur mycket kan ni söka?" is none."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), _LABELS)
    if WHO not in parts and MONEY not in parts:
        require_heading(page, name)
        raise SkipRecord("neither who may apply nor how much: not a call")
    first = next(i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS))
    said = [ln.text for ln in found[first:] if _OPENING.match(ln.text)]
    told = "\n".join([*(ln.text for ln in found[1:first]), *said])
    when = dates.window(told, context=dates.Context(published=dates.published(html.text_of(found))))
    if not when.stated:
        raise ParseError(f"{name!r}: nothing above the text says when one can apply")
    who, about_money = ("\n".join(parts.get(label, ())) for label in (WHO, MONEY))
    intro = [ln.text for ln in found[1:first] if not dates.read(ln.text)]
    where = "\n".join(parts.get(PARTNERS, ()))
    agencies = [code for word, code in source.lookups["programme"].items() if word in where]
    return Call(
        source=source.key,
        source_id=urlsplit(page.url).path.strip("/").rsplit("/", 1)[-1],
        url=page.url,
        title=name,
        language=source.language,
        family=Family.NATIONAL,
        programme=agencies[0] if agencies else source.programme,
        text="\n".join((*intro, *parts.get(WHAT, ()), *parts.get(AIM, ()))),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money, unstated_is_total=True),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=("SE",),  # the whole country
        consortium=wording.consortium(who),
        action=ActionType.PRE_STUDY if re.match(r"förstud", name, re.I) else ActionType.PROJECT,
    )
