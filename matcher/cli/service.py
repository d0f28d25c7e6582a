"""Commands that do the whole round: once, when due, or for ever."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from matcher import jobs, scheduler
from matcher.cli import calls, matches, outbox
from matcher.cli.options import Config, Json, Now, Replay, clock_of, installation
from matcher.cli.output import as_json, local, progress, say, table


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, status, serve, web, tick, migrate):
        app.command()(command)


def run(config: Config = None, now: Now = None, replay: Replay = None, json: Json = False) -> None:
    """Read the publishers, rank, plan and send what is due: one whole round, now."""
    clock = clock_of(now)
    with installation(config, replay) as opened:
        results = calls.scrape_sources(opened, [], clock)
        ranked = jobs.match(opened, clock(), progress)
        planned = jobs.plan(opened, clock())
        jobs.raise_alarms(opened, clock())
        sending = jobs.send(opened, clock, progress)
    failed = any(not r.stores for r, _ in results) or sending.failed
    if json:
        as_json(
            {
                "sources": [calls.result_of(r, s) for r, s in results],
                "committees": ranked,
                "planned": [outbox.letter_row(x) for p in planned for x in p.letters],
                "letters": [outbox.delivered_row(x) for x in sending.results],
                "problem": sending.problem,
            }
        )
    else:
        calls.show_runs(results)
        matches.show_ranked(ranked)
        outbox.show_planned(planned)
        outbox.show_sending(sending)
    if failed:
        raise typer.Exit(1)


def status(
    alive: Annotated[
        bool, typer.Option("--alive", help="Only tell whether a scheduler ticked in the last five minutes.")
    ] = False,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Sources, matches and outbox in one screen."""
    clock = clock_of(now)
    with installation(config) as opened:
        overview = jobs.overview(opened, clock())
    if alive and not overview.alive:
        say("No scheduler has ticked in the last five minutes.")
        raise typer.Exit(1)
    if json:
        as_json(overview)
        return
    last = local(overview.last_beat) if overview.last_beat else "never"
    say(f"Scheduler: last tick {last}. Configuration: {overview.config_version[:12]}.")
    table(
        "Sources",
        ["source", "last outcome", "last read", "calls#", "problem"],
        [(h.source, h.outcome, h.last_read, h.calls, h.problem) for h in overview.sources],
    )
    table(
        "Committees",
        ["id", "committee", "strong#", "possible#", "excluded#", "last letter", "next letter"],
        [
            (c.committee, c.name, c.strong, c.possible, c.excluded, c.last_period, c.next_letter)
            for c in overview.committees
        ],
    )
    table("Outbox", ["state", "letters#"], sorted(overview.outbox.items()))
    for suspension in overview.suspended:
        which = f"no letters of {suspension.committee}" if suspension.committee else "no letters"
        say(f"{suspension.address} gets {which} since {local(suspension.since)}: {suspension.problem}")
    if overview.brake:
        say(overview.brake)


def serve(config: Config = None, replay: Replay = None) -> None:
    """Read, rank and send when due, for ever; stops cleanly on SIGTERM."""
    with installation(config, replay, fall_back=True) as opened:
        service = jobs.Service(opened)
        finished = scheduler.serve(lambda stop: service.tick(clock_of(None), stop))
    if not finished:  # a source is still being read; nothing of it is stored, so nothing is lost
        sys.stdout.flush()
        os._exit(0)


def web(
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; 0.0.0.0 in a container.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8000,
    config: Config = None,
) -> None:
    """Serve the pages that letters link to, behind a web server that speaks https as PUBLIC_URL."""
    import uvicorn

    from matcher.web.app import application

    with installation(config, fall_back=True) as opened:
        # no access log: it would hold who opened which letter's link
        uvicorn.run(
            application(opened, clock_of(None)), host=host, port=port, access_log=False, server_header=False
        )


def tick(config: Config = None, now: Now = None, replay: Replay = None, json: Json = False) -> None:
    """Do what is due, once: for cron and systemd timers."""
    with installation(config, replay, fall_back=True) as opened:
        report = jobs.Service(opened).tick(clock_of(now), lambda: False)
    if json:
        as_json(report)
    else:
        say(report.sentence())
    if report.failed:
        raise typer.Exit(1)


def migrate(json: Json = False) -> None:
    """Bring the database to the newest version; safe to run at any time and by several processes."""
    from matcher.config.environment import load_environment
    from matcher.storage.engine import open_database

    database = open_database(load_environment().database_url)
    try:
        database.upgrade()
    finally:
        database.close()
    if json:
        as_json({"ok": True})
        return
    say("The database is up to date.")
