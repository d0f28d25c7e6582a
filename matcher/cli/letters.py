"""Commands about a letter before it is planned."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import CommitteeId, Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, say

digest = typer.Typer(help="Look at a letter before it is sent.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(digest, name="digest")


class Form(StrEnum):
    """Which part of the letter to print."""

    TEXT = "text"
    HTML = "html"
    ICS = "ics"
    EML = "eml"


Shown = Annotated[
    Form, typer.Option("--format", help="Plain text, HTML, the calendar, or the whole message.")
]


@digest.callback()
def _digest() -> None:
    """Look at a letter before it is sent."""


@digest.command()
def preview(
    committee: CommitteeId,
    form: Shown = Form.TEXT,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Print the letter the committee would get now; nothing is stored or sent."""
    with installation(config) as opened:
        show(jobs.preview(opened, committee, clock_of(now)()), form, json)


@digest.command()
def overview(
    municipality: Annotated[str, typer.Argument(metavar="MUNICIPALITY", help="Id, as in the YAML.")],
    form: Shown = Form.TEXT,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Print the overview the municipality's coordinator would get now; nothing is stored or sent."""
    with installation(config) as opened:
        show(jobs.preview_overview(opened, municipality, clock_of(now)()), form, json)


def show(planned: jobs.Planned, form: Form, json: bool) -> None:
    """One part of a letter, or the values it is made from."""
    if json:
        as_json(planned.digest)
    elif form is Form.EML:
        sys.stdout.buffer.write(planned.letters[0].body)
    elif form is Form.ICS:
        sys.stdout.write((planned.rendered.ics or b"").decode())
        if planned.rendered.ics is None:
            say("There is no day to note.")
    else:
        sys.stdout.write(planned.rendered.text if form is Form.TEXT else planned.rendered.html)
