"""Commands about letters: look at one, plan and send what is due."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import CommitteeId, Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, progress, say, table
from matcher.digest.outbox import Delivered
from matcher.domain import Letter

digest = typer.Typer(help="Look at a committee's letter before it is sent.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(digest, name="digest")
    app.command()(send)


class Form(StrEnum):
    """Which part of the letter to print."""

    TEXT = "text"
    HTML = "html"
    EML = "eml"


@digest.callback()
def _digest() -> None:
    """Look at a committee's letter before it is sent."""


@digest.command()
def preview(
    committee: CommitteeId,
    form: Annotated[
        Form, typer.Option("--format", help="Plain text, HTML, or the whole message.")
    ] = Form.TEXT,
    config: Config = None,
    now: Now = None,
) -> None:
    """Print the letter the committee would get now; nothing is stored or sent."""
    with installation(config) as opened:
        planned = jobs.preview(opened, committee, clock_of(now)())
    if form is Form.EML:
        sys.stdout.buffer.write(planned.letters[0].body)
    else:
        sys.stdout.write(planned.rendered.text if form is Form.TEXT else planned.rendered.html)


def send(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned and sent; store and send nothing.")
    ] = False,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Plan the letters that are due, and send what is planned."""
    clock = clock_of(now)
    with installation(config) as opened:
        planned = jobs.plan(opened, clock(), store=not dry_run)
        if dry_run:
            waiting = jobs.waiting(opened)
            if json:
                as_json(
                    {"would_plan": [letter_row(x) for p in planned for x in p.letters], "queued": waiting}
                )
                return
            show_planned(planned, would=True)
            say(f"{waiting} letters wait in the outbox. Nothing was stored or sent.")
            return
        sending = jobs.send(opened, clock, progress)
    finish_sending(planned, sending, json)


def letter_row(letter: Letter) -> dict[str, object]:
    """A letter as plain data, without its bytes."""
    return {
        "committee": letter.committee,
        "period": letter.period,
        "recipient": letter.recipient,
        "subject": letter.subject,
        "message_id": letter.message_id,
        "state": str(letter.state),
    }


def delivered_row(result: Delivered) -> dict[str, object]:
    """What became of a letter, as plain data."""
    return letter_row(result.letter) | {"state": str(result.state), "problem": result.problem}


def show_planned(planned: list[jobs.Planned], *, would: bool = False) -> None:
    """A table of subjects, or a sentence when nothing is due."""
    if not planned:
        say("No letter is due.")
        return
    table(
        "Would be planned" if would else None,
        ["committee", "subject", "calls#", "recipients#"],
        [(p.digest.committee, p.rendered.subject, len(p.digest.items), len(p.letters)) for p in planned],
    )


def finish_sending(planned: list[jobs.Planned], sending: jobs.Sending, json: bool) -> None:
    """Print what was planned and sent; exit 1 if a letter failed or could not be handed over."""
    if json:
        as_json(
            {
                "planned": [letter_row(x) for p in planned for x in p.letters],
                "letters": [delivered_row(x) for x in sending.results],
                "expired": sending.expired,
                "problem": sending.problem,
                "held": sending.held,
            }
        )
    else:
        show_planned(planned)
        show_sending(sending)
    if sending.failed:
        raise typer.Exit(1)


def show_sending(sending: jobs.Sending) -> None:
    """One line of totals and one per letter that was not accepted."""
    if sending.problem or sending.held:
        say(sending.problem or sending.held or "")
    if sending.sent:
        say(f"{sending.sent} letters sent.")
    elif not sending.failed and not sending.held:
        say("Nothing new was sent.")
    if sending.expired:
        say(f"{sending.expired} letters are uncertain: the process that was sending them died.")
    for result in sending.unsent:
        say(f"  {result.letter.recipient} ({result.letter.committee}): {result.state}: {result.problem}")
