"""Commands about publishers and their calls."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from matcher import jobs
from matcher.cli.options import Config, Json, Now, Replay, clock_of, installation
from matcher.cli.output import as_json, as_jsonl, local, progress, say, table
from matcher.domain import Outcome, SourceRun, Status, StoredCall, plain
from matcher.storage import repository


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(scrape)
    app.command()(calls)


class Format(StrEnum):
    """How calls are printed."""

    TABLE = "table"
    JSONL = "jsonl"


def scrape(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Only these.")] = None,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="You have looked at the publisher's site: take SOURCE's list as it is. Known calls that it "
            "no longer has are withdrawn, facts that it no longer states are dropped.",
        ),
    ] = False,
    config: Config = None,
    now: Now = None,
    replay: Replay = None,
    json: Json = False,
) -> None:
    """Read the publishers and store their calls; exit 1 if a source failed."""
    if accept and not names:
        raise typer.BadParameter("name the sources whose lists you have looked at", param_hint="--accept")
    clock = clock_of(now)
    with installation(config, replay) as opened:
        results = scrape_sources(opened, names or [], clock, accept=accept)
    if json:
        as_json([result_of(run, stored) for run, stored in results])
    else:
        show_runs(results)
    if any(not run.stores for run, _ in results):
        raise typer.Exit(1)


def scrape_sources(
    opened: jobs.Installation, names: list[str], clock: jobs.Clock, *, accept: bool = False
) -> list[tuple[SourceRun, repository.Stored]]:
    """Read sources with progress on the terminal; results in the order of their names."""
    results: list[tuple[SourceRun, repository.Stored]] = []
    jobs.scrape(
        opened,
        jobs.enabled_sources(opened, names),
        clock=clock,
        accept=accept,
        progress=progress,
        on_done=lambda run, stored: results.append((run, stored)),
    )
    return sorted(results, key=lambda pair: pair[0].source)


def result_of(run: SourceRun, stored: repository.Stored) -> dict[str, Any]:
    """One run as plain data, without the bodies of its pages."""
    return {
        "source": run.source,
        "outcome": str(run.outcome),
        "calls": len(run.calls),
        "new": stored.new,
        "changed": stored.changed,
        "unchanged": stored.unchanged,
        "withdrawn": stored.withdrawn,
        "unread": plain(run.unread),
        "problem": run.problem,
        "started_at": plain(run.started_at),
        "ended_at": plain(run.ended_at),
    }


def show_runs(results: list[tuple[SourceRun, repository.Stored]]) -> None:
    """A table with one line per source, and the odd records below it."""
    table(
        None,
        ["source", "outcome", "calls#", "new#", "changed#", "withdrawn#", "problem"],
        [(r.source, r.outcome, len(r.calls), s.new, s.changed, s.withdrawn, r.problem) for r, s in results],
    )
    for run, _ in results:
        for unread in run.unread[:5]:
            say(f"  {run.source}: not read: {unread.url}: {unread.why}")
        if run.outcome is Outcome.CRASHED and run.traceback:
            say(run.traceback)


def calls(
    form: Annotated[
        Format, typer.Option("--format", help="A table, or one JSON object a line.")
    ] = Format.TABLE,
    status: Annotated[list[Status] | None, typer.Option("--status", help="Only these; repeatable.")] = None,
    source: Annotated[list[str] | None, typer.Option("--source", help="Only these; repeatable.")] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """List stored calls; the status is derived from the dates and the moment."""
    moment = clock_of(now)()
    with installation(config) as opened, opened.database.read() as session:
        stored = repository.stored_calls(session, source or None)
    chosen = [call for call in stored if not status or call.status(moment) in status]
    rows = [call_row(call, moment) for call in chosen]
    if json:
        as_json(rows)
    elif form is Format.JSONL:
        as_jsonl(rows)
    else:
        table(
            f"{len(rows)} calls at {local(moment)}",
            ["source", "id", "status", "opens", "next deadline", "programme", "title"],
            [
                (
                    r["source"],
                    r["source_id"],
                    r["status"],
                    r["opens"],
                    r["next_deadline"],
                    r["programme"],
                    r["title"],
                )
                for r in rows
            ],
        )


def call_row(stored: StoredCall, moment: Any) -> dict[str, Any]:
    """A stored call as plain data, with what is derived: ``status`` and ``next_deadline``."""
    ahead = stored.call.next_deadline(moment)
    row: dict[str, Any] = {"source": stored.call.source, "source_id": stored.call.source_id}
    row["status"] = str(stored.status(moment))
    row |= plain(stored.call)
    row["next_deadline"] = ahead.iso if ahead else None
    for name in ("first_seen", "last_seen", "last_changed", "version", "withdrawn_at"):
        row[name] = plain(getattr(stored, name))
    return row
