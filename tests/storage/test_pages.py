"""The archive: what is kept of the pages that were read, for how long, and what it proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from matcher.domain import STOCKHOLM, Call, Deadline, Fetched, Outcome
from matcher.storage.engine import Database
from matcher.storage.repository import (
    archived_page,
    cached_pages,
    correct,
    drop_pages,
    evidence,
    find_call,
    pages_of_calls,
    save_source_run,
)
from matcher.storage.tables import CallRow, CallVersionRow, PageBodyRow, PageRow
from tests.storage.builders import DAY, NOW, call, page, run

OVER = (Deadline(at=datetime(2026, 11, 24, 17, tzinfo=STOCKHOLM)),)


def plain_page(body: str, *, at: datetime = NOW, **fields: Any) -> Fetched:
    """A page that cannot be asked for conditionally."""
    return page(body.encode(), at=at, **{"etag": None, **fields})


def save(database: Database, day: int, read: Mapping[Call, Fetched], *others: Fetched, **fields: Any) -> None:
    """Save a run that read each call from its page, and other pages beside."""
    now = NOW + day * DAY
    read_from = {c.source_id: p for c, p in read.items()}
    pages = tuple(dict.fromkeys(id(p) for p in read.values()))
    by_id = {id(p): p for p in read.values()}
    with database.write() as session:
        whole = run(
            tuple(read), at=now, pages=(*(by_id[i] for i in pages), *others), read_from=read_from, **fields
        )
        save_source_run(session, whole, now)


def rows(database: Database) -> tuple[int, int]:
    """How many pages and bodies the archive holds."""
    with database.read() as session:
        return tuple(session.scalar(select(func.count()).select_from(t)) or 0 for t in (PageRow, PageBodyRow))  # type: ignore[return-value]


def proof(database: Database, number: int = 1) -> list[str | None]:
    """By version of a call: the body it was read from."""
    with database.read() as session:
        found = []
        for e in evidence(session, "demo", f"DEMO-{number}"):
            kept = None if e.page_id is None else archived_page(session, e.page_id)
            found.append(None if kept is None else kept.body.decode())
        return found


def test_the_page_of_a_new_call_is_kept_with_its_request_and_notes(database: Database) -> None:
    answer = plain_page('{"hits": []}', request="a1b2", notes={"kind": "plan", "done": {"b", "a"}})
    save(database, 0, {call(): answer}, plain_page("a list that no call was read from"))

    with database.read() as session:
        page_id = pages_of_calls(session, "demo")["DEMO-1"]
        assert page_id is not None
        kept = archived_page(session, page_id)
    assert kept is not None
    assert (kept.url, kept.request, kept.body, kept.sha256) == (
        answer.url,
        "a1b2",
        answer.body,
        answer.sha256,
    )
    assert kept.notes == {"kind": "plan", "done": ["a", "b"]}
    assert rows(database) == (1, 1)


def test_answers_of_one_address_are_told_apart_by_request_and_by_notes(database: Database) -> None:
    save(
        database,
        0,
        {
            call(1): plain_page("same", request="page 1"),
            call(2): plain_page("same", request="page 2"),
            call(3): plain_page("same", request="page 2", notes={"kind": "plan"}),
        },
    )

    assert rows(database) == (3, 1)


def test_daily_runs_without_news_do_not_grow_the_archive(database: Database) -> None:
    for day in range(40):
        at = NOW + day * DAY
        save(
            database,
            day,
            {
                call(): plain_page(f"served in {day} ms", at=at),
                call(2): plain_page("2", at=at, url="https://x.se/2"),
            },
            page(f"<p>Day {day}</p>".encode(), at=at, url="https://publisher.example/list", etag=f'"{day}"'),
        )

    assert rows(database) == (3, 3)
    with database.read() as session:
        assert [p.body for p in cached_pages(session, "demo").values()] == [b"<p>Day 39</p>"]
    assert proof(database) == ["served in 0 ms"]


def test_each_version_knows_its_page_and_cosmetic_edits_only_replace_the_newest(database: Database) -> None:
    save(database, 0, {call(): plain_page("one")})
    save(database, 1, {call(text="Another text."): plain_page("two")})
    save(database, 2, {call(text="Another  text"): plain_page("two, with other blanks")})
    assert proof(database) == ["one", "two, with other blanks"]
    save(database, 3, {call(text="another text"): plain_page("two, in small letters")})

    assert proof(database) == ["one", "two, in small letters"]
    assert rows(database)[0] == 3  # the version's own page and the one of the call as it stands


def test_a_call_stored_without_its_page_gets_it_in_the_next_run(database: Database) -> None:
    save(database, 0, {})
    with database.write() as session:
        save_source_run(session, run([call()]), NOW)
    assert proof(database) == [None]

    save(database, 1, {call(): plain_page("one")})
    assert proof(database) == ["one"]


def test_a_failed_run_is_no_evidence_but_its_pages_can_be_asked_for_again(database: Database) -> None:
    save(database, 0, {call(): plain_page("one")})
    with database.write() as session:
        broken = run(outcome=Outcome.FAILED, pages=(plain_page("two"), page(b"three")))
        save_source_run(session, broken, NOW + DAY)

    assert proof(database) == ["one"]
    with database.read() as session:
        assert [p.body for p in cached_pages(session, "demo").values()] == [b"three"]
    assert rows(database) == (2, 2)


def test_a_body_that_another_source_serves_too_outlives_its_page(database: Database) -> None:
    same = page(b"robots", url="https://one.example/")
    save(database, 0, {}, same)
    save(database, 0, {}, same, source="other")
    save(database, 1, {}, page(b"changed", at=NOW + DAY, url="https://one.example/"))

    with database.read() as session:
        assert [p.body for p in cached_pages(session, "other").values()] == [b"robots"]
    assert rows(database) == (2, 2)


def test_old_pages_go_unless_a_live_call_was_read_from_them(database: Database) -> None:
    live, over = call(1), call(2, deadlines=OVER)
    asked = page(b"list")
    not_asked = page(b"a page of last year", url="https://publisher.example/2025")
    save(database, 0, {live: plain_page("1 a"), over: plain_page("2 a")}, asked, not_asked)
    save(
        database,
        1,
        {
            call(1, text="Another text."): plain_page("1 b", at=NOW + DAY),
            call(2, deadlines=OVER, text="Another text."): plain_page("2 b", at=NOW + DAY),
        },
    )
    save(database, 20, {}, replace(asked, fetched_at=NOW + 20 * DAY))  # not modified
    for dropped in (4, 0):
        with database.write() as session:
            assert drop_pages(session, NOW + 10 * DAY, NOW + 20 * DAY) == dropped

    assert (proof(database, 1), proof(database, 2)) == ([None, "1 b"], [None, None])
    with database.read() as session:
        assert [p.body for p in cached_pages(session, "demo").values()] == [b"list"]
        stored = find_call(session, "demo", "DEMO-2")
        assert stored is not None
        assert (stored.version, stored.call.text) == (2, "Another text.")
    assert rows(database) == (2, 2)


def test_young_pages_stay_whatever_has_become_of_their_calls(database: Database) -> None:
    save(database, 0, {call(deadlines=OVER): plain_page("one")})
    with database.write() as session:
        assert drop_pages(session, NOW, NOW + 30 * DAY) == 0
    assert proof(database) == ["one"]


def test_a_correction_is_a_version_of_the_same_page_and_no_sighting(database: Database) -> None:
    save(database, 0, {call(1): plain_page("one"), call(2): plain_page("two")})
    with database.write() as session:
        session.execute(update(CallRow).values(missing_runs=2))
    with database.read() as session:
        page_of = pages_of_calls(session, "demo")
    first, second = page_of["DEMO-1"], page_of["DEMO-2"]
    assert first is not None
    assert second is not None

    with database.write() as session:
        corrections = [(call(1, text="Mended."), first), (call(2, text="Mended."), first), (call(3), second)]
        assert correct(session, "demo", corrections, NOW + 5 * DAY) == 1  # the second is read from elsewhere

    assert proof(database) == ["one", "one"]
    with database.read() as session:
        mended = find_call(session, "demo", "DEMO-1")
        assert mended is not None
        assert (mended.call.text, mended.version) == ("Mended.", 2)
        assert (mended.last_seen, mended.last_changed) == (NOW, NOW + 5 * DAY)
        assert set(session.scalars(select(CallRow.missing_runs))) == {2}
        assert session.scalar(select(func.count()).select_from(CallVersionRow)) == 3
        assert find_call(session, "demo", "DEMO-3") is None
