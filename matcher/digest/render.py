"""Digest or overview → letter: one view of texts feeds the HTML and the text part, so both say the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from matcher.digest.calendar import calendar_of
from matcher.digest.overview import MunicipalOverview
from matcher.digest.view import View, letter_subject, letter_view, overview_subject, overview_view
from matcher.digest.words import words_for
from matcher.domain import Digest

#: Mail programs clip longer letters (Gmail at 102 KB).
MOST_HTML_BYTES = 100_000
#: Calls named for each committee in an overview that is short enough.
MOST_NAMED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A letter's content before it is addressed; ``ics`` is ``None`` when there is no date to note."""

    subject: str
    text: str
    html: str
    ics: bytes | None
    #: calls at the end of the digest that found no room, and that the letter counts as waiting
    left_out: int = 0


def render(digest: Digest, *, list_domain: str = "matcher.invalid") -> Rendered:
    """Render a digest in its committee's language.

    ``list_domain`` goes into the calendar entries' identifiers. Should the HTML grow beyond 100 KB, the
    last calls keep only their title, dates and links; should that not be enough, the last ones are left
    out and counted, see ``Rendered.left_out``.
    """
    words = words_for(digest.language)
    every = len(digest.items)

    def view(size: int) -> View:
        # up to ``every`` calls are left out one by one, then the others get their details one by one
        shown = digest.without_last(max(every - size, 0))
        ics = calendar_of(shown, words, list_domain)
        return letter_view(shown, words, detailed=size - every, with_calendar=ics is not None)

    size, html, text = _fitting("letter", view, 2 * every)
    shown = digest.without_last(left_out := max(every - size, 0))
    return Rendered(
        subject=letter_subject(shown, words),
        text=text,
        html=html,
        ics=calendar_of(shown, words, list_domain),
        left_out=left_out,
    )


def render_overview(overview: MunicipalOverview) -> Rendered:
    """Render an overview in its language; calls beyond 100 KB of HTML are counted, not named."""
    words = words_for(overview.language)
    _, html, text = _fitting("overview", lambda size: overview_view(overview, words, most=size), MOST_NAMED)
    return Rendered(subject=overview_subject(overview, words), text=text, html=html, ics=None)


def _fitting(template: str, view: Callable[[int], View], most: int) -> tuple[int, str, str]:
    """Both parts in the largest of some sizes, from ``most`` downwards, whose HTML is short enough."""
    size = most
    while True:
        shown = view(size)
        html = _inliner().inline(_templates().get_template(f"{template}.html.j2").render(shown))
        length = len(html.encode())
        if length <= MOST_HTML_BYTES or size == 0:
            return size, html, _templates().get_template(f"{template}.txt.j2").render(shown)
        # as much shorter as the excess suggests, and at least by an eighth
        size = min(size * 7 // 8, size * MOST_HTML_BYTES * 5 // (length * 4))


# --- templates --------------------------------------------------------------------------------


def _wrap(text: str, indent: int = 0) -> str:
    """Wrapped for the text part at 76 columns; addresses are never broken."""
    return textwrap.fill(
        text,
        76,
        initial_indent="",
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("matcher.digest"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = _wrap
    return environment


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # Rules for dark mode and narrow screens cannot be inlined: at-rules stay in the head.
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
