"""What is wrong with a lexicon."""

from __future__ import annotations

from datetime import date
from typing import Any

from matcher.config.models import LexiconFile, Municipality
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.lexicon_check import contradictions, uncovered, unused

TODAY = date(2026, 11, 22)


def file(field: str, *terms: dict[str, Any], generated: bool = False) -> LexiconFile:
    return LexiconFile.model_validate({"field": field, "terms": terms, "generated": generated})


SCHOOL = file(
    "skola", {"sv": "skola", "en": ["school"], "synonyms": ["läroverk"]}, {"sv": "plan", "noise": True}
)
CLIMATE = file(
    "klimat", {"sv": "klimat", "en": ["climate"]}, {"sv": "växthusgaser", "en": ["greenhouse gases"]}
)


def test_a_term_with_different_english_in_two_fields_is_named_with_both() -> None:
    other = file("vuxna", {"sv": "folkhögskola", "en": ["folk high school"], "synonyms": ["Läroverk"]})
    (found,) = contradictions([SCHOOL, other])
    assert found.sv == "läroverk"
    assert found.entries == (("skola", ("school",)), ("vuxna", ("folk high school",)))


def test_the_same_english_twice_and_a_generated_file_are_no_contradiction() -> None:
    assert contradictions([SCHOOL, file("b", {"sv": "läroverk", "en": ["school"]})]) == []
    assert contradictions([SCHOOL, file("b", {"sv": "läroverk", "en": ["lyceum"]}, generated=True)]) == []


def test_a_term_is_unused_when_no_call_holds_it_in_either_language() -> None:
    files = [SCHOOL, CLIMATE]
    assert unused(files, []) == [("skola", "skola"), ("klimat", "klimat"), ("klimat", "växthusgaser")]
    assert unused(files, [("Schools for all", "en"), ("ett klimat", "sv")]) == [("klimat", "växthusgaser")]
    assert unused(files, [("the greenhouse in the garden, and gases", "en")]) == unused(files, [])
    assert ("klimat", "växthusgaser") not in unused(files, [("on greenhouse-gases", "en")])


def test_words_without_english_are_named_with_their_priority() -> None:
    municipality = Municipality.model_validate(
        {
            "municipality": "Exempelby kommun",
            "id": "exempelby",
            "code": "0484",
            "county": "Södermanlands län",
            "population": 20_000,
            "council_priorities": [{"id": "klimat", "text": "Klimat för Exempelby"}],
            "committees": [
                {
                    "id": "exempelby-bun",
                    "name": "Nämnden",
                    "responsibility": "Skola",
                    "recipients": ["bun@example.org"],
                    "priorities": [
                        {"id": "skola", "text": "Välgång i skolorna", "keywords": ["läroverk", "gläntor"]},
                        {"id": "klimat", "text": "Klimatplan"},
                        {"id": "gammal", "text": "Önskan", "valid_until": "2020-12-31"},
                    ],
                }
            ],
        }
    )
    (found,) = uncovered(Lexicon([SCHOOL, CLIMATE]), [municipality], TODAY)
    assert str(found) == "exempelby-bun: priority skola: no English found for: ‘välgång’, ‘gläntor’"
