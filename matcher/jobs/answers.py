"""Take down what a committee answers about a call."""

from __future__ import annotations

from datetime import datetime

from matcher.domain import Answer, AnswerKind, Refusal, Role
from matcher.errors import MatcherError
from matcher.jobs.installation import Installation
from matcher.storage import repository

_WITH_ROLE = frozenset({AnswerKind.APPLIED, AnswerKind.GRANTED})


def answer(
    installation: Installation,
    committee_id: str,
    source: str,
    source_id: str,
    kind: AnswerKind,
    now: datetime,
    *,
    reason: Refusal | None = None,
    role: Role | None = None,
    who: str | None = None,
    note: str | None = None,
) -> Answer:
    """Store a committee's answer; a later one takes its place, and both are kept.

    Raises:
        ConfigError: no such committee.
        MatcherError: a reason or role that does not go with the answer.
        StorageError: no such call.
    """
    installation.committee(committee_id)
    if reason is not None and kind is not AnswerKind.NOT_FOR_US:
        raise MatcherError(f"a reason goes with {AnswerKind.NOT_FOR_US} alone, not with {kind}")
    if role is not None and kind not in _WITH_ROLE:
        raise MatcherError(f"a role goes with {AnswerKind.APPLIED} and {AnswerKind.GRANTED}, not with {kind}")
    given = Answer(
        committee=committee_id,
        source=source,
        source_id=source_id,
        kind=kind,
        reason=reason,
        role=role,
        who=who,
        note=note,
        at=now,
    )
    with installation.database.write() as session:
        repository.record_answer(session, given)
    return given


def answers(installation: Installation, committee_id: str | None = None) -> list[Answer]:
    """The answers that count, of one committee or of all, oldest first.

    Raises:
        ConfigError: no such committee.
    """
    if committee_id is not None:
        installation.committee(committee_id)
    with installation.database.read() as session:
        return repository.answers(session, committee_id)
