"""Swedish compounds, cut into the words of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.scoring.compounds import Compounds

WORDS = ["äldreomsorg", "skola", "gata", "arbete", "marknad", "förskola", "försörjning", "livsmedel", "stöd",
         "vatten", "kraft", "orten", "samverkan", "plan", "för", "gård", "lärare", "liten"]  # fmt: skip
COMPOUNDS = Compounds(WORDS)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("äldreomsorgsplan", ("äldreomsorg", "plan")),
        ("äldreomsorgsplanen", ("äldreomsorg", "plan")),
        ("skolgård", ("skola", "gård")),
        ("skolgårdarna", ("skola", "gård")),
        ("arbetsmarknad", ("arbete", "marknad")),
        ("gatuplan", ("gata", "plan")),
        ("lärarplan", ("lärare", "plan")),
        ("vattenkraft", ("vatten", "kraft")),
        ("livsmedelsförsörjningsplan", ("livsmedel", "försörjning", "plan")),
        ("försörjningsstöd", ("försörjning", "stöd")),
        ("äldreomsorgsfrågor", ("äldreomsorg", "frågor")),
        ("grannsamverkan", ("grann", "samverkan")),
    ],
)
def test_a_compound_falls_into_words_of_the_list(word: str, parts: tuple[str, ...]) -> None:
    assert COMPOUNDS.parts(word) == parts


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("skola", "a word of the list is no compound"),
        ("förskola", "nor is one that begins with another word"),
        ("marknadsr", "a rest without a vowel is no word"),
        ("vattenxq", "nor one that is too short"),
        ("bibliotek", "no word of the list in it"),
        ("stöd", "too short to hold two words"),
        ("plan2030stöd", "digits make no compound"),
        ("", "nothing"),
    ],
)
def test_what_is_no_compound_stays_whole(word: str, why: str) -> None:
    assert COMPOUNDS.parts(word) == (), why


def test_a_compound_of_known_words_is_preferred_to_one_with_a_rest() -> None:
    assert Compounds(["vardag", "livet", "vard"]).parts("vardagslivet") == ("vardag", "livet")


def test_only_one_part_may_be_unknown() -> None:
    assert COMPOUNDS.parts("grannsamverkansgrupp") == ()


def test_a_long_word_is_cut_in_no_time_and_an_endless_one_not_at_all() -> None:
    assert COMPOUNDS.parts("vatten" * 9) == ("vatten",) * 9
    assert COMPOUNDS.parts("vatten" * 5_000) == ()


@given(st.lists(st.sampled_from(["vatten", "kraft", "marknad", "skola"]), min_size=2, max_size=5))
def test_any_chain_of_words_is_cut_into_words_of_the_list(chain: list[str]) -> None:
    assert set(COMPOUNDS.parts("".join(chain))) <= set(WORDS)
    assert COMPOUNDS.parts("".join(chain))


@given(st.text(max_size=80))
def test_any_text_is_taken_and_a_cut_has_at_least_two_parts(text: str) -> None:
    assert len(COMPOUNDS.parts(text)) != 1
