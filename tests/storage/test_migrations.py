"""The tables are made by the revisions, as the classes describe them, on both engines."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, UniqueConstraint, inspect, text
from sqlalchemy.exc import IntegrityError

from matcher.storage.engine import Database, open_database
from matcher.storage.repository import (
    drop_letters,
    find_call,
    letters,
    queue_letters,
    save_matches,
    save_source_run,
)
from matcher.storage.tables import Base
from tests.storage.builders import DAY, NOW, call, letter, match, page, run, told

REVISIONS = ["0001", "0002", "0003", "0004", "0005", "0006"]


def fill(database: Database) -> None:
    """A row in every table that holds anything worth keeping."""
    with database.write() as session:
        save_source_run(session, run([call()], pages=(page(),), read_from={"DEMO-1": page()}), NOW)
        save_source_run(session, run([call(title="Another title")]), NOW + DAY)
        save_matches(session, "norrbacka-sn", [match()], "v1", NOW)
        queue_letters(session, [letter()], [told()])


def test_the_revisions_make_what_the_classes_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        inspector = inspect(connection)
        for table in Base.metadata.tables.values():  # names too, which batch migrations need
            held = inspector.get_check_constraints(table.name) + inspector.get_unique_constraints(table.name)
            expected = {
                c.name for c in table.constraints if isinstance(c, CheckConstraint | UniqueConstraint)
            }
            assert {c["name"] for c in held} == expected


def test_an_empty_database_is_upgraded_and_again_is_no_harm(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    assert database.check_version() is None

    database.upgrade()
    fill(database)
    database.upgrade()

    assert database.check_version() == REVISIONS[-1]
    with database.read() as session:
        stored = find_call(session, "demo", "DEMO-1")
    assert stored is not None
    assert stored.call.title == "Another title"
    database.close()


def test_every_revision_goes_up_down_and_up_with_data(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    database.upgrade()
    fill(database)
    for revision in reversed(REVISIONS):
        with database.read() as session:  # what older revisions know outlives the newer ones
            assert session.execute(text("SELECT title FROM call")).all() == [("Another title",)]
        database.downgrade("-1")
        database.upgrade(revision)
        database.downgrade("-1")
    database.upgrade()
    fill(database)

    assert database.check_version() == REVISIONS[-1]
    database.close()


def test_downgrading_all_the_way_leaves_an_empty_database(database: Database) -> None:
    fill(database)
    database.downgrade("base")

    with database.engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        if not database.sqlite:
            functions = "SELECT count(*) FROM pg_proc WHERE proname = 'letter_guard'"
            assert connection.execute(text(functions)).scalar_one() == 0


def test_processes_that_upgrade_at_once_do_not_disturb_each_other(empty_database_url: str) -> None:
    code = (
        "import sys; from matcher.storage.engine import open_database; open_database(sys.argv[1]).upgrade()"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_database_url], stderr=subprocess.PIPE, encoding="utf-8"
        )
        for _ in range(3)
    ]
    complaints = [process.communicate(timeout=60)[1] for process in running]

    assert [(p.returncode, c) for p, c in zip(running, complaints, strict=True)] == [(0, "")] * 3
    database = open_database(empty_database_url)
    fill(database)
    database.close()


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE letter SET state = 'queued'",
        "UPDATE letter SET body = message_id",
        "UPDATE letter SET recipient = 'other@norrbacka.example'",
    ],
)
def test_the_database_itself_keeps_final_letters_final(database: Database, move: str) -> None:
    with database.write() as session:
        queue_letters(session, [letter()], [])
        session.execute(text("UPDATE letter SET state = 'sent'"))
        session.execute(text("UPDATE letter SET problem = 'a remark is allowed'"))

    if not database.sqlite:
        move = move.replace("= message_id", "= 'another'::bytea")
    with pytest.raises(IntegrityError, match="never moves"), database.write() as session:
        session.execute(text(move))


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_letters_that_are_done_may_be_emptied(database: Database, state: str) -> None:
    with database.write() as session:
        queue_letters(session, [letter()], [])
        session.execute(text(f"UPDATE letter SET state = '{state}'"))
        assert drop_letters(session, NOW + DAY) == 1
        assert drop_letters(session, NOW + DAY) == 0
        assert [(found.body, found.message_id) for found in letters(session)] == [(b"", letter().message_id)]


@pytest.mark.parametrize("state", ["queued", "sending", "uncertain"])
def test_letters_on_their_way_keep_their_bytes(database: Database, state: str) -> None:
    with database.write() as session:
        queue_letters(session, [letter()], [])
        session.execute(text(f"UPDATE letter SET state = '{state}'"))
        assert drop_letters(session, NOW + DAY) == 0

    empty = "''" if database.sqlite else "''::bytea"
    with pytest.raises(IntegrityError, match="never change"), database.write() as session:
        session.execute(text(f"UPDATE letter SET body = {empty}"))


def test_a_state_that_does_not_exist_is_refused(database: Database) -> None:
    with database.write() as session:
        queue_letters(session, [letter()], [])

    with pytest.raises(IntegrityError, match="ck_letter_state"), database.write() as session:
        session.execute(text("UPDATE letter SET state = 'lost'"))
