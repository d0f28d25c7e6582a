"""Commands about sources: their health, a live check, and the files of a new one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from matcher import jobs
from matcher.cli.options import Config, Json, Now, Replay, clock_of, installation
from matcher.cli.output import as_json, progress, say, table
from matcher.domain import Call, Share, plain

sources = typer.Typer(
    help="List the sources: health, last run, calls now open or coming.", invoke_without_command=True
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(sources, name="sources")


@sources.callback()
def overview(context: typer.Context, config: Config = None, now: Now = None, json: Json = False) -> None:
    """List the sources: health, last run, calls now open or coming."""
    if context.invoked_subcommand is not None:
        return
    clock = clock_of(now)
    with installation(config) as opened:
        health = jobs.source_health(opened, clock())
        unlisted = jobs.unlisted(opened, clock())
    if json:
        as_json(health)
        return
    table(
        None,
        ["source", "publisher", "last outcome", "last read", "calls#", "problem"],
        [(h.source, h.title, h.outcome, h.last_read, h.calls, h.problem) for h in health],
    )
    for h in health:
        if h.permission:
            say(f"{h.source} is read although its robots.txt says no: {h.permission}")
    if unlisted:
        table("Listed only by a cross-check", ["id", "title"], [(c.source_id, c.title) for c in unlisted])


@sources.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    calls: Annotated[int, typer.Option("--calls", min=1, help="How many to show.")] = 3,
    config: Config = None,
    now: Now = None,
    replay: Replay = None,
    json: Json = False,
) -> None:
    """Read a source once without storing anything, and show what was read beside the page's own words."""
    with installation(config, replay) as opened:
        (chosen,) = jobs.enabled_sources(opened, [source])
        run = jobs.try_source(opened, chosen, clock=clock_of(now), progress=progress)
    shown = [fields_of(call, run.started_at) for call in run.calls[:calls]]
    if json:
        as_json({"outcome": run.outcome, "calls": len(run.calls), "problem": run.problem, "shown": shown})
    else:
        say(f"{chosen.title}: {run.outcome}, {len(run.calls)} calls. {run.problem or ''}")
        for unread in run.unread[:calls]:
            say(f"  not read: {unread.url}: {unread.why}")
        for row in shown:
            table(str(row["title"]["read"]), ["field", "read as", "the page's words"],
                  [(name, field["read"], field["words"]) for name, field in row.items()])  # fmt: skip
    if not run.stores:
        raise typer.Exit(1)


def fields_of(call: Call, now: datetime) -> dict[str, dict[str, Any]]:
    """The facts of a call, each as read and in the publisher's words where they are kept."""
    rates = [str(r) for r in dict.fromkeys((call.rate_minimum, call.rate_maximum)) if r is not None]
    turned = " (the rest: the page gives the applicant's share)" if call.rate_given is Share.APPLICANT else ""
    words = {
        "programme": call.programme_name,
        "deadlines": "; ".join(d.raw for d in call.deadlines if d.raw),
        "rate": call.rate_raw,
        "applicants": call.applicants_raw,
        "geography": call.geography_raw,
        "action": call.action_raw,
    }
    read = {
        "title": call.title,
        "url": call.url,
        "source_id": call.source_id,
        "programme": call.programme,
        "opens": plain(call.opens),
        "deadlines": ", ".join(d.iso for d in call.deadlines),
        "status": str(call.status(now)) + (" (the publisher says so)" if call.closed else ""),
        "budget": _money(call.budget),
        "grant": " – ".join(filter(None, (_money(call.grant_minimum), _money(call.grant_maximum)))),
        "rate": " – ".join(rates) + turned,
        "applicants": ", ".join(call.applicants),
        "geography": ", ".join(call.geography),
        "action": plain(call.action),
        "text": f"{len(call.text.split())} words",
    }
    return {name: {"read": value, "words": words.get(name)} for name, value in read.items()}


def _money(amount: Any) -> str | None:
    return f"{amount.amount:,} {amount.currency}" if amount else None


@sources.command()
def new(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Country or eu, and a short name: se_boverket.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="The publisher's list of calls.")],
    root: Annotated[Path, typer.Option("--root", help="The repository.")] = Path(),
    replay: Replay = None,
) -> None:
    """Write the files of a new source: YAML, module, a saved page; tests fail until they are filled."""
    from matcher.scrapers.scaffold import write_source

    for path in write_source(root, key, url, replay=replay):
        say(str(path))
    say("Next: docs/adding-a-source.md")


@sources.command()
def docs(
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Write here instead of printing.")
    ] = None,
) -> None:
    """The table of all sources, from their YAML: docs/sources.md."""
    from matcher.scrapers.source import describe_sources

    text = describe_sources()
    if target is None:
        say(text)
    else:
        target.write_text(text, encoding="utf-8")
