"""Commands about letters that are planned: send them, look at them, settle what is uncertain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, local, progress, say, table
from matcher.digest.message import headers_of, part_of
from matcher.digest.outbox import Delivered
from matcher.digest.reconcile import Settled
from matcher.domain import Letter, LetterState
from matcher.errors import MatcherError

outbox = typer.Typer(help="Letters that are planned: look, settle, send anew.", no_args_is_help=True)

LetterId = Annotated[int, typer.Argument(metavar="NUMBER", help="A letter's number, see `outbox list`.")]


class Settlement(StrEnum):
    """What a person says became of an uncertain letter."""

    SENT = "sent"
    RESEND = "resend"
    FAILED = "failed"


_BECOMES = {
    Settlement.SENT: LetterState.SENT,
    Settlement.RESEND: LetterState.QUEUED,
    Settlement.FAILED: LetterState.FAILED,
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(send)
    app.command()(bounces)
    app.add_typer(outbox, name="outbox")


def send(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned and sent; store and send nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Send also when far more than usual would go out.")
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
        sending = jobs.send(opened, clock, progress, force=force)
    finish_sending(planned, sending, json)


def letter_row(letter: Letter) -> dict[str, object]:
    """A letter as plain data, without its bytes."""
    return {
        "number": letter.id,
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


def settled_row(result: Settled) -> dict[str, object]:
    """What became of an uncertain letter, as plain data."""
    return letter_row(result.letter) | {"state": str(result.state), "problem": result.problem}


def show_planned(planned: list[jobs.Planned], *, would: bool = False) -> None:
    """A table of subjects, or a sentence when nothing is due."""
    if not planned:
        say("No letter is due.")
        return
    table(
        "Would be planned" if would else None,
        ["committee", "subject", "calls#", "recipients#"],
        [(p.digest.committee, p.rendered.subject, p.calls, len(p.letters)) for p in planned],
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
                "brake": sending.brake,
                "settled": [
                    letter_row(x.letter) | {"state": str(x.state), "problem": x.problem}
                    for x in sending.settled
                ],
            }
        )
    else:
        show_planned(planned)
        show_sending(sending)
    if sending.failed:
        raise typer.Exit(1)


def show_sending(sending: jobs.Sending) -> None:
    """One line of totals and one per letter that was not accepted."""
    for sentence in (sending.problem, sending.held, sending.brake):
        if sentence:
            say(sentence)
    for settled in sending.settled:
        say(f"  {settled.letter.recipient} ({settled.letter.committee}): {settled.state}: {settled.problem}")
    if sending.sent:
        say(f"{sending.sent} letters sent.")
    elif not sending.failed and not sending.held:
        say("Nothing new was sent.")
    if sending.expired:
        say(f"{sending.expired} letters are uncertain: the process that was sending them died.")
    for result in sending.unsent:
        say(f"  {result.letter.recipient} ({result.letter.committee}): {result.state}: {result.problem}")


@outbox.callback()
def _outbox() -> None:
    """Letters that are planned: look, settle, send anew."""


@outbox.command("list")
def list_(
    state: Annotated[LetterState | None, typer.Option("--state", help="Only letters in this state.")] = None,
    committee: Annotated[str | None, typer.Option("--committee", help="Only this committee's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    config: Config = None,
    json: Json = False,
) -> None:
    """Letters, newest first."""
    with installation(config) as opened:
        found = jobs.list_letters(opened, state, committee, limit)
    if json:
        as_json([full_row(letter) for letter in found])
        return
    table(
        None,
        ["number#", "committee", "period", "kind", "recipient", "state", "sent", "tries#", "problem"],
        [
            (x.id, x.committee, x.period, x.kind, x.recipient, x.state, x.sent_at, x.attempts, x.problem)
            for x in found
        ],
    )


def full_row(letter: Letter) -> dict[str, object]:
    """A letter as plain data with all that happened to it, without its bytes."""
    return letter_row(letter) | {
        "kind": letter.kind,
        "created_at": letter.created_at,
        "claimed_at": letter.claimed_at,
        "sent_at": letter.sent_at,
        "attempts": letter.attempts,
        "next_attempt_at": letter.next_attempt_at,
        "problem": letter.problem,
        "sha256": letter.content_hash,
    }


@outbox.command()
def show(
    letter: LetterId,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML part to this file.")
    ] = None,
    eml: Annotated[
        Path | None, typer.Option("--eml", metavar="FILE", help="Write the whole message, byte for byte.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """The letter as it was sent: what became of it, headers, and text."""
    with installation(config) as opened:
        found = jobs.find_letter(opened, letter)
    if not found.body and (html or eml):
        raise MatcherError(f"The bytes of letter {letter} are no longer kept; see retention.")
    if html is not None:
        html.write_text(part_of(found.body, "html"), encoding="utf-8")
    if eml is not None:
        eml.write_bytes(found.body)
    headers = headers_of(found.body)
    text = part_of(found.body, "plain") if found.body else "The text is no longer kept; see retention."
    if json:
        as_json(full_row(found) | {"headers": headers, "text": text})
        return
    moment = f" at {local(found.sent_at)}" if found.sent_at else ""
    say(f"Letter {found.id}: {found.state}{moment}, {found.attempts} tries. {found.problem or ''}".rstrip())
    for name, value in headers:
        say(f"{name}: {value}")
    say("")
    say(text)


@outbox.command()
def resolve(
    letter: LetterId,
    as_: Annotated[Settlement, typer.Argument(metavar="sent|resend|failed", help="What became of it.")],
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Settle an uncertain letter by hand: it was sent, is sent once more, or is given up."""
    with installation(config) as opened:
        settled = jobs.resolve(opened, letter, _BECOMES[as_], clock_of(now)())
    if json:
        as_json(full_row(settled))
    else:
        say(f"Letter {letter} to {settled.recipient} is {settled.state}.")


@outbox.command()
def resend(
    letter: LetterId,
    to: Annotated[str | None, typer.Option("--to", metavar="ADDRESS", help="Another recipient.")] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Queue a letter that was sent or has failed once more, with the same bytes."""
    with installation(config) as opened:
        copy = jobs.resend(opened, letter, clock_of(now)(), to)
    if json:
        as_json(full_row(copy))
    else:
        say(f"Letter {copy.id} to {copy.recipient} is queued; `matcher send` sends it.")


@outbox.command()
def reconcile(config: Config = None, now: Now = None, json: Json = False) -> None:
    """Ask the mail log and the archive what became of uncertain letters; `matcher send` does so too."""
    with installation(config) as opened:
        settled, problem = jobs.reconcile(opened, clock_of(now)())
        left = jobs.list_letters(opened, LetterState.UNCERTAIN)
    if json:
        as_json(
            {
                "settled": [settled_row(x) for x in settled],
                "uncertain": [full_row(x) for x in left],
                "problem": problem,
            }
        )
    else:
        if problem:
            say(problem)
        for x in settled:
            say(f"  {x.letter.recipient} ({x.letter.committee}): {x.state}: {x.problem}")
        say(f"{len(settled)} letters settled, {len(left)} still uncertain.")
    if left or problem:
        raise typer.Exit(1)


@outbox.command()
def suspended(config: Config = None, json: Json = False) -> None:
    """The addresses that get no letters: they came back on three days, or the recipient has unsubscribed."""
    with installation(config) as opened:
        found = jobs.suspensions(opened)
    if json:
        as_json(found)
    elif not found:
        say("No address is suspended.")
    else:
        table(
            None,
            ["address", "letters of", "since", "last reason"],
            [(x.address, x.committee or "all committees", x.since, x.problem) for x in found],
        )


@outbox.command()
def unsuspend(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    committee: Annotated[
        str | None,
        typer.Option("--committee", metavar="ID", help="The letters that the address itself has ended."),
    ] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Let an address get letters again; what came back until now no longer counts."""
    with installation(config) as opened:
        jobs.unsuspend(opened, address, clock_of(now)(), committee)
    if json:
        as_json({"address": address, "committee": committee, "suspended": False})
    else:
        say(f"{address} gets letters again.")


def bounces(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE|DIR", help="A message, mbox, maildir or folder [default: BOUNCES_URL]."),
    ] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Read letters that came back; an address that sends them back on three days is suspended."""
    with installation(config) as opened:
        read = jobs.read_bounces(opened, clock_of(now)(), path)
    if json:
        as_json(read)
        return
    table(
        None,
        ["address", "when", "hard", "reason"],
        [(x.address, x.at, "yes" if x.hard else "no", x.problem) for x in read.bounces],
    )
    say(f"{len(read.bounces)} letters came back; {read.other} messages say nothing about ours.")
    for suspension in read.suspended:
        say(f"{suspension.address} is suspended: it gets no letters until `matcher outbox unsuspend`.")
