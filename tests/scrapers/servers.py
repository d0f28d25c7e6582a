"""A loopback server that misbehaves on demand, and a clock that need not be waited for."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from matcher.config.models import HttpSettings
from matcher.scrapers.fetch import Fetcher, HostQueue
from matcher.scrapers.source import Source

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
HOST = "calls.example"
PAGE = b"<!DOCTYPE html><html><body><h1>Utlysningar</h1></body></html>"

Answer = Callable[["Handler"], None]


@dataclass
class Seen:
    """One request as the server saw it; it had not been answered before ``end``."""

    start: float
    end: float
    path: str
    method: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """Answers by the table of its server."""

    protocol_version = "HTTP/1.1"
    server: BadServer
    seen: Seen

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def plain(self, body: bytes = PAGE, status: int = 200, /, **headers: str) -> None:
        """A well-behaved answer; underscores in header names stand for dashes."""
        self.seen.end = time.monotonic()
        self.head(status, **{"Content_Length": str(len(body)), **headers})
        self.wfile.write(body)

    def head(self, status: int = 200, /, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def raw(self, data: bytes) -> None:
        """Bytes as they are, and then the connection ends."""
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def handle_one(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with server.guard:
            seen = Seen(time.monotonic(), 0.0, self.path, self.command, dict(self.headers), body)
            server.seen.append(seen)
        self.seen = seen
        try:
            server.answers.get(self.path, server.default)(self)
        except OSError:
            self.close_connection = True  # the client had enough
        finally:
            seen.end = seen.end or time.monotonic()

    do_GET = do_POST = handle_one  # noqa: N815


class BadServer(ThreadingHTTPServer):
    """Serves ``/host/path`` for ``https://host/path``; ``robots.txt`` is missing unless a test sets one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.seen: list[Seen] = []
        self.guard = threading.Lock()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def on(self, path: str, answer: Answer, host: str = HOST) -> None:
        self.answers[f"/{host}{path}"] = answer

    def default(self, handler: Handler) -> None:
        if handler.path.endswith("/robots.txt"):
            handler.plain(b"", 404)
        else:
            handler.plain()

    def asked(self, *, robots: bool = False) -> list[Seen]:
        """The requests for pages, or those for robots.txt."""
        return [s for s in self.seen if s.path.endswith("/robots.txt") is robots]

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is what these tests are about."""


@contextmanager
def bad_server() -> Iterator[BadServer]:
    server = BadServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Clock:
    """A clock that only the waiting moves, which is noted and not done."""

    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def queue(self) -> HostQueue:
        return HostQueue(self, self.sleep)


def a_source(**changes: Any) -> Source:
    """A source whose limits a test may change."""
    facts: dict[str, Any] = {
        "key": "demo",
        "title": "Demo",
        "publisher": {"name": "Demo", "acronym": "D", "country": "se", "url": f"https://{HOST}/"},
        "url": f"https://{HOST}/",
        "start_url": f"https://{HOST}/list",
        "language": "sv",
        "family": "structural",
        "terms": {"licence": "own"},
        "http": {"timeout_s": 5, "deadline_s": 20, "delay_s": 0},
        "expect": {"min_calls": 1, "max_calls": 100, "min_deadline_share": 0.5},
    }
    return Source.model_validate(facts | changes)


def a_fetcher(
    server: BadServer | str | None,
    source: Source | None = None,
    *,
    clock: Clock | None = None,
    delay: float = 0.0,
    cached: Mapping[str, Any] | None = None,
    queue: HostQueue | None = None,
    permitted: bool = False,
    now: Callable[[], datetime] = lambda: NOW,
) -> Fetcher:
    """A fetcher that does not wait unless a test is about waiting."""
    return Fetcher(
        source or a_source(),
        settings=HttpSettings(contact="https://kommun.example/matcher", delay_seconds=delay),
        now=now,
        replay=server.url if isinstance(server, BadServer) else server,
        cached=cached or {},
        queue=queue or (clock or Clock()).queue(),
        permitted=permitted,
    )


# --- misbehaviour ----------------------------------------------------------------------------


def bomb(megabytes: int) -> bytes:
    """A small gzip file that unpacks to many megabytes; nobody gets as far as its wrong checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return head + (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)) * megabytes


def packed(body: bytes, encoding: str) -> Answer:
    return lambda h: h.plain(body, Content_Encoding=encoding)


def drip(h: Handler) -> None:
    """One byte each tenth of a second."""
    h.head(Content_Length="100000")
    while not h.server.closing.wait(0.1):
        h.raw(b" ")


def slow_headers(h: Handler) -> None:
    """A header without end, one byte each tenth of a second."""
    h.raw(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not h.server.closing.wait(0.1):
        h.raw(b"x")


def stall(h: Handler) -> None:
    h.head(Content_Length="100000")
    h.server.closing.wait(30)


def endless(h: Handler) -> None:
    h.close_connection = True
    h.head(Connection="close")
    while not h.server.closing.is_set():
        h.raw(b"<p>Utlysning utan slut</p>\n" * 2000)


def short(h: Handler) -> None:
    """Less than was promised."""
    h.close_connection = True
    h.head(Content_Length="5000")
    h.raw(PAGE)


def truncated_gzip(h: Handler) -> None:
    whole = gzip.compress(PAGE * 50)
    h.plain(whole[: len(whole) // 2], Content_Encoding="gzip")


def redirect(to: str, status: int = 302) -> Answer:
    return lambda h: h.plain(b"", status, Location=to)


def status(code: int, **headers: str) -> Answer:
    return lambda h: h.plain(b"sorry", code, **headers)


def in_turn(*answers: Answer) -> Answer:
    """The first answer first, the last one for ever."""
    left = list(answers)

    def answer(h: Handler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(h)

    return answer
