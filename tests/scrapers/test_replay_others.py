"""ICLD, Svenska institutet, EuroAccess and four more against the shared replay of their publishers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from matcher.domain import Outcome
from matcher.errors import ParseError
from matcher.scrapers import feed
from matcher.scrapers.source import Page, load_sources
from tests.scrapers import test_replay_sources as others
from tests.scrapers.layouts import STRANGE, Rewriting, alike
from tests.scrapers.test_replay_sources import FAULTS, NOW, call_key, run, score, truth_key

SWEDISH = (
    "se_icld",
    "se_si",
    "se_viablecities",
    "se_boverket",
    "se_lansstyrelsen",
    "se_folkhalsomyndigheten",
)
KEYS = (*SWEDISH, "euro_access")


@pytest.fixture(autouse=True)
def swedish_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The helpers identify these sources' calls by address and title."""
    monkeypatch.setattr(others, "SWEDISH", SWEDISH)


def host(key: str) -> str:
    return urlsplit(load_sources()[key].start_url).hostname or ""


def check(key: str, result: Any, server: Any, now: datetime = NOW) -> None:
    """Every listed call and nothing else, and every field as the truth has it."""
    told = server.truth()["sources"][host(key)]
    truth = {truth_key(key, c): c for c in told["calls"]}
    assert (result.outcome, result.problem, result.unread) == (Outcome.OK, None, ())
    assert not {c.url for c in result.calls} & set(told["not_calls"])
    listed = {k for k, c in truth.items() if c["listed"]}
    assert {call_key(key, c, truth) for c in result.calls} == listed
    # a closed page of Svenska institutet gives the time of day that the truth has only while it is closed
    wrong = score(key, result.calls, truth, now).wrong
    exact = [w for w in wrong.get("deadlines", []) if [d[:10] for d in w[1]] != [d[:10] for d in w[2]]]
    assert {**wrong, "deadlines": exact} == {"deadlines": []}
    assert now != NOW or wrong == {}
    for call in result.calls:
        want = truth[call_key(key, call, truth)]
        assert str(call.status(now)) == want["status"]


@pytest.mark.parametrize("layout", [1, 2])
@pytest.mark.parametrize("key", KEYS)
def test_a_publisher_is_read_without_a_mistake(publishers: Callable[..., Any], key: str, layout: int) -> None:
    server = publishers(layout=layout)
    check(key, run(server, key), server)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-06-20", "2026-09-01", "2026-10-20", "2027-01-10", "2027-03-01"])
def test_publishers_are_read_without_a_mistake_on_other_days(
    publishers: Callable[..., Any], day: str
) -> None:
    now = datetime.fromisoformat(f"{day}T08:00:00+02:00")
    server = publishers(today=day, layout=2)
    for key in KEYS:
        check(key, run(server, key, now), server, now)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_strange_markup_of_a_publisher_changes_nothing(publishers: Callable[..., Any], name: str) -> None:
    from replay_world.layouts import LAYOUTS  # type: ignore[import-not-found]

    base, changes = STRANGE[name]
    plain, strange = publishers(), publishers(layout=9, layouts={9: Rewriting(LAYOUTS[base], *changes)})
    for key in KEYS:
        calls = alike(run(plain, key))
        assert calls
        assert alike(run(strange, key)) == calls


@pytest.mark.slow
@pytest.mark.parametrize("fault", [*FAULTS, "server_error"])
@pytest.mark.parametrize("key", KEYS)
def test_a_publisher_that_shows_something_else_stores_nothing(
    publishers: Callable[..., Any], key: str, fault: str
) -> None:
    server = publishers()
    server.fault(fault, host(key))
    result = run(server, key)
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())
    assert result.problem


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["maintenance", "cookie_wall", "login"])
@pytest.mark.parametrize("key", KEYS)
def test_a_wall_behind_the_list_is_no_call(publishers: Callable[..., Any], key: str, fault: str) -> None:
    server = publishers()
    server.fault(fault, host(key), after=2)
    result = run(server, key)
    assert (result.outcome, result.calls) == (Outcome.FAILED, ())


def test_a_table_of_which_only_the_first_page_comes_is_noticed(publishers: Callable[..., Any]) -> None:
    server = publishers()
    server.fault("page_one_only", host("euro_access"))
    assert run(server, "euro_access").problem == (
        "https://www.euro-access.eu/en/calls: 29 results reported, found 10"
    )


def test_only_the_aggregator_is_a_cross_check() -> None:
    assert [key for key, source in load_sources().items() if source.cross_check] == ["euro_access"]
    assert load_sources()["euro_access"].frequency == "weekly"


def test_a_call_that_only_the_feed_has_is_read(publishers: Callable[..., Any]) -> None:
    """The list of ICLD holds articles; the feed gives the same addresses, each once."""
    server = publishers()
    urls = [c.url for c in run(server, "se_icld").calls]
    asked = [e["path"] for e in server.log.entries if e["host"] == "icld.se"]
    assert "/feed/" in asked
    assert len(asked) == len(set(asked))
    assert len(urls) == len(set(urls))


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Nytt</title>
<item><title>Sök  medel</title><link>/artikel/sok/</link><pubDate>Mon, 01 Feb 2027 12:00:00 +0000</pubDate>
<description><![CDATA[<p>Nu kan ni <b>ansöka</b>.</p>]]></description></item>
<item><title>Utan adress</title><link>javascript:alert(1)</link></item>
<item><title>Utan dag</title><link>https://example.org/b/</link><pubDate>igår</pubDate></item>
</channel></rss>"""


def test_a_feed_gives_title_address_words_and_day() -> None:
    items = feed.items(Page("https://example.org/feed/", RSS.encode(), NOW))
    assert [(i.title, i.url, i.text, str(i.published)) for i in items] == [
        ("Sök medel", "https://example.org/artikel/sok/", "Nu kan ni ansöka.", "2027-02-01"),
        ("Utan dag", "https://example.org/b/", "", "None"),
    ]


@pytest.mark.parametrize("body", [RSS[:300], "<!DOCTYPE html><html><h1>Underhåll</h1></html>", ""])
def test_what_is_no_complete_feed_is_an_error(body: str) -> None:
    with pytest.raises(ParseError, match="not a complete feed"):
        feed.items(Page("https://example.org/feed/", body.encode(), NOW))
