"""Taking in 1,500 calls against inserting the same rows bare, on SQLite: median of five rounds."""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from matcher.domain import Call, Family, Outcome, SourceRun, plain
from matcher.storage import repository
from matcher.storage.engine import open_database

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
PROSE = "Projects test how care at home can be organised, with families and staff. " * 70


def calls(edition: str) -> tuple[Call, ...]:
    """1,500 calls of five kilobytes; a tenth of them differ between editions."""
    return tuple(
        Call(
            source="bench",
            source_id=str(n),
            url=f"https://example.org/{n}",
            title=f"Call {n}",
            language="en",
            family=Family.SECTOR,
            text=f"{PROSE} Number {n} {edition if n % 10 == 0 else ''}",
        )
        for n in range(1500)
    )


def bare(folder: Path, rows: tuple[Call, ...]) -> float:
    """Seconds to insert the rows as JSON with sqlite3 alone."""
    connection = sqlite3.connect(folder / "bare.db")
    connection.execute("CREATE TABLE call (id TEXT PRIMARY KEY, content TEXT)")
    began = time.perf_counter()
    with connection:
        connection.executemany(
            "INSERT INTO call VALUES (?, ?)", [(c.source_id, json.dumps(plain(c))) for c in rows]
        )
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def one_round() -> dict[str, float]:
    """Ratios to the bare insert: new, the same again, a tenth edited."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        least = bare(folder, calls("first"))
        database = open_database(f"sqlite:///{folder / 'matcher.db'}")
        database.upgrade()
        ratios = {}
        for day, (what, rows) in enumerate(
            (("new", calls("first")), ("unchanged", calls("first")), ("a tenth edited", calls("second")))
        ):
            now = NOW + timedelta(days=day)
            run = SourceRun(source="bench", outcome=Outcome.OK, started_at=now, ended_at=now, calls=rows)
            began = time.perf_counter()
            with database.write() as session:
                repository.save_source_run(session, run, now)
            ratios[what] = (time.perf_counter() - began) / least
        database.close()
        return ratios


rounds = [one_round() for _ in range(5)]
for what in rounds[0]:
    print(f"{what}: {statistics.median(r[what] for r in rounds):.1f} times the bare insert")
