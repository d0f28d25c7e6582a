"""The lexicon that ships: what every file must keep while people edit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from matcher.config.models import LexiconEntry, LexiconFile
from matcher.scoring.text import stem, words

LEXICON = Path(__file__).parents[1] / "config" / "lexicon"
FILES = sorted(LEXICON.glob("*.yaml"))

#: what committees write and what at least one word of its translation must be
EXPECTED = {
    "våld i nära relationer": "domestic violence",
    "fler i jobb": "employment",
    "skola för alla": "inclusive education",
    "kompetensförsörjning": "skills shortages",
    "äldreomsorg": "long-term care",
    "UVAS": "NEET",
    "LSS": "disability services",
    "hedersrelaterat våld och förtryck": "honour-based violence",
    "våldsbejakande extremism": "radicalisation",
    "livskraftigt näringsliv": "entrepreneurship",
    "att färdas väl": "well-being",
    "färre som ska försörja fler": "demographic change",
    "välfärdsteknik": "assistive technology",
    "dagvatten": "stormwater",
    "återbruk": "reuse",
    "räddningstjänst": "civil protection",
    "översiktsplan": "spatial planning",
    "överförmyndarnämnd": "legal guardianship",
    "god och nära vård": "good and close care",
    "idéburet offentligt partnerskap": "idea-based public partnership",
    "biologisk mångfald": "biodiversity",
    "laddinfrastruktur": "recharging infrastructure",
    "vänortssamarbete": "town twinning",
    "försörjningsstöd": "minimum income",
    "särskilt boende": "nursing homes",
    "SIP": "integrated care",
    "barnkonventionen": "children's rights",
    "återvätning": "peatlands",
    "civilsamhällesorganisationer": "NGOs",
    "totalförsvar": "civil defence",
    "samiska": "Sami language",
    "upphandling av livsmedel": "public food procurement",
    "kraftvärme": "combined heat and power",
    "grundvattenförorening": "groundwater pollution",
}


@cache
def _load(path: Path) -> LexiconFile:
    return LexiconFile.model_validate(YAML(typ="safe").load(path))


def _entries() -> Iterator[tuple[str, LexiconEntry]]:
    for path in FILES:
        yield from ((path.name, entry) for entry in _load(path).terms)


def _swedish(entry: LexiconEntry) -> tuple[str, ...]:
    return (entry.sv, *entry.synonyms)


def _stems(phrase: str) -> tuple[str, ...]:
    return tuple(stem(word, "sv") for word in words(phrase))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_validates_is_named_after_its_field_and_is_sorted(path: Path) -> None:
    file = _load(path)
    assert file.field == path.stem
    headwords = [entry.sv.casefold() for entry in file.terms]
    assert headwords == sorted(headwords)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_one_line_per_entry_so_that_diffs_can_be_reviewed(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("  - {sv: ")]
    assert len(lines) == len(_load(path).terms)


def test_no_swedish_word_stands_twice_as_headword_or_synonym() -> None:
    counted = Counter(text.casefold() for _, entry in _entries() for text in _swedish(entry))
    assert [text for text, times in counted.items() if times > 1] == []


def test_every_entry_that_carries_a_subject_has_one_to_six_translations_without_repetition() -> None:
    wrong = [
        (file, entry.sv)
        for file, entry in _entries()
        if (not entry.noise and not 1 <= len(entry.en) <= 6)
        or len({text.casefold() for text in entry.en}) < len(entry.en)
    ]
    assert wrong == []


def test_four_thousand_headwords_remain_when_forms_of_one_word_count_as_one() -> None:
    assert len({_stems(entry.sv) for _, entry in _entries() if not entry.noise}) >= 4000


def test_no_term_ends_in_punctuation_or_holds_brackets_or_double_spaces() -> None:
    wrong = [
        (file, text)
        for file, entry in _entries()
        for text in (*_swedish(entry), *entry.en)
        if text[-1] in ".,;:!?-/" or any(mark in text for mark in "()[]|;=") or "  " in text
    ]
    assert wrong == []


def test_every_swedish_term_has_a_word_that_the_tokeniser_sees() -> None:
    assert [(file, text) for file, entry in _entries() for text in _swedish(entry) if not _stems(text)] == []


def test_no_word_of_administration_has_the_stem_of_a_word_that_carries_a_subject() -> None:
    subjects = {_stems(text): text for _, entry in _entries() if not entry.noise for text in _swedish(entry)}
    hidden = [
        (text, subjects[_stems(text)])
        for _, entry in _entries()
        if entry.noise
        for text in _swedish(entry)
        if _stems(text) in subjects
    ]
    assert hidden == []


def test_the_lexicon_covers_the_fields_of_a_municipality_in_breadth() -> None:
    entries = list(_entries())
    assert len(FILES) >= 38
    assert len(entries) >= 4000
    assert sum(not entry.noise for _, entry in entries) >= 4000
    assert sum(len(_swedish(entry)) for _, entry in entries) >= 12_000
    assert sum(entry.noise for _, entry in entries) >= 250
    assert min(len(_load(path).terms) for path in FILES) >= 10


@pytest.mark.parametrize(("swedish", "english"), EXPECTED.items())
def test_what_committees_write_leads_to_the_words_of_calls(swedish: str, english: str) -> None:
    found = [
        entry
        for _, entry in _entries()
        if swedish.casefold() in {text.casefold() for text in _swedish(entry)} and not entry.noise
    ]
    assert len(found) == 1
    assert english in found[0].en


@pytest.mark.parametrize(
    "word", ["projekt", "verksamhet", "medfinansiering", "nämnd", "utveckla", "invånare"]
)
def test_words_of_administration_are_noise(word: str) -> None:
    assert [entry.noise for _, entry in _entries() if word in _swedish(entry)] == [True]
