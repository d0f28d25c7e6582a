"""Strange markup for the same words: a page is rewritten, its visible words and their order stay."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bs4 import BeautifulSoup, Tag

from matcher.domain import Call, SourceRun

Change = Callable[[BeautifulSoup], None]


def rewritten(markup: str, *changes: Change) -> str:
    """The page after the changes."""
    soup = BeautifulSoup(markup, "lxml")
    for change in changes:
        change(soup)
    return str(soup)


def alike(result: SourceRun) -> dict[str, Call]:
    """The calls by identifier, without what a layout may change: dashes of items, and the form of labels."""
    return {
        c.source_id: replace(
            c,
            text=re.sub(r"(?m)^- ", "", c.text),
            conditions=c.conditions and re.sub(r"(?m)^- ", "", c.conditions),
            deadlines=tuple(replace(d, raw=None) for d in c.deadlines),
        )
        for c in result.calls
    }


class Rewriting:
    """A layout for the replay server: another layout's pages, rewritten."""

    def __init__(self, base: Any, *changes: Change) -> None:
        self.base, self.changes = base, changes

    def render(self, page: Any, site: Any) -> str:
        """The whole HTML document."""
        return rewritten(self.base.render(page, site), *self.changes)


def no_classes(soup: BeautifulSoup) -> None:
    """Class names say nothing, ids neither; settings in data attributes stay."""
    for n, tag in enumerate(soup.find_all(True)):
        tag.attrs.pop("id", None)
        if "class" in tag.attrs:
            tag["class"] = f"x{n % 7}"


def no_time(soup: BeautifulSoup) -> None:
    """Dates are plain words."""
    for tag in soup.find_all("time"):
        tag.unwrap()
    soup.smooth()


def only_divs(soup: BeautifulSoup) -> None:
    """No element with a meaning but headings, links and tables."""
    for tag in soup.find_all(
        ["main", "nav", "header", "footer", "aside", "section", "article", "ul", "ol", "li", "p"]
    ):
        tag.name = "div"
        tag.attrs.pop("role", None)
    for tag in soup.find_all(["details", "summary"]):
        tag.name = "div"


def _pairs(soup: BeautifulSoup) -> list[tuple[Tag, list[tuple[Tag, Tag]]]]:
    out = []
    for dl in soup.find_all("dl"):
        out.append((dl, list(zip(dl.find_all("dt"), dl.find_all("dd"), strict=True))))
    for table in soup.find_all("table"):
        cells = [(tr.find("th"), tr.find("td")) for tr in table.find_all("tr")]
        rows = [(a, b) for a, b in cells if a is not None and b is not None]
        if rows and len(rows) == len(cells):
            out.append((table, rows))
    return out


def facts_in_bold(soup: BeautifulSoup) -> None:
    """Definition lists and tables become paragraphs with a bold label."""
    for whole, pairs in _pairs(soup):
        for label, value in pairs:
            p = soup.new_tag("p")
            bold = soup.new_tag("strong")
            bold.extend(list(label.contents))
            p.extend([bold, " ", *list(value.contents)])
            whole.insert_before(p)
        whole.decompose()


def facts_in_a_table(soup: BeautifulSoup) -> None:
    """Definition lists and paragraphs with a bold label become table rows of plain cells."""
    for dl in soup.find_all("dl"):
        dl.name = "table"
        for label, value in zip(dl.find_all("dt"), dl.find_all("dd"), strict=True):
            label.name = value.name = "td"
            label.wrap(soup.new_tag("tr")).append(value.extract())
    for p in soup.find_all("p"):
        first = p.find(True, recursive=False)
        if first is not None and first.name == "strong" and p.contents[0] is first and len(p.contents) > 1:
            rest = soup.new_tag("td")
            rest.extend(list(p.contents)[1:])
            first.name, p.name = "td", "tr"
            p.append(rest)
            p.wrap(soup.new_tag("table"))


def facts_in_items(soup: BeautifulSoup) -> None:
    """Label and value are one list item without any markup between them."""
    for whole, pairs in _pairs(soup):
        ul = soup.new_tag("ul")
        for label, value in pairs:
            li = soup.new_tag("li")
            li.string = f"{label.get_text()} {value.get_text()}"
            ul.append(li)
        whole.replace_with(ul)


def deep_headings(soup: BeautifulSoup) -> None:
    """Sections start two levels deeper."""
    for tag in soup.find_all(["h2", "h3", "h4"]):
        tag.name = {"h2": "h4", "h3": "h5", "h4": "h6"}[tag.name]


def bold_headings(soup: BeautifulSoup) -> None:
    """Sections start with a bold paragraph."""
    for tag in soup.find_all(["h2", "h3", "h4", "h5", "h6"]):
        tag.name = "strong"
        tag.wrap(soup.new_tag("p"))


def roles(soup: BeautifulSoup) -> None:
    """Headings by role, the h1 too."""
    for tag in soup.find_all(["h1", "h2", "h3", "h4"]):
        tag["role"], tag["aria-level"] = "heading", tag.name[1]
        tag.name = "div"


def cards(soup: BeautifulSoup) -> None:
    """Each entry of a list is one big link around all its words."""
    for li in soup.find_all(["li", "article"]):
        link = li.find("a")
        if link is None or li.find_parent(["nav", "aside"]) is not None or li.find(["ul", "ol"]):
            continue
        big = soup.new_tag("a", href=str(link["href"]))
        heading = soup.new_tag("span")
        heading.extend(list(link.contents))
        link.replace_with(heading)
        for child in list(li.contents):
            big.append(child.extract())
        li.append(big)


# --- facts -----------------------------------------------------------------------------------------

#: writes one fact from the contents of its label and of its value
Fact = Callable[[BeautifulSoup, list[Any], list[Any]], list[Any]]


def a_tag(soup: BeautifulSoup, name: str, *contents: Any, **attributes: str) -> Tag:
    """A new element."""
    tag = soup.new_tag(name, attrs=attributes)
    tag.extend(contents)
    return tag


def _facts(soup: BeautifulSoup, whole: str, fact: Fact) -> None:
    """Definition lists, tables of facts and bold labels: each run of them becomes one ``whole``."""
    facts_in_bold(soup)
    run: Tag | None = None
    for p in soup.find_all("p"):
        label = p.find(True, recursive=False)
        if label is None or label.name != "strong" or p.contents[0] is not label or len(p.contents) < 2:
            continue
        if run is None or p.find_previous_sibling() is not run:
            run = soup.new_tag(whole)
            p.insert_before(run)
        value = [child for child in list(p.contents)[1:] if getattr(child, "name", None) != "br"]
        run.extend(fact(soup, list(label.contents), value))
        p.decompose()


def facts_in_one_paragraph(soup: BeautifulSoup) -> None:
    """All facts are one paragraph, label and value each on a line of its own, nothing in bold."""
    _facts(soup, "p", lambda s, label, value: [*label, s.new_tag("br"), *value, s.new_tag("br")])


def facts_under_wide_cells(soup: BeautifulSoup) -> None:
    """A table in which the label spans both columns of the row above its value."""

    def fact(s: BeautifulSoup, label: list[Any], value: list[Any]) -> list[Any]:
        cells = a_tag(s, "th", *label, colspan="2"), a_tag(s, "td", *value, colspan="2")
        return [a_tag(s, "tr", cell) for cell in cells]

    _facts(soup, "table", fact)


def facts_across(soup: BeautifulSoup) -> None:
    """A table with the labels in its first row and the values in its second."""
    facts_under_wide_cells(soup)
    for table in soup.find_all("table"):
        rows = [a_tag(soup, "tr", *table.select(f"tr > {kind}[colspan]")) for kind in ("th", "td")]
        if rows[0].contents and len(rows[0].contents) == len(rows[1].contents):
            table.clear()
            table.extend(rows)


def facts_folded(soup: BeautifulSoup) -> None:
    """Each fact folds out of its label."""
    _facts(
        soup,
        "div",
        lambda s, label, value: [a_tag(s, "details", a_tag(s, "summary", *label), a_tag(s, "div", *value))],
    )


def facts_in_lists_of_definitions(soup: BeautifulSoup) -> None:
    """Each fact is a definition list of its own inside a list item."""

    def fact(s: BeautifulSoup, label: list[Any], value: list[Any]) -> list[Any]:
        return [a_tag(s, "li", a_tag(s, "dl", a_tag(s, "dt", *label), a_tag(s, "dd", *value)))]

    _facts(soup, "ul", fact)


def facts_as_text_after_a_span(soup: BeautifulSoup) -> None:
    """The label is a span, the value the bare text after it."""
    _facts(soup, "div", lambda s, label, value: [a_tag(s, "div", a_tag(s, "span", *label), " ", *value)])


def facts_in_an_aside(soup: BeautifulSoup) -> None:
    """A box of facts stands beside the text, but inside the content."""
    _facts(soup, "aside", lambda s, label, value: [a_tag(s, "p", *label), a_tag(s, "p", *value)])


def facts_of_unknown_elements(soup: BeautifulSoup) -> None:
    """A component library's own elements for facts and headings."""

    def fact(s: BeautifulSoup, label: list[Any], value: list[Any]) -> list[Any]:
        return [a_tag(s, "app-fact", a_tag(s, "app-label", *label), a_tag(s, "app-value", *value))]

    _facts(soup, "app-facts", fact)
    for tag in soup.find_all(["h2", "h3", "h4"]):
        tag.name = "app-heading"


# --- words, headings, the whole page -----------------------------------------------------------------


def decorated_labels(soup: BeautifulSoup) -> None:
    """Labels and headings with soft hyphens, a blank that does not break, a colon or a permanent link."""
    facts_in_bold(soup)
    plan = soup.h1 is not None and "plan" in soup.h1.get_text().lower()
    for tag in soup.find_all(["strong", *([] if plan else ["h2", "h3", "h4"])]):
        words = tag.get_text().rstrip(":")
        if tag.find_parent(["nav", "aside", "header", "li"]) or tag.find("a"):
            continue
        ends = words.endswith("?")
        tag.string = words.replace("ans", "an\u00ads") + ("" if ends else "\u00a0:")
        if tag.name != "strong":
            tag.extend([" ", a_tag(soup, "a", "#", href="#x")])


def capital_labels(soup: BeautifulSoup) -> None:
    """Labels and headings in capital letters, but not the titles of a plan's entries."""
    plan = soup.h1 is not None and "plan" in soup.h1.get_text().lower()
    for tag in soup.find_all(["strong", "dt", "th", *([] if plan else ["h2", "h3", "h4"])]):
        if not tag.find_parent(["nav", "aside", "header"]) and not tag.find("a"):
            tag.string = tag.get_text().upper()


def folded_by_buttons(soup: BeautifulSoup) -> None:
    """Sections fold out of a button in their heading."""
    for tag in soup.find_all(["h2", "h3"]):
        if not tag.find("a"):
            tag.append(a_tag(soup, "button", *list(tag.contents), **{"aria-expanded": "false"}))


def heads_in_headers(soup: BeautifulSoup) -> None:
    """Every section has a header of its own; what the page says about itself stands in a footer inside it."""
    for tag in soup.find_all(["h2", "h3", "h4"]):
        tag.wrap(soup.new_tag("header"))
    for p in soup.select("main p"):
        if p.get_text().startswith(("Publicerad", "Uppdaterad", "Granskad", "Senast granskad")):
            p.wrap(soup.new_tag("footer"))


def heading_above_main(soup: BeautifulSoup) -> None:
    """A banner with the heading, broken in two lines, stands above the main element."""
    main, h1 = soup.find("main"), soup.find("h1")
    if main is None or h1 is None:
        return
    words = h1.get_text().split(" ")
    h1.clear()
    h1.append(words[0])
    if words[1:]:
        h1.extend([soup.new_tag("br"), " ".join(words[1:])])
    main.insert_before(a_tag(soup, "div", h1.extract()))


def teasers_and_contents(soup: BeautifulSoup) -> None:
    """A path and a table of contents stand above the text, other calls with their dates below it."""
    main, h1 = soup.find("main"), soup.find("h1")
    if main is None or h1 is None:
        return
    heads = [h for h in main.find_all(["h2", "h3"]) if h.get_text().endswith("?")]
    if heads:
        links = [a_tag(soup, "li", a_tag(soup, "a", head.get_text(), href="#part")) for head in heads]
        h1.insert_after(a_tag(soup, "ul", *links))
        extra = BeautifulSoup(
            "<div><h2>Relaterade utlysningar</h2><p><a href='/annan-utlysning/'>En annan utlysning</a></p>"
            "<p>Stänger 3 maj 2031</p><p>Ansökan öppnar 4 april 2031.</p>"
            "<p>Publicerad 5 augusti 2026</p></div>",
            "html.parser",
        )
        main.extend(list(extra.contents))
    path = BeautifulSoup("<ol><li><a href='/'>Start</a></li><li></li></ol>", "html.parser")
    path.find_all("li")[-1].string = h1.get_text()
    main.insert(0, path)


def page_in_a_table(soup: BeautifulSoup) -> None:
    """Navigation, content and news are cells of one table; nothing has a role."""
    body = soup.body
    assert body is not None
    for tag in body.find_all(["main", "header", "footer", "aside", "nav", "section", "article"]):
        tag.name = "div"
        tag.attrs.pop("role", None)
    cells = [a_tag(soup, "td", child.extract()) for child in body.find_all(True, recursive=False)]
    body.append(a_tag(soup, "table", a_tag(soup, "tr", *cells)))


def nothing_but_divs(soup: BeautifulSoup) -> None:
    """Not even headings; only the order of the words is left."""
    only_divs(soup)
    facts_as_text_after_a_span(soup)
    for tag in soup.find_all(["h1", "h2", "h3", "h4", "h5", "strong", "b"]):
        tag.name = "div" if tag.name.startswith("h") else "span"


STRANGE: dict[str, tuple[int, tuple[Change, ...]]] = {
    "only divs": (1, (no_classes, no_time, only_divs)),
    "divs over layout 2, deep headings": (2, (no_classes, deep_headings, only_divs)),
    "facts and headings in bold": (1, (no_classes, facts_in_bold, bold_headings)),
    "bold without time": (2, (no_classes, no_time, facts_in_bold, bold_headings)),
    "facts in plain table cells": (1, (no_classes, facts_in_a_table, deep_headings)),
    "facts in list items": (2, (no_classes, no_time, facts_in_items)),
    "headings by role": (1, (no_classes, roles)),
    "cards": (2, (no_classes, cards)),
    "cards as list": (1, (no_classes, cards, deep_headings)),
    "facts in one paragraph": (1, (no_classes, no_time, facts_in_one_paragraph)),
    "facts under wide cells": (2, (no_classes, facts_under_wide_cells)),
    "facts across": (1, (no_classes, facts_across)),
    "facts folded": (2, (no_classes, no_time, facts_folded, folded_by_buttons)),
    "facts in lists of definitions": (1, (no_classes, facts_in_lists_of_definitions, heads_in_headers)),
    "text after a span": (2, (no_classes, facts_as_text_after_a_span, heading_above_main)),
    "facts in an aside": (1, (no_classes, facts_in_an_aside, cards)),
    "unknown elements": (2, (no_classes, no_time, facts_of_unknown_elements)),
    "decorated labels": (1, (no_classes, decorated_labels)),
    "capital labels": (2, (no_classes, no_time, capital_labels)),
    "teasers and contents": (1, (no_classes, teasers_and_contents)),
    "page in a table": (2, (no_classes, page_in_a_table)),
    "nothing but divs": (1, (no_classes, no_time, nothing_but_divs)),
}
