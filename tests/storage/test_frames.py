"""DataFrames for notebooks: documented columns and types, with and without rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from matcher.domain import Applicant, Consortium, Money, Outcome, Status, Unread, plain
from matcher.storage import frames
from matcher.storage.engine import Database
from matcher.storage.repository import queue_letters, save_matches, save_source_run
from tests.storage.builders import DAY, NOW, call, letter, match, run

ALL: dict[str, tuple[dict[str, str], Callable[[Database], pd.DataFrame]]] = {
    "calls": (frames.CALLS, lambda database: frames.calls(database, NOW)),
    "versions": (frames.VERSIONS, frames.versions),
    "changes": (frames.CHANGES, frames.changes),
    "matches": (frames.MATCHES, frames.matches),
    "letters": (frames.LETTERS, frames.letters),
    "source_runs": (frames.SOURCE_RUNS, frames.source_runs),
}


@pytest.fixture
def filled(database: Database) -> Database:
    """Two calls, one of them changed; a ranking, a letter and three runs."""
    rich = call(
        2,
        opens=date(2026, 12, 1),
        budget=Money(amount=Decimal("1500000.5"), currency="EUR"),
        rate_maximum=Decimal("0.4"),
        applicants=(Applicant.MUNICIPALITY, Applicant.REGION),
        consortium=Consortium(partners=3),
        deadlines=(),
    )
    with database.write() as session:
        save_source_run(session, run([call(1), rich]), NOW)
        save_source_run(session, run([call(1, title="Support for carers"), rich]), NOW + DAY)
        save_source_run(
            session,
            run(outcome=Outcome.FAILED, problem="Down.", unread=(Unread(url="https://x.example/", why="?"),)),
            NOW + 2 * DAY,
        )
        save_matches(session, "norrbacka-sn", [match(1, 0.4), match(2, 0.9)], "v1", NOW)
        save_matches(session, "norrbacka-ks", [match(2, 0.2, "norrbacka-ks")], "v1", NOW)
        queue_letters(session, [letter()], [])
    return database


@pytest.mark.parametrize("name", ALL)
def test_columns_and_types_are_the_documented_ones_also_without_rows(database: Database, name: str) -> None:
    columns, frame = ALL[name]

    found = frame(database)

    assert found.empty
    assert {c: str(t) for c, t in found.dtypes.items()} == columns


@pytest.mark.parametrize("name", ALL)
def test_columns_and_types_are_the_documented_ones_with_rows(filled: Database, name: str) -> None:
    columns, frame = ALL[name]

    found = frame(filled)

    assert len(found) > 0
    assert {c: str(t) for c, t in found.dtypes.items()} == columns


def test_calls_have_values_to_compute_with(filled: Database) -> None:
    first, second = frames.calls(filled, NOW).to_dict("records")

    assert first["title"] == "Support for carers"
    assert first["next_deadline"] == pd.Timestamp("2027-01-08T17:00+01:00")
    assert (first["days_left"], first["status"], first["version"]) == (46, Status.OPEN, 2)
    assert (first["last_seen"], first["last_changed"]) == (NOW + DAY, NOW + DAY)
    assert (second["budget"], second["currency"], second["rate_maximum"]) == (1500000.5, "EUR", 0.4)
    assert (second["opens"], second["status"]) == (pd.Timestamp("2026-12-01"), Status.FORTHCOMING)
    assert second["applicants"] == ("municipality", "region")
    assert second["partners"] == 3
    assert pd.isna(second["next_deadline"])
    assert pd.isna(first["budget"])


def test_changes_and_versions_tell_the_history(filled: Database) -> None:
    (change,) = frames.changes(filled).to_dict("records")
    history = frames.versions(filled)

    assert (change["source_id"], change["field"], change["version"]) == ("DEMO-1", "title", 2)
    assert (change["before"], change["after"]) == (call(1).title, "Support for carers")
    assert list(zip(history["source_id"], history["version"], strict=True)) == [
        ("DEMO-1", 1),
        ("DEMO-1", 2),
        ("DEMO-2", 1),
    ]
    assert history["content"][0] == plain(call(1))


def test_matches_are_ranked_within_each_committee(filled: Database) -> None:
    every = frames.matches(filled)
    mine = frames.matches(filled, "norrbacka-sn")

    assert every.groupby("committee", observed=True).size().to_dict() == {
        "norrbacka-ks": 1,
        "norrbacka-sn": 2,
    }
    assert list(zip(mine["rank"], mine["source_id"], mine["score"], strict=True)) == [
        (1, "DEMO-2", 0.9),
        (2, "DEMO-1", 0.4),
    ]
    assert mine["terms"][0] == ("äldreomsorg ← long-term care", "hemtjänst")
    assert set(mine["priority"]) == {"trygg-omsorg"}


def test_letters_and_runs_are_numbers_without_bodies(filled: Database) -> None:
    (sent,) = frames.letters(filled).to_dict("records")
    failed, second, first = frames.source_runs(filled).to_dict("records")

    assert (sent["bytes"], sent["state"], sent["attempts"]) == (len(letter().body), "queued", 0)
    assert (failed["outcome"], failed["unread"], failed["problem"]) == ("failed", 1, "Down.")
    assert (first["new"], second["changed"], second["unchanged"]) == (2, 1, 1)
    assert first["seconds"] == 5.0
