"""A call's page as its visible labels cut it, and the fields that every such page gives in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matcher.domain import Call
from matcher.errors import ParseError, SkipRecord
from matcher.scrapers import dates, html, linked_pages, money, wording
from matcher.scrapers.source import Page, Source

_OPENING = re.compile(r"(?:nästa\s+)?(?:ansök\w*|utlysningen)\b[^.\d]*\böppna(?:r|s|de)\b", re.I)


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """What stands above the first label, and what under each label."""

    page: Page
    lines: Sequence[html.Line]
    #: the lines between the heading and the first label
    head: Sequence[html.Line]
    #: label → its lines, without those that say when the page was published or link to a document
    parts: dict[str, list[str]]

    @property
    def title(self) -> str:
        """The page's heading."""
        return self.lines[0].text

    def under(self, *labels: str) -> str:
        """What stands under the labels."""
        return "\n".join(line for label in labels for line in self.parts.get(label, ()))

    def ingress(self) -> str:
        """What stands above the first label, without lines that hold a date."""
        return "\n".join(line.text for line in self.head if not dates.read(line.text))

    def require(self, *groups: tuple[str, ...]) -> None:
        """Make sure that the page is a call's: it has a label of each group.

        Raises:
            ParseError: it lacks some, or it is not the page that was listed but a wall in front of it.
            SkipRecord: it is the listed page, but has none of them: guidance or news, not a call.
        """
        missing = [" or ".join(map(repr, group)) for group in groups if not self.parts.keys() & set(group)]
        listed = str(self.page.notes.get("listed") or self.title)
        if len(missing) == len(groups) and _alike(listed, self.title):
            raise SkipRecord("a listed page with none of a call's headings")
        if missing:
            raise ParseError(f"{self.title!r}, listed as {listed!r}: no {' and no '.join(missing)}")

    def window(
        self, *texts: str, label: str = "", context: dates.Context | None = None, closed: bool = False
    ) -> dates.Window:
        """When one can apply: from the texts, and from lines about the opening wherever they stand.

        Years that are missing come from ``context``, by default the day the page was published. Where the
        page is known to say that the call is ``closed``, nothing more need be stated.

        Raises:
            ParseError: nothing says when one can apply.
        """
        context = context or dates.Context(published=dates.published(html.text_of(self.lines)))
        opening = (line.text for line in self.lines[1:] if _OPENING.match(line.text))
        when = dates.window("\n".join(dict.fromkeys((*texts, *opening))), context=context, label=label)
        if not (when.stated or closed):
            where = f"under {label!r}" if label else "above the text"
            raise ParseError(f"{self.title!r}: nothing {where} says when one can apply")
        return when

    def call(
        self,
        source: Source,
        when: dates.Window,
        *,
        who: str,
        about_money: str = "",
        unstated_is_total: bool = False,
        **own: Any,
    ) -> Call:
        """The call, with the source's defaults; ``own`` replaces and adds fields.

        ``who`` and ``about_money`` are the words about applicants and about amounts and rate.
        """
        what = str(own.get("text", ""))
        common: dict[str, Any] = {
            "source": source.key,
            "source_id": linked_pages.identifier(self.page.url),
            "url": self.page.url,
            "title": self.title,
            "language": source.language,
            "family": source.family,
            "programme": source.programme,
            "fund": source.fund,
            "opens": when.opens,
            "opens_precision": when.opens_precision,
            "deadlines": when.deadlines,
            "continuous": when.continuous,
            **money.call_sums(about_money, unstated_is_total=unstated_is_total),
            **money.rate_fields(money.rate(about_money)),
            "applicants": wording.applicants(who),
            "applicants_raw": who or None,
            "geography": (
                "SE",
            ),  # a national body's money is for all of Sweden unless the page says otherwise
            "consortium": wording.consortium(html.text_of(self.lines)),
            "action": wording.action(self.title, what),
        }
        return Call(**common | own)


def read(page: Page, lines: Sequence[html.Line], labels: Sequence[str]) -> LabelledPage:
    """Cut the lines of a page at its labels."""
    first = next((i for i, ln in enumerate(lines) if i and html.fields([ln], labels)), len(lines))
    parts = html.fields((ln for ln in lines if not (_is_stamp(ln.text) or _is_document(ln))), labels)
    return LabelledPage(page, lines, lines[1:first], parts)


def _is_stamp(text: str) -> bool:
    """Whether a line says when the page was published, and nothing about applying beside it."""
    return dates.is_stamp(text) and not any(r.cued for r in dates.read(text))


def _is_document(line: html.Line) -> bool:
    return bool(line.links) and all(link.lower().endswith((".pdf", ".docx", ".xlsx")) for link in line.links)


def paragraphs(*texts: str) -> str:
    """The texts that say something, each on lines of its own."""
    return "\n".join(text for text in texts if text)


def joined(found: Sequence[html.Line], labels: Sequence[str]) -> Iterator[str]:
    """Lines with each of the labels beside its value, whatever element separates them."""
    label = ""
    for line in found:
        own = html.fields([line], labels)
        if own and not next(iter(own.values())):
            label = line.text
            continue
        yield f"{label} {line.text}" if label else line.text
        label = ""


def _alike(one: str, other: str) -> bool:
    """Whether most words of the shorter title stand in the longer one."""
    first, second = (set(re.findall(r"\w{3,}", t.casefold())) for t in (one, other))
    return len(first & second) > 0.5 * max(1, min(len(first), len(second)))
