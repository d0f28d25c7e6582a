"""The fetcher against a server that misbehaves, over real sockets."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.domain import Fetched
from matcher.errors import FetchError
from matcher.scrapers.fetch import HostQueue, _retry_after
from tests.scrapers import servers
from tests.scrapers.servers import HOST, NOW, PAGE, BadServer, Clock, a_fetcher, a_source

LIST = f"https://{HOST}/list"


@pytest.fixture
def server() -> Iterator[BadServer]:
    with servers.bad_server() as running:
        yield running


def limited(**http: Any) -> Any:
    return a_source(http={"timeout_s": 5, "deadline_s": 20, "delay_s": 0, **http})


# --- an ordinary page ------------------------------------------------------------------------


def test_a_page_keeps_the_publishers_address_and_bytes(server: BadServer) -> None:
    server.on("/list", lambda h: h.plain(PAGE, Content_Type="text/html; charset=utf-8", ETag='"1"'))
    with a_fetcher(server) as fetch:
        page = fetch(LIST, notes={"n": 1})
    assert (page.url, page.body, page.fetched_at, page.notes) == (LIST, PAGE, NOW, {"n": 1})
    assert page.content_type == "text/html; charset=utf-8"
    assert [(f.url, f.body, f.etag) for f in fetch.pages] == [(LIST, PAGE, '"1"')]


def test_we_say_who_we_are_and_ask_for_gzip_only(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        fetch(LIST, headers={"User-Agent": "Mozilla/5.0", "X-Own": "yes"})
    for seen in server.seen:
        assert seen.headers["Accept-Encoding"] == "gzip"
    (page,) = server.asked()
    (robots,) = server.asked(robots=True)
    assert robots.headers["User-Agent"] == "EUCallMatcher/0.1.0 (+https://kommun.example/matcher)"
    assert page.headers["User-Agent"] == robots.headers["User-Agent"]
    assert page.headers["X-Own"] == "yes"


def test_parameters_are_added_to_the_query(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        page = fetch(f"{LIST}?a=1#top", params={"q": "miljö & klimat"})
    assert server.asked()[0].path == f"/{HOST}/list?a=1&q=milj%C3%B6+%26+klimat"
    assert page.url == f"{LIST}?a=1&q=milj%C3%B6+%26+klimat"


def test_multipart_values_are_files_of_json(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        fetch(LIST, params={"apiKey": "K"}, multipart={"query": {"a": [1]}, "languages": ["en"]})
    (seen,) = server.asked()
    assert seen.method == "POST"
    parts = seen.body.split(b"--" + seen.headers["Content-Type"].split("boundary=")[1].encode())[1:-1]
    heads, bodies = zip(*(p.strip().split(b"\r\n\r\n") for p in parts), strict=True)
    assert [json.loads(b) for b in bodies] == [{"a": [1]}, ["en"]]
    assert all(b"filename=" in h and b"Content-Type: application/json" in h for h in heads)


def test_what_was_posted_tells_answers_of_one_address_apart_whatever_the_boundary(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        for page in (1, 2, 1):
            fetch(LIST, multipart={"query": {"page": page, "size": 100}})
        fetch(LIST, json={"page": 1})
        fetch(LIST)
    boundaries = {seen.headers.get("Content-Type", "") for seen in server.asked()[:3]}
    assert len(boundaries) == 3
    first, second, again, json_, get = (f.request for f in fetch.pages)
    assert first == again
    assert len({first, second, json_, get}) == 4
    assert get == ""


def test_a_page_knows_the_response_it_came_as(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        page = fetch(LIST, json={"page": 1}, notes={"kind": "list"})
    (response,) = fetch.pages
    assert page.response is response
    assert (response.body, response.sha256) == (page.body, hashlib.sha256(PAGE).hexdigest())


def test_json_is_posted(server: BadServer) -> None:
    with a_fetcher(server) as fetch:
        fetch(LIST, json={"requests": []}, headers={"X-Key": "k"})
    (seen,) = server.asked()
    assert (seen.method, json.loads(seen.body), seen.headers["X-Key"]) == ("POST", {"requests": []}, "k")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP", "identity", "identity, gzip"])
def test_packed_bodies_are_unpacked(server: BadServer, encoding: str) -> None:
    pack = {"deflate": zlib.compress, "identity": bytes}.get(encoding, gzip.compress)
    server.on("/list", servers.packed(pack(PAGE), encoding))
    with a_fetcher(server) as fetch:
        assert fetch(LIST).body == PAGE


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
def test_an_empty_page_is_an_error(server: BadServer, body: bytes) -> None:
    server.on("/list", lambda h: h.plain(body))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="empty"):
        fetch(LIST)
    assert fetch.pages == []


def test_pages_that_are_gone_are_unread_and_the_rest_is_read(server: BadServer) -> None:
    server.on("/2", servers.status(404))
    server.on("/3", servers.status(410))
    with a_fetcher(server) as fetch:
        pages = list(fetch.each((f"https://{HOST}/{n}", {"n": n}) for n in range(1, 5)))
    assert [p.notes["n"] for p in pages] == [1, 4]
    assert [(f.url[-1], "404" in f.why or "410" in f.why) for f in fetch.failures] == [
        ("2", True),
        ("3", True),
    ]
    assert len(server.asked()) == 4  # neither was tried twice


def test_each_stops_at_anything_but_a_page_that_is_gone(server: BadServer) -> None:
    server.on("/2", servers.status(403))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="403"):
        list(fetch.each((f"https://{HOST}/{n}", {}) for n in range(1, 4)))
    assert len(server.asked()) == 2


def test_no_more_pages_than_agreed(server: BadServer) -> None:
    with a_fetcher(server, limited(max_pages=3)) as fetch:
        for n in range(3):
            fetch(f"https://{HOST}/{n}")
        with pytest.raises(FetchError, match=r"max_pages in demo\.yaml"):
            fetch(f"https://{HOST}/3")
    assert len(server.asked()) == 3


# --- conditional requests --------------------------------------------------------------------


def stored(**changes: Any) -> Fetched:
    facts: dict[str, Any] = {"url": LIST, "fetched_at": NOW - timedelta(days=1)}
    facts |= {"etag": '"1"', "last_modified": "Mon, 02 Nov 2026 08:00:00 GMT", **changes}
    return Fetched.of(b"as of yesterday", **facts)


def test_an_unchanged_page_comes_from_the_cache_and_counts_as_seen(server: BadServer) -> None:
    server.on("/list", lambda h: h.head(304))
    with a_fetcher(server, cached={LIST: stored()}) as fetch:
        page = fetch(LIST)
        fetch(LIST)
    assert (page.body, page.fetched_at) == (b"as of yesterday", NOW)
    assert [(f.body, f.fetched_at, f.etag) for f in fetch.pages] == [(b"as of yesterday", NOW, '"1"')] * 2
    sent = server.asked()[0].headers
    assert sent["If-None-Match"] == '"1"'
    assert sent["If-Modified-Since"] == "Mon, 02 Nov 2026 08:00:00 GMT"


def test_a_changed_page_replaces_the_cached_one(server: BadServer) -> None:
    with a_fetcher(server, cached={LIST: stored()}) as fetch:
        assert fetch(LIST).body == PAGE


def test_a_page_without_validators_is_asked_for_plainly(server: BadServer) -> None:
    with a_fetcher(server, cached={LIST: stored(etag=None, last_modified=None)}) as fetch:
        fetch(LIST)
    assert not {"If-None-Match", "If-Modified-Since"} & set(server.asked()[0].headers)


def test_unchanged_without_having_asked_is_an_error(server: BadServer) -> None:
    server.on("/list", lambda h: h.head(304))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="304"):
        fetch(LIST)


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [servers.drip, servers.stall, servers.slow_headers])
def test_the_deadline_ends_slow_answers(server: BadServer, answer: servers.Answer) -> None:
    server.on("/list", answer)
    fetch = a_fetcher(server, limited(deadline_s=0.6), queue=HostQueue())
    fetch("https://calls.example/other")  # robots.txt and the connection are not what is timed
    begin = time.monotonic()
    with fetch, pytest.raises(FetchError, match=r"within 0\.6 s") as caught:
        fetch(LIST)
    assert 0.5 <= time.monotonic() - begin <= 1.6
    assert caught.value.url == LIST


def test_a_server_that_says_nothing_is_asked_again_within_the_deadline(server: BadServer) -> None:
    server.on("/list", servers.in_turn(servers.stall, servers.Handler.plain))
    clock = Clock()
    with a_fetcher(server, limited(timeout_s=0.3), clock=clock) as fetch:
        assert fetch(LIST).body == PAGE
    assert len(server.asked()) == 2
    assert sum(clock.slept) == 2.0


def test_an_endless_answer_is_cut_at_the_cap(server: BadServer) -> None:
    server.on("/list", servers.endless)
    with (
        a_fetcher(server, limited(max_bytes=2**20)) as fetch,
        pytest.raises(FetchError, match="longer than 1 MiB"),
    ):
        fetch(LIST)
    assert len(server.asked()) == 1


def test_a_declared_length_above_the_cap_is_refused_unread(server: BadServer) -> None:
    server.on("/list", lambda h: h.head(Content_Length=str(2**40)))
    begin = time.monotonic()
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match=r"http\.max_bytes"):
        fetch(LIST)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize(
    ("body", "encoding", "says"),
    [
        (gzip.compress(gzip.compress(PAGE, mtime=0), mtime=0), "gzip, gzip", "we asked for gzip"),
        (gzip.compress(zlib.compress(PAGE), mtime=0), "deflate, gzip", "we asked for gzip"),
        (PAGE, "br", "we asked for gzip"),
        (PAGE, "zstd", "we asked for gzip"),
        (PAGE, "gzip", "cannot be unpacked"),
        (gzip.compress(PAGE, mtime=0) + b"more", "gzip", "after its end"),
        (gzip.compress(bytes(2**21), mtime=0), "gzip", "longer than"),
    ],
)
def test_odd_packing_is_refused(server: BadServer, body: bytes, encoding: str, says: str) -> None:
    server.on("/list", servers.packed(body, encoding))
    with a_fetcher(server, limited(max_bytes=2**20)) as fetch, pytest.raises(FetchError, match=says):
        fetch(LIST)
    assert len(server.asked()) == 1


def test_an_answer_just_within_the_cap_is_read(server: BadServer) -> None:
    server.on("/list", servers.packed(gzip.compress(b"x" * 2**20, mtime=0), "gzip"))
    server.on("/plain", lambda h: h.plain(b"x" * 2**20))
    with a_fetcher(server, limited(max_bytes=2**20)) as fetch:
        assert len(fetch(LIST).body) == len(fetch(f"https://{HOST}/plain").body) == 2**20


@pytest.mark.parametrize(
    ("answer", "says"), [(servers.short, "connection failed"), (servers.truncated_gzip, "cut off")]
)
def test_half_an_answer_is_never_taken_for_a_whole(
    server: BadServer, answer: servers.Answer, says: str
) -> None:
    server.on("/list", answer)
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match=says):
        fetch(LIST)
    assert fetch.pages == []


BOMB_PROBE = """
import resource, sys
from tests.scrapers import servers
from matcher.errors import FetchError
bombs = {"/gzip": servers.packed(servers.bomb(1024), "gzip"), "/endless": servers.endless}
bombs["/double"] = servers.packed(__import__("gzip").compress(servers.bomb(64)), "gzip, gzip")
with servers.bad_server() as server:
    fetch = servers.a_fetcher(server)
    fetch("https://calls.example/")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path, answer in bombs.items():
        server.on(path, answer)
        try:
            fetch("https://calls.example" + path)
        except FetchError:
            continue
        sys.exit(path + " was taken for a page")
    fetch.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_of_a_gibibyte_cost_less_than_64_mib() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BOMB_PROBE)],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) <= 64 * 1024  # KiB


# --- retries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_passing_trouble_is_asked_again(server: BadServer, code: int) -> None:
    server.on("/list", servers.in_turn(servers.status(code), servers.status(code), servers.Handler.plain))
    clock = Clock()
    with a_fetcher(server, clock=clock) as fetch:
        assert fetch(LIST).body == PAGE
    assert len(server.asked()) == 3
    assert sum(clock.slept) == 4.0


def test_searches_are_asked_again_with_the_same_body(server: BadServer) -> None:
    server.on("/list", servers.in_turn(servers.status(503), servers.Handler.plain))
    with a_fetcher(server) as fetch:
        fetch(LIST, json={"page": 1})
    assert [s.body for s in server.asked()] == [b'{"page":1}'] * 2


def test_three_retries_are_enough(server: BadServer) -> None:
    server.on("/list", servers.status(500))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="answers 500"):
        fetch(LIST)
    assert len(server.asked()) == 4


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 204, 206])
def test_what_will_not_change_is_asked_once(server: BadServer, code: int) -> None:
    server.on("/list", lambda h: h.plain(b"" if code == 204 else b"no", code))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match=str(code)):
        fetch(LIST)
    assert len(server.asked()) == 1


@pytest.mark.parametrize("value", ["7", "Mon, 23 Nov 2026 06:00:07 GMT"])
def test_retry_after_is_obeyed(server: BadServer, value: str) -> None:
    server.on("/list", servers.in_turn(servers.status(429, Retry_After=value), servers.Handler.plain))
    clock = Clock()
    with a_fetcher(server, clock=clock) as fetch:
        assert fetch(LIST).body == PAGE
    assert sum(clock.slept) == 7.0


def test_a_retry_after_beyond_the_deadline_ends_at_once_and_is_kept(server: BadServer) -> None:
    server.on("/list", servers.status(503, Retry_After="3600"))
    clock = Clock()
    with a_fetcher(server, clock=clock) as fetch:
        with pytest.raises(FetchError, match="asks us to wait 3600 s"):
            fetch(LIST)
        with pytest.raises(FetchError, match="not disturbed"):
            fetch(f"https://{HOST}/other")
    assert len(server.asked()) == 1
    assert clock.slept == []


@given(
    st.text(max_size=40)
    | st.integers().map(str)
    | st.datetimes().map(lambda d: f"{d:%a, %d %b %Y %H:%M:%S} GMT")
)
def test_any_retry_after_gives_a_bounded_wait_or_none(value: str) -> None:
    wait = _retry_after(value, NOW)
    assert wait is None or 0 <= wait <= 86_400


def test_a_huge_retry_after_is_a_day() -> None:
    assert _retry_after("9" * 400, NOW) == 86_400


def test_nobody_listening_is_said_plainly(server: BadServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        with (
            a_fetcher(f"http://127.0.0.1:{taken.getsockname()[1]}") as fetch,
            pytest.raises(FetchError, match="connection failed"),
        ):
            fetch(LIST)


# --- redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_page_has_the_last_address(server: BadServer, code: int) -> None:
    server.on("/old", servers.redirect("/new?x=1", code))
    with a_fetcher(server) as fetch:
        assert fetch(f"https://{HOST}/old").url == f"https://{HOST}/new?x=1"
    assert [f.url for f in fetch.pages] == [f"https://{HOST}/new?x=1"]


def test_redirects_may_name_another_host_of_the_source_which_gets_no_keys(server: BadServer) -> None:
    server.on("/old", servers.redirect("https://www.calls.example/new"))
    with a_fetcher(server, a_source(hosts=["www.calls.example"])) as fetch:
        assert (
            fetch(f"https://{HOST}/old", headers={"X-Key": "secret"}).url == "https://www.calls.example/new"
        )
    assert [s.path for s in server.asked()] == [f"/{HOST}/old", "/www.calls.example/new"]
    assert "X-Key" in server.asked()[0].headers
    assert "X-Key" not in server.asked()[1].headers
    assert len(server.asked(robots=True)) == 2


@pytest.mark.parametrize(
    "target",
    [
        "https://parked.example/landing",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "//evil.example/list",
        f"https://{HOST}@evil.example/",
        f"https://user:password@{HOST}/list",
        "file:///etc/passwd",
        "gopher://calls.example/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_redirects_that_leave_the_source_are_refused(server: BadServer, target: str) -> None:
    server.on("/list", servers.redirect(target))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="redirects to"):
        fetch(LIST)
    assert len(server.asked()) == 1


def test_five_redirects_are_followed_and_six_are_not(server: BadServer) -> None:
    for n in range(1, 9):
        server.on(f"/{n}", servers.redirect(f"/{n + 1}"))
    with a_fetcher(server) as fetch:
        assert fetch(f"https://{HOST}/4").url == f"https://{HOST}/9"
        with pytest.raises(FetchError, match="more than 5"):
            fetch(f"https://{HOST}/3")


def test_a_redirect_loop_ends(server: BadServer) -> None:
    server.on("/a", servers.redirect("/b"))
    server.on("/b", servers.redirect("/a"))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="more than 5"):
        fetch(f"https://{HOST}/a")
    assert len(server.asked()) == 6


def test_a_redirect_without_address_is_an_error(server: BadServer) -> None:
    server.on("/list", lambda h: h.plain(b"", 302))
    with a_fetcher(server) as fetch, pytest.raises(FetchError, match="without an address"):
        fetch(LIST)


def test_a_search_is_not_silently_turned_into_a_page(server: BadServer) -> None:
    server.on("/list", servers.redirect("/other"))
    server.on("/kept", servers.redirect("/other", 307))
    with a_fetcher(server) as fetch:
        with pytest.raises(FetchError, match="search"):
            fetch(LIST, json={})
        fetch(f"https://{HOST}/kept", json={"a": 1})
    assert [(s.method, s.body) for s in server.asked()][-1] == ("POST", b'{"a":1}')


# --- addresses that no publisher has ---------------------------------------------------------

FORBIDDEN = [
    "localhost",
    "[::1]",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1",
    "[::ffff:127.0.0.1]",
    "[::ffff:a00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::a00:1]",
    "[2002:7f00:1::1]",
    "169.254.169.254",
    "192.0.0.192",
    "168.63.129.16",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "240.0.0.1",
]


@pytest.mark.parametrize("target", FORBIDDEN)
def test_inner_addresses_are_never_dialled(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: dialled.append(a))
    source = a_source(start_url=f"http://{target}/list")
    says = "not on the public internet|not a web address"
    with a_fetcher(None, source) as fetch, pytest.raises(FetchError, match=says):
        fetch(f"http://{target}/list")
    assert dialled == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://calls.example/", "ftp://calls.example/x", "list", ""]
)
def test_only_http_is_spoken(url: str) -> None:
    with a_fetcher(None) as fetch, pytest.raises(FetchError, match="http"):
        fetch(url)


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14", "10.0.0.7"], ["::ffff:10.0.0.7"]])
def test_a_public_name_that_leads_inside_is_refused_when_dialling(
    server: BadServer, monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://{HOST}:{server.server_port}/list"
    with a_fetcher(None, a_source(start_url=url)) as fetch, pytest.raises(FetchError, match=answers[-1]):
        fetch(url)
    assert server.seen == []


def test_a_name_is_resolved_once_and_the_checked_address_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    dialled: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        dialled.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    with a_fetcher(None) as fetch, pytest.raises(FetchError, match="not on the public internet"):
        fetch(LIST)  # the second attempt is led inside, and refused
    assert (asked, dialled) == ([HOST, HOST], ["93.184.215.14"])


def test_an_unknown_name_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with a_fetcher(None) as fetch, pytest.raises(FetchError, match="cannot be resolved"):
        fetch(LIST)


@pytest.fixture
def dialled(server: BadServer, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """A small internet: the publisher's name has a public address, where our server answers."""
    calls: list[tuple[str, int]] = []
    really = socket.getaddrinfo

    def resolve(host: str, port: int, **more: Any) -> list[Any]:
        return really("93.184.215.14" if host == HOST else host, port, **more)

    def dial(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        calls.append(address)
        wire = socket.socket()
        wire.connect(("127.0.0.1", server.server_port))
        return wire

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", dial)
    return calls


def test_without_replay_the_publisher_itself_is_asked(
    server: BadServer, dialled: list[tuple[str, int]]
) -> None:
    with a_fetcher(None) as fetch:
        assert fetch(f"http://{HOST}/list").body == PAGE
    assert [(s.path, s.headers["Host"]) for s in server.seen] == [("/robots.txt", HOST), ("/list", HOST)]
    assert set(dialled) == {("93.184.215.14", 80)}


@pytest.mark.parametrize("target", FORBIDDEN)
def test_a_redirect_to_an_inner_address_is_not_followed_even_on_the_sources_hosts(
    server: BadServer, dialled: list[tuple[str, int]], target: str
) -> None:
    server.answers["/list"] = servers.redirect(f"http://{target}/")
    says = "not on the public internet|not a web address"
    with (
        a_fetcher(None, a_source(hosts=[target.strip("[]")])) as fetch,
        pytest.raises(FetchError, match=says),
    ):
        fetch(f"http://{HOST}/list")
    assert {address for address, _ in dialled} == {"93.184.215.14"}
    assert len(server.asked()) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(server: BadServer, tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key -out cert"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"https://localhost:{server.server_port}"
    with a_fetcher(address) as fetch, pytest.raises(FetchError, match="certificate cannot be trusted"):
        fetch(LIST)
    assert server.seen == []


def test_a_replay_must_be_on_this_machine() -> None:
    with (
        a_fetcher("http://93.184.215.14:8900") as fetch,
        pytest.raises(FetchError, match="outside this machine"),
    ):
        fetch(LIST)


def test_the_environment_does_not_redirect_requests(
    server: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with a_fetcher(server) as fetch:
        assert fetch(LIST).body == PAGE


# --- politeness ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "own", "pause"), [(0.0, 0.0, 0), (2.0, 0.0, 2), (1.0, 3.0, 3), (1.0, None, 1)]
)
def test_the_longer_delay_counts(server: BadServer, settings: float, own: float | None, pause: float) -> None:
    clock = Clock()
    with a_fetcher(server, limited(delay_s=own), delay=settings, clock=clock) as fetch:
        for n in range(4):
            fetch(f"https://{HOST}/{n}")
    assert sum(clock.slept) == 4 * pause  # robots.txt is a request too


def test_the_pause_lies_between_the_end_and_the_next_start(server: BadServer) -> None:
    with a_fetcher(server, delay=0.15, queue=HostQueue()) as fetch:
        for n in range(3):
            fetch(f"https://{HOST}/{n}")
    starts, ends = [s.start for s in server.seen[1:]], [s.end for s in server.seen[:-1]]
    assert all(b - a >= 0.15 for a, b in zip(ends, starts, strict=True))


def test_one_request_at_a_time_per_host_whoever_asks(server: BadServer) -> None:
    release = threading.Event()
    first = threading.Event()

    def slow(h: servers.Handler) -> None:
        first.set()
        release.wait(5)
        h.plain()

    server.on("/slow", slow)
    queue = HostQueue()
    hosts = [HOST, HOST, HOST, "other.example"]
    done: list[str] = []

    def read(n: int, host: str) -> None:
        with a_fetcher(server, a_source(hosts=["other.example"]), queue=queue) as fetch:
            done.append(fetch(f"https://{host}/{'slow' if n == 0 else n}").url)

    threads = [threading.Thread(target=read, args=item) for item in enumerate(hosts)]
    threads[0].start()
    assert first.wait(5)
    for thread in threads[1:]:
        thread.start()
    threads[3].join(5)
    assert done == ["https://other.example/3"]  # another host does not wait
    release.set()
    for thread in threads:
        thread.join(5)
    own = [s for s in server.seen if s.path.startswith(f"/{HOST}/")]
    assert len(done) == 4
    spans = sorted((s.start, s.end) for s in own)
    assert all(after[0] >= before[1] > 0 for before, after in pairwise(spans))


def test_a_failed_request_counts_for_the_pause_too() -> None:
    clock = Clock()
    queue = clock.queue()
    with pytest.raises(ZeroDivisionError), queue.turn("h", pause=5, patience=9):
        raise ZeroDivisionError
    with queue.turn("h", pause=5, patience=9):
        assert clock.slept == [5]


def test_fetched_at_is_the_time_given(server: BadServer) -> None:
    moment = datetime(2031, 5, 1, tzinfo=UTC)
    with a_fetcher(server, now=lambda: moment) as fetch:
        assert fetch(LIST).fetched_at == moment
