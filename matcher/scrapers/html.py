"""HTML read the way a visitor reads it: by visible words, order and headings, never by class names.

``lines`` turns any markup into the lines a visitor sees, with what is a heading and what is a link; all
else works on these lines, so that a change from a table to a list changes nothing. ``select`` and
``select_one`` are for the few places where structure is the fact, and say how much they expect.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from bs4.element import CData, Comment, NavigableString

from matcher.errors import ParseError
from matcher.scrapers.source import Page

_BLOCKS = frozenset(
    """
    address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody td tfoot
    th thead tr ul
    """.split()  # noqa: SIM905 (a list of words)
)
_UNSEEN = frozenset(
    (
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "iframe",
        "object",
        "svg",
        "button",
        "select",
        "input",
    )
)
_AROUND = (
    "nav, header, footer, aside, dialog, [role=dialog], [role=navigation], [role=banner], "
    "[role=contentinfo], [role=complementary], [role=search], [aria-hidden=true]"
)
_BOLD = frozenset({"b", "strong", "dt", "th", "summary", "legend", "caption"})
_STOP_HEADS = frozenset({"aktuellt", "nyheter", "news", "relaterat", "relaterad information"})
_REVERSING = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
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
    text = _CONTROL.sub(" ", _REVERSING.sub("", unicodedata.normalize("NFC", text)))
    return _BEFORE_STOP.sub(r"\1", " ".join(text.split()))


def content(soup: BeautifulSoup | Tag) -> Tag:
    """The page's main content: ``main`` where there is one, else the block around the h1 with most text.

    Navigation, header, footer, asides and dialogues are left out of the search.

    Raises:
        ParseError: the page has no text.
    """
    mains = soup.select("main, [role=main]")
    if len(mains) == 1 and mains[0].get_text(strip=True):
        return mains[0]
    body = soup.find("body")
    body = body if isinstance(body, Tag) else soup
    whole = _size(body)
    if not whole:
        raise ParseError("the page has no text")
    best: Tag = body
    heading = next((h for h in body.select("h1") if not _is_around(h, body)), None)
    if heading is not None:
        for parent in heading.parents:
            if parent is body or not isinstance(parent, Tag):
                break
            if _size(parent) >= 0.5 * whole:
                best = parent
                break
    return best


def _is_around(tag: Tag, body: Tag) -> bool:
    return any(tag is a or a in tag.parents for a in body.select(_AROUND))


def _size(tag: Tag) -> int:
    around = {id(a) for a in tag.select(_AROUND)}

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

    def __init__(self, base: str) -> None:
        self.base = base
        self.lines: list[Line] = []
        self.parts: list[str] = []
        self.bold = True
        self.lead = ""
        self.links: list[str] = []

    def flush(self, head: int, item: bool) -> None:
        text = tidy("".join(self.parts))
        if text:
            level = head or (LABEL if self.bold else 0)
            lead = tidy(self.lead)
            self.lines.append(
                Line(text, level, item, lead if lead != text else "", tuple(dict.fromkeys(self.links)))
            )
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
            if not isinstance(child, Tag) or child.name in _UNSEEN:
                continue
            name = child.name
            if name == "br":
                self.flush(head, item)
                continue
            href = link
            if name == "a":
                href = web_address(str(child.get("href") or ""), self.base) or link
            is_bold = bold or name in _BOLD
            if name in _BLOCKS or child.get("role") == "heading":
                self.flush(head, item)
                level = _level(child) or head
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


def _level(tag: Tag) -> int:
    """1–6 for a heading, by element or role; 0 for anything else."""
    if re.fullmatch(r"h[1-6]", tag.name):
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
    """The lines of an element as a visitor sees them, without navigation and other surroundings inside it."""
    around = tag.select(_AROUND)
    if around:
        tag = BeautifulSoup(str(tag), "lxml")
        for element in tag.select(_AROUND):
            if not element.decomposed and not element.select("h1"):  # an article's own header holds its title
                element.decompose()
    reader = _Reader(base)
    reader.walk(tag, 0, False, False, "")
    reader.flush(0, False)
    return reader.lines


def page_lines(page: Page) -> list[Line]:
    """The lines of a page's content, from its own heading on; that line comes first, with ``head`` 1.

    The heading is the h1, else the line that the document's title begins with, else the first heading.
    What follows a heading like "Aktuellt" is teasers and left out.

    Raises:
        ParseError: the page was cut off, or has no heading, so that it is no ordinary page of the publisher.
    """
    if b"</html>" not in page.body[-2000:].lower():
        raise ParseError(f"{page.url}: the page does not end in </html>; it was cut off")
    soup = BeautifulSoup(_decoded(page.body), "lxml")
    found = lines(content(soup), page.url)
    named = tidy(soup.title.get_text()) if soup.title else ""
    start = next((i for i, ln in enumerate(found) if ln.head == 1), None)
    if start is None:
        start = next(
            (i for i, ln in enumerate(found) if len(ln.text) > 3 and named.startswith(ln.text)), None
        )
    if start is None:
        start = next((i for i, ln in enumerate(found) if 1 <= ln.head <= 6), None)
    if start is None:
        raise ParseError(f"{page.url}: the page has no heading")
    stop = next((i for i, ln in enumerate(found) if i > start and ln.text.lower() in _STOP_HEADS), len(found))
    return [replace(found[start], head=1), *found[start + 1 : stop]]


def _decoded(body: bytes) -> str:
    """UTF-8 where the bytes are; else what the page declares; else the charset of old Western European sites.

    Guessing from letter frequencies, as parsers do, takes short Swedish pages for other languages.
    """
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        declared = EncodingDetector.find_declared_encoding(body, is_html=True)
    try:
        return body.decode(declared if declared and declared.lower() != "utf-8" else "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


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


def entries(found: Sequence[Line], host: str) -> list[Entry]:
    """The links of a listing to pages of ``host``, each with the words up to the next link or heading."""
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
