"""Quality of a ranking in the standard measures and file formats of TREC."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

Qrels = dict[str, dict[str, int]]
Run = dict[str, list[tuple[str, float]]]
MEASURES = ("nDCG@10", "MRR", "P@5", "R@20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A run against judgements: one row of measures per query, and their means."""

    rows: dict[str, dict[str, float]]

    def mean(self, measure: str) -> float:
        """Mean over the queries; 0 without queries."""
        return fmean(row[measure] for row in self.rows.values()) if self.rows else 0.0

    def estimate(self, measure: str = "nDCG@10") -> Estimate:
        """Mean with its interval."""
        return bootstrap([row[measure] for row in self.rows.values()])


def read_qrels(path: Path) -> Qrels:
    """Judgements from lines ``query 0 document grade``.

    Raises:
        ValueError: a line has another shape; the message says which.
    """
    grades: Qrels = defaultdict(dict)
    for query, _, document, grade in _lines(path, 4):
        grades[query][document] = int(grade)
    return dict(grades)


def read_run(path: Path) -> Run:
    """A ranking from lines ``query Q0 document rank score tag``; order by score, ties by document id."""
    run: Run = defaultdict(list)
    for query, _, document, _, score, _ in _lines(path, 6):
        run[query].append((document, float(score)))
    return {query: in_order(found) for query, found in run.items()}


def write_run(path: Path, run: Mapping[str, Sequence[tuple[str, float]]], *, tag: str = "matcher") -> None:
    """Write a ranking; scores in full so that reading gives the same order."""
    with path.open("w", encoding="utf-8") as out:
        for query, found in run.items():
            for rank, (document, score) in enumerate(in_order(found), start=1):
                out.write(f"{query} Q0 {document} {rank} {score!r} {tag}\n")


def in_order(found: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Highest score first, ties by document id."""
    return sorted(((document, float(score)) for document, score in found), key=lambda p: (-p[1], p[0]))


def _lines(path: Path, width: int) -> Iterable[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = line.split()
            if len(row) != width:
                raise ValueError(f"{path.name}:{number}: {width} columns expected, {len(row)} found")
            yield row


def relevant_from(qrels: Qrels) -> int:
    """Least grade that counts as a hit: 1 where no grade exceeds 1, else 2."""
    return 1 if max((g for docs in qrels.values() for g in docs.values()), default=0) <= 1 else 2


def evaluate(qrels: Qrels, run: Mapping[str, Sequence[tuple[str, float]]]) -> Evaluation:
    """Measure every query that has a relevant document; a query that the run lacks scores 0."""
    relevant = relevant_from(qrels)
    return Evaluation(
        rows={
            query: _measure(qrels[query], [d for d, _ in in_order(run.get(query, ()))], relevant)
            for query in sorted(qrels)
            if any(qrels[query].values())
        }
    )


def _dcg(gains: Iterable[float]) -> float:
    return sum(gain / math.log2(i + 2) for i, gain in enumerate(gains))


def _measure(grades: Mapping[str, int], ranked: Sequence[str], relevant: int) -> dict[str, float]:
    ideal = _dcg(sorted((2.0**g - 1 for g in grades.values()), reverse=True)[:10])
    hits = [grades.get(document, 0) >= relevant for document in ranked]
    wanted = sum(grade >= relevant for grade in grades.values())
    return {
        "nDCG@10": _dcg(2.0 ** grades.get(d, 0) - 1 for d in ranked[:10]) / ideal if ideal else 0.0,
        "MRR": next((1 / (i + 1) for i, hit in enumerate(hits[:100]) if hit), 0.0),
        "P@5": sum(hits[:5]) / 5,
        "R@20": sum(hits[:20]) / wanted if wanted else 0.0,
    }


def bootstrap(values: Sequence[float], *, rounds: int = 1000) -> Estimate:
    """Mean of ``values`` with the 2.5 and 97.5 percentiles of resampled means; always the same draw."""
    if not values:
        return Estimate(mean=0.0, low=0.0, high=0.0)
    rng = random.Random(3)  # noqa: S311 (resampling, no secret)
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(rounds))
    low, high = means[int(0.025 * rounds)], means[int(0.975 * rounds)]
    return Estimate(mean=sum(values) / len(values), low=low, high=high)


def paired_difference(new: Evaluation, old: Evaluation, measure: str = "nDCG@10") -> Estimate:
    """How much better ``new`` is, query by query.

    Raises:
        ValueError: the two were not measured on the same queries.
    """
    if new.rows.keys() != old.rows.keys():
        raise ValueError("the two runs were measured on different queries")
    return bootstrap([new.rows[query][measure] - old.rows[query][measure] for query in new.rows])


def worth_by_score(
    qrels: Qrels, run: Mapping[str, Sequence[tuple[str, float]]], *, width: float = 0.1
) -> list[tuple[float, int, float]]:
    """What a score means: (least score of the step, judged documents in it, share of them that are hits).

    Documents nobody judged are left out. This is where the cuts of the bands come from.
    """
    relevant = relevant_from(qrels)
    steps: dict[int, list[bool]] = defaultdict(list)
    for query, found in run.items():
        for document, score in found:
            grade = qrels.get(query, {}).get(document)
            if grade is not None:
                steps[int(score / width + 1e-9)].append(grade >= relevant)
    return [(step * width, len(hits), fmean(hits)) for step, hits in sorted(steps.items())]


def bm25_run(
    documents: Mapping[str, Sequence[str]], queries: Mapping[str, Sequence[str]], *, depth: int = 100
) -> Run:
    """The baseline: BM25 (k1 1.2, b .75) by bm25s over words as given, documents without a hit left out."""
    import bm25s

    names = sorted(documents)
    known = {word for name in names for word in documents[name]}
    if not known:
        return {query: [] for query in queries}
    index = bm25s.BM25(k1=1.2, b=0.75)
    index.index([list(documents[name]) for name in names], show_progress=False)
    run: Run = {}
    for query, asked in queries.items():
        present = [word for word in asked if word in known]
        scores = index.get_scores(present) if present else []
        found = in_order((name, score) for name, score in zip(names, scores, strict=False) if score > 0)
        run[query] = found[:depth]
    return run


def plain_run(
    documents: Mapping[str, Sequence[str]], queries: Mapping[str, Sequence[str]], *, depth: int = 100
) -> Run:
    """The other baseline: scikit-learn's TfidfVectorizer as it comes, over words as given."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    names = sorted(documents)
    vectorizer = TfidfVectorizer(analyzer=list)
    if not any(documents.values()):
        return {query: [] for query in queries}
    index = vectorizer.fit_transform([documents[name] for name in names])
    scores = (vectorizer.transform(queries.values()) @ index.T).toarray()
    return {
        query: in_order((names[i], row[i]) for i in row.nonzero()[0])[:depth]
        for query, row in zip(queries, scores, strict=True)
    }
