"""Commands for administrators: start, check and describe the configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.options import Config, Json
from matcher.cli.output import as_json, err, say


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(init)
    app.command()(check)
    app.command()(schema)


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to write it.")] = Path("config"),
    json: Json = False,
) -> None:
    """Write a commented starter configuration; existing files are never overwritten."""
    from matcher.config.starter import write_starter

    written = write_starter(directory)
    if json:
        as_json([str(path) for path in written])
        return
    say(f"{len(written)} files written to {directory}/. Next:")
    say(f"  1. describe your municipality in {directory}/municipalities/")
    say(f"  2. matcher check --config {directory}")
    say(f"  3. matcher run --config {directory}")


def check(config: Config = None, json: Json = False) -> None:
    """Check the whole configuration; every fault at once as file:line:column path: what."""
    from matcher import jobs
    from matcher.config.environment import load_environment
    from matcher.config.loading import load_configuration, warnings_of
    from matcher.errors import ConfigError
    from matcher.scrapers.source import load_sources

    directory = config or load_environment().matcher_config
    try:
        configuration = load_configuration(directory, known_sources=load_sources())
    except ConfigError as error:
        if json:
            as_json({"ok": False, "errors": error.problems, "warnings": []})
            raise typer.Exit(2) from None
        raise
    today = datetime.now(UTC).date()
    warnings = [
        *warnings_of(configuration, today),
        *map(str, jobs.priorities_without_english(configuration, today)),
    ]
    if json:
        as_json({"ok": True, "errors": [], "warnings": warnings, "version": configuration.version})
        return
    for warning in warnings:
        err.print(f"warning: {warning}", markup=False, soft_wrap=True)
    counted = (
        (len(configuration.municipalities), "municipalities"),
        (len(configuration.committees()), "committees"),
        (len(configuration.programmes), "programmes"),
        (sum(len(file.terms) for file in configuration.lexicon), "lexicon entries"),
    )
    parts = ", ".join(f"{number} {what}" for number, what in counted)
    say(f"{directory} is fine: {parts} (version {configuration.version[:12]}).")


def schema(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Write one file per kind here instead of printing.")
    ] = None,
) -> None:
    """JSON Schema of every YAML file, for editors that complete and check while you type."""
    from matcher.config.schema import schemas, write_schemas

    if directory is None:
        as_json(schemas())
        return
    for path in write_schemas(directory):
        say(str(path))
