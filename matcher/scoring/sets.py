"""A folder of evaluation sets, ranked and measured: by the model, or by a plain method to compare with.

The folder holds ``sets.tsv`` (columns ``set`` and ``docs``, more are passed over), ``docs/DOCS.jsonl.gz``,
``sets/SET/queries.tsv`` and ``sets/SET/qrels.txt``; and, if there are judged committees, ``committees/`` in
the configuration's format with a ``qrels.txt``, whose calls are ``docs/calls.jsonl.gz``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from matcher.config.models import Committee, Municipality
from matcher.errors import MatcherError
from matcher.scoring.evaluate import Evaluation, Qrels, Run, bm25_run, evaluate, plain_run, read_qrels
from matcher.scoring.feedback import learn, wanted_by_judgements
from matcher.scoring.files import read_documents, read_queries
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranker
from matcher.scoring.text import words

#: ranks documents for texts
Method = Callable[[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]], Run]
PLAIN_METHODS: Mapping[str, Method] = {"bm25": bm25_run, "tfidf": plain_run}
_DEPTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSet:
    """Judged queries of one file of documents, or judged committees."""

    name: str
    documents: Path
    qrels: Path
    #: ``None``: the committees of the folder
    queries: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A set as it was ranked."""

    name: str
    qrels: Qrels
    run: Run
    evaluation: Evaluation
    #: nDCG@10 on the documents not judged, before and after the best few were judged
    feedback: tuple[Evaluation, Evaluation] | None = None


def read_sets(directory: Path) -> list[EvaluationSet]:
    """The sets of a folder, the committees first.

    Raises:
        MatcherError: there is no sets.tsv, or it has other columns.
    """
    try:
        with (directory / "sets.tsv").open(encoding="utf-8", newline="") as lines:
            found = [
                EvaluationSet(
                    name=row["set"],
                    documents=_documents(directory, row["docs"]),
                    queries=directory / "sets" / row["set"] / "queries.tsv",
                    qrels=directory / "sets" / row["set"] / "qrels.txt",
                )
                for row in csv.DictReader(lines, delimiter="\t")
            ]
    except (OSError, KeyError) as error:
        raise MatcherError(f"{directory / 'sets.tsv'}: cannot be read: {error}") from error
    judged = directory / "committees" / "qrels.txt"
    if judged.is_file():
        committees = EvaluationSet(name="committees", documents=_documents(directory, "calls"), qrels=judged)
        found.insert(0, committees)
    return found


def _documents(directory: Path, name: str) -> Path:
    return directory / "docs" / f"{name}.jsonl.gz"


def measure_sets(
    sets: Sequence[EvaluationSet],
    *,
    ranker: Ranker,
    municipalities: Sequence[Municipality],
    now: datetime,
    method: str | None = None,
    feedback: int = 0,
) -> Iterator[Measured]:
    """Rank and measure sets, those of one file of documents after each other: it is indexed once.

    ``method`` is a key of :data:`PLAIN_METHODS`, else the model ranks. Committees are measured on all
    documents and, as "committees, LANGUAGE", on those of each language. With ``feedback`` that many of the
    best documents are judged, and the model ranks once more with what they teach.

    Raises:
        MatcherError: a file cannot be read.
    """
    for path, several in groupby(sorted(sets, key=lambda s: str(s.documents)), key=lambda s: s.documents):
        documents = read_documents(path)
        if method is None:
            ranker.fit(documents)
        for one in several:
            queries = _Queries(one, municipalities if one.queries is None else (), documents, ranker, now)
            qrels = read_qrels(one.qrels)
            run = queries.rank({}) if method is None else queries.rank_plainly(PLAIN_METHODS[method])
            pair = None
            if feedback and method is None:
                pair = _before_and_after(queries, qrels, run, feedback)
            yield Measured(
                name=one.name, qrels=qrels, run=run, evaluation=evaluate(qrels, run), feedback=pair
            )
            if one.queries is None:
                for language in sorted({d.language for d in documents if d.language}):
                    held = {d.id for d in documents if d.language == language}
                    part = {q: [found for found in rows if found[0] in held] for q, rows in run.items()}
                    some = _only(qrels, held)
                    name = f"{one.name}, {language}"
                    yield Measured(name=name, qrels=some, run=part, evaluation=evaluate(some, part))


@dataclass(frozen=True, slots=True)
class _Queries:
    """The queries of a set, and what ranks them."""

    set: EvaluationSet
    municipalities: Sequence[Municipality]
    documents: Sequence[Document]
    ranker: Ranker
    now: datetime

    def rank(self, wanted: Mapping[str, Mapping[str, float]]) -> Run:
        """The model's lists, moved by what is ``wanted`` of each query."""
        weights = self.ranker.scoring.feedback
        learnt = {
            query: learn(self.ranker.model, self.documents, values, weights)
            for query, values in wanted.items()
        }
        if self.set.queries is not None:
            asked = read_queries(self.set.queries)
            lists = self.ranker.rank_queries(
                [(text, language) for _, language, text in asked],
                depth=_DEPTH,
                learnt=[learnt.get(name) for name, _, _ in asked],
            )
            return dict(zip((name for name, _, _ in asked), lists, strict=True))
        return {
            committee.id: [
                (found.id, found.score)
                for found in self.ranker.rank(
                    municipality,
                    committee,
                    now=self.now,
                    depth=_DEPTH,
                    explained=0,
                    learnt=learnt.get(committee.id),
                )
            ]
            for municipality, committee in self._committees()
        }

    def rank_plainly(self, method: Method) -> Run:
        """Lists of a method that knows words alone: of a committee all it has written."""
        texts = {d.id: words("\n".join((d.title, d.text, *d.context))) for d in self.documents}
        if self.set.queries is not None:
            queries = {name: words(text) for name, _, text in read_queries(self.set.queries)}
        else:
            queries = {c.id: words(_all_of(c)) for _, c in self._committees()}
        return method(texts, queries)

    def _committees(self) -> Iterator[tuple[Municipality, Committee]]:
        return ((m, committee) for m in self.municipalities for committee in m.committees)


def _all_of(committee: Committee) -> str:
    return "\n".join((committee.responsibility, *(p.text for p in committee.priorities)))


def _only(qrels: Qrels, held: set[str]) -> Qrels:
    return {query: {d: g for d, g in grades.items() if d in held} for query, grades in qrels.items()}


def _before_and_after(
    queries: _Queries, qrels: Qrels, run: Run, judged: int
) -> tuple[Evaluation, Evaluation] | None:
    """Measures on documents not judged, of the queries that have relevant ones left; ``None`` without any.

    Queries of which nothing judged was wanted are left out: feedback can only push away there.
    """
    top = max((g for grades in qrels.values() for g in grades.values()), default=0)
    seen: dict[str, dict[str, int]] = {}
    for query, found in run.items():
        grades = qrels.get(query, {})
        # where every document is judged or counts as 0, the best ones; else the best that somebody judged
        shown = [name for name, _ in found if name in grades or queries.set.queries is not None][:judged]
        given = {name: grades.get(name, 0) * (3 if top <= 1 else 1) for name in shown}
        if max(given.values(), default=0) >= 2:
            seen[query] = given
    wanted = {query: wanted_by_judgements(given) for query, given in seen.items()}
    after = queries.rank(wanted)
    unseen = {
        query: {d: g for d, g in qrels[query].items() if d not in given} for query, given in seen.items()
    }

    def rest(found: Run) -> Run:
        return {query: [row for row in found.get(query, ()) if row[0] not in seen[query]] for query in seen}

    pair = evaluate(unseen, rest(run)), evaluate(unseen, rest(after))
    return pair if pair[0].rows else None
