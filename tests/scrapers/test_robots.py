"""What robots.txt may decide (RFC 9309), over real sockets."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from matcher.errors import FetchError
from tests.scrapers import servers
from tests.scrapers.servers import HOST, PAGE, BadServer, Clock, Handler, a_fetcher, a_source

LIST = f"https://{HOST}/list"


@pytest.fixture
def server() -> Iterator[BadServer]:
    with servers.bad_server() as running:
        yield running


def rules(text: str) -> servers.Answer:
    return lambda h: h.plain(text.encode())


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_no_robots_txt_means_everything_is_allowed(server: BadServer, code: int) -> None:
    server.on("/robots.txt", servers.status(code))
    with a_fetcher(server) as fetch:
        assert fetch(LIST).body == PAGE


@pytest.mark.parametrize("code", [500, 503, 429, 408])
def test_a_broken_robots_txt_means_nothing_is_fetched(server: BadServer, code: int) -> None:
    server.on("/robots.txt", servers.status(code))
    with a_fetcher(server) as fetch:
        for path in ("list", "other"):
            with pytest.raises(FetchError, match=r"robots\.txt could not be read"):
                fetch(f"https://{HOST}/{path}")
    assert server.asked() == []
    assert len(server.asked(robots=True)) == 4  # three retries, once per run


@pytest.mark.parametrize(
    "answer", [servers.short, servers.redirect("https://parked.example/"), servers.redirect("/robots.txt")]
)
def test_an_unreachable_robots_txt_means_nothing_is_fetched(
    server: BadServer, answer: servers.Answer
) -> None:
    server.on("/robots.txt", answer)
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match=r"robots\.txt could not be read"):
        fetch(LIST)
    assert server.asked() == []


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: *\nDisallow: /list\n", False),
        ("User-agent: *\nDisallow: /\n", False),
        ("User-agent: *\nDisallow: /*.pdf$\n", True),
        ("User-agent: *\nDisallow:\n", True),
        ("User-agent: eucallmatcher\nDisallow: /\n\nUser-agent: *\nAllow: /\n", False),
        ("User-agent: EUCallMatcher\nAllow: /list\n\nUser-agent: *\nDisallow: /\n", True),
        ("User-agent: GPTBot\nDisallow: /\n", True),
        ("<!DOCTYPE html><p>Sidan finns inte</p>", True),
        ("", True),
        ("\ufeffUser-agent: *\nDisallow: /list", False),
    ],
)
def test_the_rules_are_obeyed(server: BadServer, text: str, allowed: bool) -> None:
    server.on("/robots.txt", rules(text))
    with a_fetcher(server) as fetch:
        if allowed:
            assert fetch(LIST).body == PAGE
        else:
            with pytest.raises(FetchError, match="does not let EUCallMatcher"):
                fetch(LIST)
    assert len(server.asked()) == allowed


def test_the_rules_hold_for_where_a_redirect_leads(server: BadServer) -> None:
    server.on("/robots.txt", rules("User-agent: *\nDisallow: /secret\n"))
    server.on("/list", servers.redirect("/secret"))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match=r"/secret.*does not let"):
        fetch(LIST)
    assert len(server.asked()) == 1


def test_with_permission_the_prohibitions_do_not_hold_but_the_pause_does(server: BadServer) -> None:
    server.on("/robots.txt", rules("User-agent: *\nDisallow: /\nCrawl-delay: 7\n"))
    clock = Clock()
    with a_fetcher(server, clock=clock, permitted=True) as fetch:
        assert fetch(LIST).body == PAGE
        assert fetch(LIST).body == PAGE
    assert clock.slept[-1] == 7


def test_a_broken_robots_txt_stops_us_with_permission_too(server: BadServer) -> None:
    server.on("/robots.txt", servers.status(503))
    with a_fetcher(server, permitted=True) as fetch, pytest.raises(FetchError, match="could not be read"):
        fetch(LIST)


def test_the_rules_hold_for_searches(server: BadServer) -> None:
    server.on("/robots.txt", rules("User-agent: *\nDisallow: /search\n"))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="does not let"):
        fetch(f"https://{HOST}/search", json={})


def test_every_host_is_asked_once_per_run(server: BadServer) -> None:
    with a_fetcher(server, a_source(hosts=["other.example"])) as fetch:
        for host in (HOST, "other.example", HOST):
            fetch(f"https://{host}/list")
    assert [s.path for s in server.asked(robots=True)] == [f"/{HOST}/robots.txt", "/other.example/robots.txt"]


def test_robots_txt_may_be_redirected(server: BadServer) -> None:
    server.on("/robots.txt", servers.redirect("/other/robots.txt"))
    server.on("/other/robots.txt", rules("User-agent: *\nDisallow: /list"))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="does not let"):
        fetch(LIST)


@pytest.mark.parametrize(("wanted", "pause"), [("5", 5), ("0.5", 2), ("86400", 30), ("-1", 2), ("soon", 2)])
def test_the_crawl_delay_is_respected_up_to_half_a_minute(
    server: BadServer, wanted: str, pause: float
) -> None:
    server.on("/robots.txt", rules(f"User-agent: *\nCrawl-delay: {wanted}\n"))
    clock = Clock()
    with a_fetcher(server, clock=clock, delay=2) as fetch:
        fetch(LIST)
        fetch(f"https://{HOST}/2")
    assert clock.slept == [pause] * 2


def test_an_endless_robots_txt_is_read_as_far_as_the_standard_asks(server: BadServer) -> None:
    def endless(h: Handler) -> None:
        h.close_connection = True
        h.head(Connection="close")
        h.raw(b"User-agent: *\nDisallow: /list\n")
        while not h.server.closing.is_set():
            h.raw(b"# nothing\n" * 1000)

    server.on("/robots.txt", endless)
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="does not let"):
        fetch(LIST)


def test_a_packed_robots_txt_of_any_size_is_read(server: BadServer) -> None:
    text = b"User-agent: *\nDisallow: /list\n" + b"# nothing\n" * 10**6
    server.on("/robots.txt", servers.packed(gzip.compress(text), "gzip"))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="does not let"):
        fetch(LIST)


def test_a_slow_robots_txt_does_not_eat_the_pages_time(server: BadServer) -> None:
    clock = Clock()
    answer = servers.in_turn(servers.status(503, Retry_After="15"), rules("User-agent: *\nAllow: /\n"))
    server.on("/robots.txt", answer)
    server.on("/list", servers.in_turn(servers.status(503, Retry_After="15"), Handler.plain))
    with a_fetcher(server, clock=clock) as fetch:  # 20 s for each request, 30 s of waiting in all
        assert fetch(LIST).body == PAGE
    assert sum(clock.slept) == 30
