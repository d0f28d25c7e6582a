"""Options that several commands share, and how a command opens the installation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from matcher.domain import STOCKHOLM
from matcher.jobs import Clock, Installation, open_installation

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="DIR", help="Folder with the configuration [default: MATCHER_CONFIG or config]."
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="ISO-TIME",
        help="Act as if it were this moment: 2026-08-10T08:00+02:00. Without a zone it is Swedish time, "
        "without a time it is noon.",
    ),
]
Replay = Annotated[
    str | None,
    typer.Option("--replay", metavar="URL", help="Ask this server on loopback instead of the publishers."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
CommitteeId = Annotated[str, typer.Argument(metavar="COMMITTEE", help="Id of a committee, as in the YAML.")]


def clock_of(now: str | None) -> Clock:
    """A clock that stands still at ``now``, or the real one.

    Raises:
        typer.BadParameter: ``now`` is not an ISO 8601 date or time.
    """
    if now is None:
        return lambda: datetime.now(UTC)
    try:
        if len(now) == len("2026-08-10"):
            moment = datetime.combine(date.fromisoformat(now), time(12), tzinfo=STOCKHOLM)
        else:
            moment = datetime.fromisoformat(now)
    except ValueError:
        raise typer.BadParameter(
            f"{now!r} is not an ISO 8601 time such as 2026-08-10T08:00+02:00", param_hint="--now"
        ) from None
    fixed = moment if moment.tzinfo else moment.replace(tzinfo=STOCKHOLM)
    return lambda: fixed


@contextmanager
def installation(
    config: Path | None, replay: str | None = None, *, fall_back: bool = False
) -> Iterator[Installation]:
    """Open configuration and database; options win over the environment."""
    opened = open_installation(config, fall_back=fall_back)
    if replay is not None:
        opened = dataclasses.replace(opened, replay=replay)
    try:
        yield opened
    finally:
        opened.close()
