"""Strange markup for the same words: a page is rewritten, its visible words and their order stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup, Tag

Change = Callable[[BeautifulSoup], None]


def rewritten(markup: str, *changes: Change) -> str:
    """The page after the changes."""
    soup = BeautifulSoup(markup, "lxml")
    for change in changes:
        change(soup)
    return str(soup)


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
}
