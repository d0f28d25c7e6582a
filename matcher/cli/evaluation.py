"""Commands for analysts: rank a file of calls, and measure a ranking against judgements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.options import Json, Now, clock_of
from matcher.cli.output import as_json, err, say, table
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
    qrels: Annotated[Path | None, typer.Option("--qrels", help="Judgements: query 0 document grade.")] = None,
    run: Annotated[Path | None, typer.Option("--run", help="TREC run file to measure.")] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="Run file to compare with; with --sets a folder of them."),
    ] = None,
    sets: Annotated[
        Path | None,
        typer.Option("--sets", metavar="DIR", help="Rank and measure a folder of evaluation sets instead."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="SET", help="Only this set.")] = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", metavar="DIR", help="Keep the runs of the sets here.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="DIR", help="Parameters and lexicon for the sets.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="What ranks the sets: matcher, bm25 or tfidf.")
    ] = "matcher",
    feedback: Annotated[
        int, typer.Option("--feedback", metavar="N", min=0, help="Also what N judged calls do for the rest.")
    ] = 0,
    each: Annotated[bool, typer.Option("--each", help="Also one line per query.")] = False,
    by_score: Annotated[
        bool, typer.Option("--by-score", help="Also the share of hits by score: where the bands come from.")
    ] = False,
    json: Json = False,
) -> None:
    """nDCG@10, MRR, P@5 and R@20 of a ranking, or of a folder of sets, with 95 % intervals."""
    if sets is not None:
        if qrels or run or each or by_score:
            raise typer.BadParameter("--qrels, --run, --each and --by-score do not go with --sets")
        measure_sets(sets, config, only or [], runs, baseline, method, feedback, json)
        return
    if qrels is None or run is None:
        raise typer.BadParameter("give --qrels FILE and --run FILE, or --sets DIR")
    if only or runs or config or method != "matcher" or feedback:
        raise typer.BadParameter("--only, --runs, --config, --method and --feedback go with --sets")
    measure_run(qrels, run, baseline, each=each, by_score=by_score, json=json)


def measure_sets(
    sets: Path,
    config: Path | None,
    only: list[str],
    runs: Path | None,
    baseline: Path | None,
    method: str,
    feedback: int,
    json: bool,
) -> None:
    """A line per set: measures, the difference to a baseline, and what feedback gives."""
    from matcher import jobs
    from matcher.scoring.evaluate import MEASURES, Evaluation, paired_difference, read_run, write_run
    from matcher.scoring.evaluate import evaluate as measure
    from matcher.scoring.sets import PLAIN_METHODS

    if method not in ("matcher", *PLAIN_METHODS):
        raise typer.BadParameter(f"--method is matcher, {' or '.join(PLAIN_METHODS)}, not {method!r}")
    lines: list[tuple[str, Evaluation, Estimate | None, tuple[float, Estimate] | None]] = []
    for found in jobs.measure_sets(
        sets,
        now=clock_of(None)(),
        config=config,
        method=None if method == "matcher" else method,
        feedback=feedback,
        names=only,
    ):
        name = found.name.replace(", ", "-") + ".run"
        if runs:
            runs.mkdir(parents=True, exist_ok=True)
            write_run(runs / name, found.run, tag=method)
        difference = gain = None
        if baseline and (baseline / name).is_file():
            before = measure(found.qrels, read_run(baseline / name))
            difference = paired_difference(found.evaluation, before)
        if found.feedback:
            unmoved, moved = found.feedback
            gain = (unmoved.mean("nDCG@10"), paired_difference(moved, unmoved))
        lines.append((found.name, found.evaluation, difference, gain))
        err.print(f"{found.name}: nDCG@10 {found.evaluation.mean('nDCG@10'):.3f}", markup=False)
    if json:
        as_json(
            {
                name: {m: e.estimate(m) for m in MEASURES}
                | {"queries": len(e.rows), "difference": difference}
                | {"feedback": {"before": gain[0], "gain": gain[1]} if gain else None}
                for name, e, difference, gain in lines
            }
        )
        return
    columns = ["set", "queries#", *(f"{m}#" for m in MEASURES), "95 % of nDCG@10"]
    table(
        None,
        columns + ["minus baseline"] * bool(baseline) + [f"after {feedback} judged"] * bool(feedback),
        [
            (name, len(e.rows), *(f"{e.mean(m):.3f}" for m in MEASURES), interval(e.estimate()))
            + ((f"{d.mean:+.3f} {interval(d)}" if d else None,) if baseline else ())
            + ((f"{g[0]:.3f} {g[1].mean:+.3f} {interval(g[1])}" if g else None,) if feedback else ())
            for name, e, d, g in lines
        ],
    )


def measure_run(
    qrels: Path, run: Path, baseline: Path | None, *, each: bool, by_score: bool, json: bool
) -> None:
    """The measures of one run file."""
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
