"""Reading a whole source: every way it can end, with a small source written for the purpose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import (
    Call,
    Deadline,
    Family,
    Fetched,
    Money,
    Outcome,
    SourceRun,
    Status,
    StoredCall,
    Unread,
)
from matcher.errors import FetchError, ParseError, SkipRecord
from matcher.scrapers.run import clean, run_source
from matcher.scrapers.source import Page, Source
from tests.scrapers import servers
from tests.scrapers.servers import NOW, a_source


def a_call(n: int | str, **changes: Any) -> Call:
    facts: dict[str, Any] = {
        "source": "demo",
        "source_id": f"D-{n}",
        "url": f"https://calls.example/{n}",
        "title": f"Bidrag {n}",
        "language": "sv",
        "family": Family.STRUCTURAL,
        "deadlines": (Deadline(at=NOW + timedelta(days=30)),),
    }
    return Call(**facts | changes)


@dataclass
class Pages:
    """Hands out pages that a test has written, instead of fetching."""

    bodies: Mapping[str, bytes] = field(default_factory=dict)
    #: what the publisher answers where there is no body
    status: int = 503
    asked: list[str] = field(default_factory=list)
    pages: list[Fetched] = field(default_factory=list)
    failures: list[Unread] = field(default_factory=list)

    def __call__(self, url: str, **_: Any) -> Page:
        self.asked.append(url)
        if url not in self.bodies:
            raise FetchError(f"{url}: the publisher answers {self.status}", url=url, status=self.status)
        self.pages.append(Fetched.of(self.bodies[url], url=url, fetched_at=NOW))
        return Page(url, self.bodies[url], NOW, notes={"listed": {"b", "a"}}, response=self.pages[-1])

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        return (self(url) for url, _ in pages)


class Lines:
    """A source of lines ``id|title|days|url``; a page that does not begin with "Calls" is another page."""

    def crawl(self, source: Source, fetch: Any) -> Iterator[Page]:
        yield fetch(source.start_url)
        for url in source.urls.values():
            yield fetch(url)

    def split(self, page: Page) -> list[str]:
        first, *lines = page.body.decode().split("\n")
        if first != "Calls":
            raise ParseError(f"{page.url}: the list of calls is missing")
        return [line for line in lines if line]

    def parse(self, source: Source, page: Page, record: str) -> Call:
        if record.startswith("result"):
            raise SkipRecord
        if record.startswith("crash"):
            raise KeyError("deadline")
        parts = record.split("|")
        if len(parts) < 2:
            raise ParseError(f"{record!r} has no title")
        days = parts[2] if len(parts) > 2 else "30"
        deadlines = (Deadline(at=NOW + timedelta(days=int(days))),) if days else ()
        changes = {"url": parts[3]} if len(parts) > 3 else {}
        planned, continuous = parts[1].startswith("Plan"), parts[1].startswith("Alltid")
        return a_call(
            parts[0], title=parts[1], deadlines=deadlines, planned=planned, continuous=continuous, **changes
        )


LISTED = [f"{n}|Bidrag {n}" for n in range(20)]


def read(
    lines: list[str],
    *,
    module: Any = None,
    known: Iterable[StoredCall] = (),
    expect: dict[str, Any] | None = None,
    failures: Iterable[Unread] = (),
    first: str = "Calls",
    pages: Mapping[str, str] | None = None,
    status: int = 503,
    **options: Any,
) -> SourceRun:
    source = a_source(expect={"min_calls": 1, "max_calls": 100, "min_deadline_share": 0.5, **(expect or {})})
    bodies = {source.start_url: "\n".join([first, *lines]), **(pages or {})}
    fetch = Pages({u: b.encode() for u, b in bodies.items()}, status=status, failures=list(failures))
    run = run_source(source, module or Lines(), fetch, now=lambda: NOW, known=list(known), **options)
    assert len(fetch.asked) <= 11  # the list, and at most ten pages of calls that it has lost
    return run


def known_call(n: int, **changes: Any) -> StoredCall:
    withdrawn = changes.pop("withdrawn_at", None)
    then = NOW - timedelta(days=9)
    return StoredCall(
        call=a_call(n, **changes), first_seen=then, last_seen=then, last_changed=then, withdrawn_at=withdrawn
    )


def assert_stores_nothing(run: SourceRun) -> None:
    assert not run.stores
    assert run.calls == ()
    assert run.problem
    assert len(run.pages) == 1  # the page that explains it is kept


# --- good runs -------------------------------------------------------------------------------


def test_a_healthy_run_is_ok_and_carries_all_it_read() -> None:
    run = read(LISTED)
    assert (run.outcome, run.problem, run.traceback, run.unread) == (Outcome.OK, None, None, ())
    assert [c.source_id for c in run.calls] == [f"D-{n}" for n in range(20)]
    assert [p.url for p in run.pages] == [a_source().start_url]
    assert (run.source, run.started_at, run.ended_at) == ("demo", NOW, NOW)


def test_every_call_of_a_run_that_stores_knows_its_page_and_the_notes_as_plain_data() -> None:
    run = read([*LISTED, LISTED[0]])
    (page,) = run.pages
    assert run.read_from.keys() == {c.source_id for c in run.calls}
    assert {(p.url, p.sha256) for p in run.read_from.values()} == {(page.url, page.sha256)}
    assert all(p.notes == {"listed": ["a", "b"]} for p in run.read_from.values())
    assert read(LISTED, expect={"min_calls": 50}).read_from == {}


def test_the_clock_is_asked_at_the_beginning_and_at_the_end() -> None:
    times = iter([NOW, NOW + timedelta(minutes=2)])
    fetch = Pages({a_source().start_url: "\n".join(["Calls", *LISTED]).encode()})
    run = run_source(a_source(), Lines(), fetch, now=lambda: next(times), known=[])
    assert run.ended_at - run.started_at == timedelta(minutes=2)


def test_progress_hears_of_every_page() -> None:
    source = a_source(urls={"more": "https://calls.example/2"})
    body = "\n".join(["Calls", *LISTED]).encode()
    heard: list[str] = []
    fetch = Pages({source.start_url: body, "https://calls.example/2": body})
    run_source(source, Lines(), fetch, now=lambda: NOW, known=[], progress=heard.append)
    assert heard == [source.start_url, "https://calls.example/2"]


def test_records_that_are_no_calls_are_dropped_without_a_word() -> None:
    run = read([*LISTED, *["result list"] * 50])
    assert (run.outcome, len(run.calls), run.unread) == (Outcome.OK, 20, ())


def test_a_call_listed_twice_alike_is_one_call() -> None:
    run = read([*LISTED, *LISTED])
    assert (run.outcome, len(run.calls)) == (Outcome.OK, 20)


# --- degraded --------------------------------------------------------------------------------


def test_a_few_odd_records_are_counted_and_the_rest_is_stored() -> None:
    run = read([*LISTED, "odd"])
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert run.unread == (Unread(url=a_source().start_url, why="'odd' has no title"),)
    assert "1 of 21 records could not be read" in (run.problem or "")


def test_a_call_listed_twice_with_different_content_is_unread_the_second_time() -> None:
    run = read([*LISTED, "3|Bidrag 3, förlängt"])
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert run.calls[3].title == "Bidrag 3"
    assert "D-3 is listed twice" in run.unread[0].why


def test_pages_that_are_gone_count_as_unread() -> None:
    gone = Unread(url="https://calls.example/9", why="https://calls.example/9: the publisher answers 404")
    assert read(LISTED, failures=[gone]).outcome is Outcome.DEGRADED
    run = read(LISTED, failures=[gone] * 5)
    assert (run.outcome, len(run.unread)) == (Outcome.FAILED, 5)


def test_more_calls_than_expected_are_stored_with_a_warning() -> None:
    run = read(LISTED, expect={"max_calls": 19})
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert "20 calls, at most 19" in (run.problem or "")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "mailto:a@b.se", "/relative", "", "http://", "http://[::1"]
)
def test_a_call_without_a_web_address_is_unread(url: str) -> None:
    run = read([*LISTED, f"20|Bidrag 20|30|{url}"])
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert "D-20" in run.unread[0].why


def test_a_call_without_a_title_is_unread() -> None:
    run = read([*LISTED, "20| \x07 "])
    assert (run.outcome, run.unread[0].why) == (Outcome.DEGRADED, "a record without title")


# --- failed ----------------------------------------------------------------------------------


def test_a_page_of_another_shape_fails_the_source() -> None:
    run = read(LISTED, first="Webbplatsen uppdateras")
    assert_stores_nothing(run)
    assert (run.outcome, run.traceback) == (Outcome.FAILED, None)
    assert "the list of calls is missing" in (run.problem or "")


def test_a_page_of_another_shape_found_late_fails_the_source_too() -> None:
    class Lazy(Lines):
        def split(self, page: Page) -> Any:
            yield from super().split(page)[:10]
            raise ParseError("the second table is missing")

    run = read(LISTED, module=Lazy())
    assert_stores_nothing(run)
    assert run.problem == "the second table is missing"


def test_an_unreachable_publisher_fails_the_source() -> None:
    run = run_source(a_source(), Lines(), Pages(), now=lambda: NOW, known=[])
    assert (run.outcome, run.calls, run.pages) == (Outcome.FAILED, (), ())
    assert "answers 503" in (run.problem or "")


def test_a_failure_on_the_second_page_keeps_the_first_page_and_no_calls() -> None:
    source = a_source(urls={"more": "https://calls.example/2"})
    fetch = Pages({source.start_url: "\n".join(["Calls", *LISTED]).encode()})
    assert_stores_nothing(run_source(source, Lines(), fetch, now=lambda: NOW, known=[]))


@pytest.mark.parametrize("lines", [[], ["result list"]])
def test_no_calls_is_a_failure(lines: list[str]) -> None:
    run = read(lines)
    assert_stores_nothing(run)
    assert "no calls at all" in (run.problem or "")


def test_too_many_odd_records_fail_the_source_and_the_first_is_named() -> None:
    run = read([*LISTED, "odd", "odder"])
    assert_stores_nothing(run)
    assert "2 of 22 records" in (run.problem or "")
    assert "'odd' has no title" in (run.problem or "")
    assert len(run.unread) == 2


def test_fewer_calls_than_expected_fail_the_source() -> None:
    run = read(LISTED, expect={"min_calls": 21})
    assert_stores_nothing(run)
    assert "only 20 calls, at least 21" in (run.problem or "")


def test_calls_that_lost_their_deadlines_fail_the_source() -> None:
    lines = [f"{n}|Bidrag {n}|" for n in range(10)] + LISTED[10:]
    assert read(lines, expect={"min_deadline_share": 0.5}).outcome is Outcome.OK
    run = read(lines, expect={"min_deadline_share": 0.51})
    assert_stores_nothing(run)
    assert "only 10 of 20 calls have a deadline" in (run.problem or "")


@pytest.mark.parametrize("word", ["Plan", "Alltid"])
def test_planned_and_continuous_calls_need_no_deadline(word: str) -> None:
    lines = [f"{n}|{word} {n}|" for n in range(30)]
    assert read(lines, expect={"min_deadline_share": 1}).outcome is Outcome.OK


# --- survival --------------------------------------------------------------------------------


def test_known_calls_that_vanished_in_numbers_fail_the_source() -> None:
    known = [known_call(n) for n in range(20)]
    assert read(LISTED[:18], known=known).outcome is Outcome.OK
    run = read(LISTED[:17], known=known)
    assert_stores_nothing(run)
    assert "only 17 of 20 known calls with a date ahead are listed again (85%, at least 90%" in (
        run.problem or ""
    )


def test_one_or_two_missing_calls_of_a_short_list_are_named_and_the_rest_is_stored() -> None:
    known = [known_call(n) for n in range(5)]
    run = read(LISTED[:3], known=known, status=404)
    assert (run.outcome, len(run.calls), run.absent) == (Outcome.DEGRADED, 3, ("D-3", "D-4"))
    assert run.complete  # absence counts
    assert [v.name for v in run.violations] == ["survival D-3", "survival D-4"]
    said = (
        "'Bidrag 3' is no longer listed although its deadline is 2026-12-23T06:00+00:00; its page answers 404"
    )
    assert said in (run.problem or "")
    assert "'Bidrag 4' is no longer listed" in (run.problem or "")


def test_one_known_call_is_enough_to_miss() -> None:
    assert read(LISTED[1:3], known=[known_call(0)]).outcome is Outcome.DEGRADED


def test_three_missing_calls_of_a_short_list_fail_the_source() -> None:
    run = read(LISTED[:1], known=[known_call(n) for n in range(4)])
    assert_stores_nothing(run)
    assert "only 1 of 4 known calls" in (run.problem or "")


def test_a_call_that_its_publisher_says_is_gone_is_not_missing() -> None:
    run = read(LISTED[:1], known=[known_call(n) for n in range(4)], status=410)
    assert (run.outcome, run.gone, run.problem) == (Outcome.OK, ("D-1", "D-2", "D-3"), None)


def test_a_page_that_is_still_listed_but_gone_withdraws_its_call_and_is_not_unread() -> None:
    gone = Unread(url="https://calls.example/3", why="https://calls.example/3: the publisher answers 410")
    known = [known_call(n) for n in range(20)]
    lines = [line for line in LISTED if line != LISTED[3]]
    run = read(lines, known=known, failures=[gone], expect={"max_unread_share": 0.1}, status=410)
    assert (run.outcome, run.gone, run.unread) == (Outcome.OK, ("D-3",), ())


def test_a_missing_call_is_read_from_its_own_page_and_the_list_is_still_suspect() -> None:
    known = [known_call(0), known_call(1)]
    own = {"https://calls.example/1": "Calls\n1|Bidrag 1|40"}
    run = read(LISTED[:1], known=known, pages=own)
    assert (run.outcome, run.absent) == (Outcome.DEGRADED, ())
    assert run.calls[1].deadlines == (Deadline(at=NOW + timedelta(days=40)),)
    assert "'Bidrag 1' is no longer listed" in (run.problem or "")
    assert "its own page still has it" in (run.problem or "")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("Calls\n1|Bidrag 1|-3", "its page still stands"),  # closed: no proof that it is open
        ("<h1>Bidrag 1</h1> Läs mer", "its page still stands"),
        ("<h1>Sidan finns inte</h1>", "its address no longer shows it"),
    ],
)
def test_a_page_that_does_not_show_the_call_as_open_proves_nothing(body: str, says: str) -> None:
    run = read(LISTED[:1], known=[known_call(0), known_call(1)], pages={"https://calls.example/1": body})
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 1)
    assert says in (run.problem or "")


def test_a_module_may_know_a_better_page_and_a_publisher_that_does_not_answer_is_left_in_peace() -> None:
    class Elsewhere(Lines):
        def own_page(self, source: Source, call: Call) -> str | None:
            return f"https://calls.example/json/{call.source_id}" if call.source_id != "D-1" else None

    source = a_source(expect={"min_calls": 1, "max_calls": 100, "min_deadline_share": 0.5})
    fetch = Pages({source.start_url: b"Calls\n0|Bidrag 0"})
    run_source(source, Elsewhere(), fetch, now=lambda: NOW, known=[known_call(n) for n in range(4)])
    assert fetch.asked[1:] == ["https://calls.example/json/D-2"]


def test_a_person_can_accept_a_list_that_lost_calls_and_facts() -> None:
    known = [known_call(n, budget=Money(amount=Decimal(5), currency="EUR")) for n in range(20)]
    run = read(
        [f"{n}|Bidrag {n}|" for n in range(10)], known=known, accept=True, expect={"min_deadline_share": 0}
    )
    assert (run.outcome, len(run.calls), len(run.gone)) == (Outcome.OK, 10, 10)
    assert_stores_nothing(read([], known=known, accept=True))


def test_calls_on_their_last_day_may_be_taken_down() -> None:
    known = [known_call(n, deadlines=(Deadline(at=NOW + timedelta(hours=20)),)) for n in range(30, 40)]
    assert read(LISTED, known=known).outcome is Outcome.OK


def test_a_coming_call_without_a_deadline_is_missed_too() -> None:
    opens = (NOW + timedelta(days=9)).date()
    run = read(LISTED[1:3], known=[known_call(0, deadlines=(), opens=opens)])
    assert "'Bidrag 0' is no longer listed although it opens 2026-12-02" in (run.problem or "")


def test_a_call_without_any_date_is_not_missed_but_may_be_gone_or_absent() -> None:
    known = [known_call(30, deadlines=(), continuous=True)]
    assert read(LISTED, known=known, status=410).gone == ("D-30",)
    absent = read(LISTED, known=known, status=404)
    assert (absent.outcome, absent.absent) == (Outcome.OK, ("D-30",))


def test_planned_calls_come_and_go_but_not_all_of_them_at_once() -> None:
    known = [known_call(n, planned=True) for n in range(30, 34)]
    assert read([*LISTED, "33|Plan 33"], known=known).outcome is Outcome.OK
    run = read(LISTED, known=known)
    assert_stores_nothing(run)
    assert "none of 4 planned calls" in (run.problem or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"deadlines": (Deadline(at=NOW - timedelta(seconds=1)),)},
        {"deadlines": (), "continuous": True},
        {"deadlines": ()},
        {"withdrawn_at": NOW - timedelta(days=1)},
    ],
)
def test_only_known_calls_that_should_still_be_listed_count(changes: dict[str, Any]) -> None:
    known = [known_call(n, **changes) for n in range(30, 60)]
    assert read(LISTED, known=known).outcome is Outcome.OK


def test_forthcoming_known_calls_count_too() -> None:
    known = [known_call(n, opens=(NOW + timedelta(days=5)).date()) for n in range(30, 40)]
    assert read(LISTED, known=known).outcome is Outcome.FAILED


@given(listed=st.sets(st.integers(0, 40), min_size=1), stored=st.sets(st.integers(0, 40)))
def test_the_alarm_is_exactly_the_share_of_known_calls_listed_again(
    listed: set[int], stored: set[int]
) -> None:
    run = read([f"{n}|Bidrag {n}" for n in listed], known=[known_call(n) for n in stored])
    alarm = len(listed & stored) < 0.9 * len(stored)
    failed = Outcome.FAILED if len(stored - listed) > 2 else Outcome.DEGRADED
    assert run.outcome is (failed if alarm else Outcome.OK)


def test_a_field_that_known_calls_lost_in_numbers_fails_the_source() -> None:
    known = [known_call(n, budget=Money(amount=Decimal(5), currency="EUR")) for n in range(20)]
    run = read(LISTED, known=known)
    assert_stores_nothing(run)
    assert "20 of 20 known calls have lost their budget" in (run.problem or "")


def test_a_fact_that_one_or_two_known_calls_lost_proves_nothing() -> None:
    known = [known_call(n) for n in range(2, 20)]
    known += [known_call(n, budget=Money(amount=Decimal(5), currency="EUR")) for n in range(2)]
    assert read(LISTED, known=known).outcome is Outcome.OK


def test_an_opening_date_may_go_once_it_has_passed() -> None:
    passed = [known_call(n, opens=(NOW - timedelta(days=1)).date()) for n in range(20)]
    assert read(LISTED, known=passed).outcome is Outcome.OK
    coming = [known_call(n, opens=(NOW + timedelta(days=9)).date()) for n in range(20)]
    assert "20 of 20 known calls have lost their opening date" in (read(LISTED, known=coming).problem or "")


def test_a_known_deadline_is_never_forgotten_through_a_page_without_one() -> None:
    run = read(["0|Bidrag 0|", "1|Bidrag 1", "2|Bidrag 2"], known=[known_call(n) for n in range(3)])
    assert (run.outcome, [c.source_id for c in run.calls]) == (Outcome.DEGRADED, ["D-1", "D-2"])
    assert not run.complete
    assert "'Bidrag 0' had the deadline 2026-12-23" in run.unread[0].why
    everlasting = read(["0|Alltid 0|", "1|Bidrag 1", "2|Bidrag 2"], known=[known_call(n) for n in range(3)])
    assert (everlasting.outcome, len(everlasting.calls)) == (Outcome.OK, 3)


def test_deadlines_that_move_every_which_way_at_once_fail_the_source() -> None:
    known = [known_call(n) for n in range(6)]
    prolonged = read([f"{n}|Bidrag {n}|44" for n in range(6)], known=known)
    assert prolonged.outcome is Outcome.OK
    one = read([*LISTED[:5], "5|Bidrag 5|50"], known=known)
    assert one.outcome is Outcome.OK
    run = read([f"{n}|Bidrag {n}|{35 + 17 * n}" for n in range(6)], known=known)
    assert_stores_nothing(run)
    assert "6 of 6 known calls have other deadlines at once" in (run.problem or "")


def test_a_fill_rate_far_below_the_sources_own_is_said_and_stored() -> None:
    usual = {"deadlines": 1.0, "budget": 0.9, "words": 200.0}
    run = read(LISTED, history=[usual] * 10)
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert "0% of the calls have a budget, usually 90%" in (run.problem or "")
    assert "the calls' texts have 0 words, usually 200" in (run.problem or "")
    assert read(LISTED, history=[usual] * 2).outcome is Outcome.OK  # two runs are no history
    assert read(LISTED, history=[run.fill] * 10).outcome is Outcome.OK


# --- crashed ---------------------------------------------------------------------------------


def test_our_own_bug_is_a_crash_with_traceback_and_stores_nothing() -> None:
    run = read([*LISTED, "crash"])
    assert_stores_nothing(run)
    assert run.outcome is Outcome.CRASHED
    assert "KeyError" in (run.problem or "")
    assert "in parse" in (run.traceback or "")


@pytest.mark.parametrize("where", ["crawl", "split", "parse"])
@pytest.mark.parametrize(
    "error", [ValueError, RecursionError, MemoryError, StopIteration, SkipRecord, UnicodeDecodeError]
)
def test_no_exception_escapes(where: str, error: type[Exception]) -> None:
    def broken(*_: Any) -> Any:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad") if error is UnicodeDecodeError else error("x")

    module = Lines()
    setattr(module, where, broken)
    run = read(LISTED, module=module)
    assert run.calls == ()
    assert run.outcome is (Outcome.FAILED if (where, error) == ("parse", SkipRecord) else Outcome.CRASHED)


def test_being_told_to_stop_is_not_swallowed() -> None:
    class Stopped(Lines):
        def split(self, page: Page) -> list[str]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read(LISTED, module=Stopped())


# --- hostile text ----------------------------------------------------------------------------


def test_a_title_becomes_one_line_without_control_characters() -> None:
    hostile = "Utlysning\r\nBcc: a@b.se\x00\x07\x1b[31m \u202egninsyl\u202c\x85\u2028slut\ud800"
    title = clean(a_call(1, title=hostile)).title
    assert title == "Utlysning Bcc: a@b.se [31m gninsyl slut"


def test_text_keeps_its_lines_and_words_their_letters() -> None:
    call = a_call(1, text="Syfte\r\nÄldre & barn\x00\n\tPunkt", conditions="a\rb", keywords=("a\nb", "blå"))
    cleaned = clean(call)
    assert cleaned.text == "Syfte\nÄldre & barn \n\tPunkt"
    assert (cleaned.conditions, cleaned.keywords) == ("a\nb", ("a b", "blå"))


def test_links_that_are_not_web_addresses_are_left_out() -> None:
    links = ("https://calls.example/a", "javascript:alert(1)", "data:text/html,x")
    assert clean(a_call(1, links=links)).links == links[:1]


@pytest.mark.parametrize("year", [2099, 2100, 9999])
def test_a_deadline_that_stands_for_none_is_not_told_as_a_date(year: int) -> None:
    never = Deadline(at=datetime(year, 1, 1, 23, 59, 59, tzinfo=UTC))
    call = clean(a_call(1, deadlines=(never,)))
    assert (call.deadlines, call.status(NOW)) == ((), Status.UNKNOWN)
    cut_offs = (Deadline(at=NOW + timedelta(days=30)), Deadline(at=NOW + timedelta(days=900)))
    assert clean(a_call(1, deadlines=(*cut_offs, never))).deadlines == cut_offs


def test_an_ordinary_call_is_left_as_it_is() -> None:
    call = a_call(1, text="Syfte\n\nTvå stycken.", keywords=("a",), rate_raw="40 procent")
    call = replace(call, deadlines=(Deadline(at=NOW, raw="23 november"),), applicants_raw="Kommuner")
    assert clean(call) == call


@given(st.text(), st.text(), st.lists(st.text()))
def test_cleaned_text_can_be_stored_and_put_into_a_header(title: str, text: str, keywords: list[str]) -> None:
    try:
        call = clean(a_call(1, title=title, text=text, keywords=tuple(keywords), deadlines=()))
    except ParseError:
        assert not re.search(r"\w", title)
        return
    for line in (call.title, *call.keywords):
        line.encode()
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
    call.text.encode()
    assert "\x00" not in call.text
    assert "\r" not in call.text
    assert clean(call) == call


# --- with the real fetcher -------------------------------------------------------------------


def test_a_run_over_real_sockets_carries_pages_and_unread_pages() -> None:
    class Details(Lines):
        def crawl(self, source: Source, fetch: Any) -> Iterator[Page]:
            yield fetch(source.start_url)
            yield from fetch.each((f"https://calls.example/{n}", {}) for n in range(2))

    body = "\n".join(["Calls", *LISTED]).encode()
    with servers.bad_server() as server:
        server.on("/list", lambda h: h.plain(body))
        server.on("/0", lambda h: h.plain(body))
        server.on("/1", servers.status(404))
        source = a_source()
        with servers.a_fetcher(server, source) as fetch:
            run = run_source(source, Details(), fetch, now=lambda: datetime.now(UTC), known=[])
    assert (run.outcome, len(run.calls)) == (Outcome.DEGRADED, 20)
    assert [p.url for p in run.pages] == ["https://calls.example/list", "https://calls.example/0"]
    assert [u.url for u in run.unread] == ["https://calls.example/1"]
