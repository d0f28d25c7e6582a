"""Measures and files of an evaluation."""

from __future__ import annotations

import random
import runpy
import sys
from pathlib import Path

import pytest

from matcher.scoring.evaluate import (
    MEASURES,
    bm25_run,
    bootstrap,
    evaluate,
    in_order,
    paired_difference,
    read_qrels,
    read_run,
    write_run,
)  # fmt: skip

SHARED = Path(__file__).parents[2].parent / "shared"


def files(folder: Path, seed: int, grades: int) -> tuple[Path, Path]:
    rng = random.Random(seed)
    docs = [f"SV-{i}" if i % 9 == 0 else f"d{i}" for i in range(60)]
    qrels, run = folder / f"q{seed}.txt", folder / f"r{seed}.run"
    lines, ranked = [], {}
    for query in range(12):
        lines += [f"q{query} 0 {d} {rng.randint(0, grades)}" for d in rng.sample(docs, 30)]
        if query != 5:
            ranked[f"q{query}"] = [(d, rng.randint(0, 9) / 3) for d in rng.sample(docs, 50)]
    qrels.write_text("\n".join(lines) + "\n", "utf-8")
    write_run(run, ranked)
    return qrels, run


@pytest.mark.skipif(
    not (SHARED / "eval" / "score.py").exists(), reason="the shared evaluation sets are absent"
)
@pytest.mark.parametrize(("seed", "grades"), [(1, 3), (2, 1), (3, 3)])
def test_measures_agree_with_the_referee(
    tmp_path: Path,
    seed: int,
    grades: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    qrels, run = files(tmp_path, seed, grades)
    monkeypatch.setattr(sys, "argv", ["score.py", str(qrels), str(run), str(run)])
    runpy.run_path(str(SHARED / "eval" / "score.py"), run_name="__main__")
    said = capsys.readouterr().out
    ours = evaluate(read_qrels(qrels), read_run(run))
    estimate = ours.estimate()
    assert f"nDCG@10={estimate.mean:.3f} [{estimate.low:.3f},{estimate.high:.3f}]" in said
    for measure in MEASURES:
        assert f"{measure}={ours.mean(measure):.3f}" in said
    assert "+0.000 [+0.000,+0.000]" in said
    assert paired_difference(ours, ours).mean == 0


def test_a_perfect_ranking_scores_one_and_a_missing_query_zero() -> None:
    qrels = {"a": {"x": 3, "y": 1}, "b": {"x": 2}, "none": {"x": 0}}
    result = evaluate(qrels, {"a": [("x", 2.0), ("y", 1.0)]})
    assert result.rows["a"]["nDCG@10"] == 1
    assert result.rows["b"]["nDCG@10"] == 0
    assert "none" not in result.rows
    assert result.mean("MRR") == 0.5


def test_ties_are_broken_by_document_id() -> None:
    assert in_order([("b", 1), ("a", 1), ("c", 2)]) == [("c", 2), ("a", 1), ("b", 1)]


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run = {"q": [("a", 0.1 + 0.2), ("b", 1e-9)]}
    write_run(tmp_path / "x.run", run)
    assert read_run(tmp_path / "x.run") == run


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("q 0 d 1\nq 0 d\n", "utf-8")
    with pytest.raises(ValueError, match=r"x\.txt:2: 4 columns expected, 3 found"):
        read_qrels(tmp_path / "x.txt")


def test_runs_over_different_queries_cannot_be_compared() -> None:
    one, two = evaluate({"a": {"x": 1}}, {}), evaluate({"b": {"x": 1}}, {})
    with pytest.raises(ValueError, match="different queries"):
        paired_difference(one, two)


def test_the_interval_holds_the_mean_and_nothing_has_none() -> None:
    found = bootstrap([0.0, 0.5, 1.0, 0.5])
    assert found.low <= found.mean == 0.5 <= found.high
    assert bootstrap([]).mean == 0


def test_bm25_ranks_the_document_with_the_rarer_word_first() -> None:
    documents = {"a": ["skola", "barn"], "b": ["skola", "bibliotek"], "c": ["skola"]}
    run = bm25_run(documents, {"q": ["skola", "bibliotek"], "none": ["x"]})
    assert run["q"][0][0] == "b"
    assert run["none"] == []
    assert bm25_run({}, {"q": ["x"]}) == {"q": []}
