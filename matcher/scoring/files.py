"""Files of calls and queries in, TREC run files out: ranking without a database."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from matcher.config.models import Municipality
from matcher.errors import MatcherError
from matcher.scoring.evaluate import Run, write_run
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranker


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects from JSON lines, plain or gzip.

    Raises:
        MatcherError: the file cannot be read, a line is not an object with an id, or an id comes twice;
            the message says which.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    seen: set[str] = set()
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    row = _row(line, f"{path.name}:{number}")
                    if row["id"] in seen:
                        raise MatcherError(f"{path.name}:{number}: id {row['id']!r} comes twice")
                    seen.add(row["id"])
                    yield row
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise MatcherError(f"{path.name}: cannot be read: {error}") from error


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise MatcherError(f"{where}: not JSON: {error}") from error
    name = (row.get("id") or row.get("source_id")) if isinstance(row, dict) else None
    if name and "id" not in row and row.get("source"):
        name = f"{row['source']}/{name}"  # two publishers may use the same number
    if not isinstance(name, str | int) or " " in str(name):
        raise MatcherError(f"{where}: an object with an id without blanks is expected")
    return {**row, "id": str(name)}


def read_documents(path: Path) -> list[Document]:
    """Documents from JSON lines: ``id`` (or ``source_id``), ``title``, ``text``, ``language``, ``programme``.

    Raises:
        MatcherError: as ``read_rows``.
    """
    return [
        Document(
            id=row["id"],
            title=str(row.get("title") or ""),
            text=str(row.get("text") or ""),
            language=row.get("language"),
            context=tuple(
                dict.fromkeys(
                    str(row[key]) for key in ("programme_name", "programme", "call_title") if row.get(key)
                )
            ),
        )
        for row in read_rows(path)
    ]


def read_queries(path: Path) -> list[tuple[str, str | None, str]]:
    """Queries from lines ``id<TAB>language<TAB>text``; an empty language is detected.

    Raises:
        MatcherError: a line has another shape.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = line.split("\t", 2)
        if len(row) != 3 or not row[0]:
            raise MatcherError(f"{path.name}:{number}: id, language and text are expected, with tabs between")
        found.append((row[0], row[1] or None, row[2]))
    return found


def rank_file(
    calls: Path,
    run: Path,
    *,
    ranker: Ranker,
    now: datetime,
    municipalities: Sequence[Municipality] = (),
    queries: Path | None = None,
    depth: int = 100,
    allowed: Mapping[str, Collection[str]] | None = None,
) -> Run:
    """Rank a file of documents for committees or for a file of queries; write a TREC run.

    The query id of a committee is the committee's id. ``allowed`` holds the ids that may stand in a
    committee's list; without it the subject alone decides.

    Raises:
        MatcherError: a file cannot be read.
    """
    ranker.fit(read_documents(calls))
    found: Run = {}
    if queries is not None:
        asked = read_queries(queries)
        lists = ranker.rank_queries([(text, language) for _, language, text in asked], depth=depth)
        found.update(zip((name for name, _, _ in asked), lists, strict=True))
    for municipality in municipalities:
        for committee in municipality.committees:
            candidates = allowed[committee.id] if allowed is not None else None
            ranked = ranker.rank(
                municipality, committee, now=now, candidates=candidates, depth=depth, explained=0
            )
            found[committee.id] = [(r.id, r.score) for r in ranked]
    write_run(run, found)
    return found
