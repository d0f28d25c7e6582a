"""Commands about what committees answer."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher import jobs
from matcher.cli.options import CommitteeId, Config, Json, Now, clock_of, installation
from matcher.cli.output import as_json, say, table
from matcher.domain import AnswerKind, Refusal, Role
from matcher.storage import repository


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(answer)
    app.command()(answers)


def answer(
    committee: CommitteeId,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The call's source, as in the letter.")],
    source_id: Annotated[str, typer.Argument(metavar="ID", help="The publisher's id of the call.")],
    kind: Annotated[AnswerKind, typer.Argument(metavar="ANSWER", help=", ".join(AnswerKind))],
    reason: Annotated[
        Refusal | None, typer.Option("--reason", help="Why it is not for the committee.")
    ] = None,
    role: Annotated[Role | None, typer.Option("--role", help="As what the municipality applied.")] = None,
    who: Annotated[
        str | None, typer.Option("--by", help="Who says so: a function rather than a person.")
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="A line for the record.")] = None,
    config: Config = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Take down what a committee decided about a call; a later answer counts instead."""
    with installation(config) as opened:
        given = jobs.answer(
            opened, committee, source, source_id, kind, clock_of(now)(),
            reason=reason, role=role, who=who, note=note,
        )  # fmt: skip
    if json:
        as_json(given)
    else:
        say(f"{committee}: {source}/{source_id} is answered: {given.kind}.")


def answers(
    committee: Annotated[str | None, typer.Argument(metavar="[COMMITTEE]", help="Only this one's.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """What committees have answered; of several answers about one call the latest."""
    with installation(config) as opened:
        found = jobs.answers(opened, committee)
        with opened.database.read() as session:
            titles = {c.key: c.call.title for c in repository.stored_calls(session)}
    if json:
        as_json(found)
        return
    if not found:
        say("No answers yet: `matcher answer COMMITTEE SOURCE ID interested` takes one down.")
        return
    table(
        None,
        ["committee", "answered", "answer", "reason or role", "by", "call", "title"],
        [
            (a.committee, a.at, a.kind, a.reason or a.role, a.who, "/".join(a.key), titles.get(a.key))
            for a in found
        ],
    )
