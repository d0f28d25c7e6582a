"""What publishers see in their logs when the whole fleet is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from matcher import jobs
from matcher.domain import Outcome
from tests import fleet
from tests.fleet import NOW
from tests.scrapers.servers import bad_server, status

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), fleet.needs_replay]

#: a second of the fetcher is a fifth of the server's
FASTER = 5.0
FORBIDDEN = ("/sok", "/login", "/admin/")

Log = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Log]:
    """What each host saw in two readings of the whole fleet, the second on the next day."""
    folder = tmp_path_factory.mktemp("polite")
    seen: list[Log] = []
    with (
        fleet.publishers() as publishers,
        fleet.faster(FASTER),
        fleet.installation(
            folder, publishers.url, f"sqlite:///{folder / 'matcher.db'}", permissions={}
        ) as installation,
    ):
        for day in (0, 1):
            publishers.forget()
            runs = fleet.read_all(installation, NOW + timedelta(days=day))
            assert {key for key, run in runs.items() if run.outcome is not Outcome.OK} == {"se_kulturradet"}
            hosts: Log = defaultdict(list)
            for entry in publishers.log():
                hosts[entry["host"]].append(entry)
            seen.append(hosts)
    return seen[0], seen[1]


def requests(log: Log) -> Iterator[dict[str, Any]]:
    for entries in log.values():
        yield from entries


def test_every_publisher_is_read(logs):
    first, _ = logs
    assert len(first) >= 19
    assert sum(len(entries) for entries in first.values()) > 150


def test_no_host_ever_has_two_requests_at_once(logs):
    for log in logs:
        assert [entry for entry in requests(log) if entry["under_way"] != 1] == []


def test_a_second_passes_between_two_requests_to_a_host(logs):
    """Both the configured delay and the Crawl-delay of the replay's robots.txt are one second."""
    for log in logs:
        for entries in log.values():
            gaps = [after["time"] - before["time"] for before, after in pairwise(entries)]
            assert all(gap * FASTER >= 1.0 for gap in gaps), entries[0]["host"]


def test_robots_txt_comes_first_once_and_is_obeyed(logs):
    for log in logs:
        for host, entries in log.items():
            paths = [entry["path"] for entry in entries]
            assert paths[0] == "/robots.txt", host
            assert paths.count("/robots.txt") == 1, host
            assert not [path for path in paths if path.startswith(FORBIDDEN)], host
        assert [entry["path"] for entry in log["www.kulturradet.se"]] == ["/robots.txt"]


def test_every_request_says_who_asks_and_takes_one_gzip(logs):
    for log in logs:
        for entry in requests(log):
            assert entry["user_agent"].startswith("EUCallMatcher/")
            assert "(+https://example.org/matcher)" in entry["user_agent"]
            assert entry["accept_encoding"] == "gzip"


def test_the_second_day_asks_whether_pages_have_changed_and_gets_no_bodies(logs):
    first, second = logs
    had = {(e["host"], e["path"], e["query"]) for e in requests(first) if e["status"] == 200}
    again = [
        entry
        for entry in requests(second)
        if entry["method"] == "GET"
        and entry["path"] != "/robots.txt"
        and (entry["host"], entry["path"], entry["query"]) in had
    ]
    assert len(again) > 100
    assert [entry for entry in again if not entry["conditional"]] == []
    assert {(entry["status"], entry["bytes"]) for entry in again} == {(304, 0)}


def test_a_publisher_that_asks_for_two_seconds_gets_them(tmp_path):
    with (
        fleet.publishers() as publishers,
        fleet.faster(FASTER),
        fleet.installation(tmp_path, publishers.url, f"sqlite:///{tmp_path / 'matcher.db'}") as installation,
    ):
        source = installation.sources["se_mucf"]
        publishers.fault("rate_limited", source, times=2)
        (run,) = jobs.scrape(installation, [source], clock=lambda: NOW)
        assert run.outcome is Outcome.OK
        pairs = [
            (before, after)
            for before, after in pairwise([e for e in publishers.log() if e["host"] == "www.mucf.se"])
            if before["status"] == 429
        ]
        assert len(pairs) == 2
        assert all((after["time"] - before["time"]) * FASTER >= 2.0 for before, after in pairs)


def test_nothing_is_fetched_while_robots_txt_answers_500(tmp_path):
    with (
        bad_server() as server,
        fleet.without_waiting(),
        fleet.installation(tmp_path, server.url, f"sqlite:///{tmp_path / 'matcher.db'}") as installation,
    ):
        hosts = {host for source in installation.sources.values() for host in source.allowed_hosts}
        for host in hosts:
            server.on("/robots.txt", status(500), host)
        runs = fleet.read_all(installation, NOW)
        assert {run.outcome for run in runs.values()} == {Outcome.FAILED}
        assert all("robots.txt could not be read" in str(run.problem) for run in runs.values())
        assert server.asked(robots=True)
        assert server.asked() == []
