"""A folder of evaluation sets, ranked by the model and by plain methods."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.config.models import Municipality, Scoring
from matcher.errors import MatcherError
from matcher.scoring.evaluate import plain_run
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.rank import Ranker
from matcher.scoring.sets import Measured, measure_sets, read_sets
from tests.scoring.conftest import SAMPLE

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
GRADES = "omsorg 0 c01 3\nomsorg 0 c02 2\nomsorg 0 c03 0\nomsorg 0 c04 0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    with gzip.open(tmp_path / "docs" / "calls.jsonl.gz", "wb") as packed:
        packed.write((SAMPLE / "calls.jsonl").read_bytes())
    (tmp_path / "sets" / "own").mkdir(parents=True)
    for name in ("queries.tsv", "qrels.txt"):
        shutil.copy(SAMPLE / name, tmp_path / "sets" / "own" / name)
    (tmp_path / "committees").mkdir()
    (tmp_path / "committees" / "qrels.txt").write_text(GRADES)
    (tmp_path / "sets.tsv").write_text("set\tdocs\tquery_language\nown\tcalls\tsv\n")
    return tmp_path


def measured(
    folder: Path, lexicon: Lexicon, municipality: Municipality, **how: object
) -> dict[str, Measured]:
    found = measure_sets(
        read_sets(folder),
        ranker=Ranker(Scoring(), lexicon),
        municipalities=[municipality],
        now=NOW,
        **how,  # type: ignore[arg-type]
    )
    return {one.name: one for one in found}


def test_committees_are_measured_on_all_calls_and_by_language(
    folder: Path, lexicon: Lexicon, municipality: Municipality
) -> None:
    found = measured(folder, lexicon, municipality)
    assert set(found) == {"committees", "committees, en", "committees, sv", "own"}
    languages = {
        row["id"]: row["language"]
        for row in map(json.loads, (SAMPLE / "calls.jsonl").read_text("utf-8").splitlines())
    }
    for language in ("en", "sv"):
        part = found[f"committees, {language}"]
        assert {languages[name] for name, _ in part.run["omsorg"]} == {language}
        assert {languages[name] for name in part.qrels["omsorg"]} <= {language}
    assert len(found["own"].run) == len((SAMPLE / "queries.tsv").read_text("utf-8").splitlines())


def test_the_model_is_better_than_words_alone_where_the_language_differs(
    folder: Path, shipped_lexicon: Lexicon, municipality: Municipality
) -> None:
    ours = measured(folder, shipped_lexicon, municipality)["own"].evaluation
    for method in ("bm25", "tfidf"):
        theirs = measured(folder, shipped_lexicon, municipality, method=method)["own"].evaluation
        assert theirs.mean("nDCG@10") > 0
        assert ours.mean("nDCG@10") > theirs.mean("nDCG@10") + 0.2


def test_what_was_judged_counts_neither_before_nor_after(
    folder: Path, lexicon: Lexicon, municipality: Municipality
) -> None:
    found = measured(folder, lexicon, municipality, feedback=1)
    pair = found["committees"].feedback
    assert pair is not None
    # the best call was judged, one other remains to be found
    assert list(pair[0].rows) == ["omsorg"]
    assert 0 < pair[1].mean("nDCG@10") <= 1
    everything = measured(folder, lexicon, municipality, feedback=1000)
    assert everything["committees"].feedback is None


def test_a_query_without_a_wanted_document_is_left_out_of_feedback(
    folder: Path, lexicon: Lexicon, municipality: Municipality
) -> None:
    (folder / "committees" / "qrels.txt").write_text("omsorg 0 c03 0\nomsorg 0 c04 0\n")
    assert measured(folder, lexicon, municipality, feedback=2)["committees"].feedback is None


def test_a_folder_without_a_list_of_sets_is_named(tmp_path: Path) -> None:
    with pytest.raises(MatcherError, match=r"sets\.tsv: cannot be read"):
        read_sets(tmp_path)
    (tmp_path / "sets.tsv").write_text("name\n x\n")
    with pytest.raises(MatcherError, match=r"sets\.tsv: cannot be read"):
        read_sets(tmp_path)


def test_plain_tfidf_ranks_by_words_and_leaves_out_what_has_none() -> None:
    documents = {"a": ["skola"], "b": ["skola", "bibliotek"], "c": ["avfall"]}
    assert [name for name, _ in plain_run(documents, {"q": ["skola"]})["q"]] == ["a", "b"]
    assert plain_run(documents, {"q": ["x"]}) == {"q": []}
    assert plain_run({}, {"q": ["x"]}) == {"q": []}
