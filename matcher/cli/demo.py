"""`matcher demo`: the whole main job on the fictitious world, over real sockets."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import SecretStr

from matcher import jobs
from matcher.cli import calls, matches, outbox
from matcher.cli.options import Json
from matcher.cli.output import as_json, progress, say, table
from matcher.config.environment import Environment
from matcher.demo.configuration import demo_sources, write_config
from matcher.demo.inbox import Inbox
from matcher.demo.server import DemoServer
from matcher.demo.world import DemoWorld
from matcher.domain import STOCKHOLM, Digest


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="For letters and database.")] = Path("var/demo"),
    json: Json = False,
) -> None:
    """Run the whole main job on a small fictitious world: publishers, committees, a mail server."""
    raise typer.Exit(run_demo(folder, json=json))


def run_demo(folder: Path, *, json: bool = False, now: datetime | None = None) -> int:
    """Run the main job and show the letters; each day has a world of its own under ``folder``.

    Returns:
        The exit code: 0, or 1 when a source or a letter failed.
    """
    moment = now or datetime.now(UTC)
    today = moment.astimezone(STOCKHOLM).date()
    home = folder / today.isoformat()
    home.mkdir(parents=True, exist_ok=True)
    write_config(home / "config", today)
    started = time.perf_counter()
    with DemoServer(DemoWorld(today)) as server, Inbox(home / "letters") as inbox:
        environment = Environment(
            database_url=f"sqlite:///{home / 'matcher.db'}",
            smtp_url=SecretStr(inbox.url),
            mail_from="eu-utlysningar@demo.example",
            matcher_config=home / "config",
            matcher_replay_url=server.url,
        )
        installation = dataclasses.replace(
            jobs.open_installation(environment=environment), sources=demo_sources()
        )
        try:
            if not json:
                say("1. Reading four publishers (a fictitious world on loopback) …")
            results = calls.scrape_sources(installation, [], lambda: moment)
            if not json:
                calls.show_runs(results)
                say("\n2. Ranking for five committees of two municipalities …")
            ranked = jobs.match(installation, moment, progress)
            if not json:
                matches.show_ranked(ranked)
                say("\n3. Planning and sending the letters that are due …")
            planned = jobs.plan(installation, moment)
            sending = jobs.send(installation, lambda: moment, progress)
        finally:
            installation.close()
        for eml in inbox.files:
            eml.with_suffix(".html").write_text(html_of(eml.read_bytes()), encoding="utf-8")
        files = list(inbox.files)
    failed = any(not run.stores for run, _ in results) or sending.failed
    if json:
        as_json(
            {
                "sources": [calls.result_of(run, stored) for run, stored in results],
                "letters": [outbox.delivered_row(result) for result in sending.results],
                "files": [str(path) for path in files],
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
        return int(failed)
    best = {p.digest.committee: best_reason(p) for p in planned}
    if planned:
        table(
            None,
            ["committee", "letter's subject", "calls#", "best reason"],
            [
                (p.digest.committee_name, p.rendered.subject, p.calls, best[p.digest.committee])
                for p in planned
            ],
        )
    if not sending.results:
        say("Nothing new to send: every committee already has today's letter.")
        say(f"The letters are in {home / 'letters'}/.")
    else:
        say(f"\n{len(files)} letters arrived at the mail server and are here, as .eml and .html:")
        for path in files:
            say(f"  {path.with_suffix('.html')}")
        say("Run it again: the same day nothing is sent twice.")
    say(f"Done in {time.perf_counter() - started:.1f} s.")
    return int(failed)


def best_reason(planned: jobs.Planned) -> str | None:
    """The reason of the letter's best call."""
    items = planned.digest.items if isinstance(planned.digest, Digest) else ()
    found = [item.match for item in items if item.match]
    return matches.why(max(found, key=lambda match: match.score).reasons) if found else None


def html_of(message: bytes) -> str:
    """The HTML part of a letter."""
    parsed: Any = email.message_from_bytes(message, policy=email.policy.default)
    part = cast(EmailMessage, parsed).get_body(("html",))
    assert part is not None
    return str(part.get_content())
