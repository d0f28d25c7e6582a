"""What five judged calls do for the calls a committee has not seen: nDCG@10 before and after, paired.

    python benchmarks/feedback.py --calls FILE --config DIR --qrels FILE [--judged 5] [--seeds 5]

"first": the committee judges the best calls it was shown. "drawn": as many drawn from its best thirty, once
per seed. What was judged counts neither before nor after. Parameters as `--set relevant=1.5`.
"""

from __future__ import annotations

import argparse
import random
from datetime import UTC, datetime
from pathlib import Path

from matcher.config.loading import load_configuration
from matcher.scoring.evaluate import bootstrap, evaluate, read_qrels
from matcher.scoring.feedback import learn, wanted_by_judgements
from matcher.scoring.files import read_documents
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.rank import Ranker

NOW = datetime(2026, 11, 22, tzinfo=UTC)

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--calls", type=Path, required=True)
parser.add_argument("--config", type=Path, required=True)
parser.add_argument("--qrels", type=Path, required=True)
parser.add_argument("--judged", type=int, default=5)
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--set", action="append", default=[], help="NAME=VALUE of scoring.yaml's feedback")
given = parser.parse_args()

configuration = load_configuration(given.config)
changes = {name: float(value) for name, value in (pair.split("=") for pair in given.set)}
feedback = configuration.scoring.feedback.model_copy(update=changes)
scoring = configuration.scoring.model_copy(update={"feedback": feedback})
documents = read_documents(given.calls)
ranker = Ranker(scoring, Lexicon(configuration.lexicon)).fit(documents)
qrels = read_qrels(given.qrels)

differences: dict[str, list[float]] = {"first": [], "drawn": []}
befores: dict[str, list[float]] = {"first": [], "drawn": []}
for municipality, committee in configuration.committees():
    grades = qrels.get(committee.id, {})
    before = ranker.rank(municipality, committee, now=NOW, explained=0)
    shown = [entry.id for entry in before if entry.id in grades]
    samples = [("first", shown[: given.judged])]
    samples += [
        ("drawn", random.Random(seed).sample(shown[:30], given.judged)) for seed in range(given.seeds)
    ]
    for how, judged in samples:
        wanted = wanted_by_judgements({name: grades[name] for name in judged})
        if max(wanted.values(), default=0) <= 0:
            continue  # what was not wanted can only push away
        learnt = learn(ranker.model, documents, wanted, feedback)
        after = ranker.rank(municipality, committee, now=NOW, explained=0, learnt=learnt)
        unseen = {committee.id: {name: grade for name, grade in grades.items() if name not in judged}}
        measured = [
            evaluate(
                unseen, {committee.id: [(entry.id, entry.score) for entry in run if entry.id not in judged]}
            ).mean("nDCG@10")
            for run in (before, after)
        ]
        befores[how].append(measured[0])
        differences[how].append(measured[1] - measured[0])
for how, found in differences.items():
    gain, least = bootstrap(found), bootstrap(befores[how])
    print(
        f"{how}: {len(found)} samples, nDCG@10 on unseen calls {least.mean:.3f}, "
        f"after {given.judged} judged {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    )
