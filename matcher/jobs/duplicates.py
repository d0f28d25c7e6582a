"""The same call on two publishers' sites is one call with two links."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import combinations

from matcher.domain import Call

#: words a title and its twin must share, of all that either has
LEAST_ALIKE = 0.75
#: a shorter number ("12/24") may well be two authorities' own
LEAST_REFERENCE = 8

Key = tuple[str, str]


def merged(calls: Iterable[Call], *, last: frozenset[str] = frozenset()) -> dict[Key, Call]:
    """One call for each that several sources list, always under the same key; the others' addresses
    become its ``links``.

    Two calls of different sources are the same when they share a diary number, or a deadline's day and a
    title of the same words; a planned call and a published one of the same source when window, place and
    programme are the same. A call of a source in ``last`` is never the one that is kept.
    """
    kept: dict[Key, Call] = {}
    for first, *others in twins(calls, last=last):
        links = dict.fromkeys([*first.links, *(call.url for call in others)])
        kept[first.key] = replace(first, links=tuple(links)) if others else first
    return kept


def twins(
    calls: Iterable[Call], *, last: frozenset[str] = frozenset(), gone: Collection[Key] = ()
) -> list[list[Call]]:
    """Each call with the same call of other sources behind it, the one that is kept first.

    Calls of sources in ``last``, those in ``gone`` and planned ones are kept only when there is no other.
    """
    by_key = {call.key: call for call in calls}
    return [
        sorted(
            (by_key[key] for key in group), key=lambda c: (c.key in gone, c.source in last, c.planned, c.key)
        )
        for group in _groups(by_key)
    ]


def same(one: Call, other: Call) -> bool:
    """Whether two sources speak of one call, or one source's timetable and its list."""
    if one.source == other.source:
        return one.planned != other.planned and _announced(one) == _announced(other)
    if one.reference and one.reference == other.reference and len(one.reference) >= LEAST_REFERENCE:
        return True
    days = {d.day for d in one.deadlines} & {d.day for d in other.deadlines}
    if not days:
        return False
    mine, theirs = _words(one.title), _words(other.title)
    return bool(mine and theirs) and len(mine & theirs) / len(mine | theirs) >= LEAST_ALIKE


def _announced(call: Call) -> object:
    """What a timetable says of a call besides its own name for it."""
    days = tuple(d.day for d in call.deadlines)
    return call.opens, days, frozenset(call.geography), call.programme, call.programme_name


def _groups(calls: Mapping[Key, Call]) -> Iterable[set[Key]]:
    """Keys that belong together; only calls that share a day or a number are compared at all."""
    shelves: dict[object, list[Key]] = defaultdict(list)
    for key, call in calls.items():
        for name in ({("day", d.day) for d in call.deadlines}) | {("number", call.reference or key)}:
            shelves[name].append(key)
    group: dict[Key, set[Key]] = {key: {key} for key in calls}
    for shelf in shelves.values():
        for one, other in combinations(shelf, 2):
            if group[one] is not group[other] and same(calls[one], calls[other]):
                both = group[one] | group[other]
                for key in both:
                    group[key] = both
    return list({id(members): members for members in group.values()}.values())


def _words(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]{2,}", title.casefold()))
