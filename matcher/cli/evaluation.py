"""Commands for analysts: rank a file of calls, and measure a ranking against judgements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.options import Json, Now, clock_of
from matcher.cli.output import as_json, say, table
from matcher.scoring.evaluate import Estimate


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(rank)
    app.command()(evaluate)


def rank(
    calls: Annotated[
        Path, typer.Option("--calls", help="JSON lines (may be .gz): id, title, text, language …")
    ],
    run: Annotated[Path, typer.Option("--run", help="TREC run file to write.")],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="DIR", help="Rank for the committees configured here.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option("--queries", help="Rank for these instead: query<TAB>language<TAB>text.")
    ] = None,
    topic_only: Annotated[
        bool, typer.Option("--topic-only", help="Judge on subject alone: no dates, regions or applicants.")
    ] = False,
    depth: Annotated[int, typer.Option("--depth", min=1, help="Most calls per query.")] = 100,
    now: Now = None,
    json: Json = False,
) -> None:
    """Rank a file of calls for committees or plain queries; needs no database."""
    from matcher import jobs

    if (config is None) == (queries is None):
        raise typer.BadParameter("give either --config DIR or --queries FILE")
    if queries is not None and topic_only:
        raise typer.BadParameter("--topic-only goes with --config")
    count = jobs.rank_file(
        calls, run, now=clock_of(now)(), config=config, queries=queries, topic_only=topic_only, depth=depth
    )
    if json:
        as_json({"queries": count, "run": str(run)})
        return
    say(f"{count} queries ranked: {run}")


def evaluate(
    qrels: Annotated[Path, typer.Option("--qrels", help="Judgements: query 0 document grade.")],
    run: Annotated[Path, typer.Option("--run", help="TREC run file to measure.")],
    baseline: Annotated[Path | None, typer.Option("--baseline", help="Run file to compare with.")] = None,
    each: Annotated[bool, typer.Option("--each", help="Also one line per query.")] = False,
    by_score: Annotated[
        bool, typer.Option("--by-score", help="Also the share of hits by score: where the bands come from.")
    ] = False,
    json: Json = False,
) -> None:
    """nDCG@10, MRR, P@5 and R@20 of a ranking with 95 % intervals."""
    from matcher.scoring.evaluate import (
        MEASURES,
        Evaluation,
        paired_difference,
        read_qrels,
        read_run,
        worth_by_score,
    )
    from matcher.scoring.evaluate import evaluate as measure

    judged = read_qrels(qrels)
    measured: dict[str, Evaluation] = {str(p): measure(judged, read_run(p)) for p in (run, baseline) if p}
    this = measured[str(run)]
    difference = paired_difference(this, measured[str(baseline)]) if baseline else None
    steps = worth_by_score(judged, read_run(run)) if by_score else []
    if json:
        as_json(
            {
                "runs": {
                    name: {m: e.estimate(m) for m in MEASURES} | {"queries": len(e.rows)}
                    for name, e in measured.items()
                },
                "difference": difference,
                "each": this.rows if each else None,
                "by_score": [
                    {"score": least, "judged": count, "hits": share} for least, count, share in steps
                ],
            }
        )
        return
    table(
        None,
        ["run", "queries#", *(f"{m}#" for m in MEASURES), "95 % of nDCG@10"],
        [
            (name, len(e.rows), *(f"{e.mean(m):.3f}" for m in MEASURES), interval(e.estimate()))
            for name, e in measured.items()
        ],
    )
    if difference:
        say(f"nDCG@10 minus the baseline: {difference.mean:+.3f} {interval(difference)}")
    if by_score:
        table(
            None,
            ["score from#", "judged#", "hits#"],
            [(f"{least:.1f}", count, f"{share:.0%}") for least, count, share in steps],
        )
    if each:
        rows = [(query, *(f"{row[m]:.3f}" for m in MEASURES)) for query, row in this.rows.items()]
        table(None, ["query", *(f"{m}#" for m in MEASURES)], rows)


def interval(estimate: Estimate) -> str:
    """A 95 % interval in square brackets."""
    return f"[{estimate.low:.3f}, {estimate.high:.3f}]"
