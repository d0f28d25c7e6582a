"""A small collection, lexicon and committee of the tests' own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from matcher.config.models import LexiconFile, Municipality, Scoring
from matcher.scoring.files import read_documents
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranker

SAMPLE = Path(__file__).parent / "sample"
ROOT = Path(__file__).parents[2]
TERMS = [
    {"sv": "äldreomsorg", "en": ["elderly care", "long-term care"]},
    {"sv": "ålderdom", "en": ["ageing", "older people"]},
    {"sv": "vuxen", "en": ["adult"]},
    {"sv": "utbildning", "en": ["education"]},
    {"sv": "arbete", "en": ["work", "employment"]},
    {"sv": "våld i nära relationer", "en": ["domestic violence"]},
    {"sv": "barn", "en": ["child", "children"]},
    {"sv": "hållbart resande", "en": ["sustainable mobility"]},
    {"sv": "kollektivtrafik", "en": ["public transport"]},
    {"sv": "bibliotek", "en": ["library"]},
    {"sv": "projekt", "noise": True},
]


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon([LexiconFile.model_validate({"field": "prov", "terms": TERMS})])


@pytest.fixture(scope="session")
def documents() -> list[Document]:
    return read_documents(SAMPLE / "calls.jsonl")


@pytest.fixture(scope="session")
def ranker(lexicon: Lexicon, documents: list[Document]) -> Ranker:
    return Ranker(Scoring(), lexicon).fit(documents)


@pytest.fixture(scope="session")
def shipped_lexicon() -> Lexicon:
    """The lexicon in config/."""
    files = sorted((ROOT / "config" / "lexicon").glob("*.yaml"))
    return Lexicon(
        LexiconFile.model_validate(YAML(typ="safe").load(file.read_text("utf-8"))) for file in files
    )


@pytest.fixture(scope="session")
def municipality() -> Municipality:
    return Municipality.model_validate(
        {
            "municipality": "Provköpings kommun",
            "id": "provkoping",
            "code": "0000",
            "county": "Södermanlands län",
            "population": 20000,
            "council_priorities": [{"id": "resa", "text": "Hållbart resande"}],
            "emphasis": ["children and youth"],
            "committees": [
                {
                    "id": "omsorg",
                    "name": "Omsorgsnämnden",
                    "responsibility": "Äldreomsorg",
                    "priorities": [
                        {"id": "trygg", "text": "Trygg ålderdom", "keywords": ["välfärdsteknik"]},
                        {"id": "tillit", "text": "Tillit", "weight": 0.5},
                        {"id": "gammal", "text": "Bibliotek", "valid_until": "2026-06-30"},
                    ],
                }
            ],
        }
    )
