"""The command that shows what committees' answers change in the ranking."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, say, table


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(feedback)


def feedback(
    committee: Annotated[
        str | None, typer.Argument(metavar="[COMMITTEE]", help="Id of a committee; all without.")
    ] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """What a committee's answers and judgements move: words up and down, calls up and down."""
    with installation(config) as opened:
        found = jobs.feedback(opened, committee, clock_of(now)())
    if json:
        as_json(found)
        return
    if not any(f.wanted or f.unwanted for f in found):
        say("No answer or judgement says anything about a subject yet: `matcher answer` takes one down.")
        return
    for one in found:
        say(f"{one.name}: {one.wanted} calls wanted, {one.unwanted} not")
        for label, words in (("words up", one.up), ("words down", one.down)):
            if words:
                say(f"  {label}: {', '.join(words)}")
        rows = [(m.before, m.after, m.title, m.call) for m in (*one.risen[:10], *one.fallen[:10])]
        table(None, ["before#", "after#", "title", "call"], rows)
