"""Taking in runs: what is new, what has changed, what is only cosmetic, what has gone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, update

from matcher.domain import (
    BRUSSELS,
    STOCKHOLM,
    Applicant,
    Call,
    Change,
    Deadline,
    Money,
    Outcome,
    Precision,
    Rule,
    Status,
    Violation,
    plain,
)
from matcher.storage.engine import Database
from matcher.storage.noticed import moved, noticed, words
from matcher.storage.repository import (
    Stored,
    arrivals,
    changes,
    find_call,
    known_calls,
    load_matches,
    pages_of_calls,
    save_matches,
    save_source_run,
    stored_calls,
)
from matcher.storage.tables import CallRow, CallVersionRow
from tests.storage import builders
from tests.storage.builders import DAY, NOW, call, run

LATER = Deadline(at=datetime(2027, 2, 8, 17, tzinfo=BRUSSELS), precision=Precision.TIME)


def save(database: Database, *calls: Call, day: int = 0, **fields: Any) -> Stored:
    """Save a run of "demo" that many days after NOW."""
    now = NOW + day * DAY
    with database.write() as session:
        return save_source_run(session, run(calls, at=now, **fields), now)


def versions(database: Database) -> int:
    """How many versions are kept in all."""
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(CallVersionRow)) or 0


def test_a_new_call_is_stored_as_the_publisher_states_it(database: Database) -> None:
    published = call(
        budget=Money(amount=Decimal("1500000.50"), currency="EUR"),
        rate_minimum=Decimal("0.4"),
        applicants=(Applicant.MUNICIPALITY,),
        deadlines=(Deadline(at=datetime(2027, 1, 8, 23, 59, 59, tzinfo=STOCKHOLM)), LATER),
    )

    assert save(database, published) == Stored(new=1)

    with database.read() as session:
        stored = find_call(session, "demo", "DEMO-1")
    assert stored is not None
    assert stored.call == published
    assert (stored.first_seen, stored.last_seen, stored.last_changed) == (NOW, NOW, NOW)
    assert (stored.version, stored.withdrawn_at) == (1, None)


def test_the_same_run_again_changes_only_when_the_call_was_last_seen(database: Database) -> None:
    save(database, call(1), call(2))

    assert save(database, call(1), call(2), day=1) == Stored(unchanged=2)

    with database.read() as session:
        first, second = known_calls(session, "demo")
    assert (first.last_seen, first.last_changed, first.version) == (NOW + DAY, NOW, 1)
    assert second.call == call(2)
    assert versions(database) == 2


def test_a_change_makes_a_version_and_names_every_field_that_moved(database: Database) -> None:
    save(database, call(1), call(2))

    stored = save(database, call(1, deadlines=(LATER,), planned=True), call(2), day=1)

    assert stored == Stored(changed=1, unchanged=1)
    with database.read() as session:
        (key, found), *rest = changes(session).items()
        now = find_call(session, "demo", "DEMO-1")
    assert (key, rest) == (("demo", "DEMO-1"), [])
    at = NOW + DAY
    assert found == [
        Change(field="deadlines", before=plain(call().deadlines), after=plain((LATER,)), seen_at=at),
        Change(field="planned", before=False, after=True, seen_at=at),
    ]
    assert now is not None
    assert (now.version, now.last_changed, now.call.deadlines) == (2, at, (LATER,))
    assert versions(database) == 3


def test_changes_can_be_asked_for_by_call_and_by_time(database: Database) -> None:
    for day, title in enumerate(("First", "Second", "Third")):
        save(database, call(1, title=title), call(2, title=title), day=day)

    with database.read() as session:
        of_one = changes(session, keys=[("demo", "DEMO-2"), ("demo", "unknown")])
        recent = changes(session, since=NOW + DAY)
    assert [c.after for c in of_one["demo", "DEMO-2"]] == ["Second", "Third"]
    assert list(of_one) == [("demo", "DEMO-2")]
    assert {key: [c.before for c in found] for key, found in recent.items()} == {
        ("demo", "DEMO-1"): ["Second"],
        ("demo", "DEMO-2"): ["Second"],
    }


COSMETIC: dict[str, dict[str, Any]] = {
    "white space and punctuation": {
        "text": "Objectives.\n\n Projects test  how “care at home” can be organised – with families and staff"
    },
    "a soft hyphen": {
        "title": "Support for long-term\u00adcare at home, part 1".replace("term\u00ad", "term ")
    },
    "case of the title": {"title": "SUPPORT FOR LONG-TERM CARE AT HOME, PART 1"},
    "address and links": {"url": "https://publisher.example/new/1", "links": ("https://other.example/",)},
    "order of lists": {
        "keywords": ("care", "home"),
        "applicants": (Applicant.REGION, Applicant.MUNICIPALITY),
    },
    "a phrase that says the same": {"rate_raw": "EU-stödet är högst 40 %"},
    "the same moment in another zone": {
        "deadlines": (
            Deadline(at=datetime(2027, 1, 8, 16, tzinfo=UTC), precision=Precision.TIME, raw="16:00 UTC"),
        )
    },
    "white space of the conditions": {"conditions": "Municipalities\nmay apply"},
}


@pytest.mark.parametrize("edit", COSMETIC.values(), ids=list(COSMETIC))
def test_a_cosmetic_edit_is_stored_but_is_no_change(database: Database, edit: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "keywords": ("home", "Care"),
        "applicants": (Applicant.MUNICIPALITY, Applicant.REGION),
        "rate_minimum": Decimal("0.4"),
        "rate_raw": "Stödandelen är 40 procent",
        "conditions": "Municipalities may apply.",
    }
    after = call(**fields | edit)
    save(database, call(**fields))

    assert save(database, after, day=1) == Stored(unchanged=1)

    with database.read() as session:
        stored = find_call(session, "demo", "DEMO-1")
        assert changes(session) == {}
    assert stored is not None
    assert (stored.version, stored.last_changed, stored.last_seen) == (1, NOW, NOW + DAY)
    assert stored.call == after
    assert versions(database) == 1


REAL: dict[str, dict[str, Any]] = {
    "title": {"title": "Support for care at home, part 1"},
    "text": {
        "text": "Objectives\nProjects test how care at school can be organised, with families and staff."
    },
    "deadlines": {"deadlines": (LATER,)},
    "opens": {"opens": datetime(2026, 12, 1).date()},
    "budget": {"budget": Money(amount=Decimal(5), currency="EUR")},
    "rate_minimum": {"rate_minimum": Decimal("0.5")},
    "rate_raw": {"rate_raw": "Stödandelen beslutas senare"},
    "applicants": {"applicants": (Applicant.MUNICIPALITY,)},
    "geography": {"geography": ("SE122",)},
    "conditions": {"conditions": "Only regions may apply"},
    "continuous": {"continuous": True},
    "closed": {"closed": True},
    "invited_only": {"invited_only": True},
}


@pytest.mark.parametrize("field", REAL)
def test_what_a_reader_would_notice_is_a_change(field: str) -> None:
    assert moved(noticed(plain(call())), noticed(plain(call(**REAL[field])))) == [field]


def test_signs_that_carry_meaning_are_words() -> None:
    assert words("Högst 50 % – ca €\u00a01,5 milj.") == "högst 50 % ca € 1 5 milj"
    assert words("äldre\u00adomsorg") == "äldreomsorg"
    assert words("10 % < 20 ‰") != words("10 ‰ < 20 %")


@given(st.text(), st.text(" \n\t.,;:!?-–”\"'()\u00a0\u200b", max_size=5))
def test_punctuation_around_a_text_is_never_a_change(prose: str, noise: str) -> None:
    assert words(noise + prose + noise) == words(prose)


def test_a_call_is_withdrawn_when_three_complete_runs_in_a_row_do_not_list_it(database: Database) -> None:
    save(database, call(1), call(2))

    counts = [save(database, call(2), day=day).withdrawn for day in (1, 2, 3, 4)]

    assert counts == [0, 0, 1, 0]
    with database.read() as session:
        gone, stays = known_calls(session, "demo")
    assert (gone.withdrawn_at, gone.last_seen) == (NOW + 3 * DAY, NOW)
    assert gone.status(NOW + 4 * DAY) is Status.WITHDRAWN
    assert stays.withdrawn_at is None


def test_absence_from_a_run_with_unread_records_does_not_count(database: Database) -> None:
    save(database, call(1), call(2))

    for day in range(1, 6):
        save(database, call(2), day=day, outcome=Outcome.DEGRADED)

    with database.read() as session:
        assert [c.withdrawn_at for c in known_calls(session, "demo")] == [None, None]


def test_a_second_run_on_the_same_day_is_no_new_evidence(database: Database) -> None:
    save(database, call(1), call(2))
    hour = DAY / 24
    with database.write() as session:
        for n in range(1, 6):
            save_source_run(session, run([call(2)], at=NOW + n * hour), NOW + n * hour)
    assert [save(database, call(2), day=day).withdrawn for day in (1, 2)] == [0, 1]


def test_absence_counts_when_nothing_but_a_few_calls_was_missing(database: Database) -> None:
    save(database, call(1), call(2))
    violations = (Violation(rule=Rule.SURVIVAL, about="DEMO-1", sentence="is no longer listed"),)
    counts = [
        save(database, call(2), day=day, outcome=Outcome.DEGRADED, violations=violations).withdrawn
        for day in (1, 2, 3)
    ]
    assert counts == [0, 0, 1]


def test_a_call_whose_own_page_is_not_found_is_absent_even_when_others_are_unread(database: Database) -> None:
    save(database, call(1), call(2), call(3))
    for day in (1, 2, 3):
        save(database, call(2), day=day, outcome=Outcome.DEGRADED, absent=("DEMO-1",))
    with database.read() as session:
        states = {c.call.source_id: c.withdrawn_at for c in known_calls(session, "demo")}
    assert states == {"DEMO-1": NOW + 3 * DAY, "DEMO-2": None, "DEMO-3": None}


def test_a_call_that_its_publisher_says_is_gone_is_withdrawn_at_once(database: Database) -> None:
    save(database, call(1), call(2))
    assert save(database, call(2), day=1, gone=("DEMO-1", "DEMO-9")).withdrawn == 1
    assert save(database, call(1), call(2), day=2) == Stored(unchanged=2)
    with database.read() as session:
        assert [c.withdrawn_at for c in known_calls(session, "demo")] == [None, None]


def test_arrivals_are_the_moments_at_which_new_calls_came(database: Database) -> None:
    save(database, call(1), call(2))
    save(database, call(1), call(3), day=3)
    save(database, call(1), day=4)
    with database.read() as session:
        assert arrivals(session) == {"demo": [NOW, NOW + 3 * DAY]}


def test_a_call_that_comes_back_is_no_longer_withdrawn_and_counts_from_the_start(database: Database) -> None:
    save(database, call(1), call(2))
    for day in (1, 2, 3):
        save(database, call(2), day=day)

    back = save(database, call(1), call(2), day=4)
    for day in (5, 6):
        save(database, call(2), day=day)

    assert back == Stored(unchanged=2)
    with database.read() as session:
        assert [c.withdrawn_at for c in known_calls(session, "demo")] == [None, None]


def test_a_call_that_is_taken_down_after_its_deadline_is_closed_not_withdrawn(database: Database) -> None:
    save(database, call(1), call(2, deadlines=(LATER,)))
    after = (datetime(2027, 1, 9, tzinfo=UTC) - NOW).days + 1

    counts = [save(database, call(2, deadlines=(LATER,)), day=after + n).withdrawn for n in range(4)]

    assert counts == [0, 0, 0, 0]
    with database.read() as session:
        closed = find_call(session, "demo", "DEMO-1")
    assert closed is not None
    assert closed.status(NOW + (after + 4) * DAY) is Status.CLOSED


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CRASHED])
def test_a_failed_run_leaves_every_call_as_it_was(database: Database, outcome: Outcome) -> None:
    save(database, call(1), call(2))
    with database.read() as session:
        before = stored_calls(session)

    for day in range(1, 5):
        assert save(database, day=day, outcome=outcome, problem="The list was empty.") == Stored()

    with database.read() as session:
        assert stored_calls(session) == before


def test_calls_of_another_source_are_left_alone_and_refused(database: Database) -> None:
    other = call(1, source="other")
    with database.write() as session:
        save_source_run(session, run([other], source="other"), NOW)
    for day in range(4):
        save(database, call(1), day=day)

    with database.read() as session:
        assert [(c.call.source, c.withdrawn_at) for c in stored_calls(session)] == [
            ("demo", None),
            ("other", None),
        ]
        assert [c.call for c in stored_calls(session, ["other"])] == [other]
    with pytest.raises(ValueError, match="holds calls of other"):
        save(database, other)


def test_fifteen_hundred_calls_are_taken_in_with_few_statements(database: Database) -> None:
    published = [call(n, text=f"Number {n}") for n in range(1500)]
    edited = [call(n, text=f"Number {n} again") for n in range(0, 1500, 10)]
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *words: statements.append(words[2]))

    counts = []
    for day, calls in enumerate((published, published, edited)):
        statements.clear()
        save(database, *calls, day=day)
        counts.append(len(statements))

    with database.read() as session:
        assert len(known_calls(session, "demo")) == 1500
    assert max(counts) < 60, counts  # a statement a call would be thousands


#: more than the 65,535 parameters that a statement may have in PostgreSQL, and the 32,766 in SQLite
BACKFILL = 70_000


@pytest.mark.slow_on_postgresql
def test_a_backfill_of_identifiers_passes_no_limit_of_the_database(database: Database) -> None:
    save(database, call(1), call(2))
    everything = tuple(f"DEMO-{n}" for n in range(BACKFILL))
    assert save(database, call(2), day=1, absent=everything) == Stored(unchanged=1)
    assert save(database, call(2, title="Z"), day=2, gone=everything[:2]) == Stored(changed=1, withdrawn=1)
    assert save(database, day=3, gone=everything, absent=everything).withdrawn == 1
    with database.read() as session:
        found = changes(session, keys=[("demo", source_id) for source_id in everything])
    assert {key: len(moves) for key, moves in found.items()} == {("demo", "DEMO-2"): 1}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_backfill_that_changes_every_call_is_taken_in(database: Database) -> None:
    assert save(database, *(call(n) for n in range(BACKFILL))).new == BACKFILL
    later = [call(n, title=f"Number {n}", deadlines=(LATER,)) for n in range(BACKFILL)]
    assert save(database, *later, day=1).changed == BACKFILL
    with database.read() as session:
        assert len(changes(session, since=NOW)) == BACKFILL


def test_a_call_with_many_versions_is_one_call_wherever_it_is_read(database: Database) -> None:
    for day, title in enumerate(("First", "Second", "Third", "Fourth")):
        save(database, call(1, title=title, budget=Money(amount=Decimal(day), currency="EUR")), day=day)
    with database.write() as session:
        save_matches(session, "norrbacka-sn", [builders.match()], "v1", NOW)
    with database.read() as session:
        assert [c.call.title for c in stored_calls(session)] == ["Fourth"]
        assert [c.version for c in known_calls(session, "demo")] == [4]
        assert len(load_matches(session, "norrbacka-sn")) == 1
        assert len(arrivals(session)["demo"]) == 1
        assert pages_of_calls(session, "demo").keys() == {"DEMO-1"}
    assert versions(database) == 4


def test_a_new_rule_of_what_counts_does_not_make_every_call_a_change(database: Database) -> None:
    save(database, call())
    with database.write() as session:
        session.execute(update(CallRow).values(content_hash="made by an older rule"))

    assert save(database, call(url="https://publisher.example/moved"), day=1) == Stored(unchanged=1)


def test_two_schedulers_that_read_the_same_source_at_once_store_it_once(database: Database) -> None:
    barrier = threading.Barrier(4)

    def work(_: int) -> int:
        barrier.wait()
        return save(database, *(call(n) for n in range(20))).new

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [0, 0, 0, 20]
    assert versions(database) == 20
