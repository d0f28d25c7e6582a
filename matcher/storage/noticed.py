"""What a reader would notice of a call: the difference between a change and a cosmetic edit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from matcher.domain import Precision

#: these may move without news: identity, addresses, and what we found out ourselves
_UNNOTICED = frozenset({"source", "source_id", "url", "links", "language"})
#: a publisher's phrase counts only while no value could be read from it
_PHRASES = {
    "rate_raw": ("rate_minimum", "rate_maximum"),
    "rate_given": ("rate_minimum", "rate_maximum"),
    "applicants_raw": ("applicants",),
    "geography_raw": ("geography",),
    "action_raw": ("action",),
    "programme_name": ("programme",),
}
_PROSE = frozenset({"title", "call_title", "text", "conditions", "reference", *_PHRASES})
_SETS = frozenset({"keywords", "applicants", "geography"})
_PRECISIONS = {
    Precision.DAY_WITHOUT_YEAR: Precision.DAY,
    Precision.MONTH_WITHOUT_YEAR: Precision.MONTH,
}
_EMPTY: tuple[object, ...] = (None, "", [], False)
_WORD = re.compile(r"[^\W_]+|[%‰€$£<>≤≥=+]")
# soft hyphens and zero-width characters that editors leave behind
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def words(prose: str) -> str:
    """The words of a text without case, punctuation and white space; signs that carry meaning stay."""
    return " ".join(_WORD.findall(_INVISIBLE.sub("", unicodedata.normalize("NFKC", prose)).casefold()))


def noticed(content: Mapping[str, Any]) -> dict[str, Any]:
    """``plain(call)`` reduced to what a reader would notice; empty fields are left out.

    Text loses case, punctuation and white space, lists lose their order, deadlines become moments, and a
    phrase such as ``rate_raw`` counts only while ``rate_minimum`` and ``rate_maximum`` are unknown.
    """
    reduced = {f: _reduced(f, v) for f, v in content.items() if f not in _UNNOTICED and v not in _EMPTY}
    for phrase, values in _PHRASES.items():
        if any(value in reduced for value in values):
            reduced.pop(phrase, None)
    return {field: value for field, value in reduced.items() if value not in _EMPTY}


def _reduced(field: str, value: Any) -> Any:
    if field in _SETS:
        return sorted({words(v) for v in value})
    if field in _PROSE:
        return words(value)
    if field == "deadlines":
        return sorted(_deadline(d) for d in value)
    if field == "opens_precision":
        return _PRECISIONS.get(value, value)
    return value


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The fields that differ between two results of ``noticed``, by name."""
    return sorted(f for f in before.keys() | after.keys() if before.get(f) != after.get(f))


def _deadline(deadline: Mapping[str, Any]) -> tuple[str, str]:
    at, precision = deadline["at"], deadline["precision"]
    if "T" in at:  # the same moment in another zone is no news
        at = datetime.fromisoformat(at).astimezone(UTC).isoformat()
    return at, _PRECISIONS.get(precision, precision)
