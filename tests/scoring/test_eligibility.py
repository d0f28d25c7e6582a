"""The verdict and its sentences, for municipalities of different places and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.config import Committee, Geography, Municipality, Programme
from matcher.config.loading import defaults_directory, load_municipalities
from matcher.config.models import ProgrammeFile
from matcher.config.reading import read, validate
from matcher.domain import (
    ActionType,
    Applicant,
    Call,
    Consortium,
    Deadline,
    DeadlineModel,
    Eligibility,
    Family,
    Verdict,
)
from matcher.scoring.eligibility import judge
from matcher.scrapers.wording import places

A = Applicant
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ELIGIBLE, PARTNER, CHECK, EXCLUDED = Verdict.ELIGIBLE, Verdict.AS_PARTNER, Verdict.CHECK, Verdict.EXCLUDED

_DEFAULTS = defaults_directory()
GEOGRAPHY = validate(read((_DEFAULTS / "geography.yaml").read_bytes(), "geography.yaml"), Geography)
_FILE = validate(read((_DEFAULTS / "programmes.yaml").read_bytes(), "programmes.yaml"), ProgrammeFile)
PROGRAMMES: Mapping[str, Programme] = {p.code: p for p in _FILE.programmes}


def fictitious(name: str, county: str, population: int, *partners: tuple[str, str]) -> Municipality:
    return Municipality.model_validate(
        {
            "municipality": name,
            "id": name.lower(),
            "code": "0999",
            "county": county,
            "population": population,
            "partners": [{"name": n, "country": c} for n, c in partners],
            "committees": [
                {
                    "id": f"{name.lower()}-n",
                    "name": "Nämnden",
                    "responsibility": "Allt",
                    "priorities": [{"id": "p", "text": "Allt"}],
                    "meetings": [date(2026, 12, 16), date(2027, 1, 20), date(2027, 2, 17)],
                    "paper_days": 14,
                }
            ],
        }
    )


MUNICIPALITIES = {
    **{m.id: m for m in load_municipalities(Path(__file__).parents[2] / "config")},
    "norrvik": fictitious("Norrvik", "Norrbotten", 5_200, ("Pohjola", "FI")),
    "lillfors": fictitious("Lillfors", "Jämtland Härjedalen", 9_900, ("Fjellby", "NO"), ("Klein", "DE")),
    "storvik": fictitious("Storvik", "Västmanland", 50_000),
}


def a_call(**given_facts: Any) -> Call:
    facts: dict[str, Any] = {
        "source": "s",
        "source_id": "1",
        "url": "https://example.org/1",
        "title": "En utlysning",
        "language": "sv",
        "family": Family.SECTOR,
        **given_facts,
    }
    return Call(**facts)


def deadline(year: int, month: int, day: int) -> Deadline:
    return Deadline(at=datetime(year, month, day, 22, 59, tzinfo=UTC))


def judged(call: Call, who: str = "eskilstuna", now: datetime = NOW) -> Eligibility:
    municipality = MUNICIPALITIES[who]
    return judge(call, municipality, municipality.committees[0], PROGRAMMES, GEOGRAPHY, now)


def open_points(call: Call, who: str = "eskilstuna", now: datetime = NOW) -> dict[str, str]:
    return {remark.rule: remark.sv for remark in judged(call, who, now).open_points}


# --- who -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("applicants", "verdict", "sentence"),
    [
        ((A.MUNICIPALITY,), ELIGIBLE, "kommuner får söka"),
        ((A.REGION, A.MUNICIPALITY), ELIGIBLE, "kommuner får söka"),
        ((A.PUBLIC_BODY,), ELIGIBLE, "offentliga organ får söka, och dit hör kommunen"),
        ((A.LEGAL_ENTITY,), ELIGIBLE, "alla juridiska personer får söka, och dit hör kommunen"),
        ((A.SCHOOL,), ELIGIBLE, "skolor får söka, och kommunen är huvudman"),
        ((A.REGION,), EXCLUDED, "bara regioner får söka"),
        (
            (A.REGION, A.STATE_AGENCY),
            EXCLUDED,
            "bara regioner och statliga myndigheter får söka",
        ),
        (
            (A.NON_PROFIT, A.COMPANY, A.UNIVERSITY),
            EXCLUDED,
            "bara ideella organisationer, företag och lärosäten och forskningsinstitut får söka",
        ),
        ((A.INDIVIDUAL,), EXCLUDED, "bara enskilda personer får söka"),
        (
            (A.MUNICIPAL_COMPANY, A.COMPANY),
            CHECK,
            "kommunala bolag får söka men kommunen nämns inte: kan ett av kommunens bolag söka?",
        ),
    ],
)
def test_the_calls_own_applicants_decide(
    applicants: tuple[Applicant, ...], verdict: Verdict, sentence: str
) -> None:
    found = judged(a_call(applicants=applicants, programme="life"))
    assert (found.verdict, found.reasons[0].sv) == (verdict, sentence)
    assert found.reasons[0].rule == "applicant"


@pytest.mark.parametrize(
    ("programme", "verdict", "beginning"),
    [
        ("life", ELIGIBLE, "LIFE är öppet för kommuner (utlysningen anger inte vem som får söka)"),
        ("horizon-europe", PARTNER, "kommuner deltar oftast som part i ett konsortium"),
        ("eucf", CHECK, "kräver en politiskt antagen klimat- och energiplan"),
        ("customs", EXCLUDED, "bara tullmyndigheter deltar"),
        ("edf", EXCLUDED, "forskning och utveckling i försvarsindustrin"),
        ("vinnova", CHECK, "många utlysningar är öppna för kommuner"),
        ("finns-ej", CHECK, "utlysningen anger inte vem som får söka, och programmet är inte"),
        (None, CHECK, "utlysningen anger inte vem som får söka, och programmet är inte känt"),
    ],
)
def test_the_programmes_facts_stand_in_when_the_call_is_silent(
    programme: str | None, verdict: Verdict, beginning: str
) -> None:
    found = judged(a_call(programme=programme))
    assert found.verdict is verdict
    assert found.reasons[0].sv.startswith(beginning)


@pytest.mark.parametrize(
    ("programme", "applicants", "verdict"),
    [
        ("horizon-europe", (A.MUNICIPALITY,), ELIGIBLE),  # the call names municipalities
        ("horizon-europe", (A.LEGAL_ENTITY,), PARTNER),  # a wide category says nothing new
        ("customs", (A.MUNICIPALITY,), ELIGIBLE),
        ("customs", (A.LEGAL_ENTITY,), CHECK),
        ("erdf-national", (A.MUNICIPALITY,), CHECK),  # only parties of the chosen strategies
        ("vinnova", (A.MUNICIPALITY,), ELIGIBLE),
        ("vinnova", (A.COMPANY,), EXCLUDED),
    ],
)
def test_a_call_that_names_municipalities_overrules_its_programme(
    programme: str, applicants: tuple[Applicant, ...], verdict: Verdict
) -> None:
    assert judged(a_call(programme=programme, applicants=applicants)).verdict is verdict


def test_words_about_applicants_that_were_not_understood_are_shown_and_not_guessed_at() -> None:
    found = judged(a_call(programme="life", applicants_raw="Fyrtornsvaktare  och \n deras förbund"))
    assert found.verdict is CHECK
    assert found.reasons[0].sv == "vem som får söka: ”Fyrtornsvaktare och deras förbund”"


def test_a_call_for_invited_parties_is_excluded() -> None:
    found = judged(a_call(applicants=(A.MUNICIPALITY,), invited_only=True))
    assert found.verdict is EXCLUDED
    assert found.reasons[0].sv == "bara parter som utgivaren har valt i förväg får söka"
    assert [r.sv for r in found.reasons[1:]] == ["kommuner får söka"]


# --- where -----------------------------------------------------------------------------------

STRUCTURAL = {"family": Family.STRUCTURAL, "applicants": (A.LEGAL_ENTITY,)}


@pytest.mark.parametrize(
    ("geography", "included"),
    [
        (("SE",), {"eskilstuna", "varberg", "norrvik", "lillfors", "storvik"}),
        (("SE12",), {"eskilstuna", "storvik"}),
        (("SE122", "SE125"), {"eskilstuna", "storvik"}),
        (("SE1",), {"eskilstuna", "storvik"}),
        (("SE3",), {"norrvik", "lillfors"}),
        (("SE231",), {"varberg"}),
        (("SE224", "DK01", "NO08"), set()),
        (("ES11", "PT11"), set()),
        (("SE332", "FI1D7", "NO07"), {"norrvik"}),
    ],
)
def test_the_calls_area_decides(geography: tuple[str, ...], included: set[str]) -> None:
    call = a_call(**STRUCTURAL, geography=geography)
    assert {who for who in MUNICIPALITIES if judged(call, who).verdict is ELIGIBLE} == included
    assert {who for who in MUNICIPALITIES if judged(call, who).verdict is EXCLUDED} == (
        set(MUNICIPALITIES) - included
    )


AREAS = [
    # programme, eligible, check, the rest excluded
    ("esf", {"eskilstuna", "varberg", "norrvik", "lillfors", "storvik"}, set()),
    ("erdf-ostra-mellansverige", {"eskilstuna", "storvik"}, set()),
    ("erdf-vastsverige", {"varberg"}, set()),
    ("erdf-ovre-norrland", {"norrvik"}, set()),
    ("erdf-mellersta-norrland", {"lillfors"}, set()),
    ("jtf", {"norrvik"}, set()),
    ("interreg-oks", {"varberg"}, set()),
    ("interreg-north-sea", {"varberg"}, set()),
    ("interreg-south-baltic", set(), set()),
    ("interreg-central-baltic", {"eskilstuna"}, {"storvik"}),
    ("interreg-aurora", {"norrvik"}, {"lillfors"}),
    ("interreg-sweden-norway", {"lillfors"}, set()),
    ("interreg-npa", {"norrvik", "lillfors"}, set()),
    ("interreg-baltic-sea", {"eskilstuna", "varberg", "norrvik", "lillfors", "storvik"}, set()),
]


@pytest.mark.parametrize(("programme", "eligible", "check"), AREAS)
def test_the_programmes_area_decides_when_the_call_gives_none(
    programme: str, eligible: set[str], check: set[str]
) -> None:
    verdicts = {
        who: judged(a_call(family=Family.STRUCTURAL, programme=programme), who).verdict
        for who in MUNICIPALITIES
    }
    assert {w for w, v in verdicts.items() if v is ELIGIBLE} == eligible
    assert {w for w, v in verdicts.items() if v is CHECK} == check
    assert {w for w, v in verdicts.items() if v is EXCLUDED} == set(MUNICIPALITIES) - eligible - check


def test_the_sentences_about_places_use_swedish_names() -> None:
    call = a_call(**STRUCTURAL, geography=("SE224", "SE221", "DK01"))
    assert judged(call).reasons[0].sv == (
        "gäller Skåne län och Blekinge län, men kommunen ligger i Södermanlands län"
    )
    assert judged(a_call(**STRUCTURAL, geography=("SE122",))).reasons[-1].sv == "gäller Södermanlands län"
    assert judged(a_call(**STRUCTURAL, geography=("ES11",))).reasons[0].sv == "gäller inte Sverige"


#: each area as ESF-rådet, Tillväxtverket and others write it, and the counties that lie in it
AREAS_AND_COUNTIES = [
    (["Stockholm", "Region Stockholm"], "Stockholm"),
    (
        ["Östra Mellansverige", "ÖMS", "East Middle Sweden"],
        "Uppsala, Södermanland, Östergötland, Örebro, Västmanland",
    ),
    (
        ["Småland och Öarna", "Småland och öarna", "Småland-Öarna", "Småland med öarna"],
        "Jönköping, Kronoberg, Kalmar, Gotland",
    ),
    (["Sydsverige", "Skåne-Blekinge", "Skåne och Blekinge"], "Blekinge, Skåne"),
    (["Västsverige", "Västra Sverige"], "Halland, Västra Götaland"),
    (["Norra Mellansverige"], "Värmland, Dalarna, Gävleborg"),
    (["Mellersta Norrland"], "Västernorrland, Jämtland"),
    (["Övre Norrland", "Upper Norrland"], "Västerbotten, Norrbotten"),
]
COUNTIES = [county.name for county in GEOGRAPHY.counties]


def place_of(words: str, county: str) -> tuple[Verdict, str]:
    """The verdict and the sentence about a structural call whose page names these places."""
    municipality = MUNICIPALITIES["eskilstuna"].model_copy(update={"county": county})
    call = a_call(**STRUCTURAL, geography=places(words), geography_raw=words)
    found = judge(call, municipality, municipality.committees[0], PROGRAMMES, GEOGRAPHY, NOW)
    (remark,) = [r for r in found.reasons if r.rule == "geography"]
    return found.verdict, remark.sv


@pytest.mark.parametrize(("names", "members"), AREAS_AND_COUNTIES, ids=lambda x: x[0])
def test_a_call_that_names_an_area_is_for_the_counties_in_it(names: list[str], members: str) -> None:
    inside = {c.name for c in GEOGRAPHY.counties if any(map(c.is_called, members.split(", ")))}
    for name in names:
        verdicts = {county: place_of(name, county)[0] for county in COUNTIES}
        assert {c for c, v in verdicts.items() if v is ELIGIBLE} == inside, name
        assert {c for c, v in verdicts.items() if v is EXCLUDED} == set(COUNTIES) - inside, name


def test_every_county_lies_in_one_of_the_eight_areas() -> None:
    members = [m for _, counties in AREAS_AND_COUNTIES for m in counties.split(", ")]
    assert len(members) == len(COUNTIES) == 21
    assert {GEOGRAPHY.county(name) for name in members} == set(GEOGRAPHY.counties)


@pytest.mark.parametrize(
    ("words", "county", "verdict", "sentence"),
    [
        (
            "Övre Norrland",
            "Södermanlands län",
            EXCLUDED,
            "gäller Övre Norrland, men kommunen ligger i Östra Mellansverige",
        ),
        (
            "Stockholm",
            "Skåne län",
            EXCLUDED,
            "gäller Stockholms län, men kommunen ligger i Sydsverige (Skåne-Blekinge)",
        ),
        (
            "Småland och öarna",
            "Stockholms län",
            EXCLUDED,
            "gäller Småland och Öarna, men kommunen ligger i Stockholms län",
        ),
        (
            "Mellersta och Övre Norrland",
            "Gävleborgs län",
            EXCLUDED,
            "gäller Mellersta Norrland och Övre Norrland, men kommunen ligger i Norra Mellansverige",
        ),
        (
            "Mellersta och Övre Norrland",
            "Jämtlands län",
            ELIGIBLE,
            "gäller Mellersta Norrland, dit Jämtlands län hör",
        ),
        (
            "Kalmar, Kronoberg",
            "Jönköpings län",
            EXCLUDED,
            "gäller Kalmar län och Kronobergs län, men kommunen ligger i Jönköpings län",
        ),
        (
            "Övre Norrland och Dalarna",
            "Värmlands län",
            EXCLUDED,
            "gäller Övre Norrland och Dalarnas län, men kommunen ligger i Värmlands län",
        ),
        ("Skåne-Blekinge", "Skåne län", ELIGIBLE, "gäller Sydsverige (Skåne-Blekinge), dit Skåne län hör"),
        ("Stockholm", "Stockholms län", ELIGIBLE, "gäller Stockholms län"),
        ("Region Halland", "Hallands län", ELIGIBLE, "gäller Hallands län"),
        ("Hela Sverige", "Hallands län", ELIGIBLE, "gäller hela Sverige"),
        ("Norrlands inland", "Hallands län", CHECK, "vilket område: ”Norrlands inland”"),
    ],
)
def test_the_sentence_names_the_area_and_the_municipalitys_own(
    words: str, county: str, verdict: Verdict, sentence: str
) -> None:
    assert place_of(words, county) == (verdict, sentence)


@pytest.mark.parametrize("words", ["Hela Sverige", "Nationell utlysning", "alla län"])
def test_a_national_call_is_for_every_county(words: str) -> None:
    assert {place_of(words, county) for county in COUNTIES} == {(ELIGIBLE, "gäller hela Sverige")}


def test_a_county_that_is_only_partly_in_the_area_is_checked_even_if_the_call_lists_it() -> None:
    facts = {**STRUCTURAL, "programme": "interreg-aurora"}
    found = judged(a_call(**facts, geography=("SE322", "SE332", "FI1D7")), "lillfors")
    assert found.verdict is CHECK
    assert found.reasons[0].sv == ("Jämtlands län ingår bara delvis eller osäkert i Interreg Aurora")
    assert judged(a_call(**facts, geography=("SE332",)), "lillfors").verdict is EXCLUDED


def test_a_sector_call_about_other_countries_is_checked_not_excluded() -> None:
    found = judged(a_call(applicants=(A.MUNICIPALITY,), geography=("UA", "MD")))
    assert (found.verdict, found.reasons[0].sv) == (
        CHECK,
        "gäller MD och UA; kan en svensk part delta?",
    )


def test_a_place_that_was_not_understood_is_shown() -> None:
    found = judged(a_call(**STRUCTURAL, geography_raw="Mälardalens kustband"))
    assert (found.verdict, found.reasons[0].sv) == (
        CHECK,
        "vilket område: ”Mälardalens kustband”",
    )


# --- size ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "verdict", "sentence"),
    [
        ("eskilstuna", ELIGIBLE, "minst 50\xa0000 invånare krävs; kommunen har 107\xa0000"),
        ("storvik", ELIGIBLE, "minst 50\xa0000 invånare krävs; kommunen har 50\xa0000"),
        ("norrvik", PARTNER, "inte ensam: kräver minst 50\xa0000 invånare (kan sökas i grupp)"),
    ],
)
def test_a_small_municipality_may_join_a_group(who: str, verdict: Verdict, sentence: str) -> None:
    found = judged(a_call(family=Family.STRUCTURAL, programme="eui"), who)
    assert found.verdict is verdict
    assert sentence in [r.sv for r in found.reasons]


def test_a_size_that_no_group_can_reach_together_excludes() -> None:
    programme = Programme.model_validate(
        {
            "code": "stora",
            "name": {"sv": "Stora", "en": "Large"},
            "family": Family.SECTOR,
            "municipality": "yes",
            "population": 200_000,
        }
    )
    who = MUNICIPALITIES["eskilstuna"]
    found = judge(a_call(programme="stora"), who, who.committees[0], {"stora": programme}, GEOGRAPHY, NOW)
    assert found.verdict is EXCLUDED
    assert found.reasons[0].sv == "kräver minst 200\xa0000 invånare"


# --- how and when ----------------------------------------------------------------------------


def test_after_the_first_of_two_stages_the_call_is_excluded() -> None:
    call = a_call(
        applicants=(A.MUNICIPALITY,),
        deadline_model=DeadlineModel.TWO_STAGE,
        deadlines=(deadline(2027, 3, 3), deadline(2026, 9, 8)),
    )
    found = judged(call)
    assert found.verdict is EXCLUDED
    assert found.reasons[0].sv == (
        "första steget stängde 8 september 2026; bara de som gått vidare får söka i det andra"
    )
    before = judged(call, now=datetime(2026, 9, 1, tzinfo=UTC))
    assert before.verdict is ELIGIBLE
    assert "stage" in {r.rule for r in before.open_points}


def test_passed_cut_offs_do_not_exclude() -> None:
    call = a_call(
        applicants=(A.MUNICIPALITY,),
        deadline_model=DeadlineModel.MULTIPLE,
        deadlines=(deadline(2026, 9, 8), deadline(2027, 3, 3)),
    )
    assert judged(call).verdict is ELIGIBLE


@pytest.mark.parametrize("action", [ActionType.CASCADE, ActionType.PRIZE, ActionType.OPERATING_GRANT])
def test_money_that_is_not_project_funding_is_checked(action: ActionType) -> None:
    found = judged(a_call(programme="life", action=action))
    assert found.verdict is CHECK
    assert found.reasons[0].rule == "action"


def test_cascade_funding_does_not_inherit_its_programmes_rules() -> None:
    found = judged(a_call(programme="horizon-europe", action=ActionType.CASCADE))
    assert [r.rule for r in found.reasons] == ["action"]
    assert "consortium" not in {r.rule for r in found.open_points}


@pytest.mark.parametrize(
    ("consortium", "programme", "sentence"),
    [
        (Consortium(partners=3, countries=3), "life", "kräver minst tre parter från tre länder"),
        (Consortium(partners=2), None, "kräver minst två parter"),
        (Consortium(countries=4), None, "kräver parter från minst fyra länder"),
        (Consortium(partners=15, countries=13), None, "kräver minst 15 parter från 13 länder"),
        (Consortium(partners=1, countries=1), "horizon-europe", None),
        (None, "horizon-europe", "programmet kräver normalt minst tre parter från tre länder"),
        (Consortium(), "interreg-oks", "programmet kräver normalt minst två parter från två länder"),
        (None, "life", None),
    ],
)
def test_the_consortium_needed_is_an_open_point(
    consortium: Consortium | None, programme: str | None, sentence: str | None
) -> None:
    call = a_call(consortium=consortium, programme=programme, applicants=(A.MUNICIPALITY,))
    assert open_points(call).get("consortium") == sentence


@pytest.mark.parametrize(
    ("last_day", "sentence"),
    [
        (deadline(2027, 1, 21), None),  # the meeting of 20 January will do
        (
            deadline(2027, 1, 20),
            "hinns inte via nämnd: handlingarna till mötet 16 december 2026 skulle ha lämnats 14 dagar före",
        ),
        (deadline(2026, 12, 16), "hinns inte via nämnd: inget möte före sista ansökningsdag"),
        (deadline(2027, 6, 1), None),
    ],
)
def test_what_the_committee_cannot_decide_in_time_is_an_open_point(
    last_day: Deadline, sentence: str | None
) -> None:
    now = datetime(2026, 12, 3, 8, tzinfo=UTC)
    call = a_call(applicants=(A.MUNICIPALITY,), deadlines=(last_day,))
    assert open_points(call, "norrvik", now).get("time") == sentence


def test_a_calendar_that_ends_too_early_is_not_called_too_late() -> None:
    call = a_call(applicants=(A.MUNICIPALITY,), deadlines=(deadline(2027, 9, 1),))
    now = datetime(2027, 2, 10, 8, tzinfo=UTC)
    assert open_points(call, "norrvik", now)["time"] == (
        "nämndens möten fram till sista ansökningsdag är inte inlagda"
    )


def test_without_a_deadline_or_a_calendar_nothing_is_said_about_time() -> None:
    assert "time" not in open_points(a_call(applicants=(A.MUNICIPALITY,), continuous=True))
    municipality = MUNICIPALITIES["norrvik"]
    committee = municipality.committees[0].model_copy(update={"meetings": ()})
    call = a_call(deadlines=(deadline(2026, 12, 1),), applicants=(A.MUNICIPALITY,))
    assert judge(call, municipality, committee, PROGRAMMES, GEOGRAPHY, NOW).open_points == ()


# --- partners --------------------------------------------------------------------------------


# --- whatever the call -----------------------------------------------------------------------

CALLS = st.builds(
    a_call,
    programme=st.sampled_from([None, "finns-ej", *PROGRAMMES]),
    family=st.sampled_from(Family),
    applicants=st.lists(st.sampled_from(Applicant), max_size=4, unique=True).map(tuple),
    applicants_raw=st.none() | st.text(min_size=1, max_size=300).filter(str.strip),
    invited_only=st.booleans(),
    geography=st.lists(st.sampled_from(["SE", "SE12", "SE231", "DK01", "EL30", "UA"]), max_size=3).map(tuple),
    action=st.none() | st.sampled_from(ActionType),
    consortium=st.none()
    | st.builds(
        Consortium,
        partners=st.none() | st.integers(1, 20),
        countries=st.none() | st.integers(1, 20),
    ),
    deadline_model=st.none() | st.sampled_from(DeadlineModel),
    deadlines=st.lists(
        st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)).map(
            lambda at: Deadline(at=at)
        ),
        max_size=3,
    ).map(tuple),
)


@given(CALLS, st.sampled_from(sorted(MUNICIPALITIES)))
def test_every_verdict_has_a_sentence_in_both_languages(call: Call, who: str) -> None:
    found = judged(call, who)
    assert found.reasons
    assert found == judged(call, who)
    for remark in (*found.reasons, *found.open_points):
        for text in (remark.rule, remark.sv, remark.en):
            assert text
            assert text == text.strip()


def test_a_committee_of_any_municipality_can_be_judged_by_every_programme() -> None:
    for municipality in MUNICIPALITIES.values():
        committee: Committee = municipality.committees[0]
        for code in PROGRAMMES:
            found = judge(a_call(programme=code), municipality, committee, PROGRAMMES, GEOGRAPHY, NOW)
            assert isinstance(found.verdict, Verdict)
