"""Ranking against bm25s on the same tokens, in one run: `python benchmarks/matching.py [--calls 1000]`.

All of Sweden is 290 municipalities with 12 committees of 5 priorities, put together at random from phrases
of the lexicon; the calls are made of the lexicon's English, with words of the usual unequal frequency.
bm25s gets our tokens for each priority and gives its best 20 without reasons; we give every committee its
best 20 with reasons, out of three channels.

Turning the committees' words into queries (language, translation, compounds, stems, weights) is timed by
itself: bm25s gets the outcome of it ready-made. The first ratio is ours from ready queries, which is what
bm25s does too; the second has all that a run over Sweden needs once the calls are indexed.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from datetime import UTC, datetime
from itertools import accumulate

import bm25s

from matcher.config.loading import defaults_directory, load_configuration
from matcher.config.models import Committee, Municipality
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Ask, Document
from matcher.scoring.rank import Ranker

NOW = datetime(2026, 11, 22, tzinfo=UTC)

parser = argparse.ArgumentParser()
parser.add_argument("--calls", type=int, default=1000)
parser.add_argument("--words", type=int, default=700, help="Words of a call.")
parser.add_argument("--municipalities", type=int, default=290)
given = parser.parse_args()
rng = random.Random(7)

configuration = load_configuration(defaults_directory())
lexicon = Lexicon(configuration.lexicon)
terms = [entry for file in configuration.lexicon for entry in file.terms if not entry.noise and entry.en]
english = sorted({word for entry in terms for text in entry.en for word in text.split()})
rng.shuffle(english)
vocabulary = english + [f"{a}{b}" for a in english[:200] for b in ("ing", "er", "ism", "ness", "ful")]
weights = list(accumulate(1 / (i + 5) for i in range(len(vocabulary))))


def call(number: int) -> Document:
    """A call about three subjects, the rest filled with words of unequal frequency."""
    about = " ".join(text for entry in rng.sample(terms, 3) for text in entry.en)
    filler = " ".join(rng.choices(vocabulary, cum_weights=weights, k=given.words))
    return Document(id=str(number), title=about[:80], text=f"{about}. {filler}", language="en")


def committee(name: str) -> Committee:
    """Five priorities of two phrases each, and a responsibility."""

    def phrase(n: int) -> str:
        return " och ".join(entry.sv for entry in rng.sample(terms, n))

    priorities = [{"id": f"p{i}", "text": phrase(2)} for i in range(5)]
    return Committee.model_validate(
        {"id": name, "name": name, "responsibility": phrase(3), "priorities": priorities}
    )


def timed(what: str, began: float) -> float:
    """Seconds since ``began``, printed with the most memory used so far."""
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.2f} s (at most {memory:.0f} MiB so far)", flush=True)
    return seconds


documents = [call(n) for n in range(given.calls)]
towns = [
    Municipality.model_validate(
        {
            "municipality": f"m{n}",
            "id": f"m{n}",
            "code": "0000",
            "county": "Södermanlands län",
            "population": 1000,
            "committees": [committee(f"m{n}-{c}") for c in range(12)],
        }
    )
    for n in range(given.municipalities)
]
committees = [(town, one) for town in towns for one in town.committees]

began = time.perf_counter()
ranker = Ranker(configuration.scoring, lexicon).fit(documents)
timed(f"fit {given.calls} calls", began)

ranker.rank(*committees[0], now=NOW, depth=20, explained=20)  # what the first query alone prepares
began = time.perf_counter()
for pair in committees[1:21]:
    ranker.rank(*pair, now=NOW, depth=20, explained=20)
print(f"one committee: {(time.perf_counter() - began) / 20 * 1000:.0f} ms")

began = time.perf_counter()
queries = [ranker.ask(*pair, now=NOW) for pair in committees]
translated = timed(f"queries of all of Sweden, {len(committees)} committees", began)
began = time.perf_counter()
rows = sum(len(found) for found in ranker.best(queries, depth=20))
ours = timed(f"their best 20, {rows} rows with reasons", began)
del queries

index = ranker.model.indexes_["en"]
names = index.names
asked = [
    [names[column] for column in query.word["en"][0].tolist()]
    for _, one in committees
    for priority in one.priorities
    for query in [ranker.model.ask([Ask(priority.text, 1.0, "sv"), Ask(one.responsibility, 0.8, "sv")])]
]
held = [
    [feature for field in [index.count(ranker.model._fields(d))[0]] for feature in field] for d in documents
]
began = time.perf_counter()
baseline = bm25s.BM25(k1=1.2, b=0.75)
baseline.index(held, show_progress=False)
timed("bm25s index", began)
began = time.perf_counter()
baseline.retrieve(asked, k=20, show_progress=False)
theirs = timed(f"bm25s, {len(asked)} queries, without reasons", began)
print(f"ratio to bm25s from ready queries: {ours / theirs:.2f}, with the making of the queries: ", end="")
print(f"{(translated + ours) / theirs:.2f}")
