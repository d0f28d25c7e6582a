"""The fetcher against the transport faults of the shared replay server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import FetchError, ParseError
from matcher.scrapers.fetch import HostQueue
from tests.scrapers.servers import a_fetcher, a_source

REPLAY = Path(__file__).parents[2].parent / "shared" / "replay"
pytestmark = pytest.mark.skipif(not REPLAY.is_dir(), reason="the shared replay server is not here")

LIST = "https://www.kulturradet.se/"
JSON = "https://data.vinnova.se/api/ansokningsomgangar/2024-01-01"


@pytest.fixture(scope="module")
def replay() -> Iterator[Any]:
    sys.path.insert(0, str(REPLAY))
    try:
        from replay import ReplayServer  # type: ignore[import-not-found]

        with ReplayServer(today="2026-08-10") as server:
            yield server
    finally:
        sys.path.remove(str(REPLAY))


@pytest.fixture
def server(replay: Any) -> Iterator[Any]:
    replay.log.clear()
    yield replay
    replay.fault("none")


def source(url: str, **http: Any) -> Any:
    limits = {"timeout_s": 5, "deadline_s": 20, "delay_s": 0, **http}
    return a_source(start_url=url, http=limits)


@pytest.mark.parametrize(
    ("kind", "http", "says"),
    [
        ("server_error", {}, "answers 500"),
        ("slow_drip", {"deadline_s": 0.8}, r"within 0\.8 s"),
        ("stall", {"deadline_s": 0.8}, r"within 0\.8 s"),
        ("endless", {"max_bytes": 2**20}, "longer than 1 MiB"),
        ("gzip_bomb", {}, "longer than 15 MiB"),
        ("double_gzip_bomb", {}, "gzip, gzip"),
        ("redirect_offsite", {}, r"redirects to https://parked\.example/landing"),
        ("redirect_loop", {}, "more than 5"),
    ],
)
def test_transport_faults_end_as_one_clear_error_in_time(
    server: Any, kind: str, http: dict[str, Any], says: str
) -> None:
    unhurried = HostQueue(sleep=lambda _: None)  # real deadlines, no pauses
    with a_fetcher(server.url, source(LIST, **http), queue=unhurried) as fetch:
        assert len(fetch(LIST).body) > 400  # healthy before
        server.fault(kind)
        begin = time.monotonic()
        with pytest.raises(FetchError, match=says) as caught:
            fetch(LIST)
        assert time.monotonic() - begin < 10
        assert caught.value.url.startswith(LIST)
        server.fault("none")
        assert len(fetch(LIST).body) > 400  # and after


def test_a_rate_limit_is_waited_out(server: Any) -> None:
    server.fault("rate_limited", times=1)
    with a_fetcher(server.url, source(LIST), queue=HostQueue()) as fetch:
        begin = time.monotonic()
        fetch(LIST)
        assert time.monotonic() - begin >= 2


def test_a_rate_limit_that_does_not_end_is_an_error(server: Any) -> None:
    server.fault("rate_limited", times=4)
    with a_fetcher(server.url, source(LIST)) as fetch, pytest.raises(FetchError, match="429"):
        fetch(LIST)


def test_three_answers_of_too_many_requests_are_got_over(server: Any) -> None:
    server.fault("rate_limited")  # for three requests
    with a_fetcher(server.url, source(LIST)) as fetch:
        assert len(fetch(LIST).body) > 400


def test_truncated_json_is_not_taken_for_data(server: Any) -> None:
    server.fault("truncated_json")
    with a_fetcher(server.url, source(JSON)) as fetch, pytest.raises(ParseError, match="not valid JSON"):
        print(fetch(JSON).json)  # noqa: T201


def test_the_second_run_gets_no_body_and_counts_the_same_pages(server: Any) -> None:
    url = "https://www.energimyndigheten.se/"
    with a_fetcher(server.url, source(url)) as first:
        first(url)
    with a_fetcher(server.url, source(url), cached={p.url: p for p in first.pages}) as second:
        page = second(url)
        second(url)  # by now the server has logged the one before
    assert [p.body for p in second.pages] == [p.body for p in first.pages] * 2
    assert page.body == first.pages[0].body
    statuses = [e["status"] for e in server.log.entries if e["host"] in url and e["path"] == "/"]
    assert statuses[:2] == [200, 304]


def test_the_servers_log_shows_one_request_at_a_time_with_pauses(server: Any) -> None:
    """The server asks for a crawl delay of one second, which outdoes our own."""
    url = "https://www.mucf.se/"  # of the other host, answers to earlier tests may still be under way
    with a_fetcher(server.url, source(url), delay=0.1, queue=HostQueue()) as fetch:
        fetch(url)
        fetch(url)
    entries = sorted((e for e in server.log.entries if e["host"] in url), key=lambda e: e["time"])
    assert all(e["under_way"] == 1 for e in entries)
    assert [e["path"] for e in entries[:2]] == ["/robots.txt", "/"]  # the last may not be logged yet
    assert all(after["time"] - before["time"] >= 0.99 for before, after in pairwise(entries))
