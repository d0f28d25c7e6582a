"""What committees' answers and analysts' judgements move in the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from matcher.config import Committee
from matcher.errors import MatcherError
from matcher.jobs.installation import Installation
from matcher.storage import repository

if TYPE_CHECKING:  # scikit-learn takes a second to import, and most commands do without
    from matcher.scoring.feedback import Learnt
    from matcher.scoring.rank import Ranker

#: judgements of analysts in the configuration folder, as lines "committee 0 SOURCE/ID grade"
JUDGEMENTS = "judgements.qrels"
_WORDS = 10


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A call whose place in a committee's list changed; the best place is 1."""

    call: str
    title: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What answers and judgements move for one committee."""

    committee: str
    name: str
    wanted: int
    unwanted: int
    #: words that count more and less, heaviest first
    up: tuple[str, ...]
    down: tuple[str, ...]
    #: current calls that rose and fell within, into or out of the first twenty, furthest first
    risen: tuple[Moved, ...]
    fallen: tuple[Moved, ...]


def learnt_of(
    installation: Installation, ranker: Ranker, committees: Sequence[Committee]
) -> dict[str, Learnt]:
    """What each committee's answers and judgements move, by committee id; without those that move nothing.

    Raises:
        MatcherError: the file of judgements is wrong.
    """
    from matcher.scoring.feedback import learn
    from matcher.scoring.rank import documents_of

    wanted = {c.id: found for c in committees if (found := _wanted(installation, c.id))}
    if not wanted:
        return {}
    with installation.database.read() as session:  # closed calls teach too
        documents = documents_of(stored.call for stored in repository.stored_calls(session))
    weights = installation.configuration.scoring.feedback
    learnt = {name: learn(ranker.model, documents, values, weights) for name, values in wanted.items()}
    return {name: found for name, found in learnt.items() if found is not None}


def _wanted(installation: Installation, committee_id: str) -> dict[str, float]:
    from matcher.scoring.evaluate import read_qrels
    from matcher.scoring.feedback import wanted_by_answers, wanted_by_judgements

    path = installation.directory / JUDGEMENTS
    try:
        judged = read_qrels(path).get(committee_id, {}) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise MatcherError(f"{path}: {error}") from error
    with installation.database.read() as session:
        answers = repository.answers(session, committee_id)
    # the committee's own word stands above an analyst's
    return wanted_by_judgements(judged) | wanted_by_answers(answers)


def feedback(installation: Installation, committee_id: str | None, now: datetime) -> list[Feedback]:
    """What answers and judgements move, for one committee or for each that has any.

    Raises:
        ConfigError: no such committee.
        MatcherError: the file of judgements is wrong.
    """
    from matcher.jobs.ranking import current_calls, fit_ranker
    from matcher.scoring.rank import id_of

    pairs = installation.configuration.committees()
    if committee_id is not None:
        pairs = [installation.committee(committee_id)]
    calls = {id_of(s.call): s.call for s in current_calls(installation, now).values()}
    ranker = fit_ranker(installation, calls.values())
    learnt = learnt_of(installation, ranker, [committee for _, committee in pairs])
    found = []
    for municipality, committee in pairs:
        values = _wanted(installation, committee.id)
        if committee_id is None and not values:
            continue
        moves = learnt.get(committee.id)
        before, after = (
            {
                entry.id: place
                for place, entry in enumerate(
                    ranker.rank(municipality, committee, now=now, explained=0, learnt=how), start=1
                )
            }
            for how in (None, moves)
        )
        moved = [
            Moved(call=name, title=calls[name].title, before=before[name], after=place)
            for name, place in after.items()
            if place != before.get(name, place) and min(place, before[name]) <= 20
        ]
        up, down = (
            ranker.model.heaviest(query, _WORDS) if query is not None else ()
            for query in ((moves.wanted, moves.unwanted) if moves else (None, None))
        )
        found.append(
            Feedback(
                committee=committee.id,
                name=committee.name,
                wanted=sum(value > 0 for value in values.values()),
                unwanted=sum(value < 0 for value in values.values()),
                up=up,
                down=down,
                risen=tuple(
                    sorted((m for m in moved if m.after < m.before), key=lambda m: m.after - m.before)
                ),
                fallen=tuple(
                    sorted((m for m in moved if m.after > m.before), key=lambda m: m.before - m.after)
                ),
            )
        )
    return found
