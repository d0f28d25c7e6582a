"""Answers: every one is kept, the latest counts, and nonsense is refused with a sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from matcher.domain import Answer, AnswerKind, Refusal, Role
from matcher.errors import StorageError
from matcher.storage import frames
from matcher.storage.engine import Database
from matcher.storage.repository import answers, record_answer, save_source_run
from tests.storage.builders import NOW, call, run

HOUR = timedelta(hours=1)


def given(
    number: int = 1, hours: int = 0, kind: AnswerKind = AnswerKind.INTERESTED, **fields: object
) -> Answer:
    """Norrbacka's social committee on call N, some hours from now."""
    values: dict[str, object] = {
        "committee": "norrbacka-sn",
        "source": "demo",
        "source_id": f"DEMO-{number}",
        "kind": kind,
        "at": NOW + hours * HOUR,
    }
    return Answer(**values | fields)  # type: ignore[arg-type]


@pytest.fixture
def stored(database: Database) -> Database:
    """Three calls are stored."""
    with database.write() as session:
        save_source_run(session, run([call(n) for n in (1, 2, 3)]), NOW)
    return database


def record(database: Database, *every: Answer) -> None:
    for answer in every:
        with database.write() as session:
            record_answer(session, answer)


def test_the_latest_answer_about_a_call_counts_and_all_are_kept(stored: Database) -> None:
    first = given(1, who="kansliet", note="tas upp i december")
    second = given(1, 2, AnswerKind.APPLIED, role=Role.OWNER)
    other = given(2, 1, AnswerKind.NOT_FOR_US, reason=Refusal.STAFF)
    elsewhere = given(1, 3, committee="norrbacka-bun")
    record(stored, first, second, other, elsewhere)
    with stored.read() as session:
        assert answers(session, "norrbacka-sn") == [other, second]
        assert answers(session) == [other, second, elsewhere]
        assert answers(session, history=True) == [first, other, second, elsewhere]


def test_an_answer_to_no_call_is_refused(stored: Database) -> None:
    with pytest.raises(StorageError, match="There is no call demo/DEMO-9; `matcher calls` lists"):
        record(stored, given(9))
    with stored.read() as session:
        assert answers(session) == []


def test_notebooks_get_every_answer_and_which_ones_count(stored: Database) -> None:
    assert list(frames.answers(stored).columns) == list(frames.ANSWERS)
    record(stored, given(1), given(1, 1, AnswerKind.WATCH), given(2, 2, AnswerKind.NOT_FOR_US))
    found = frames.answers(stored)
    assert found["kind"].tolist() == ["interested", "watch", "not_for_us"]
    assert found["counts"].tolist() == [False, True, True]
    assert found["title"].tolist()[0] == call(1).title
