"""The kept index."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.config.models import LexiconFile, Municipality, Scoring
from matcher.scoring.cache import fitted
from matcher.scoring.model import Document, TfidfModel
from tests.scoring.conftest import TERMS

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LEXICON = [LexiconFile.model_validate({"field": "prov", "terms": TERMS})]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of documents of each fit."""
    counted: list[int] = []
    real = TfidfModel.fit

    def fit(self: TfidfModel, documents: list[Document], y: object = None) -> TfidfModel:
        counted.append(len(documents))
        return real(self, documents, y)

    monkeypatch.setattr(TfidfModel, "fit", fit)
    return counted


def test_the_same_calls_and_configuration_are_indexed_once_and_ranked_alike(
    tmp_path: Path, documents: list[Document], municipality: Municipality, fits: list[int]
) -> None:
    lists = [
        fitted(documents, Scoring(), LEXICON, tmp_path / "var").rank(
            municipality, municipality.committees[0], now=NOW
        )
        for _ in range(2)
    ]
    assert lists[0] == lists[1]
    assert fits == [len(documents)]


def test_a_changed_call_parameter_or_term_is_indexed_anew_and_the_old_index_goes(
    tmp_path: Path, documents: list[Document], fits: list[int]
) -> None:
    other = LexiconFile.model_validate({"field": "prov", "terms": TERMS[:3]})
    fitted(documents, Scoring(), LEXICON, tmp_path)
    fitted(documents[1:], Scoring(), LEXICON, tmp_path)
    fitted(documents, Scoring(slope=0.3), LEXICON, tmp_path)
    fitted(documents, Scoring(), [other], tmp_path)
    assert len(fits) == 4
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps("something else")])
def test_a_file_that_is_no_index_is_made_anew(
    tmp_path: Path, documents: list[Document], fits: list[int], content: bytes
) -> None:
    fitted(documents, Scoring(), LEXICON, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    fitted(documents, Scoring(), LEXICON, tmp_path)
    assert len(fits) == 2


def test_a_file_that_others_may_write_is_not_opened(
    tmp_path: Path, documents: list[Document], fits: list[int]
) -> None:
    fitted(documents, Scoring(), LEXICON, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    kept.chmod(0o666)
    fitted(documents, Scoring(), LEXICON, tmp_path)
    assert len(fits) == 2
