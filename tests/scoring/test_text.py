"""Words, stems, compounds and language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.scoring.spelling import british
from matcher.scoring.text import Splitter, clean, language_of, stem, stems, tokens, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fler i jobb", ["fler", "i", "jobb"]),
        ("ÄLDREOMSORG", ["äldreomsorg"]),
        ("<p>Vård&nbsp;och <b>omsorg</b></p>", ["vård", "och", "omsorg"]),
        ("äldre\xadomsorg", ["äldreomsorg"]),
        ("a\u0308ldre", ["äldre"]),
        ("6G, CO2 och 2027", ["6g", "co2", "och"]),
        ("miljö- och klimatsmart", ["miljö", "och", "klimatsmart"]),
        ("x" * 200, []),
        ("", []),
        ("  \x00 \n", []),
    ],
)
def test_words_are_lower_case_without_markup_and_numbers(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_stop_words_carry_no_subject() -> None:
    assert tokens("Skola för alla", "sv") == ["skola"]
    assert tokens("e-hälsa i vården", "sv") == ["hälsa", "vården"]  # a letter alone neither
    assert tokens("the schools of our cities", "en") == ["schools", "cities"]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [("kommun", "kommunerna", "sv"), ("skola", "skolor", "sv"), ("library", "libraries", "en")],
)
def test_inflected_forms_share_a_stem(one: str, other: str, language: str) -> None:
    assert stem(one, language) == stem(other, language)  # type: ignore[arg-type]


def test_stems_follow_the_text() -> None:
    assert stems("The training of teachers", "en") == ["train", "teacher"]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(word == word.lower() and 1 <= len(word) <= 60 for word in words(text))
    assert "\x00" not in clean(text)


def test_a_text_of_a_megabyte_is_cut() -> None:
    assert len(words("ord " * 500_000)) <= 100_000


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("Stöd till kommunernas arbete med äldreomsorg", None, "sv"),
        ("Support to municipalities in long-term care", None, "en"),
        ("Support to municipalities", "sv", "sv"),
        ("Stöd till kommuner i Sverige och deras arbete", "xx", "sv"),
    ],
)
def test_the_language_is_the_declared_one_or_the_likelier(
    text: str, declared: str | None, expected: str
) -> None:
    assert language_of(text, declared) == expected


SPLITTER = Splitter(
    dict.fromkeys(
        ["arbetsmarknad", "politik", "skola", "gård", "äldre", "omsorg", "vuxen", "utbildning", "kommun"], 5.0
    )
)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("arbetsmarknadspolitik", ("arbetsmarknad", "politik")),
        ("äldreomsorg", ("äldre", "omsorg")),
        ("vuxenutbildning", ("vuxen", "utbildning")),
        ("skolgård", ("skola", "gård")),
        ("vuxenutbildningspolitik", ("vuxen", "utbildning", "politik")),
        ("kommun", ()),
        ("obegripligheter", ()),
        ("co2utsläpp", ()),
    ],
)
def test_compounds_split_into_known_words(word: str, parts: tuple[str, ...]) -> None:
    assert SPLITTER.parts(word) == parts


def test_the_more_frequent_parts_win() -> None:
    splitter = Splitter({"glas": 50, "skål": 40, "glass": 2, "kål": 60, "glasskåla": 1})
    assert splitter.parts("glasskål") == ("glas", "skål")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzåäös", max_size=40))
def test_parts_come_from_the_vocabulary(word: str) -> None:
    assert set(SPLITTER.parts(word)) <= {
        "arbetsmarknad", "politik", "skola", "gård", "äldre", "omsorg", "vuxen", "utbildning", "kommun"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("american", "spelt"),
    [
        ("labor", "labour"), ("neighborhoods", "neighbourhoods"), ("behavioral", "behavioural"),
        ("digitalization", "digitalisation"), ("organized", "organised"), ("decarbonizing", "decarbonising"),
        ("analyze", "analyse"), ("centers", "centres"), ("aging", "ageing"), ("defense", "defence"),
        ("programs", "programmes"), ("modeling", "modelling"), ("dialog", "dialogue"),
    ],
)  # fmt: skip
def test_american_and_british_spellings_have_one_stem(american: str, spelt: str) -> None:
    assert british(american) == spelt
    assert british(spelt) == spelt
    assert stem(american, "en") == stem(spelt, "en")


@pytest.mark.parametrize(
    "word",
    ["size", "downsizing", "medium-sized", "prize", "seized", "citizen", "horizon", "maize", "collaboration",
     "laboratory", "elaborate", "honorary", "programming", "colorado", "center-right", "meter", "skåne", ""],
)  # fmt: skip
def test_words_that_only_look_american_stay(word: str) -> None:
    assert british(word) == word
