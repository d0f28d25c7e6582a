"""The two-language term map."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.config.models import LexiconFile
from matcher.scoring.lexicon import Cognates, Lexicon, Rendering, skeleton
from matcher.scoring.text import Language, words

TERMS: list[dict[str, Any]] = [
    {"sv": "äldreomsorg", "en": ["long-term care", "elderly care"]},
    {"sv": "skola för alla", "en": ["inclusive education"]},
    {"sv": "skola", "en": ["school"]},
    {"sv": "kollektivtrafik", "en": ["public transport"], "synonyms": ["lokaltrafik"]},
    {"sv": "unga som varken arbetar eller studerar", "en": ["NEET"], "synonyms": ["UVAS"]},
    {"sv": "projekt", "en": ["project"], "noise": True},
    {"sv": "hållbar", "noise": True},
    {"sv": "hållbara transporter", "en": ["sustainable transport"]},
    {"sv": "klimat", "en": ["climate"]},
]
LEXICON = Lexicon([LexiconFile.model_validate({"field": "prov", "terms": TERMS})])


def render(text: str, source: Language = "sv", **options: Any) -> list[Rendering]:
    return LEXICON.translate(words(text), source, **options)


def english(text: str, **options: Any) -> set[str]:
    return {" ".join(r.words) for r in render(text, **options)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("äldreomsorg", {"long term care", "elderly care"}),
        ("Äldreomsorgen", {"long term care", "elderly care"}),
        ("Skola för alla", {"inclusive education"}),
        ("en skola i byn", {"school"}),
        ("UVAS", {"neet"}),
        ("lokaltrafiken", {"public transport"}),
        ("hållbara transporter", {"sustainable transport"}),
        ("hållbara projekt", set()),
        ("", set()),
        ("qwertyx", set()),
    ],
)
def test_the_longest_phrase_wins_and_noise_says_nothing(text: str, expected: set[str]) -> None:
    assert english(text) == expected


def test_a_lexicon_word_is_found_inside_a_compound() -> None:
    found = render("äldreomsorgsfrågor")
    assert {" ".join(r.words) for r in found} == {"long term care", "elderly care"}
    assert {r.route for r in found} == {"compound"}
    assert max(r.weight for r in found) < max(r.weight for r in render("äldreomsorg"))


def test_the_committees_word_is_kept_as_it_was_written() -> None:
    assert {r.query for r in render("Äldreomsorgen")} == {"äldreomsorgen"}


def test_alternatives_share_their_weight() -> None:
    one, *_ = render("klimat")
    assert all(r.weight < one.weight for r in render("äldreomsorg"))


def test_english_is_rendered_in_swedish() -> None:
    assert {" ".join(r.words) for r in render("public transport", "en")} == {"kollektivtrafik"}


def test_a_word_the_index_knows_stays_as_it_is() -> None:
    (found,) = render("blockchain", known={"blockchain"}.__contains__)
    assert (found.words, found.route) == (("blockchain",), "same")


def test_unknown_words_find_words_that_look_alike() -> None:
    cognates = Cognates(["mathematics", "geography", "hydrogen", "education"])
    (found,) = render("matematik", cognates=lambda: cognates)
    assert (found.words, found.route) == (("mathematics",), "cognate")
    assert cognates.of("vattenpump") == ()


@pytest.mark.parametrize(
    ("swedish", "english"),
    [("matematik", "mathematic"), ("psykologi", "psychology"), ("filosofi", "philosophy")],
)
def test_loan_words_have_nearly_the_same_skeleton(swedish: str, english: str) -> None:
    assert skeleton(swedish)[:6] == skeleton(english)[:6]


def test_uncovered_words_are_named_for_the_administrator() -> None:
    assert LEXICON.uncovered("välgång för äldreomsorgens klimatprojekt", "sv") == ["välgång"]


def test_subject_words_leave_out_stop_words_and_noise() -> None:
    assert LEXICON.subject_words(words("ett hållbart projekt för skolan"), "sv") == ["skolan"]


def test_an_empty_lexicon_translates_nothing() -> None:
    assert Lexicon().translate(["skola"], "sv") == []


def test_a_word_as_it_is_written_goes_before_words_of_the_same_stem() -> None:
    terms = [
        {"sv": "arbetslösa", "en": ["jobseekers"]},
        {"sv": "arbetslöshet", "en": ["unemployment"], "synonyms": ["arbetslös"]},
    ]
    lexicon = Lexicon([LexiconFile.model_validate({"field": "prov", "terms": terms})])
    assert lexicon.meaning("arbetslösa", "sv") == ("jobseekers",)
    assert lexicon.meaning("arbetslös", "sv") == ("unemployment",)
    assert lexicon.meaning("arbetslösas", "sv") == ("jobseekers", "unemployment")


def test_a_stop_word_is_no_form_of_a_longer_word() -> None:
    lexicon = Lexicon(
        [LexiconFile.model_validate({"field": "p", "terms": [{"sv": "förare", "en": ["driver"]}]})]
    )
    assert lexicon.translate(["för"], "sv") == []
    assert lexicon.meaning("förarna", "sv") == ("driver",)


def test_a_term_whose_first_letter_stands_alone_is_not_taken_for_the_rest_of_it() -> None:
    terms = [{"sv": "demokrati", "en": ["democracy"]}, {"sv": "e-demokrati", "en": ["e-participation"]}]
    lexicon = Lexicon([LexiconFile.model_validate({"field": "p", "terms": terms})])
    assert lexicon.meaning("demokrati", "sv") == ("democracy",)


def test_a_phrase_with_a_word_of_one_letter_is_found() -> None:
    lexicon = Lexicon(
        [LexiconFile.model_validate({"field": "p", "terms": [{"sv": "fler i jobb", "en": ["employment"]}]})]
    )
    assert lexicon.meaning("Fler i jobb", "sv") == ("employment",)


def test_written_entries_win_over_learnt_ones_whatever_the_order() -> None:
    written = LexiconFile.model_validate({"field": "p", "terms": [{"sv": "skola", "en": ["school"]}]})
    learnt = LexiconFile.model_validate(
        {
            "field": "eurovoc",
            "generated": True,
            "terms": [{"sv": "skolor", "en": ["premises"]}, {"sv": "hamn", "en": ["port"]}],
        }
    )
    for files in ([written, learnt], [learnt, written]):
        lexicon = Lexicon(files)
        assert lexicon.meaning("skolor", "sv") == ("school",)
        assert lexicon.meaning("hamnar", "sv") == ("port",)


def test_a_compound_of_words_of_administration_needs_no_english() -> None:
    assert LEXICON.uncovered("klimatprojekt", "sv") == []
    assert LEXICON.uncovered("grannprojekt", "sv") == ["grannprojekt"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("äldreomsorg", "sv"), ("kollektivtrafik", "sv"), ("public transport", "en"), ("climate", "en")],
)
def test_the_language_of_a_few_words_is_the_one_that_knows_them(text: str, language: Language) -> None:
    assert LEXICON.language(text) == language
