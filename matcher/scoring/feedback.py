"""What a committee has answered about calls, and analysts have judged, as a move of its query (Rocchio)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from matcher.config.models import FeedbackWeights
from matcher.domain import Answer, AnswerKind, Refusal
from matcher.scoring.model import Document, Query, TfidfModel

#: how much a call was wanted, by document id: 1 wholly, below 0 when its subject was not for the committee
Wanted = Mapping[str, float]

_ANSWERS = {
    AnswerKind.INTERESTED: 1.0,
    AnswerKind.PARTNER: 1.0,
    AnswerKind.APPLIED: 1.0,
    AnswerKind.GRANTED: 1.0,
    AnswerKind.REFUSED: 1.0,  # the publisher said no, the committee had said yes
    AnswerKind.WATCH: 0.5,
}
#: by a judgement's grade
_GRADES = {3: 1.0, 2: 0.5, 1: 0.0, 0: -1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What moves a committee's scores: added for what is like the wanted calls, taken off for the others."""

    wanted: Query | None = None
    unwanted: Query | None = None


def wanted_by_answers(answers: Iterable[Answer]) -> dict[str, float]:
    """What answers say about subjects, by SOURCE/ID.

    "Not for us" counts against a subject only when the subject was the reason: that there is no time or no
    money says nothing about it, and neither does an answer without a reason.
    """
    wanted: dict[str, float] = {}
    for answer in answers:
        value = _ANSWERS.get(answer.kind)
        if value is None and answer.reason is Refusal.SUBJECT:
            value = -1.0
        if value is not None:
            wanted["/".join(answer.key)] = value
    return wanted


def wanted_by_judgements(grades: Mapping[str, int]) -> dict[str, float]:
    """What judgements say: 3 and 2 are wanted, 0 is not, 1 says nothing."""
    return {name: _GRADES[min(max(grade, 0), 3)] for name, grade in grades.items() if grade != 1}


def learn(
    model: TfidfModel, documents: Iterable[Document], wanted: Wanted, weights: FeedbackWeights
) -> Learnt | None:
    """Queries of what the wanted and the unwanted ones of ``documents`` have in common; ``None`` for none.

    The documents need not be indexed: closed calls teach too.
    """
    known = sorted((d for d in documents if wanted.get(d.id)), key=lambda d: d.id)
    sides = (
        [(d, wanted[d.id]) for d in known if wanted[d.id] > 0],
        [(d, -wanted[d.id]) for d in known if wanted[d.id] < 0],
    )
    queries = [model.like(side, terms=weights.terms) if side else None for side in sides]
    found = Learnt(wanted=queries[0], unwanted=queries[1])
    return found if any(queries) else None
