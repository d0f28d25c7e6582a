"""Rank calls for committees: store the result, explain one score, or rank a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from matcher.config import Committee
from matcher.domain import Band, Call, Match, Status, StoredCall, Verdict
from matcher.errors import MatcherError
from matcher.jobs.duplicates import merged
from matcher.jobs.feedback import learnt_of
from matcher.jobs.installation import Installation, Progress, keep_configuration
from matcher.scoring.eligibility import judge
from matcher.storage import repository

if TYPE_CHECKING:  # scikit-learn takes a second to import, and most commands do without
    from matcher.scoring.rank import PartScore, Ranker


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """How many calls fell into which band for one committee, excluded ones apart."""

    committee: str
    name: str
    strong: int
    possible: int
    weak: int
    excluded: int
    best: Match | None


def current_calls(installation: Installation, now: datetime) -> dict[tuple[str, str], StoredCall]:
    """Stored calls one can still apply to, now or later; one that several publishers list is one call.

    Calls that only a source for cross-checking lists are left out: see ``unlisted``.
    """
    with installation.database.read() as session:
        stored = repository.stored_calls(session)
    wanted = (Status.OPEN, Status.FORTHCOMING, Status.UNKNOWN)
    current = {call.key: call for call in stored if call.status(now) in wanted}
    checks = installation.cross_checks
    calls = merged((stored.call for stored in current.values()), last=checks)
    return {key: replace(current[key], call=call) for key, call in calls.items() if call.source not in checks}


def unlisted(installation: Installation, now: datetime) -> list[Call]:
    """Open and coming calls that a source for cross-checking lists and no other source does."""
    with installation.database.read() as session:
        stored = repository.stored_calls(session)
    live = [s.call for s in stored if s.status(now) in (Status.OPEN, Status.FORTHCOMING)]
    checks = installation.cross_checks
    return [c for c in merged(live, last=checks).values() if c.source in checks]


def fit_ranker(installation: Installation, calls: Iterable[Call]) -> Ranker:
    """The model of the configuration, fitted to these calls, or the kept one if nothing has changed."""
    from matcher.scoring.cache import fitted
    from matcher.scoring.rank import documents_of

    configuration = installation.configuration
    return fitted(
        documents_of(calls), configuration.scoring, configuration.lexicon, installation.database.directory
    )


def match(installation: Installation, now: datetime, progress: Progress = lambda _: None) -> list[Ranked]:
    """Rank the current calls for every committee and store the result."""
    from matcher.scoring.rank import match_committee

    configuration = installation.configuration
    keep_configuration(installation, now)
    calls = {key: stored.call for key, stored in current_calls(installation, now).items()}
    progress(f"{len(calls)} calls are open or coming")
    ranked = []
    if calls:
        ranker = fit_ranker(installation, calls.values())
        learnt = learnt_of(installation, ranker, [c for _, c in configuration.committees()])
    for municipality, committee in configuration.committees():
        matches = (
            match_committee(
                ranker,
                list(calls.values()),
                municipality,
                committee,
                configuration.programmes,
                configuration.geography,
                now,
                judge,
                learnt.get(committee.id),
            )
            if calls
            else []
        )
        with installation.database.write() as session:
            repository.save_matches(session, committee.id, matches, configuration.version, now)
        ranked.append(counted(committee, matches))
        progress(f"{committee.name}: {ranked[-1].strong} strong, {ranked[-1].possible} possible")
    with installation.database.write() as session:
        repository.ranked(session, configuration.version, now)
    return ranked


def says_nothing(installation: Installation, committee_id: str) -> bool:
    """Whether the lexicon knows no word that a committee has written: then it has no list.

    Raises:
        ConfigError: no such committee.
    """
    from matcher.scoring.lexicon import lexicon_of
    from matcher.scoring.text import words

    _, committee = installation.committee(committee_id)
    lexicon = lexicon_of(installation.configuration.lexicon)
    texts = [committee.responsibility]
    texts += [text for priority in committee.priorities for text in (priority.text, *priority.keywords)]
    return all(
        set(lexicon.subject_words(words(text), "sv")) <= set(lexicon.uncovered(text, "sv")) for text in texts
    )


def counted(committee: Committee, matches: Sequence[Match]) -> Ranked:
    """How many matches fell into which band."""
    kept = [m for m in matches if m.eligibility.verdict is not Verdict.EXCLUDED]
    count = {band: sum(m.band is band for m in kept) for band in Band}
    return Ranked(
        committee=committee.id,
        name=committee.name,
        strong=count[Band.STRONG],
        possible=count[Band.POSSIBLE],
        weak=count[Band.WEAK],
        excluded=len(matches) - len(kept),
        best=kept[0] if kept else None,
    )


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One call, one committee, every number."""

    call: Call
    match: Match
    #: the score by origin: "priority", "breadth", "council", "emphasis", "audience", "feedback"; their sum
    origins: Mapping[str, float]
    #: what each priority gives, by channel, best first
    parts: tuple[PartScore, ...]
    config_version: str


def explain(installation: Installation, committee_id: str, call: str, now: datetime) -> Explanation:
    """Rank anew with the configuration in force and show what made one call's score.

    ``call`` is SOURCE/ID or only the publisher's id.

    Raises:
        ConfigError: no such committee.
        MatcherError: no such call, or it is closed.
    """
    from matcher.scoring.rank import id_of, match_committee

    municipality, committee = installation.committee(committee_id)
    current = current_calls(installation, now)
    found = [s.call for s in current.values() if call in (s.call.source_id, "/".join(s.key))]
    if not found:
        raise MatcherError(f"no open or coming call has the id {call!r}; `matcher calls` lists them")
    ranker = fit_ranker(installation, [s.call for s in current.values()])
    learnt = learnt_of(installation, ranker, [committee]).get(committee.id)
    configuration = installation.configuration
    matches = match_committee(
        ranker,
        [s.call for s in current.values()],
        municipality,
        committee,
        configuration.programmes,
        configuration.geography,
        now,
        judge,
        learnt,
    )
    name = id_of(found[0])
    (ranked,) = ranker.rank(municipality, committee, now=now, candidates=[name], explained=1, learnt=learnt)
    matched = next(m for m in matches if m.key == found[0].key)
    return Explanation(
        call=found[0],
        match=replace(matched, reasons=ranked.reasons),  # beyond the first rows a match is stored without
        origins=ranked.parts,
        parts=tuple(ranker.part_scores(municipality, committee, name, now=now)),
        config_version=configuration.version,
    )
