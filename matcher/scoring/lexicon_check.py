"""What is wrong with a lexicon: contradictions, terms without use, and priorities it cannot render."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from matcher.config.models import LexiconEntry, LexiconFile, Municipality
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.text import Language, stem, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A Swedish term that stands in several entries with different English."""

    sv: str
    #: field and English of each entry
    entries: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """Words of a priority for which there is no English, in the committee's order."""

    committee: str
    priority: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        said = ", ".join(f"‘{word}’" for word in self.words)
        return f"{self.committee}: priority {self.priority}: no English found for: {said}"


def contradictions(files: Iterable[LexiconFile]) -> list[Contradiction]:
    """Headwords and synonyms that mean different things in two entries; generated files do not count."""
    found: dict[str, list[tuple[str, LexiconEntry]]] = defaultdict(list)
    for file in files:
        for entry in file.terms if not file.generated else ():
            for text in {text.casefold() for text in (entry.sv, *entry.synonyms)}:
                found[text].append((file.field, entry))
    return [
        Contradiction(sv=text, entries=tuple((field, entry.en) for field, entry in entries))
        for text, entries in sorted(found.items())
        if len({entry.en for _, entry in entries}) > 1
    ]


def unused(files: Iterable[LexiconFile], texts: Iterable[tuple[str, Language]]) -> list[tuple[str, str]]:
    """(field, headword) of entries of which no text holds a word, in neither language; noise is left out.

    ``texts`` come with their language; words are compared by their stems, phrases word for word.
    """
    waiting: dict[Language, dict[str, dict[tuple[str, ...], set[tuple[str, str]]]]] = {
        "sv": defaultdict(dict),
        "en": defaultdict(dict),
    }
    left: dict[tuple[str, str], None] = {}
    for file in files:
        for entry in file.terms:
            if entry.noise:
                continue
            name = (file.field, entry.sv)
            left[name] = None
            said: tuple[tuple[Language, tuple[str, ...]], ...] = (
                ("sv", (entry.sv, *entry.synonyms)),
                ("en", entry.en),
            )
            for language, phrases in said:
                for phrase in phrases:
                    key = tuple(stem(word, language) for word in words(phrase))
                    if key:
                        waiting[language][key[0]].setdefault(key, set()).add(name)
    for text, language in texts:
        keys = [stem(word, language) for word in words(text)]
        for at, first in enumerate(keys):
            candidates = waiting[language].get(first)
            if not candidates:
                continue
            for held in [c for c in candidates if tuple(keys[at : at + len(c)]) == c]:
                for name in candidates.pop(held):
                    left.pop(name, None)
    return list(left)


def uncovered(lexicon: Lexicon, municipalities: Sequence[Municipality], today: date) -> list[Uncovered]:
    """Priorities in force, of committees and councils, with words that have no English.

    A council's priority stands under the id of its municipality; names of the municipality itself and of
    its county are nothing that needs English.
    """

    def missing(owner: str, municipality: Municipality) -> Iterator[Uncovered]:
        names = {
            stem(word, "sv")
            for word in words(
                " ".join((municipality.municipality, municipality.county, *municipality.networks))
            )
        }
        priorities = municipality.council_priorities
        if owner != municipality.id:
            priorities = next(c.priorities for c in municipality.committees if c.id == owner)
        for priority in priorities:
            found = dict.fromkeys(
                word
                for text in (priority.text, *priority.keywords)
                if lexicon.language(text) == "sv"
                for word in lexicon.uncovered(text, "sv")
                if stem(word, "sv") not in names
            )
            if found and priority.counts_on(today):
                yield Uncovered(committee=owner, priority=priority.id, words=tuple(found))

    return [
        gap
        for municipality in municipalities
        for owner in (municipality.id, *(c.id for c in municipality.committees))
        for gap in missing(owner, municipality)
    ]
