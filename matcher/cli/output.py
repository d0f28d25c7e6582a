"""Tables for people and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from matcher.domain import STOCKHOLM, plain

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False)


def table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a column whose name ends in ``#`` is right-aligned, ``None`` is a dash."""
    grid = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        grid.add_column(
            column.rstrip("#"), justify="right" if column.endswith("#") else "left", overflow="fold"
        )
    for row in rows:
        grid.add_row(*(_cell(value) for value in row))
    if not sys.stdout.isatty():  # a pipe has no width: never cut a title in two
        Console(highlight=False, width=400).print(grid)
        return
    out.print(grid)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    text = local(value) if isinstance(value, datetime) else str(value)
    return text.replace("[", r"\[")


def local(moment: datetime) -> str:
    """A moment in Swedish local time, to the minute."""
    return moment.astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M")


def as_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def as_jsonl(rows: Iterable[Any]) -> None:
    """Print one JSON document a line."""
    for row in rows:
        sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """A line for people, on standard output; markup in publishers' words is not interpreted."""
    out.print(text, markup=False)


def progress(text: str) -> None:
    """A line of progress on a terminal; nothing in a pipe."""
    if err.is_terminal:
        err.print(text, markup=False, style="dim")
