"""Swedish compounds, cut into the words of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from matcher.scoring.text import is_stop, stem

#: shortest part of a compound
_SHORTEST_PART = 4
#: longer "compounds" are addresses and encoded data
_LONGEST_COMPOUND = 60
#: what the parts of a compound cost: a whole word, one with an ending, an unknown one beside its letters
_WHOLE, _INFLECTED, _UNKNOWN = 1.0, 1.5, 2.0
#: how Swedish words and loan words begin
_ONSET = re.compile(
    r"(?:s[kpt]?[jrlv]|[bcfgkp][lr]|[dtv]r|[dtks]v|[gkfs]n|[bfhmprtk]j|s[cklmnpt]|[ctp]h|ps"
    r"|[bcdfghjklmnpqrstvwxz])?[aeiouyåäöé]"
)


class Compounds:
    """Cuts Swedish compounds into words of a list, as those words stand in compounds.

    A part must be a whole word: exactly, with the linking letters of a first part (arbete, arbet**s**-;
    skola, skol-; gata, gat**u**-), or with an ending if it is the last. One part may be unknown if it can be
    a word of its own by its length and letters.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        #: form → word
        self._first: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        for word in sorted(vocabulary):
            if len(word) < _SHORTEST_PART or not word.isalpha() or is_stop(word, "sv"):
                continue
            self._last[word] = word
            self._stems.setdefault(stem(word, "sv"), word)
            for form in _linked(word):
                self._first.setdefault(form, word)
        self._first |= self._last  # the word itself before a form of another
        self._cache: dict[str, tuple[str, ...]] = {}

    def parts(self, word: str) -> tuple[str, ...]:
        """The parts, known ones as they stand in the list; empty if the word is no such compound."""
        known = self._cache.get(word)
        if known is None:
            known = self._cache[word] = self._cut(word)
        return known

    def _cut(self, word: str) -> tuple[str, ...]:
        if not 2 * _SHORTEST_PART <= len(word) <= _LONGEST_COMPOUND or not word.isalpha():
            return ()
        # cheapest way to write word[:end] without and with an unknown part: (cost, parts)
        ways: dict[tuple[int, bool], tuple[float, tuple[str, ...]]] = {(0, False): (0.0, ())}
        for end in range(_SHORTEST_PART, len(word) + 1):
            for start in range(end - _SHORTEST_PART + 1):
                if (start, end) == (0, len(word)):
                    continue
                piece = word[start:end]
                known = self._known(piece, last=end == len(word))
                for strange in (False, True):
                    if (start, strange) not in ways:
                        continue
                    cost, parts = ways[start, strange]
                    if known is not None:
                        way, reached = (cost + known[1], (*parts, known[0])), (end, strange)
                    elif not strange and _may_be_word(piece):
                        way, reached = (cost + _UNKNOWN + len(piece), (*parts, piece)), (end, True)
                    else:
                        continue
                    ways[reached] = min(way, ways.get(reached, way))
        _, parts = ways.get((len(word), False)) or ways.get((len(word), True)) or (0.0, ())
        return parts

    def _known(self, piece: str, *, last: bool) -> tuple[str, float] | None:
        """The word of the list that a piece is, and what it costs."""
        word = (self._last if last else self._first).get(piece)
        if word is not None:
            return word, _WHOLE
        word = self._stems.get(stem(piece, "sv")) if last else None
        # the stem may be shared by chance: what is more than the word must be an ending
        return (word, _INFLECTED) if word and _inflected(word, piece) else None


def _linked(word: str) -> Iterator[str]:
    """A word as the first part of a compound."""
    if not word.endswith(("s", "x", "z")):
        yield word + "s"
    if word.endswith("a"):
        yield from (word[:-1] + vowel for vowel in ("", "e", "o", "u"))
    elif word.endswith("e"):
        yield from (word[:-1], word[:-1] + "s")


def _inflected(word: str, piece: str) -> bool:
    shared = max(_SHORTEST_PART - 1, len(word) - 2)
    return word[:shared] == piece[:shared]


def _may_be_word(piece: str) -> bool:
    return len(piece) >= _SHORTEST_PART and _ONSET.match(piece) is not None
