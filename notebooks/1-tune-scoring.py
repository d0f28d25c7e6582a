# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Tune the scoring
#
# How good is the ranking for each committee, and what does a parameter change?
# The measure is nDCG@10 against judgements: 1.0 means that the ten best calls come first, in order.

# %%
import os
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from matcher.config.loading import load_configuration
from matcher.scoring.evaluate import bm25_run, evaluate, paired_difference
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranker
from matcher.scoring.text import words
from matcher.storage import frames
from matcher.storage.engine import open_database

demo = max(Path("../var/demo").glob("*/matcher.db"), default=None)
folder = Path(os.environ.get("MATCHER_CONFIG") or (demo.parent / "config" if demo else "../config"))
database = open_database(os.environ.get("DATABASE_URL") or f"sqlite:///{demo}")
configuration = load_configuration(folder)
now = datetime.now(UTC)

# %% [markdown]
# ## The data: calls, committees, judgements

# %%
calls = frames.calls(database, now)
calls = calls[calls["status"].isin(["open", "forthcoming", "unknown"])].reset_index(drop=True)
calls.groupby(["source", "language"], observed=True).size().unstack(fill_value=0)

# %%
judgements_file = os.environ.get("MATCHER_JUDGEMENTS")
judgements = pd.read_csv(
    judgements_file or resources.files("matcher.demo").joinpath("judgements.tsv"),
    sep=None,
    engine="python",
)
by = "source_id" if "source_id" in judgements else "title"
judged = judgements.merge(calls[["source", "source_id", "title"]].astype(str), on=by, how="inner")
qrels = {
    committee: {row.source_id: int(row.grade) for row in rows.itertuples()}
    for committee, rows in judged.groupby("committee")
}
pd.Series({committee: len(grades) for committee, grades in qrels.items()}, name="judged calls").to_frame()

# %% [markdown]
# ## The ranking with the configuration in force, and plain BM25 beside it

# %%
documents = [
    Document(
        id=row.source_id,
        title=row.title,
        text=row.text or "",
        language=row.language,
        context=tuple(text for text in (row.programme_name, row.call_title) if isinstance(text, str)),
    )
    for row in calls.itertuples()
]
lexicon = Lexicon(configuration.lexicon)


def ranked(scoring):
    """A run of every committee under one set of parameters."""
    ranker = Ranker(scoring, lexicon).fit(documents)
    return {
        committee.id: [(r.id, r.score) for r in ranker.rank(municipality, committee, now=now, explained=0)]
        for municipality, committee in configuration.committees()
    }


bm25 = bm25_run(
    {document.id: words(f"{document.title} {document.text}") for document in documents},
    {
        committee.id: words(" ".join([committee.responsibility, *(p.text for p in committee.priorities)]))
        for _, committee in configuration.committees()
    },
)
present = evaluate(qrels, ranked(configuration.scoring))
baseline = evaluate(qrels, bm25)
quality = pd.DataFrame(
    {
        "matcher": {query: row["nDCG@10"] for query, row in present.rows.items()},
        "BM25": {query: row["nDCG@10"] for query, row in baseline.rows.items()},
    }
)
quality.loc["mean"] = quality.mean()
quality.round(3)

# %%
difference = paired_difference(present, baseline)
print(f"nDCG@10 minus BM25: {difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]")

ax = quality.plot.barh(figsize=(8, 0.6 * len(quality) + 1), color=["#1f4e79", "#b8c4d0"])
ax.set_xlabel("nDCG@10")
ax.set_xlim(0, 1)
ax.set_title("Quality per committee")
ax.invert_yaxis()
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncol=2, frameon=False)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## The effect of one parameter
#
# `responsibility`: how much of a committee's remit stands behind each of its priorities.
# A small change on few judgements is noise: look at the shape, not at the best point.

# %%
values = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5]
curve = []
for value in values:
    query = configuration.scoring.query.model_copy(update={"responsibility": value})
    run = ranked(configuration.scoring.model_copy(update={"query": query}))
    curve.append(evaluate(qrels, run).mean("nDCG@10"))
effect = pd.DataFrame({"responsibility": values, "nDCG@10": curve})
effect.round(3)

# %%
ax = effect.plot(x="responsibility", y="nDCG@10", marker="o", legend=False, figsize=(8, 3.5), color="#1f4e79")
ax.axvline(configuration.scoring.query.responsibility, color="#888888", linestyle="--")
ax.annotate(
    "in force", (configuration.scoring.query.responsibility, ax.get_ylim()[0]), ha="center", va="bottom"
)
ax.set_ylabel("mean nDCG@10")
ax.set_title("Weight of the responsibility")
plt.tight_layout()
plt.show()

# %% [markdown]
# To keep a value, write it to `config/scoring.yaml` with the evaluation that chose it (`chosen_by`), and run
# `matcher evaluate` over the larger sets before committing.

# %%
database.close()
