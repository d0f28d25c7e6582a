"""What a municipality's coordinator is told of all committees' letters; pure values, no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from matcher.config.models import Municipality
from matcher.domain import (
    Answer,
    Call,
    Match,
    SourceHealth,
    Status,
    StoredCall,
    Told,
    Verdict,
)

Key = tuple[str, str]

#: Calls named among those that went to nobody; the rest is counted.
MOST_UNTOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitteeLetter:
    """One committee's letter of the period."""

    name: str
    recipients: int
    #: the committee gets no letters at present
    paused: bool
    #: the period is planned: a letter, or silence since there was nothing to tell
    planned: bool
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredCall:
    """A committee's answer, with the names a reader knows."""

    committee_name: str
    answer: Answer
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalOverview:
    """All committees' letters of one period, for the coordinator."""

    municipality: str
    #: whose letter it is in the outbox; never a committee's id, which holds no full stop
    committee: str
    committee_name: str
    language: str
    period: str
    created_at: datetime
    letters: tuple[CommitteeLetter, ...]
    #: new calls that the municipality may apply for and that suit no committee, the nearest first
    nobody: tuple[Call, ...]
    #: as many more
    nobody_more: int
    #: calls that suit a committee and have not been told to any yet
    waiting: int
    answered: tuple[AnsweredCall, ...]
    health: tuple[SourceHealth, ...]
    config_version: str


def outbox_name(municipality: Municipality) -> str:
    """Under which name a municipality's overviews stand in the outbox."""
    return f"{municipality.id}.overview"


def plan_overview(
    *,
    municipality: Municipality,
    letters: Sequence[CommitteeLetter],
    calls: Mapping[Key, StoredCall],
    matches: Sequence[Match],
    concerned: Mapping[Key, Sequence[str]],
    told_ever: frozenset[Key],
    answers: Sequence[Answer],
    health: Sequence[SourceHealth],
    config_version: str,
    period: str,
    since: datetime,
    now: datetime,
) -> MunicipalOverview:
    """Sum up a period: what went to whom, what to nobody, what was answered, which sources failed.

    Args:
        matches: those of all the municipality's committees.
        concerned: committees by call, as ``plan.concerned_by`` gives them.
        told_ever: calls that any of the committees has been told of.
        since: when the last overview was made; calls first seen and answers given later are news.
    """
    names = {committee.id: committee.name for committee in municipality.committees}
    current = {
        key: stored
        for key, stored in calls.items()
        if stored.status(now) in (Status.OPEN, Status.FORTHCOMING, Status.UNKNOWN)
    }
    best: dict[Key, float] = {}
    for match in matches:
        if match.eligibility.verdict is not Verdict.EXCLUDED:
            best[match.key] = max(match.score, best.get(match.key, match.score))
    nobody = sorted(
        (key for key in best if key in current and key not in concerned and current[key].first_seen > since),
        key=lambda key: (-best[key], key),
    )
    return MunicipalOverview(
        municipality=municipality.municipality,
        committee=outbox_name(municipality),
        committee_name=municipality.municipality,
        language=municipality.committees[0].language,
        period=period,
        created_at=now,
        letters=tuple(letters),
        nobody=tuple(current[key].call for key in nobody[:MOST_UNTOLD]),
        nobody_more=len(nobody[MOST_UNTOLD:]),
        waiting=sum(key in current and key not in told_ever for key in concerned),
        answered=tuple(
            AnsweredCall(committee_name=names[a.committee], answer=a, call=calls[a.key].call)
            for a in answers
            if a.at > since and a.committee in names and a.key in calls
        ),
        health=tuple(health),
        config_version=config_version,
    )
