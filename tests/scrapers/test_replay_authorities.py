"""Four authorities (farming, AMIF, energy, environment) against the shared replay of their publishers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from matcher.domain import Outcome, SourceRun, Status
from tests.scrapers import test_replay_sources as others
from tests.scrapers.layouts import STRANGE, Rewriting, alike
from tests.scrapers.test_replay_sources import FAULTS, NOW, call_key, run, score, truth_key

HOSTS = {
    "se_jordbruksverket": "jordbruksverket.se",
    "se_amif": "www.migrationsverket.se",
    "se_energimyndigheten": "www.energimyndigheten.se",
    "se_naturvardsverket": "www.naturvardsverket.se",
}
LISTED = tuple(key for key in HOSTS if key != "se_amif")  # a list with a page for each call


@pytest.fixture(autouse=True)
def swedish_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helpers identify these sources' calls by address and title too."""
    monkeypatch.setattr(others, "SWEDISH", tuple(HOSTS))


def check(key: str, result: SourceRun, server: Any, now: datetime) -> None:
    """Every listed call and nothing else, and every field as the truth has it."""
    told = server.truth()["sources"][HOSTS[key]]
    for call in told["calls"]:  # the truth numbers the entries of the plan; the page has no such anchors
        call["url"] = call["url"].partition("#")[0]
    truth = {truth_key(key, c): c for c in told["calls"]}
    assert (result.outcome, result.problem, result.unread) == (Outcome.OK, None, ())
    assert not {c.url for c in result.calls} & set(told["not_calls"])
    assert {k for k, c in truth.items() if c["listed"]} - {
        call_key(key, c, truth) for c in result.calls
    } == set()
    assert score(key, result.calls, truth, now).wrong == {}
    for call in result.calls:
        want = truth[call_key(key, call, truth)]
        assert call.opens_precision == want["opens_precision"]
        if call.deadlines:
            assert str(call.status(now)) == want["status"]


@pytest.mark.parametrize("layout", [1, 2])
@pytest.mark.parametrize("key", HOSTS)
def test_an_authority_is_read_without_a_mistake(
    publishers: Callable[..., Any], key: str, layout: int
) -> None:
    server = publishers(layout=layout)
    check(key, run(server, key), server, NOW)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-06-20", "2026-09-01", "2026-10-20", "2027-01-10"])
@pytest.mark.parametrize("key", HOSTS)
def test_an_authority_is_read_without_a_mistake_on_other_days(
    publishers: Callable[..., Any], key: str, day: str
) -> None:
    now = datetime.fromisoformat(f"{day}T08:00:00+02:00")
    server = publishers(today=day, layout=2)
    check(key, run(server, key, now), server, now)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_strange_markup_of_an_authority_changes_nothing(publishers: Callable[..., Any], name: str) -> None:
    from replay_world.layouts import LAYOUTS  # type: ignore[import-not-found]

    base, changes = STRANGE[name]
    plain, strange = publishers(), publishers(layout=9, layouts={9: Rewriting(LAYOUTS[base], *changes)})
    for key in HOSTS:
        calls = alike(run(plain, key))
        assert calls
        assert alike(run(strange, key)) == calls


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*FAULTS, "server_error"])
@pytest.mark.parametrize("key", HOSTS)
def test_an_authority_that_shows_something_else_stores_nothing(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, HOSTS[key])
    result = run(server, key)
    assert (result.outcome, result.calls, result.traceback) == (Outcome.FAILED, (), None)
    assert result.problem


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["maintenance", "cookie_wall", "login", "column_dropped"])
@pytest.mark.parametrize("key", LISTED)
def test_a_wall_behind_the_list_of_an_authority_is_no_call(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, HOSTS[key], after=3)
    assert run(server, key).outcome is Outcome.FAILED


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["withdrawn", "half_missing", "page_one_only", "deadline_moved"])
@pytest.mark.parametrize("key", HOSTS)
def test_an_authority_that_shows_less_or_new_dates_gives_no_false_open_call(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, HOSTS[key])
    told = server.truth()["sources"][HOSTS[key]]["calls"]
    opened = {c["title"]: c["deadlines"] for c in told if c["status"] == "open"}
    found = run(server, key).calls
    shown = {c.title: [d.iso[:16] for d in c.deadlines] for c in found if c.status(NOW) is Status.OPEN}
    assert shown
    assert shown == {t: [d[:16] for d in opened[t]] for t in shown}


@pytest.mark.parametrize("key", HOSTS)
def test_bytes_of_an_authority_in_an_old_charset_are_read(publishers: Callable[..., Any], key: str) -> None:
    server = publishers()
    plain = run(server, key).calls
    server.fault("wrong_charset", HOSTS[key])
    assert [c.title for c in run(server, key).calls] == [c.title for c in plain]
