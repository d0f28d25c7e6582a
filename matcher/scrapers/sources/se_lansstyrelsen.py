"""The county administrative boards: support for the countryside and regional projects."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from matcher.domain import Call, Family
from matcher.scrapers import dates, html, labelled_page, wording
from matcher.scrapers.linked_pages import crawl, split
from matcher.scrapers.source import Page, Source

WHO, WHAT, TERMS = "Vem kan söka?", "Det här kan du få stöd för", "Villkor och bedömning"
_LAST_DAY = re.compile(r"^(sista ansökningsda[^\n:]*:)\n", re.I | re.M)

__all__ = ["crawl", "parse", "split"]


def parse(source: Source, page: Page, found: list[html.Line]) -> Call:
    """Turn a page into a call."""
    own = labelled_page.read(page, found, (WHO, WHAT, TERMS))
    own.require((WHO, WHAT))
    who, terms = own.under(WHO), own.under(TERMS)
    path = urlsplit(page.url).path.strip("/")
    board = path.split("/", 1)[0]
    county = source.lookups["county"].get(board)
    rural = bool(re.search(r"landsbygd", f"{path} {own.title}", re.I))
    intro = [ln.text for ln in own.head if not _about_time(ln.text)]
    return own.call(
        source,
        own.window(_LAST_DAY.sub(r"\1 ", html.text_of(own.head))),  # whether on one line or two
        who=who,
        about_money=terms.partition("\n")[0],  # the rest is how applications are judged
        unstated_is_total=True,
        source_id=f"{board}/{path.rsplit('/', 1)[-1].removesuffix('.html')}",
        family=Family.STRUCTURAL if rural else source.family,
        programme=source.lookup("programme", "landsbygd") if rural else source.programme,
        fund="eafrd" if rural else None,
        text=labelled_page.paragraphs(*intro, own.under(WHAT)),
        conditions=terms or None,
        geography=(county,) if county else wording.places(f"{own.title}\n{who}"),
    )


def _about_time(text: str) -> bool:
    """Whether a line only says when one can apply."""
    return dates.window(text, bare=dates.Kind.CLOSES).stated or bool(
        re.match(r"sista ansökningsda", text, re.I)
    )
