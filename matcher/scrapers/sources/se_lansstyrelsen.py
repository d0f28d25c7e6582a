"""The county administrative boards: support for the countryside and regional projects."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from matcher.domain import ActionType, Call, Family
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, money, wording
from matcher.scrapers.mixed_list import crawl, require_heading, split
from matcher.scrapers.source import Page, Source

WHO, WHAT, TERMS = "Vem kan söka?", "Det här kan du få stöd för", "Villkor och bedömning"
_LABELS = (WHO, WHAT, TERMS)
_LAST_DAY = re.compile(r"^(sista ansökningsda[^\n:]*:)\n", re.I | re.M)
_OPENING = re.compile(r"ansökan\s+öppnar\b", re.I)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call; one without "Vem kan söka?" or "Det här kan du få stöd för" is none."""
    name = found[0].text
    parts = html.fields((ln for ln in found if not dates.is_stamp(ln.text)), _LABELS)
    if WHO not in parts and WHAT not in parts:
        require_heading(page, name)
        raise SkipRecord("neither who may apply nor what for: not a call")
    first = next(i for i, ln in enumerate(found) if i and html.fields([ln], _LABELS))
    said = [ln.text for ln in found[first:] if _OPENING.match(ln.text)]
    head = "\n".join(ln.text for ln in found[1:first])
    told = "\n".join([_LAST_DAY.sub(r"\1 ", head), *said])  # whether on one line or two
    when = dates.window(told, context=dates.Context(published=dates.published(html.text_of(found))))
    if not when.stated:
        raise ParseError(f"{name!r}: nothing above the text says when one can apply")
    who = "\n".join(parts.get(WHO, ()))
    about_money = "\n".join(parts.get(TERMS, ())[:1])  # the rest is how applications are judged
    intro = [ln.text for ln in found[1:first] if not _about_time(ln.text)]
    path = urlsplit(page.url).path
    county = source.lookups["county"].get(path.strip("/").split("/", 1)[0])
    rural = bool(re.search(r"landsbygd", f"{path} {name}", re.I))
    return Call(
        source=source.key,
        source_id=f"{path.strip('/').split('/', 1)[0]}/{path.rsplit('/', 1)[-1].removesuffix('.html')}",
        url=page.url,
        title=name,
        language=source.language,
        family=Family.STRUCTURAL if rural else Family.NATIONAL,
        programme=source.lookup("programme", "landsbygd") if rural else source.programme,
        fund="eafrd" if rural else None,
        text="\n".join((*intro, *parts.get(WHAT, ()))),
        opens=when.opens,
        opens_precision=when.opens_precision,
        deadlines=when.deadlines,
        continuous=when.continuous,
        **money.call_sums(about_money, unstated_is_total=True),
        **money.rate_fields(money.rate(about_money)),
        applicants=wording.applicants(who),
        applicants_raw=who or None,
        geography=(county,) if county else wording.places(f"{name}\n{who}"),
        consortium=wording.consortium(who),
        action=ActionType.PROJECT,
    )


def _about_time(text: str) -> bool:
    """Whether a line only says when one can apply."""
    return dates.window(text, bare=dates.Kind.CLOSES).stated or bool(
        re.match(r"sista ansökningsda", text, re.I)
    )
