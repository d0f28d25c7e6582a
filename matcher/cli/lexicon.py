"""Commands for the lexicon: what it lacks, and what EuroVoc adds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.options import Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, say, table


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = typer.Typer(help="The Swedish–English lexicon.", no_args_is_help=True)
    commands.command()(check)
    commands.command()(build)
    app.add_typer(commands, name="lexicon")


def check(
    config: Config = None,
    calls: Annotated[
        Path | None, typer.Option("--calls", help="Compare with this file of calls, not the stored ones.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Name contradictions, priorities without English, and terms that no call uses."""
    from matcher import jobs

    with installation(config) as opened:
        found = jobs.check_lexicon(opened, clock_of(now)().date(), calls)
    if json:
        as_json(found)
        return
    say(f"{found.headwords} headwords, {found.synonyms} synonyms.")
    for contradiction in found.contradictions:
        entries = "; ".join(f"{field}: {', '.join(en) or 'noise'}" for field, en in contradiction.entries)
        say(f"‘{contradiction.sv}’ means different things: {entries}")
    for gap in found.uncovered:
        say(str(gap))
    if found.unused is None:
        say("No calls are stored, so whether terms are used cannot be said (or give --calls FILE).")
        return
    table(f"{len(found.unused)} terms that none of {found.calls} calls uses", ["field", "term"], found.unused)


def build(
    eurovoc: Annotated[
        Path,
        typer.Option(
            "--eurovoc",
            metavar="FILE",
            help="EuroVoc as downloaded: eurovoc-skos-ap-act.rdf, or the zip of XML files per language.",
        ),
    ],
    config: Config = None,
    json: Json = False,
) -> None:
    """Add what EuroVoc knows and the lexicon does not, as lexicon/eurovoc.yaml."""
    from matcher import jobs
    from matcher.config.environment import load_environment

    built = jobs.build_lexicon(config or load_environment().matcher_config, eurovoc)
    if json:
        as_json(built)
        return
    say(f"{built.path}: entries written: {built.entries}, concepts read: {built.concepts}.")
