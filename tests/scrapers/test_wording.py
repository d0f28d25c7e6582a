"""Publishers' words as codes."""

from __future__ import annotations

import pytest

from matcher.domain import Applicant, Consortium
from matcher.scrapers.wording import (
    applicants,
    area_of,
    consortium,
    only_places,
    open_to_municipalities,
    places,
    sentences,
)

A = Applicant


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Sörmland", ("SE122",)),
        ("Södermanlands län", ("SE122",)),
        ("Region Skåne", ("SE224",)),
        ("Skåne-Blekinge", ("SE22",)),
        ("Blekinge, Skåne", ("SE22",)),
        ("hela Sverige", ("SE",)),
        ("Västra Götalandsregionen", ("SE232",)),
        ("Region Halland, Västra Götalandsregionen", ("SE23",)),
        ("Örebro, Östergötland, Sörmland, Uppsala, Västmanland", ("SE12",)),
        ("Örebro, Östergötland, Uppsala", ("SE124", "SE123", "SE121")),
        ("Region Norrbotten", ("SE332",)),
        ("Västerbotten", ("SE331",)),
        ("Mellersta Norrland (Jämtlands och Västernorrlands län)", ("SE32",)),
        ("Sydsverige (Skåne, Blekinge)", ("SE22",)),
        ("Stockholm", ("SE11",)),
        ("Planerad finansiering i Östra Mellansverige", ("SE12",)),
        ("Kalmar och Gotland", ("SE213", "SE214")),
        ("Kalmarsund", ()),
        ("Bryssel", ()),
        ("Småland-Öarna", ("SE21",)),
        ("Småland & Öarna", ("SE21",)),
        ("ÖMS", ("SE12",)),
        ("Region Scania", ("SE224",)),
        ("Nationell utlysning", ("SE",)),
        ("Nationella mål", ()),
        ("Samtliga län", ("SE",)),
        ("Mellersta och Övre Norrland", ("SE32", "SE33")),
        ("Östra/Norra Mellansverige", ("SE12", "SE31")),
        ("Norra Mellansverige och Mellersta Norrland", ("SE31", "SE32")),
    ],
)
def test_places_become_codes(text: str, codes: tuple[str, ...]) -> None:
    assert places(text) == codes


def test_a_list_of_places_is_told_from_a_sentence_about_them() -> None:
    assert only_places("Region Jönköpings län, Region Kalmar län och Gotland")
    assert only_places("Örebro Östergötland Sörmland")
    assert only_places("Mellersta & Övre Norrland")
    assert not only_places("Snart kan aktörer i Norrbotten söka")
    assert not only_places("")


def test_counties_of_several_areas_have_no_one_area() -> None:
    assert area_of(("SE121", "SE123")) == "SE12"
    assert area_of(("SE12",)) == "SE12"
    assert area_of(("SE121", "SE213")) is None
    assert area_of(("SE",)) is None
    assert area_of(()) is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Kommuner och regioner kan söka.", {A.MUNICIPALITY, A.REGION}),
        ("Huvudsökande ska vara en kommun eller ett kommunalt bolag.", {A.MUNICIPALITY, A.MUNICIPAL_COMPANY}),
        ("Arbetsgivare i privat, offentlig och idéburen sektor.", {A.COMPANY, A.PUBLIC_BODY, A.NON_PROFIT}),
        ("Offentliga aktörer och lärosäten.", {A.PUBLIC_BODY, A.UNIVERSITY}),
        ("Juridiska personer, privat- eller offentligrättsliga.", {A.LEGAL_ENTITY, A.PUBLIC_BODY}),
        ("Skolhuvudmän.", {A.MUNICIPALITY, A.SCHOOL}),
        ("Endast regioner eller annan statlig myndighet kan söka.", {A.REGION, A.STATE_AGENCY}),
        ("Endast statliga myndigheter.", {A.STATE_AGENCY}),
        ("Endast ideella organisationer. Kommuner kan inte söka.", {A.NON_PROFIT}),
        ("En region äger projektet. Kommuner kan delta som samverkanspart.", {A.REGION}),
        ("Bara organisationer som har ett pågående projekt kan söka, till exempel en kommun.", set()),
        ("Local public authority, Interest groups, including NGOs", {A.MUNICIPALITY, A.NON_PROFIT}),
        ("Region Skåne svarar på frågor.", set()),
        ("Organisationer som har små företag som målgrupp.", set()),
        ("", set()),
    ],
)
def test_applicants_are_those_that_may_apply_themselves(text: str, codes: set[Applicant]) -> None:
    assert set(applicants(text)) == codes


def test_wider_words_include_municipalities_and_others_do_not() -> None:
    assert open_to_municipalities(applicants("Offentlig sektor"))
    assert open_to_municipalities(applicants("Alla juridiska personer"))
    assert not open_to_municipalities(applicants("Endast regioner och statliga myndigheter"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Proposals must be submitted by at least 3 applicants from 3 different eligible countries.", (3, 3)),
        (
            "The consortium must have minimum 5 independent entities from 5 different eligible countries.",
            (5, 5),
        ),
        (
            "Proposals must be submitted by a consortium of at least three independent legal entities: "
            "each established in a different Member State or Associated Country.",
            (3, 3),
        ),
        ("Partners from at least three programme countries.", (None, 3)),
        ("Minst fyra parter från två länder.", (4, 2)),
        ("At least three legal entities from three different Member States.", (3, 3)),
        ("At least two partners from two different countries", (2, 2)),
        ("Projektet ska ha minst tre parter", (3, None)),
        ("Ett konsortium med minst tre aktörer", (3, None)),
        ("Ansökan görs av minst två kommuner i samverkan.", (2, None)),
        ("Minst tre länder ska vara med.", (None, 3)),
        ("Aktör i Sverige tillsammans med parter från minst två andra länder.", (None, 3)),
        (
            "In addition to the minimum number, consortia must include at least three partners.",
            None,
        ),
        ("The strategy names at least three entities of art.", None),
    ],
)
def test_the_least_number_of_partners_is_read(
    text: str, expected: tuple[int | None, int | None] | None
) -> None:
    wanted = Consortium(partners=expected[0], countries=expected[1]) if expected else None
    assert consortium(text) == wanted


def test_a_short_word_with_a_full_stop_ends_no_sentence() -> None:
    assert list(sentences("Stänger kl. 12 max. 5. Sedan beslut.\nNy rad | Sist")) == [
        "Stänger kl. 12 max. 5.",
        "Sedan beslut.",
        "Ny rad",
        "Sist",
    ]
