"""HTML read the way a visitor reads it: by visible words, order and headings, never by class names.

``lines`` turns any markup into the lines a visitor sees, with what is a heading and what is a link; all
else works on these lines, so that a change from a table to a list changes nothing. ``select`` and
``select_one`` are for the few places where structure is the fact, and say how much they expect.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import CData, Comment, NavigableString

from matcher.errors import ParseError
from matcher.scrapers.source import Page

_BLOCKS = frozenset(
    """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre search section
    summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905 (a list of words)
)
_UNSEEN = frozenset(
    "script style template noscript head iframe object svg select input".split()  # noqa: SIM905
)
#: never part of the content
_AROUND = (
    "nav, dialog, [role=dialog], [role=navigation], [role=banner], [role=contentinfo], [role=search], "
    "[aria-hidden=true]"
)
#: surroundings of the page, but parts of the content inside it
_BESIDE = "header, footer, aside, [role=complementary]"
_HEADINGS = re.compile("^h[1-6]$")
_FIRST_HEADING = 'h1, [role=heading][aria-level="1"]'
_BOLD = frozenset({"b", "strong", "dt", "th", "summary", "legend", "caption"})
#: what follows such a line is about other pages
_TEASERS = re.compile(
    r"aktuellt|(?:senaste\s+)?nyheter|(?:latest\s+)?news|relatera(?:t|de?)(?:\s+\w+){0,2}|related\s+\w+"
    r"|(?:liknande|fler|andra)\s+utlysningar|(?:similar|more|other)\s+calls",
    re.I,
)
#: zero-width signs, soft hyphens, and signs that turn the reading direction around
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PERMALINK = re.compile(r"\s+[#¶]$")
_BEFORE_STOP = re.compile(r" ([.,;!?)])")
#: how a value begins that follows its label on the same line without any sign
_VALUE = re.compile(r"\s+(?:[\d€$£]|up to\b|max|min|about\b|ca\b|cirka\b|högst\b|EUR\b|SEK\b)", re.I)
#: what a line is that is bold or a label cell, but no h1–h6
LABEL = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One line as a visitor sees it."""

    text: str
    #: 1–6 for h1–h6, ``LABEL`` when all of it is bold or a label cell, 0 otherwise
    head: int = 0
    #: an item of a list
    item: bool = False
    #: the first words when they stand in an element of their own: "Region:" in ``<b>Region:</b> Skåne``
    lead: str = ""
    #: absolute addresses it links to, only http(s)
    links: tuple[str, ...] = ()
    #: it links to another place of its own page
    jump: bool = False
    #: the id that an address needs to lead here
    anchor: str = ""

    def address(self, url: str) -> str:
        """The page's address, to this line where it has an id of its own."""
        return f"{url}#{quote(self.anchor)}" if self.anchor else url


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of a listing with the words that follow it up to the next one."""

    title: str
    url: str
    text: str


# --- strict selection ------------------------------------------------------------------------------


def select(tag: Tag, css: str, *, at_least: int = 1) -> list[Tag]:
    """All elements that match.

    Raises:
        ParseError: fewer than ``at_least``.
    """
    found = list(tag.select(css))
    if len(found) < at_least:
        raise ParseError(f"{len(found)} elements match {css!r}, at least {at_least} expected")
    return found


def select_one(tag: Tag, css: str) -> Tag:
    """The one element that matches.

    Raises:
        ParseError: none or several do.
    """
    found = tag.select(css)
    if len(found) != 1:
        raise ParseError(f"{len(found)} elements match {css!r}, exactly one expected")
    return found[0]


# --- what a visitor sees ---------------------------------------------------------------------------


def tidy(text: str) -> str:
    """Text on one line: blanks collapsed, control and direction characters gone."""
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text)))
    return _BEFORE_STOP.sub(r"\1", " ".join(text.split()))


def content(soup: BeautifulSoup | Tag) -> Tag:
    """The page's main content: ``main`` where there is one, else the block around the h1 with most text.

    Navigation, header, footer, asides and dialogues are left out of the search. Where the page's own
    heading stands above ``main``, the element that holds both is the content.

    Raises:
        ParseError: the page has no text.
    """
    body = soup.find("body")
    body = body if isinstance(body, Tag) else soup
    whole = _size(body)
    if not whole:
        raise ParseError("the page has no text")
    mains = [m for m in soup.select("main, [role=main]") if m.get_text(strip=True)]
    if len(mains) == 1:
        if mains[0].select(_FIRST_HEADING):
            return mains[0]
        title = tidy(soup.title.get_text()) if isinstance(soup, BeautifulSoup) and soup.title else ""
        above = [h for h in body.select(_FIRST_HEADING) if title.startswith(tidy(h.get_text(" ")) or "\n")]
        return next((p for p in mains[0].parents if p in above[0].parents), body) if above else mains[0]
    heading = next((h for h in body.select("h1") if not _is_around(h, body)), None)
    for parent in heading.parents if heading is not None else ():
        if parent is body or not isinstance(parent, Tag):
            break
        if _size(parent) >= 0.5 * whole:
            return parent
    return body


def _around(tag: Tag) -> list[Tag]:
    """The surroundings of the content inside an element; an article's own header holds its title."""
    beside = [
        e for e in tag.select(_BESIDE) if _is_teaser(e) or not (_heads(e) or e.find_parent(_is_content))
    ]
    return [e for e in (*tag.select(_AROUND), *beside) if not e.select(_FIRST_HEADING)]


def _heads(header: Tag) -> bool:
    """Whether a header is nothing but the heading of a section."""
    head = header.find(_HEADINGS)
    return header.name == "header" and head is not None and head.get_text() == header.get_text().strip()


def _is_content(tag: Tag) -> bool:
    return tag.name in ("main", "article", "section") or tag.get("role") == "main"


def _is_teaser(tag: Tag) -> bool:
    head = tag.find(_HEADINGS)
    return tag.name == "aside" and head is not None and bool(_TEASERS.fullmatch(tidy(head.get_text(" "))))


def _is_around(tag: Tag, body: Tag) -> bool:
    return any(tag is a or a in tag.parents for a in body.select(f"{_AROUND}, {_BESIDE}"))


def _size(tag: Tag) -> int:
    around = {id(a) for a in tag.select(f"{_AROUND}, {_BESIDE}")}

    def size(node: Tag) -> int:
        total = 0
        for child in node.children:
            if isinstance(child, Tag):
                if id(child) not in around and child.name not in _UNSEEN:
                    total += size(child)
            elif isinstance(child, NavigableString) and not isinstance(child, Comment):
                total += len(child.strip())
        return total

    return size(tag)


class _Reader:
    """Walks a tree and writes down its lines."""

    def __init__(self, base: str, unseen: set[int] | None = None) -> None:
        self.base = base
        #: ids of elements to leave out
        self.unseen = unseen or set()
        self.lines: list[Line] = []
        self.parts: list[str] = []
        self.bold = True
        self.lead = ""
        self.links: list[str] = []
        self.anchor = ""

    def flush(self, head: int, item: bool) -> None:
        text = tidy("".join(self.parts))
        if text:
            level = head or (LABEL if self.bold else 0)
            lead = tidy(self.lead)
            if head:
                text = _PERMALINK.sub("", text)
            links = dict.fromkeys(self.links)
            jump = links.pop("#", "") is None
            self.lines.append(
                Line(text, level, item, lead if lead != text else "", tuple(links), jump, self.anchor)
            )
        if text:
            self.anchor = ""
        self.parts, self.bold, self.lead, self.links = [], True, "", []

    def walk(self, node: Tag, head: int, item: bool, bold: bool, link: str) -> None:
        previous_element = False
        for child in node.children:
            if isinstance(child, NavigableString):
                if type(child) in (NavigableString, CData):
                    text = str(child)
                    if text.strip():
                        self.bold = self.bold and bold
                        if link:
                            self.links.append(link)
                    self.parts.append(text)
                    previous_element = False
                continue
            if not isinstance(child, Tag) or child.name in _UNSEEN or id(child) in self.unseen:
                continue
            name = child.name
            if name == "button" and not (head or child.has_attr("aria-expanded")):
                continue  # a button that shows a section is its heading
            if name == "br" and head:
                self.parts.append(" ")
                continue
            if name == "br":
                self.flush(head, item)
                continue
            href = link
            if name == "a":
                href = _target(str(child.get("href") or ""), self.base) or link
            is_bold = bold or name in _BOLD
            block = _is_block(child)
            if block:
                self.flush(head, item)
            self.anchor = str(child.get("id") or (name == "a" and child.get("name")) or self.anchor)
            if block:
                level = _level(child) or head
                if name == "table":
                    child = _upright(child)  # noqa: PLW2901
                self.walk(child, level, name == "li" or (item and name not in ("ul", "ol")), is_bold, href)
                self.flush(level, name == "li" or item)
                item = False if name in ("ul", "ol") else item
                previous_element = False
                continue
            if previous_element:
                self.parts.append(" ")  # two elements side by side are two words
            first = not "".join(self.parts).strip()
            self.walk(child, head, item, is_bold, href)
            if first and not self.lead and name not in ("a", "time"):
                self.lead = "".join(self.parts)
            previous_element = True


def _is_block(tag: Tag) -> bool:
    """Whether an element begins a line; an unknown one does unless it stands in a sentence."""
    if tag.name in _BLOCKS or tag.get("role") == "heading":
        return True
    beside = tag.parent.find_all(string=True, recursive=False) if "-" in tag.name and tag.parent else ["x"]
    return not any(text.strip() for text in beside)


def _upright(table: Tag) -> Tag:
    """A table of one row of labels above one row of values, with each label before its value."""
    rows = [tr.find_all(["th", "td"], recursive=False) for tr in table.find_all("tr")]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]) or any(cell.name != "th" for cell in rows[0]):
        return table
    turned = Tag(name="table")
    turned.extend([copy(cell) for pair in zip(*rows, strict=True) for cell in pair])
    return turned


def _target(href: str, base: str) -> str:
    """Where a link leads: an absolute address, ``#`` for a place of the same page, or nothing."""
    return "#" if href.startswith("#") else web_address(href, base)


def _level(tag: Tag) -> int:
    """1–6 for a heading, by element or role; 0 for anything else."""
    if _HEADINGS.match(tag.name):
        return int(tag.name[1])
    if tag.get("role") == "heading":
        level = str(tag.get("aria-level") or "2")
        return min(int(level), 6) if level.isdecimal() else 2
    return 0


def web_address(href: str, base: str) -> str:
    """The absolute http(s) address of a link, or nothing for any other kind."""
    try:
        url = urljoin(base, href.strip())
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url.partition("#")[0] if parts.scheme in ("http", "https") and parts.hostname else ""


def lines(tag: Tag, base: str = "") -> list[Line]:
    """The lines of an element as a visitor sees them, without navigation and other surroundings inside it.

    A table of contents is left out: links to places of the page by words that stand there again.
    """
    around = {id(e) for e in _around(tag)}
    reader = _Reader(base, around)
    reader.walk(tag, 0, False, False, "")
    reader.flush(0, False)
    last = {_normal(ln.text): i for i, ln in enumerate(reader.lines)}
    return [ln for i, ln in enumerate(reader.lines) if not (ln.jump and last[_normal(ln.text)] > i)]


def page_lines(page: Page) -> list[Line]:
    """The lines of a page's content, from its own heading on; that line comes first, with ``head`` 1.

    The heading is the h1, else the line that the document's title begins with, else the first heading.
    What follows a heading like "Aktuellt" is teasers and left out.

    Raises:
        ParseError: the page was cut off, or has no heading, so that it is no ordinary page of the publisher.
    """
    if b"</html>" not in page.body[-2000:].lower():
        raise ParseError(f"{page.url}: the page does not end in </html>; it was cut off")
    base = page.soup.find("base", href=True)
    found = lines(
        content(page.soup), urljoin(page.url, str(base["href"])) if isinstance(base, Tag) else page.url
    )
    title = tidy(page.soup.title.get_text()) if page.soup.title else ""
    # the longest line that the title begins with; navigation has the same words, but as a link
    named = {i: len(ln.text) for i, ln in enumerate(found) if len(ln.text) > 3 and title.startswith(ln.text)}
    first = [i for i, ln in enumerate(found) if ln.head == 1]
    unlinked = [i for i in named if not found[i].links]
    start = next(
        iter(
            [i for i in first if i in named]
            or first
            or sorted(unlinked, key=lambda i: -named[i])
            or [i for i, ln in enumerate(found) if 1 <= ln.head <= 6]
        ),
        None,
    )
    if start is None:
        raise ParseError(f"{page.url}: the page has no heading")
    rest = found[start + 1 :]
    stop = next((i for i, ln in enumerate(rest) if _TEASERS.fullmatch(ln.text)), len(rest))
    return [replace(found[start], head=1), *rest[:stop]]


def _normal(text: str) -> str:
    return text.strip().rstrip(":").strip().casefold()


def fields(found: Iterable[Line], labels: Iterable[str]) -> dict[str, list[str]]:
    """What stands under or beside each visible label, line by line.

    Works for definition lists, tables, headings with text, bold labels, "Label: value" and value lines
    under label lines. A label's lines end at the next label or heading. A label that stands twice keeps
    its first value.
    """
    known = {_normal(label): label for label in labels}
    out: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in found:
        label, rest = _label(line, known)
        if label:
            current = [rest] if rest else []
            current = out.setdefault(label, current)
        elif 1 <= line.head <= 6:
            current = None
        elif current is not None:
            current.append(f"- {line.text}" if line.item and len(current) else line.text)
    return out


def _label(line: Line, known: dict[str, str]) -> tuple[str, str]:
    """The known label a line is or begins with, and the rest of the line."""
    if label := known.get(_normal(line.text)):
        return label, ""
    if line.lead and (label := known.get(_normal(line.lead))):
        return label, line.text[len(line.lead) :].lstrip(" :")
    for plain, label in known.items():
        rest = line.text[len(plain) :]
        if line.text.casefold().startswith(f"{plain} ") and (plain.endswith("?") or _VALUE.match(rest)):
            return label, rest.strip()
    before, colon, after = line.text.partition(":")
    if colon and (label := known.get(_normal(before))):
        return label, after.strip()
    return "", ""


_PART = re.compile(
    r"\b(?:visar|sida|showing|page)\b[^\d\n]{0,20}(?:\d+\s*[-–]\s*)?(?P<shown>\d+)\s*(?:av|of)\s*"
    r"(?:totalt\s*)?(?P<all>\d+)\b",
    re.I,
)


def entries(found: Sequence[Line], host: str) -> list[Entry]:
    """The links of a listing to pages of ``host``, each with the words up to the next link or heading.

    Raises:
        ParseError: the listing says that it is only a part ("Visar 10 av 45", "Sida 1 av 3").
    """
    for line in found:
        part = _PART.search(line.text)
        if part and int(part["shown"]) < int(part["all"]):
            raise ParseError(f"the list says {part[0]!r}, so it has further pages that are not read")
    out: list[Entry] = []
    url, heading, rest = "", "", list[str]()

    def done() -> None:
        if url:
            out.append(Entry(heading, url, "\n".join(rest)))

    for line in found:
        here = next((link for link in line.links if urlsplit(link).hostname == host), "")
        if here and here != url:
            done()
            url, heading, rest = here, line.text, []
            # a row that is all on one line: the link's words come first
            if line.lead and line.lead != line.text:
                heading, rest = line.lead, [line.text[len(line.lead) :].strip()]
        elif 1 <= line.head <= 6 and not here:
            done()
            url, heading, rest = "", "", []
        elif url:
            rest.append(line.text)
    done()
    return out


def text_of(found: Iterable[Line]) -> str:
    """Lines as plain text: headings on lines of their own, a dash before list items."""
    return "\n".join(_plain(found))


def _plain(found: Iterable[Line]) -> Iterator[str]:
    for line in found:
        short_head = line.lead.endswith(":") and len(line.lead) <= 40 and line.lead[:1].isupper()
        if line.item:
            yield f"- {line.text}"
        elif short_head and len(line.text) > len(line.lead):
            yield line.lead
            yield line.text[len(line.lead) :].strip()
        else:
            yield line.text


def html_text(markup: str) -> str:
    """Plain text of a fragment of HTML: paragraphs, list items and section heads each on a line of their own.

    A head is a heading, or a short first element that ends in a colon ("Expected Outcome:").
    """
    if not markup.strip():
        return ""
    reader = _Reader("")
    reader.walk(BeautifulSoup(markup, "lxml"), 0, False, False, "")
    reader.flush(0, False)
    return text_of(reader.lines)
