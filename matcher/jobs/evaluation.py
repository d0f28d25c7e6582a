"""Rank and measure files, without a database: for analysts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.config import Committee, Configuration, Municipality
from matcher.config.loading import defaults_directory, load_configuration
from matcher.domain import Call, Status, Verdict, call_from_plain
from matcher.errors import MatcherError
from matcher.scoring.eligibility import judge

if TYPE_CHECKING:  # scikit-learn takes a second to import, and most commands do without
    from matcher.scoring.sets import Measured


def rank_file(
    calls: Path,
    run: Path,
    *,
    now: datetime,
    config: Path | None = None,
    queries: Path | None = None,
    topic_only: bool = False,
    depth: int = 100,
) -> int:
    """Rank a file of calls for the committees under ``config`` or for a file of queries; write a TREC run.

    A ``config`` that holds only municipalities/ is completed with the packaged defaults. Unless
    ``topic_only``, calls that are written as ``matcher calls --format jsonl`` writes them are judged for
    eligibility too, and what a municipality may not apply for is left out.

    Returns:
        The number of queries ranked.

    Raises:
        ConfigError: the configuration is wrong.
        MatcherError: a file cannot be read.
    """
    from matcher.scoring import files
    from matcher.scoring.lexicon import lexicon_of
    from matcher.scoring.rank import Ranker

    configuration = load_configuration(config or defaults_directory())
    municipalities = configuration.municipalities if config else ()
    ranker = Ranker(configuration.scoring, lexicon_of(configuration.lexicon))
    allowed = None if topic_only or not config else _allowed(calls, configuration, now)
    found = files.rank_file(
        calls,
        run,
        ranker=ranker,
        now=now,
        municipalities=municipalities,
        queries=queries,
        depth=depth,
        allowed=allowed,
    )
    return len(found)


def measure_sets(
    directory: Path,
    *,
    now: datetime,
    config: Path | None = None,
    method: str | None = None,
    feedback: int = 0,
    names: Collection[str] = (),
) -> Iterator[Measured]:
    """Rank and measure a folder of evaluation sets (:mod:`matcher.scoring.sets`), set by set.

    Raises:
        ConfigError: the configuration is wrong.
        MatcherError: a file cannot be read, or no set has one of the ``names``.
    """
    from matcher.scoring import sets
    from matcher.scoring.lexicon import lexicon_of
    from matcher.scoring.rank import Ranker

    found = sets.read_sets(directory)
    for name in names:
        if name not in {one.name for one in found}:
            raise MatcherError(f"no set {name!r}; there are {', '.join(one.name for one in found)}")
    configuration = load_configuration(config or defaults_directory())
    committees = directory / "committees"
    yield from sets.measure_sets(
        [one for one in found if not names or one.name in names],
        ranker=Ranker(configuration.scoring, lexicon_of(configuration.lexicon)),
        municipalities=load_configuration(committees).municipalities if committees.is_dir() else (),
        now=now,
        method=method,
        feedback=feedback,
    )


def _allowed(calls: Path, configuration: Configuration, now: datetime) -> dict[str, set[str]]:
    """Ids of the calls in a file that each committee may apply for, alone or as a partner."""
    from matcher.scoring import files

    programmes, geography = configuration.programmes, configuration.geography
    bare: set[str] = set()  # rows that say too little to be judged stay
    known: dict[str, Call] = {}
    for row in files.read_rows(calls):
        try:
            call = call_from_plain(row)
        except ValueError:
            bare.add(row["id"])
            continue
        if call.status(now) is not Status.CLOSED:
            known[row["id"]] = call

    def may_apply(call: Call, municipality: Municipality, committee: Committee) -> bool:
        judged = judge(call, municipality, committee, programmes, geography, now)
        return judged.verdict is not Verdict.EXCLUDED

    return {
        committee.id: bare
        | {name for name, call in known.items() if may_apply(call, municipality, committee)}
        for municipality, committee in configuration.committees()
    }
