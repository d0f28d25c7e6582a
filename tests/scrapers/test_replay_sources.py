"""Every source against the shared replay of its publisher, scored with a perfect scraper's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from matcher.domain import STOCKHOLM, Call, Outcome, SourceRun, Status
from matcher.scrapers import wording
from matcher.scrapers.run import run_source
from matcher.scrapers.source import load_module, load_sources
from tests.scrapers.layouts import STRANGE, Rewriting, alike
from tests.scrapers.servers import Clock, a_fetcher

HOSTS = {
    "eu_portal": "api.tech.ec.europa.eu",
    "interreg_eu": "www.interreg.eu",
    "se_esf": "www.esf.se",
    "se_tillvaxtverket": "tillvaxtverket.se",
}
SWEDISH = ("se_esf", "se_tillvaxtverket")
NOW = datetime(2026, 8, 10, 8, 0, tzinfo=STOCKHOLM)
_OPEN = ("open", "forthcoming")


def run(server: Any, key: str, now: datetime = NOW) -> SourceRun:
    source = load_sources()[key]
    with a_fetcher(server.url, source, clock=Clock(), now=lambda: now) as fetch:
        return run_source(source, load_module(source), fetch, now=lambda: now, known=[])


@dataclass
class Score:
    """Right and wrong answers per field."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, name: str, key: Any, got: Any, want: Any) -> None:
        if got == want:
            self.right[name] += 1
        else:
            self.wrong.setdefault(name, []).append((key, got, want))

    def share(self, name: str) -> float:
        wrong = len(self.wrong.get(name, []))
        return self.right[name] / ((self.right[name] + wrong) or 1)


def counties(codes: Any) -> set[str]:
    """NUTS codes with areas taken apart, since an area and all its counties say the same."""
    members = wording._places()[2]
    return {c for code in codes for c in members.get(code, {code})}


def truth_key(key: str, call: dict[str, Any]) -> Any:
    return (call["url"], call["title"], call["opens"]) if key in SWEDISH else call["id"]


def call_key(key: str, call: Call, truth: dict[Any, Any]) -> Any:
    if key not in SWEDISH:
        return call.source_id
    # entries of a plan page may share their title; a month is only as exact as its page
    same = [k for k in truth if k[:2] == (call.url, call.title)]
    return min(same, key=lambda k: k[2] != str(call.opens), default=(call.url, call.title, None))


def score(key: str, calls: tuple[Call, ...], truth: dict[Any, Any], now: datetime) -> Score:
    out = Score()
    for call in calls:
        at = call_key(key, call, truth)
        out.add("precision", at, at in truth, True)
        if at not in truth:
            continue
        want = truth[at]
        status = call.status(now)
        out.add("false open", at, status is Status.OPEN and want["status"] not in _OPEN, False)
        out.add(
            "status",
            at,
            str(status),
            want["status"] if call.deadlines or call.opens_precision != "day" else str(status),
        )
        whole = 7 if call.opens_precision and "month" in call.opens_precision else 10
        out.add(
            "opens",
            at,
            str(call.opens)[:whole] if call.opens else None,
            want["opens"] and want["opens"][:whole],
        )
        monthly = (want["deadline_precision"] or "").startswith("month")
        ends = [d.iso[:7] if monthly else d.iso[:16] for d in call.deadlines]
        out.add("deadlines", at, ends, [d[:7] if monthly else d[:16] for d in want["deadlines"]])
        precision = call.deadlines[-1].precision.replace("time", "day") if call.deadlines else None
        out.add("deadline precision", at, precision, want["deadline_precision"])
        if key in SWEDISH:
            rate = [float(r * 100) for r in (call.rate_minimum, call.rate_maximum) if r is not None]
            out.add("rate", at, rate or None, want["rate_percent"])
        if want["municipality"] in ("yes", "no", "partner"):
            out.add(
                "municipality",
                at,
                wording.open_to_municipalities(call.applicants),
                want["municipality"] == "yes",
            )
        if key != "eu_portal":
            out.add("geography", at, counties(call.geography), counties(want["geography"]["nuts"]))
        if want["budget"]:
            sums = [m.amount for m in (call.budget, call.grant_minimum, call.grant_maximum) if m]
            out.add("budget", at, want["budget"]["amount"] in sums, True)
        out.add("title", at, call.title, " ".join(want["title"].split()))
        out.add("url", at, call.url, want["url"])
    return out


def check(key: str, result: SourceRun, server: Any, now: datetime = NOW) -> None:
    """Recall and precision, and every field, are as good as the promise."""
    told = server.truth()["sources"][HOSTS[key]]
    truth = {truth_key(key, c): c for c in told["calls"]}
    assert (result.outcome, result.problem) == (Outcome.OK, None)
    assert not {c.url for c in result.calls} & set(told["not_calls"])
    found = {call_key(key, c, truth) for c in result.calls}
    missing = {k for k, c in truth.items() if c["listed"] and c["status"] in _OPEN} - found
    assert missing == set()
    scores = score(key, result.calls, truth, now)
    assert scores.wrong.get("false open", []) == []
    shares = {name: scores.share(name) for name in scores.right}
    exact = {"precision", "status", "opens", "deadlines", "deadline precision", "title", "url"}
    low = {n: scores.wrong[n][:3] for n, share in shares.items() if share < (0.98 if n in exact else 0.95)}
    assert low == {}, shares


@pytest.mark.parametrize("layout", [1, 2])
@pytest.mark.parametrize("key", [*SWEDISH, "interreg_eu"])
def test_a_source_reads_its_publisher(publishers: Callable[..., Any], key: str, layout: int) -> None:
    server = publishers(layout=layout)
    check(key, run(server, key), server)


@pytest.mark.slow
def test_the_portal_is_read_completely(publishers: Callable[..., Any]) -> None:
    server = publishers()
    check("eu_portal", run(server, "eu_portal"), server)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_strange_markup_changes_nothing(publishers: Callable[..., Any], name: str) -> None:
    from replay_world.layouts import LAYOUTS  # type: ignore[import-not-found]

    base, changes = STRANGE[name]
    plain, strange = publishers(), publishers(layout=9, layouts={9: Rewriting(LAYOUTS[base], *changes)})
    for key in (*SWEDISH, "interreg_eu"):
        calls = alike(run(plain, key))
        assert calls
        assert alike(run(strange, key)) == calls


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-06-20", "2026-09-01", "2026-10-20", "2027-01-10"])
def test_a_source_reads_its_publisher_on_other_days(publishers: Callable[..., Any], day: str) -> None:
    now = datetime.fromisoformat(f"{day}T08:00:00+02:00")
    server = publishers(today=day, layout=2)
    for key in SWEDISH:
        result = run(server, key, now)
        told = server.truth()["sources"][HOSTS[key]]
        truth = {truth_key(key, c): c for c in told["calls"]}
        scores = score(key, result.calls, truth, now)
        assert result.outcome is Outcome.OK, result.problem
        for name in ("precision", "false open", "opens", "deadlines", "rate", "geography", "municipality"):
            assert scores.wrong.get(name, []) == [], name


FAULTS = [
    "maintenance",
    "cookie_wall",
    "login",
    "empty_list",
    "truncated_json",
    "dates_in_other_format",
    "column_dropped",
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("key", [*SWEDISH, "interreg_eu"])
def test_a_publisher_that_shows_something_else_stores_nothing(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, "2e032drcns-dsn.algolia.net" if key == "interreg_eu" else HOSTS[key])
    result = run(server, key)
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
    assert result.problem


@pytest.mark.parametrize("key", [*SWEDISH, "interreg_eu"])
def test_a_wall_in_the_middle_of_a_run_is_no_call(publishers: Callable[..., Any], key: str) -> None:
    server = publishers()
    server.fault("maintenance", HOSTS[key], after=3)
    assert run(server, key).outcome is Outcome.FAILED


@pytest.mark.parametrize("key", SWEDISH)
def test_bytes_in_an_old_charset_are_read(publishers: Callable[..., Any], key: str) -> None:
    server = publishers()
    plain = run(server, key).calls
    server.fault("wrong_charset", HOSTS[key])
    assert [c.title for c in run(server, key).calls] == [c.title for c in plain]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["page_one_only", "empty_list", "truncated_json", "column_dropped"])
def test_a_portal_that_shows_less_stores_nothing(publishers: Callable[..., Any], fault: str) -> None:
    server = publishers()
    server.fault(fault, HOSTS["eu_portal"])
    result = run(server, "eu_portal")
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
