"""The coordinator's overview: what went to whom, what to nobody, what was answered, what was not read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup

from matcher.digest.overview import MOST_UNTOLD, CommitteeLetter, MunicipalOverview, plan_overview
from matcher.digest.render import MOST_HTML_BYTES, render_overview
from matcher.domain import AnswerKind, Eligibility, Refusal, Verdict
from tests.digest.builders import (
    COMMITTEE,
    HEALTH,
    MUNICIPALITY,
    NOW,
    WEEK,
    answer,
    call,
    match,
    stored,
    told,
)

SCHOOLS = COMMITTEE.model_copy(update={"id": "norrbacka-bun", "name": "Barn- och utbildningsnämnden"})
BOTH = MUNICIPALITY.model_copy(update={"committees": (COMMITTEE, SCHOOLS)})


def letter(**fields: Any) -> CommitteeLetter:
    """A planned letter to one recipient that told nothing."""
    values = {"name": COMMITTEE.name, "recipients": 1, "paused": False, "planned": True, "told": ()}
    return CommitteeLetter(**values | fields)


def overview(**fields: Any) -> MunicipalOverview:
    """Two committees: one got a call, the other's letter was empty; one new call suited nobody."""
    care, untold, fresh = call("CARE"), call("TOLD-TO-NOBODY"), timedelta(days=2)
    values: dict[str, Any] = {
        "municipality": BOTH,
        "letters": [letter(told=(told(care, days_ago=0),)), letter(name=SCHOOLS.name)],
        "calls": {c.key: stored(c, first_seen=NOW - fresh) for c in (care, untold)},
        "matches": [match(care), match(untold, 0.2)],
        "concerned": {care.key: (COMMITTEE.name,)},
        "told_ever": frozenset({care.key}),
        "answers": [answer(care, AnswerKind.NOT_FOR_US, reason=Refusal.STAFF, who="kansliet")],
        "health": HEALTH,
        "config_version": "5e1f0c9a77",
        "period": "2026-W47",
        "since": NOW - WEEK,
        "now": NOW,
    }
    return plan_overview(**values | fields)


def said(text: str) -> str:
    return " ".join(text.split())


def test_it_says_what_went_to_whom_what_to_nobody_what_was_answered_and_what_was_not_read() -> None:
    rendered = render_overview(overview())
    text = said(rendered.text)
    assert rendered.subject == "Norrbacka kommun: 2 brev till nämnder med 1 utlysning (v. 47)"
    assert (
        "Socialnämnden 1 utlysning, till 1 mottagare - Integrated long-term care close to home (CARE)" in text
    )
    assert "– ny, sista ansökningsdag 8 januari 2027 kl. 17.00" in text
    assert "Barn- och utbildningsnämnden inget nytt att berätta den här perioden" in text
    assert "inte passade någon nämnd" in text
    assert "close to home (TOLD-TO-NOBODY) – sista ansökningsdag 8 januari 2027" in text
    assert "– Socialnämnden: inte för oss (personal saknas; 15 november 2026; kansliet)" in text
    assert "2 källor lästa, ESF-rådet ej läst sedan 12 november 2026." in text


def test_both_parts_name_the_same_calls() -> None:
    rendered = render_overview(overview())
    soup = BeautifulSoup(rendered.html, "lxml")
    for link in soup.find_all("a"):
        assert said(link.get_text()) in said(rendered.text)
        assert str(link["href"]) in rendered.text
    assert len(soup.find_all("a")) == 3
    assert [h.get_text() for h in soup.find_all("h1")] == ["EU-utlysningar i Norrbacka kommun: översikt"]


def test_a_call_nobody_may_apply_for_or_that_was_there_before_is_not_among_those_nobody_got() -> None:
    old, shut, new = call("OLD"), call("SHUT"), call("NEW")
    no = Eligibility(verdict=Verdict.EXCLUDED)
    made = overview(
        calls={
            old.key: stored(old, first_seen=NOW - 2 * WEEK),
            **{c.key: stored(c, first_seen=NOW) for c in (shut, new)},
        },
        matches=[match(old, 0.2), match(shut, 0.2, eligibility=no), match(new, 0.2)],
        concerned={},
        answers=[],
    )
    assert [c.source_id for c in made.nobody] == ["NEW"]


def test_what_waits_for_room_is_counted_and_what_is_too_much_to_name_too() -> None:
    calls = [call(f"N{n}") for n in range(MOST_UNTOLD + 4)]
    waits = call("W")
    made = overview(
        calls={c.key: stored(c, first_seen=NOW) for c in (*calls, waits)},
        matches=[match(c, 0.2) for c in calls] + [match(waits)],
        concerned={waits.key: (COMMITTEE.name,)},
        answers=[],
    )
    assert (len(made.nobody), made.nobody_more, made.waiting) == (MOST_UNTOLD, 4, 1)
    text = said(render_overview(made).text)
    assert "4 till" in text
    assert "1 utlysning passar en nämnd men har inte fått plats i något brev än." in text


def test_each_state_of_a_letter_is_said() -> None:
    made = overview(
        letters=[
            letter(name="A", planned=False, paused=True),
            letter(name="B", planned=False),
            letter(name="C", planned=False, recipients=0),
        ]
    )
    text = said(render_overview(made).text)
    assert "A pausad, får inga brev" in text
    assert "B inget brev den här veckan" in text
    assert "C inga mottagare är inlagda" in text


@pytest.mark.slow
def test_sixty_committees_with_long_titles_still_fit_a_mail_program() -> None:
    long = [told(call(f"L{n}", title="Å" * 10_000), days_ago=0) for n in range(45)]
    letters = [letter(name=f"Nämnd {n}", told=tuple(long)) for n in range(60)]
    rendered = render_overview(overview(letters=letters))
    assert len(rendered.html.encode()) <= MOST_HTML_BYTES
    assert rendered.html.count("45 utlysningar, till 1 mottagare") == 60


def test_an_english_municipality_gets_an_english_overview() -> None:
    english = COMMITTEE.model_copy(update={"language": "en"})
    made = overview(municipality=BOTH.model_copy(update={"committees": (english, SCHOOLS)}))
    assert "New calls that suited no committee" in render_overview(made).text
    assert replace(made, language="sv") != made
