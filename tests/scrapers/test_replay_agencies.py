"""Vinnova, UHR, MUCF and Kulturrådet against the shared replay of their publishers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.request import urlopen

import pytest

from matcher.domain import END_OF_DAY, Call, Deadline, Fetched, Outcome, SourceRun, Status, Unread
from matcher.scrapers import wording
from matcher.scrapers.run import run_source
from matcher.scrapers.source import Page, load_module, load_sources
from tests.scrapers.layouts import STRANGE, Rewriting, alike
from tests.scrapers.servers import Clock, a_fetcher
from tests.scrapers.test_replay_sources import FAULTS, NOW, Score, counties

HOSTS = {"se_vinnova": "data.vinnova.se", "se_uhr": "www.uhr.se", "se_mucf": "www.mucf.se"}
PAGES = ("se_uhr", "se_mucf")
#: what the page says in a way that only a reader can add up ("seven million for each area")
_UNREADABLE = {
    (
        "budget",
        "https://www.vinnova.se/e/framtidsprototyper-inom-hallbar-mobilitet/gestalta-framtidens-hallbara-losningar-2023-04105/",
    )
}


def run(server: Any, key: str, now: datetime = NOW) -> SourceRun:
    source = load_sources()[key]
    with a_fetcher(server.url, source, clock=Clock(), now=lambda: now) as fetch:
        return run_source(source, load_module(source), fetch, now=lambda: now, known=[])


def written(deadline: Deadline) -> str:
    """The deadline to the minute where a time was given, also when its year is borrowed."""
    given = deadline.at.timetz().replace(tzinfo=None) != END_OF_DAY
    return deadline.at.isoformat(timespec="minutes") if given else deadline.day.isoformat()


def score(calls: tuple[Call, ...], truth: dict[str, Any], now: datetime) -> Score:
    out = Score()
    for call in calls:
        at = call.url
        out.add("precision", at, at in truth, True)
        if at not in truth:
            continue
        want = truth[at]
        status = call.status(now)
        out.add("false open", at, status is Status.OPEN and want["status"] != "open", False)
        # a page that goes on saying "öppnar inom kort" is believed: rather late than falsely open
        soon = call.planned and want["status"] == "open"
        out.add("status", at, str(status), "forthcoming" if soon else want["status"])
        out.add("title", at, call.title, " ".join(want["title"].split()))
        out.add("opens", at, str(call.opens) if call.opens else None, want["opens"])
        out.add("opens precision", at, call.opens_precision, want["opens_precision"])
        out.add("deadlines", at, [written(d) for d in call.deadlines], want["deadlines"])
        precision = call.deadlines[-1].precision.replace("time", "day") if call.deadlines else None
        out.add("deadline precision", at, precision, want["deadline_precision"])
        rate = [float(r * 100) for r in (call.rate_minimum, call.rate_maximum) if r is not None]
        out.add("rate", at, rate or None, want["rate_percent"])
        if want["municipality"] in ("yes", "no", "partner"):
            able = wording.open_to_municipalities(call.applicants)
            out.add("municipality", at, able, want["municipality"] == "yes")
        out.add("geography", at, counties(call.geography), counties(want["geography"]["nuts"]))
        if want["budget"] and ("budget", at) not in _UNREADABLE:
            sums = [m.amount for m in (call.budget, call.grant_minimum, call.grant_maximum) if m]
            out.add("budget", at, want["budget"]["amount"] in sums, True)
    return out


def check(key: str, calls: tuple[Call, ...], server: Any, now: datetime = NOW) -> None:
    """Every listed call and nothing else, and every field as the truth has it."""
    told = server.truth()["sources"][HOSTS.get(key, "www.kulturradet.se")]
    truth = {c["url"]: c for c in told["calls"]}
    assert len({c.source_id for c in calls}) == len(calls)
    assert not {c.url for c in calls} & set(told["not_calls"])
    assert {url for url, c in truth.items() if c["listed"]} - {c.url for c in calls} == set()
    assert score(calls, truth, now).wrong == {}


@pytest.mark.parametrize("layout", [1, 2])
@pytest.mark.parametrize("key", HOSTS)
def test_an_agency_is_read_without_a_mistake(publishers: Callable[..., Any], key: str, layout: int) -> None:
    server = publishers(layout=layout)
    result = run(server, key)
    assert (result.outcome, result.problem) == (Outcome.OK, None)
    check(key, result.calls, server)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-06-20", "2026-09-01", "2026-10-20", "2027-01-10"])
@pytest.mark.parametrize("key", HOSTS)
def test_an_agency_is_read_without_a_mistake_on_other_days(
    publishers: Callable[..., Any], key: str, day: str
) -> None:
    now = datetime.fromisoformat(f"{day}T08:00:00+02:00")
    server = publishers(today=day, layout=2)
    result = run(server, key, now)
    assert (result.outcome, result.problem) == (Outcome.OK, None)
    check(key, result.calls, server, now)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_strange_markup_of_an_agency_changes_nothing(publishers: Callable[..., Any], name: str) -> None:
    from replay_world.layouts import LAYOUTS  # type: ignore[import-not-found]

    base, changes = STRANGE[name]
    plain, strange = publishers(), publishers(layout=9, layouts={9: Rewriting(LAYOUTS[base], *changes)})
    for key in PAGES:
        calls = alike(run(plain, key))
        assert calls
        assert alike(run(strange, key)) == calls


@pytest.mark.parametrize("fault", [*FAULTS, "server_error"])
@pytest.mark.parametrize("key", HOSTS)
def test_an_agency_that_shows_something_else_stores_nothing(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, HOSTS[key])
    result = run(server, key)
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
    assert result.problem


@pytest.mark.parametrize("fault", ["maintenance", "cookie_wall", "login"])
@pytest.mark.parametrize("key", PAGES)
def test_a_wall_behind_the_list_of_an_agency_is_no_call(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, HOSTS[key], after=3)
    assert run(server, key).outcome is Outcome.FAILED


def test_contact_persons_are_not_read(publishers: Callable[..., Any]) -> None:
    calls = run(publishers(), "se_vinnova").calls
    assert calls
    assert "vinnova.example" not in repr(calls)
    assert "Exempelsson" not in repr(calls)


class Visitor:
    """Reads the loopback server as a visitor's browser does, to measure split and parse alone."""

    pages: tuple[Fetched, ...] = ()
    failures: tuple[Unread, ...] = ()

    def __init__(self, server: Any) -> None:
        self.server = server

    def __call__(self, url: str, *, notes: Mapping[str, Any] | None = None, **_: Any) -> Page:
        with urlopen(self.server.address(url)) as answer:
            return Page(url, answer.read(), NOW, notes=notes or {})

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        for url, notes in pages:
            yield self(url, notes=notes)


def visited(server: Any, now: datetime = NOW) -> SourceRun:
    source = load_sources()["se_kulturradet"]
    return run_source(source, load_module(source), Visitor(server), now=lambda: now, known=[])


@pytest.mark.parametrize("layout", [1, 2])
def test_the_pages_of_kulturradet_are_read_without_a_mistake(
    publishers: Callable[..., Any], layout: int
) -> None:
    server = publishers(layout=layout)
    result = visited(server)
    assert (result.outcome, result.problem) == (Outcome.OK, None)
    check("se_kulturradet", result.calls, server)


@pytest.mark.parametrize("day", ["2026-06-20", "2026-09-01", "2026-10-20", "2027-01-10"])
def test_the_pages_of_kulturradet_are_read_on_other_days(publishers: Callable[..., Any], day: str) -> None:
    now = datetime.fromisoformat(f"{day}T08:00:00+02:00")
    server = publishers(today=day, layout=2)
    check("se_kulturradet", visited(server, now).calls, server, now)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_strange_markup_of_kulturradet_changes_nothing(publishers: Callable[..., Any], name: str) -> None:
    from replay_world.layouts import LAYOUTS

    base, changes = STRANGE[name]
    strange = publishers(layout=9, layouts={9: Rewriting(LAYOUTS[base], *changes)})
    assert alike(visited(strange)) == alike(visited(publishers()))


@pytest.mark.parametrize("fault", FAULTS)
def test_other_pages_than_kulturradets_are_no_calls(publishers: Callable[..., Any], fault: str) -> None:
    server = publishers()
    server.fault(fault, "www.kulturradet.se")
    result = visited(server)
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
    assert result.problem


def test_a_list_that_robots_txt_covers_is_not_read(publishers: Callable[..., Any]) -> None:
    """The publisher says Disallow: /sok, and the list is /sok-bidrag/."""
    server = publishers()
    result = run(server, "se_kulturradet")
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
    assert "robots.txt" in (result.problem or "")
    asked = [e["path"] for e in server.log.entries if e["host"] == "www.kulturradet.se"]
    assert set(asked) <= {"/robots.txt"}
