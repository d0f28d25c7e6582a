"""The outbox: planned once, claimed once, and final states stay final."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import StatementError

from matcher.domain import Letter, LetterState, Section
from matcher.errors import StorageError
from matcher.storage.engine import Database
from matcher.storage.repository import (
    beat,
    claim_letter,
    expire_leases,
    finish_letter,
    last_periods,
    letters,
    queue_letters,
    record_told,
    resolve_letter,
    save_source_run,
    source_runs,
    told,
)
from tests.storage import builders
from tests.storage.builders import DAY, NOW, call, letter, run

LEASE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def claim(database: Database, owner: str = "a", now: datetime = NOW) -> Letter | None:
    """Claim in a transaction of its own."""
    with database.write() as session:
        return claim_letter(session, owner, now, LEASE)


def queue(database: Database, *queued: Letter) -> None:
    """Queue letters that tell nothing."""
    with database.write() as session:
        queue_letters(session, queued, [])


def only(database: Database) -> Letter:
    """The one letter there is."""
    with database.read() as session:
        (found,) = letters(session)
    return found


def test_planning_fifty_times_queues_each_letter_once(database: Database) -> None:
    batch = [letter("sn@norrbacka.example"), letter("chair@norrbacka.example")]
    counts = []
    for attempt in range(50):
        with database.write() as session:
            again = [replace(item, subject=f"Attempt {attempt}") for item in batch]
            counts.append(queue_letters(session, again, [builders.told(attempt)]))

    assert counts == [2] + [0] * 49
    with database.read() as session:
        assert [item.subject for item in letters(session)] == ["Attempt 0"] * 2
        assert list(told(session, "norrbacka-sn")) == [("demo", "DEMO-0")]
        assert last_periods(session) == {"norrbacka-sn": "2026-W48"}


def test_nothing_counts_as_told_without_the_letter_that_tells_it(database: Database) -> None:
    naive = builders.told(told_at=NOW.replace(tzinfo=None))
    with pytest.raises(StatementError, match="must say its zone"), database.write() as session:
        queue_letters(session, [letter()], [builders.told(2), naive])

    with database.read() as session:
        assert letters(session) == []
        assert told(session, "norrbacka-sn") == {}
        assert last_periods(session) == {}


def test_two_planners_at_once_queue_one_letter(database: Database) -> None:
    barrier = threading.Barrier(8)

    def plan(number: int) -> int:
        barrier.wait()
        with database.write() as session:
            return queue_letters(session, [letter(subject=str(number))], [builders.told(number)])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(plan, range(8))) == [0] * 7 + [1]
    with database.read() as session:
        ((_, number),) = told(session, "norrbacka-sn")
    assert number == f"DEMO-{only(database).subject}"


def test_a_recipient_who_comes_late_gets_the_letter_but_the_ledger_stays(database: Database) -> None:
    with database.write() as session:
        queue_letters(session, [letter("sn@norrbacka.example")], [builders.told(1)])
    with database.write() as session:
        new = queue_letters(
            session,
            [letter("sn@norrbacka.example"), letter("late@norrbacka.example")],
            [builders.told(1), builders.told(2)],
        )

    assert new == 1
    with database.read() as session:
        assert list(told(session, "norrbacka-sn")) == [("demo", "DEMO-1")]


def test_letters_of_two_periods_are_not_queued_together(database: Database) -> None:
    with pytest.raises(ValueError, match="one committee, period and kind"), database.write() as session:
        queue_letters(session, [letter(), letter(period="2026-W49")], [])


def test_nothing_to_queue_tells_nothing(database: Database) -> None:
    with database.write() as session:
        assert queue_letters(session, [], [builders.told()]) == 0
        assert told(session, "norrbacka-sn") == {}


def test_a_claimed_letter_is_the_frozen_one(database: Database) -> None:
    queue(database, letter())

    claimed = claim(database)

    assert claimed is not None
    assert claimed == replace(
        letter(),
        id=claimed.id,
        state=LetterState.SENDING,
        attempts=1,
        lease_until=NOW + LEASE,
        claimed_at=NOW,
    )
    assert claimed.content_hash == letter().content_hash
    assert claim(database, "b") is None


def test_the_letter_that_has_been_due_longest_is_claimed_first(database: Database) -> None:
    queue(database, letter("late@x.example", next_attempt_at=NOW - MINUTE))
    queue(database, letter("early@x.example", period="2026-W47", created_at=NOW - DAY))
    queue(database, letter("tomorrow@x.example", period="2026-W49", next_attempt_at=NOW + DAY))

    claimed = [claim(database) for _ in range(3)]

    assert [c and c.recipient for c in claimed] == ["early@x.example", "late@x.example", None]


def test_a_sent_letter_is_final(database: Database) -> None:
    queue(database, letter())
    claimed = claim(database)
    assert claimed is not None
    assert claimed.id is not None
    with database.write() as session:
        assert finish_letter(session, claimed.id, "a", LetterState.SENT, NOW + MINUTE)
    with database.write() as session:
        assert not finish_letter(session, claimed.id, "a", LetterState.QUEUED, NOW, next_attempt_at=NOW)
        assert expire_leases(session, NOW + DAY) == 0

    with pytest.raises(StorageError, match="is sent; only an uncertain letter"), database.write() as session:
        resolve_letter(session, claimed.id, LetterState.QUEUED, NOW)
    sent = only(database)
    assert (sent.state, sent.sent_at, sent.lease_until) == (LetterState.SENT, NOW + MINUTE, None)


def test_a_deferred_letter_waits_for_its_next_attempt(database: Database) -> None:
    queue(database, letter())
    first = claim(database)
    assert first is not None
    assert first.id is not None
    with database.write() as session:
        assert finish_letter(
            session, first.id, "a", LetterState.QUEUED, NOW, problem="451 later", next_attempt_at=NOW + MINUTE
        )

    assert only(database).problem == "451 later"
    assert claim(database, now=NOW) is None
    second = claim(database, now=NOW + MINUTE)
    assert second is not None
    assert second.attempts == 2


def test_only_the_owner_of_a_claim_may_finish_it(database: Database) -> None:
    queue(database, letter())
    claimed = claim(database, "a")
    assert claimed is not None
    assert claimed.id is not None

    with database.write() as session:
        assert not finish_letter(session, claimed.id, "b", LetterState.SENT, NOW)
    assert only(database).state is LetterState.SENDING


def test_a_letter_whose_sender_vanished_is_uncertain_and_not_sent_again(database: Database) -> None:
    queue(database, letter())
    claim(database)
    with database.write() as session:
        assert expire_leases(session, NOW + LEASE) == 0
        assert expire_leases(session, NOW + LEASE + MINUTE) == 1

    lost = only(database)
    assert lost.state is LetterState.UNCERTAIN
    assert lost.problem is not None
    assert claim(database, now=NOW + DAY) is None


def test_a_sender_that_comes_back_late_may_say_what_it_knows(database: Database) -> None:
    queue(database, letter())
    claimed = claim(database)
    assert claimed is not None
    assert claimed.id is not None
    with database.write() as session:
        expire_leases(session, NOW + DAY)
        assert finish_letter(session, claimed.id, "a", LetterState.SENT, NOW + DAY)
    assert only(database).state is LetterState.SENT


def test_a_sender_that_comes_back_after_somebody_settled_the_letter_is_too_late(database: Database) -> None:
    queue(database, letter())
    claimed = claim(database)
    assert claimed is not None
    assert claimed.id is not None
    with database.write() as session:
        expire_leases(session, NOW + DAY)
        resolve_letter(session, claimed.id, LetterState.QUEUED, NOW + DAY)
        assert not finish_letter(session, claimed.id, "a", LetterState.SENT, NOW + DAY)
    assert only(database).state is LetterState.QUEUED


@pytest.mark.parametrize("state", [LetterState.SENT, LetterState.QUEUED, LetterState.FAILED])
def test_an_uncertain_letter_is_settled_by_hand(database: Database, state: LetterState) -> None:
    queue(database, letter())
    claimed = claim(database)
    assert claimed is not None
    assert claimed.id is not None
    with database.write() as session:
        finish_letter(session, claimed.id, "a", LetterState.UNCERTAIN, NOW, problem="cut off after the dot")
    with database.write() as session:
        resolve_letter(session, claimed.id, state, NOW + DAY)

    settled = only(database)
    assert (settled.state, settled.sent_at) == (state, NOW if state is LetterState.SENT else None)
    again = claim(database, now=NOW + DAY)
    assert (again is not None) == (state is LetterState.QUEUED)


def test_settling_asks_for_a_letter_that_exists_and_a_state_that_makes_sense(database: Database) -> None:
    with pytest.raises(StorageError, match="There is no letter 7"), database.write() as session:
        resolve_letter(session, 7, LetterState.SENT, NOW)
    with pytest.raises(ValueError, match="cannot become sending"), database.write() as session:
        resolve_letter(session, 7, LetterState.SENDING, NOW)


def test_letters_are_listed_newest_first_by_state_and_committee(database: Database) -> None:
    queue(database, letter("1@x.example"))
    queue(database, letter("2@x.example", committee="norrbacka-ks"))
    queue(database, letter("3@x.example", kind="alarm"))
    claim(database)

    def found(**choice: Any) -> list[str]:
        with database.read() as session:
            return [item.recipient[0] for item in letters(session, **choice)]

    assert found() == ["3", "2", "1"]
    assert found(limit=1) == ["3"]
    assert found(state=LetterState.SENDING) == ["1"]
    assert found(committee="norrbacka-sn") == ["3", "1"]


def test_the_ledger_gives_the_last_time_each_call_was_told(database: Database) -> None:
    later = builders.told(
        1, section=Section.CHANGED, period="2026-W49", told_at=NOW + 7 * DAY, call=call(1, title="Z")
    )
    with database.write() as session:
        record_told(session, "norrbacka-sn", [later, builders.told(2)])
        record_told(session, "norrbacka-sn", [builders.told(1), builders.told(2, told_at=NOW + DAY)])
        record_told(session, "norrbacka-ks", [builders.told(3)])

    with database.read() as session:
        assert told(session, "norrbacka-sn") == {
            ("demo", "DEMO-1"): later,
            ("demo", "DEMO-2"): builders.told(2),
        }


def claim_all(database: Database, workers: int) -> list[int]:
    """What that many threads claim between them until nothing is left."""

    def work(owner: int) -> list[int]:
        mine = []
        while claimed := claim(database, str(owner)):
            mine.append(claimed.id or 0)
        return mine

    with ThreadPoolExecutor(workers) as pool:
        return [letter_id for mine in pool.map(work, range(workers)) for letter_id in mine]


@pytest.mark.parametrize(
    "count", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_eight_workers_never_claim_a_letter_twice(database: Database, count: int) -> None:
    queue(database, *(letter(f"{n}@x.example") for n in range(count)))

    claimed = claim_all(database, workers=8)

    assert len(claimed) == count
    assert Counter(claimed).most_common(1)[0][1] == 1


@pytest.mark.parametrize("count", [5, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_eight_writers_are_never_locked_out(database: Database, count: int) -> None:
    def work(writer: int) -> None:
        for n in range(count):
            with database.write() as session:
                source_runs(session, f"w{writer}", limit=1)  # read, then write: what a deferred BEGIN loses
                save_source_run(session, run(source=f"w{writer}"), NOW + n * MINUTE)
                beat(session, NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    with database.read() as session:
        assert len(source_runs(session)) == 8 * count
