"""What answers and judgements move."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from matcher.config.models import FeedbackWeights, Municipality
from matcher.domain import Answer, AnswerKind, Refusal
from matcher.scoring.feedback import Learnt, learn, wanted_by_answers, wanted_by_judgements
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranked, Ranker

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
WEIGHTS = FeedbackWeights()


def answer(name: str, kind: AnswerKind, reason: Refusal | None = None) -> Answer:
    return Answer(committee="omsorg", source="prov", source_id=name, kind=kind, reason=reason, at=NOW)


def listed(ranker: Ranker, municipality: Municipality, learnt: Learnt | None = None) -> list[Ranked]:
    return ranker.rank(municipality, municipality.committees[0], now=NOW, learnt=learnt)


def places(found: list[Ranked]) -> dict[str, int]:
    return {entry.id: place for place, entry in enumerate(found)}


def test_only_the_subject_as_a_reason_counts_against_a_subject() -> None:
    given = [
        answer("a", AnswerKind.INTERESTED),
        answer("b", AnswerKind.WATCH),
        answer("c", AnswerKind.REFUSED),
        answer("d", AnswerKind.NOT_FOR_US, Refusal.SUBJECT),
        answer("e", AnswerKind.NOT_FOR_US, Refusal.TIME),
        answer("f", AnswerKind.NOT_FOR_US),
    ]
    assert wanted_by_answers(given) == {"prov/a": 1, "prov/b": 0.5, "prov/c": 1, "prov/d": -1}


def test_a_judgement_of_one_says_nothing() -> None:
    assert wanted_by_judgements({"a": 3, "b": 2, "c": 1, "d": 0}) == {"a": 1, "b": 0.5, "d": -1}


def test_a_wanted_call_lifts_what_is_like_it_and_is_named_as_the_reason(
    ranker: Ranker, documents: list[Document], municipality: Municipality
) -> None:
    learnt = learn(ranker.model, documents, {"c08": 1.0}, WEIGHTS)
    assert learnt is not None
    before, after = listed(ranker, municipality), listed(ranker, municipality, learnt)
    assert places(after)["c08"] < places(before)["c08"]
    (lifted,) = (entry for entry in after if entry.id == "c08")
    (reason,) = (r for r in lifted.reasons if r.priority_id == "feedback")
    assert {term.route for term in reason.terms} == {"feedback"}
    assert lifted.parts["feedback"] > 0
    assert sum(lifted.parts.values()) == pytest.approx(lifted.score, abs=1e-5)


def test_an_unwanted_call_sinks_and_never_below_zero(
    ranker: Ranker, documents: list[Document], municipality: Municipality
) -> None:
    heavy = WEIGHTS.model_copy(update={"irrelevant": 50.0})
    learnt = learn(ranker.model, documents, {"c02": -1.0}, WEIGHTS)
    before, after = listed(ranker, municipality), listed(ranker, municipality, learnt)
    score = {entry.id: entry.score for entry in after}
    assert score["c02"] < {entry.id: entry.score for entry in before}["c02"]
    crushed = Ranker(ranker.scoring.model_copy(update={"feedback": heavy}), ranker.lexicon).fit(documents)
    assert min(entry.score for entry in listed(crushed, municipality, learnt)) >= 0


def test_a_call_that_is_no_longer_indexed_teaches_too(ranker: Ranker, municipality: Municipality) -> None:
    closed = Document(id="old", title="Charging points for electric lorries", language="en")
    learnt = learn(ranker.model, [closed], {"old": 1.0}, WEIGHTS)
    assert learnt is not None
    after = places(listed(ranker, municipality, learnt))
    assert after["c08"] < places(listed(ranker, municipality))["c08"]


def test_answers_that_say_nothing_move_nothing(ranker: Ranker, documents: list[Document]) -> None:
    assert learn(ranker.model, documents, {}, WEIGHTS) is None
    assert learn(ranker.model, documents, {"unknown": 1.0}, WEIGHTS) is None


def test_learning_for_one_committee_leaves_the_list_of_another_as_it_was(
    ranker: Ranker, documents: list[Document], municipality: Municipality
) -> None:
    before = listed(ranker, municipality)
    learnt = learn(ranker.model, documents, {"c08": 1.0, "c01": -1.0}, WEIGHTS)
    listed(ranker, municipality, learnt)
    assert listed(ranker, municipality) == before
