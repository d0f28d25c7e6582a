"""Opening a database, its two kinds of transaction, and what is said when it cannot be used."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from matcher.errors import StorageError
from matcher.storage import engine
from matcher.storage.engine import Database, open_database
from matcher.storage.repository import beat, find_call, last_beat, save_source_run, source_runs
from matcher.storage.tables import CallVersionRow, HeartbeatRow
from tests.storage.builders import NOW, call, run


def test_the_folder_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/var/new/matcher.db")
    database.upgrade()
    database.close()

    assert (tmp_path / "var/new/matcher.db").stat().st_size > 0


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense secret", "is not a database address"),
        ("postgresql://user:secret@host:port/name", "is not a database address"),
        ("mysql://user:secret@host/name", "names 'mysql'; only sqlite and postgresql are supported"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_a_wrong_address_is_refused_in_one_sentence_without_the_password(url: str, sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence) as refusal:
        open_database(url)

    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_common_way_to_write_postgresql_leads_to_the_same_driver(scheme: str) -> None:
    database = open_database(f"{scheme}://matcher:secret@db.example:5433/matcher")

    assert database.address == "postgresql+psycopg://matcher:***@db.example:5433/matcher"


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    database = open_database("postgresql://matcher:secret@127.0.0.1:1/matcher")

    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/matcher cannot be reached") as refusal:
        database.upgrade()
    assert "secret" not in str(refusal.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageError, match=r"The folder .*file/var for the database cannot be made"):
        open_database(f"sqlite:///{tmp_path}/file/var/matcher.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04" * 1000)
    database = open_database(f"sqlite:///{tmp_path}/letter.docx")

    with pytest.raises(StorageError, match="is not an SQLite file"):
        database.upgrade()
    database.close()


def test_a_database_without_tables_says_so(empty_database_url: str) -> None:
    database = open_database(empty_database_url)

    with pytest.raises(StorageError, match="has not been upgraded"), database.read() as session:
        source_runs(session)
    database.close()


def test_a_database_newer_than_the_code_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (database.check_version, database.upgrade):
        with pytest.raises(StorageError, match=r"newer version of matcher \(revision 9999\)"):
            use()


def test_a_locked_database_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 20)
    database = open_database(f"sqlite:///{tmp_path}/matcher.db")
    database.upgrade()
    other = sqlite3.connect(tmp_path / "matcher.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StorageError, match="is locked by another process"), database.write() as session:
        beat(session, NOW)
    other.close()
    database.close()


def test_sqlite_connections_are_strict_and_safe(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/matcher.db")
    with database.write() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("foreign_keys", "busy_timeout", "synchronous", "trusted_schema", "journal_mode")
        }
    database.close()

    wal = sqlite3.sqlite_version_info >= (3, 51, 3)
    assert found == {
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 2,
        "trusted_schema": 0,
        "journal_mode": "wal" if wal else "truncate",
    }


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def interrupted() -> None:
        with database.write() as session:
            save_source_run(session, run([call()]), NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    with database.read() as session:
        assert find_call(session, "demo", "DEMO-1") is None
        assert source_runs(session, "demo") == []


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match="opened for reading"), database.read() as session:
        beat(session, NOW)

    with database.write() as session:  # the same connection serves writers again
        beat(session, NOW)


def test_readers_see_one_moment(database: Database) -> None:
    with database.read() as session:
        before = last_beat(session)
        if not database.sqlite:  # SQLite's rollback journal would make the writer wait for this reader
            with database.write() as writer:
                beat(writer, NOW)
        assert last_beat(session) is before is None


def test_a_thousand_aware_times_come_back_equal_and_in_utc(database: Database) -> None:
    zones = [UTC, ZoneInfo("Europe/Stockholm"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]
    chance = random.Random(48)
    times = [
        (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(10**15))).astimezone(
            zones[n % len(zones)]
        )
        for n in range(1000)
    ]
    with database.write() as session:
        session.add_all(HeartbeatRow(name=f"{n:04}", at=at) for n, at in enumerate(times))

    with database.read() as session:
        read = list(session.scalars(select(HeartbeatRow.at).order_by(HeartbeatRow.name)))
    assert read == times
    assert {at.tzinfo for at in read} == {UTC}


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="must say its zone"), database.write() as session:
        beat(session, datetime(2026, 11, 23, 6, 0))


def test_a_reference_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(CallVersionRow(call_id=1, version=1, content={}, seen_at=NOW))


def test_text_that_databases_refuse_is_mended_on_its_way_in(database: Database) -> None:
    odd = call(source_id="A\x00B", title="half a \ud83d face", text="NUL \x00 here", keywords=("\x00",))
    with database.write() as session:
        save_source_run(session, run([odd], problem="\x00"), NOW)
    with database.write() as session:
        again = save_source_run(session, run([odd]), NOW + timedelta(days=1))

    with database.read() as session:
        stored = find_call(session, "demo", "A\ufffdB")
    assert stored is not None
    assert (stored.call.title, stored.call.text) == ("half a ? face", "NUL \ufffd here")
    assert again.unchanged == 1
