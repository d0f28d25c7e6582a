"""The only module that performs HTTP: polite towards publishers, and hard for them to hurt."""

from __future__ import annotations

import json as jsonlib
import math
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Self

import httpcore
import httpx
import stamina
from protego import Protego

from matcher.config.models import HttpSettings
from matcher.domain import Fetched, Unread
from matcher.errors import FetchError
from matcher.scrapers.source import Page, Source

#: the product token that robots.txt rules are matched against
AGENT = "EUCallMatcher"
_ATTEMPTS = 4  # one and three retries
_BACKOFF_S = 2.0
_CONNECT_S = 10.0
_REDIRECTS = 5
_CRAWL_DELAY_S = 30.0  # no publisher may slow a run down to a standstill
_HOLD_S = 86_400.0  # the next daily run may ask again
_ROBOTS_BYTES = 512 * 1024  # RFC 9309 asks for at least 500 KiB; what follows is ignored
_PIECE_BYTES = 2**20
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_GONE = (404, 410)


# --- politeness ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: float = -math.inf
    held_until: float = -math.inf


class HostQueue:
    """One request at a time per host, with a pause between them, across sources and threads.

    ``clock`` gives seconds that never run backwards; both it and ``sleep`` are arguments so that tests
    need not wait.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._guard = threading.Lock()

    def _host(self, host: str) -> _Host:
        with self._guard:
            return self._hosts.setdefault(host, _Host())

    @contextmanager
    def turn(self, host: str, *, pause: float, patience: float) -> Iterator[None]:
        """Hold the host for one request, which starts ``pause`` seconds after the last one ended.

        Raises:
            TimeoutError: the publisher told us to stay away for longer than ``patience`` seconds.
        """
        state = self._host(host)
        with state.lock:
            held = state.held_until - self.clock()
            if held > patience:
                raise TimeoutError(f"it asked us to wait; {held:.0f} s are left")
            wait = max(held, state.ended + pause - self.clock())
            if wait > 0:
                self._sleep(wait)
            try:
                yield
            finally:
                state.ended = self.clock()

    def hold(self, host: str, seconds: float) -> None:
        """Let no request through to the host for so long."""
        state = self._host(host)
        state.held_until = max(state.held_until, self.clock() + seconds)


#: the queue of this process
HOSTS = HostQueue()


def _retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or an HTTP date; ``None`` if unreadable."""
    try:
        if value.isdecimal():
            return min(float(value), _HOLD_S)
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max((moment - now).total_seconds(), 0.0), _HOLD_S)
    except (ValueError, OverflowError):
        return None


# --- the way out: no address but public ones, no read beyond the deadline ---------------------


class _Deadline:
    """The moment the request under way must be over; shared with the sockets that serve it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.at = math.inf

    def left(self) -> float:
        return self.at - self._clock()

    def cut(self, timeout: float | None) -> float:
        """The timeout of one socket operation, so that many short ones cannot outlast the whole."""
        left = self.left()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline has passed")
        return left if timeout is None else min(timeout, left)


class _ForbiddenAddressError(Exception):
    """A name leads to an address that no publisher has."""


#: ranges that ipaddress calls global although clouds answer there with secrets
_INTERNAL = (ip_network("192.0.0.0/24"), ip_network("168.63.129.16/32"))
_NAT64 = ip_network("64:ff9b::/96")
_UNICAST = ip_network("2000::/3")


def _bare(text: str) -> IPv4Address | IPv6Address:
    """The address that packets end up at, without its IPv6 wrapping."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _UNICAST or address.sixtofour):
        return False
    internal = any(address in network for network in _INTERNAL)
    return address.is_global and not address.is_multicast and not internal


class _Stream(httpcore.NetworkStream):
    """A connection that obeys the deadline at every read and write, headers and handshake included."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.cut(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Dials the address it has checked, so that a name cannot lead elsewhere the second time it is asked."""

    def __init__(self, deadline: _Deadline, *, loopback: bool) -> None:
        self._deadline = deadline
        self._loopback = loopback
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, OverflowError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} cannot be resolved ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for text in addresses:
            address = _bare(text)
            # one bad address among good ones is enough: nobody publishes half on an intranet
            if not (address.is_loopback if self._loopback else _is_public(address)):
                raise _ForbiddenAddressError(text)
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for text in addresses:
            try:
                limit = self._deadline.cut(timeout)
                stream = self._inner.connect_tcp(text, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _Stream(stream, self._deadline)
        raise problem


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=True, trust_env=False)


class _Transport(httpx.HTTPTransport):
    """httpx with our own network beneath; it offers no public way to set one (0.28)."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=network, max_connections=4, keepalive_expiry=60
        )


def _set_location_aside(response: httpx.Response) -> None:
    """httpx parses the address even when told not to follow, and calls a wrong one a broken connection."""
    response.extensions["location"] = response.headers.pop("location", None)


# --- one source's requests -------------------------------------------------------------------


class _AnswerError(FetchError):
    """What the publisher answered instead of the page; ``passing`` is worth another try after ``wait`` s."""

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int | None = None,
        passing: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(message, url=url, status=status)
        self.passing = passing
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is asked for, independent of where redirects lead."""

    url: httpx.URL
    body: Mapping[str, Any] = field(default_factory=dict)
    #: hash of the body; empty for GET
    posted: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int
    #: for robots.txt itself, which needs no permission and may be longer than we read
    robots: bool = False

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


def _hash_of(posted: Any) -> str:
    return sha256(jsonlib.dumps(posted, sort_keys=True).encode()).hexdigest()


class Fetcher:
    """Fetches the pages of one source; not to be shared between threads.

    Args:
        source: its ``http`` section and allowed hosts bound what is fetched.
        settings: contact for the User-Agent, and the least pause.
        now: aware time, for ``fetched_at`` and HTTP dates.
        replay: address of a loopback server that stands in for all publishers:
            ``https://host/path`` is sent to ``replay/host/path``; only loopback is then reached.
        cached: responses of earlier runs by their address, for conditional requests.
        queue: who waits for whom; the process's own unless a test brings another.
        permitted: the publisher has allowed us in writing what its robots.txt forbids to robots at large;
            its pauses are kept all the same, and a robots.txt that cannot be read still stops us.
    """

    def __init__(
        self,
        source: Source,
        *,
        settings: HttpSettings,
        now: Callable[[], datetime],
        replay: str | None = None,
        cached: Mapping[str, Fetched] | None = None,
        queue: HostQueue = HOSTS,
        permitted: bool = False,
    ) -> None:
        #: responses of this run; a 304 stands with the body of the earlier response
        self.pages: list[Fetched] = []
        #: pages of ``each`` that are gone
        self.failures: list[Unread] = []
        self._source = source
        self._now = now
        self._replay = replay.rstrip("/") if replay else None
        self._cached = cached or {}
        self._queue = queue
        self._permitted = permitted
        self._pause = max(settings.delay_seconds, source.http.delay_s or 0.0)
        self._count = 0
        self._rules: dict[str, Protego | FetchError] = {}
        self._deadline = _Deadline(queue.clock)
        contact = settings.contact.encode("ascii", "replace").decode()
        self._own = {
            "User-Agent": f"{AGENT}/{version('matcher')} (+{contact})",
            "Accept-Encoding": "gzip",
        }
        self._client = httpx.Client(
            transport=_Transport(_Network(self._deadline, loopback=replay is not None)),
            timeout=httpx.Timeout(source.http.timeout_s, connect=min(_CONNECT_S, source.http.timeout_s)),
            trust_env=False,
            follow_redirects=False,
            event_hooks={"response": [_set_location_aside]},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __call__(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        multipart: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Page:
        """Fetch one page; see ``Fetch``. The page's address is where redirects led to."""
        limits = self._source.http
        if self._count >= limits.max_pages:
            raise FetchError(
                f"{url}: not fetched, because this run has read {limits.max_pages} pages already; "
                f"see whether paging ends, else raise http.max_pages in {self._source.key}.yaml",
                url=url,
            )
        self._count += 1
        body: dict[str, Any] = {}
        posted = ""  # without the boundary between the parts, which is another one each time
        if multipart is not None or json is not None:
            posted = _hash_of(json if multipart is None else multipart)
        if multipart is not None:
            body["files"] = {
                name: ("blob", jsonlib.dumps(value).encode(), "application/json")
                for name, value in multipart.items()
            }
        elif json is not None:
            body["json"] = json
        address = self._address(url)
        if params:
            address = address.copy_merge_params(dict(params))
        request = _Request(
            url=address, body=body, posted=posted, headers=dict(headers or {}), max_bytes=limits.max_bytes
        )
        fetched = self._fetch(request)
        content = fetched.body
        if not content.strip():
            raise FetchError(f"{fetched.url}: the answer is empty", url=fetched.url)
        self.pages.append(fetched)
        return Page(
            fetched.url, content, fetched.fetched_at, fetched.content_type, dict(notes or {}), fetched
        )

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        """Fetch (url, notes) one by one; what answers 404 or 410 goes to ``failures``."""
        for url, notes in pages:
            try:
                page = self(url, notes=notes)
            except _AnswerError as error:
                if error.status not in _GONE:
                    raise
                self.failures.append(Unread(url=url, why=str(error)))
            else:
                yield page

    def _address(self, url: str) -> httpx.URL:
        try:
            return httpx.URL(url).copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError(f"{url!r} is not a web address ({error})", url=url) from None

    def _fetch(self, request: _Request) -> Fetched:
        """All attempts at one request, within its deadline."""
        outer, self._deadline.at = self._deadline.at, math.inf
        try:
            for attempt in stamina.retry_context(on=self._retry, attempts=_ATTEMPTS, timeout=None):
                with attempt:
                    return self._follow(request)
        finally:
            self._deadline.at = outer
        raise AssertionError("retry_context ends by returning or raising")

    def _retry(self, error: Exception) -> bool | float:
        """Whether to try again. The waiting is done in the queue, where all requests to the host wait."""
        if not isinstance(error, _AnswerError) or not error.passing:
            return False
        wait = _BACKOFF_S if error.wait is None else error.wait
        self._queue.hold(self._queue_key(httpx.URL(error.url)), wait)
        return 0.0 if wait < self._deadline.left() else False

    def _follow(self, request: _Request) -> Fetched:
        url = request.url
        for _ in range(_REDIRECTS + 1):
            answer = self._hop(request, url)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise FetchError(f"{request.url}: redirected more than {_REDIRECTS} times", url=str(request.url))

    def _hop(self, request: _Request, url: httpx.URL) -> Fetched | httpx.URL:
        """One request and its answer: the page, or where it redirects to."""
        limits = self._source.http
        self._admit(url, came_from=request.url)
        pause = self._pause if request.robots else max(self._pause, self._permission(url))
        cached = self._cached.get(str(url)) if request.method == "GET" else None
        # keys for one host are not for another
        headers = httpx.Headers(dict(request.headers) if url.host == request.url.host else {})
        headers.update(self._own)
        if cached and cached.etag:
            headers["If-None-Match"] = cached.etag
        if cached and cached.last_modified:
            headers["If-Modified-Since"] = cached.last_modified
        patience = min(self._deadline.left(), limits.deadline_s)
        try:
            sent = self._client.build_request(
                request.method, self._dialled(url), headers=headers, **request.body
            )
            with self._queue.turn(self._queue_key(url), pause=pause, patience=patience):
                if self._deadline.at == math.inf:  # queueing for the first turn is not the publisher's fault
                    self._deadline.at = self._queue.clock() + limits.deadline_s
                with closing(self._client.send(sent, stream=True)) as response:
                    return self._read(request, url, response, cached)
        except TimeoutError as error:
            raise FetchError(
                f"{url}: the publisher is not disturbed, because {error}", url=str(url)
            ) from None
        except _ForbiddenAddressError as error:
            kind = "outside this machine" if self._replay else "not on the public internet"
            message = f"{url}: not fetched, because {url.host} leads to {error}, which is {kind}"
            raise FetchError(message, url=str(url)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._transport_problem(error, str(url)) from error

    def _admit(self, url: httpx.URL, came_from: httpx.URL) -> None:
        """Refuse what is not on the source's hosts."""
        allowed = self._source.allowed_hosts
        if url.scheme in ("http", "https") and url.host in allowed and not url.userinfo:
            return
        way = "" if url == came_from else f"redirects to {url}, which is "
        raise FetchError(
            f"{came_from}: {way}not an http(s) address on the source's hosts ({', '.join(sorted(allowed))}); "
            f"if the publisher has moved, add the host to {self._source.key}.yaml",
            url=str(came_from),
        )

    def _dialled(self, url: httpx.URL) -> httpx.URL:
        return httpx.URL(f"{self._replay}/{url.host}{url.raw_path.decode()}") if self._replay else url

    def _queue_key(self, url: httpx.URL) -> str:
        return f"{self._replay}/{url.host}" if self._replay else url.host

    def _permission(self, url: httpx.URL) -> float:
        """Ask robots.txt (RFC 9309); returns the crawl delay it wants, in seconds, capped."""
        origin = f"{url.scheme}://{url.netloc.decode()}"
        if origin not in self._rules:
            self._rules[origin] = self._read_robots(httpx.URL(f"{origin}/robots.txt"))
        rules = self._rules[origin]
        if isinstance(rules, FetchError):
            message = (
                f"{url}: not fetched, because robots.txt could not be read; the next run asks again ({rules})"
            )
            raise FetchError(message, url=str(url))
        if not self._permitted and not rules.can_fetch(str(url), AGENT):
            raise FetchError(
                f"{url}: the publisher's robots.txt does not let {AGENT} read this; ask the publisher "
                f"and note its answer under permissions in matcher.yaml, or switch {self._source.key} off",
                url=str(url),
            )
        return min(rules.crawl_delay(AGENT) or 0.0, _CRAWL_DELAY_S)

    def _read_robots(self, url: httpx.URL) -> Protego | FetchError:
        try:
            text = self._fetch(_Request(url=url, max_bytes=_ROBOTS_BYTES, robots=True)).body
        except FetchError as error:
            status = error.status if isinstance(error, _AnswerError) else None
            # "too many requests" is a no, not the absence of rules
            if status is None or status >= 500 or status in (408, 429):
                return error
            text = b""
        return Protego.parse(text.decode("utf-8-sig", "replace"))

    def _read(
        self, request: _Request, url: httpx.URL, response: httpx.Response, cached: Fetched | None
    ) -> Fetched | httpx.URL:
        """Turn a response whose body has not been read into what it means."""
        status, headers, address = response.status_code, response.headers, str(url)
        if status == 304 and cached:
            for _ in response.iter_raw():  # read to its end, so that the connection can be used again
                pass
            return replace(cached, fetched_at=self._now())
        if status in (301, 302, 303, 307, 308):
            location = response.extensions["location"]
            if not location:
                raise FetchError(f"{url}: a redirect ({status}) without an address", url=address)
            if request.method == "POST" and status not in (307, 308):
                raise FetchError(f"{url}: a search was answered with a redirect ({status})", url=address)
            try:
                return url.join(location).copy_with(fragment=None)
            except (httpx.InvalidURL, ValueError):
                message = f"{url}: redirects to {location!r}, which is not a web address"
                raise FetchError(message, url=address) from None
        if status in (408, 429) or status >= 500:
            wait = _retry_after(headers.get("retry-after", ""), self._now())
            advice = "" if wait is None else f" and asks us to wait {wait:.0f} s"
            message = f"{url}: the publisher answers {status}{advice}; the next run tries again"
            raise _AnswerError(message, url=address, status=status, passing=True, wait=wait)
        if status != 200:
            raise _AnswerError(f"{url}: the publisher answers {status}", url=address, status=status)
        return Fetched.of(
            self._body(request, address, response),
            url=address,
            fetched_at=self._now(),
            request=request.posted,
            content_type=headers.get("content-type"),
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
        )

    def _body(self, request: _Request, url: str, response: httpx.Response) -> bytes:
        """The decoded body, never more than ``max_bytes`` of it in memory.

        httpx would unpack a bomb before we could see its size, so the raw bytes are read and inflated here.
        """
        cap, cut = request.max_bytes, request.robots
        too_long = FetchError(
            f"{url}: the answer is longer than {cap / 2**20:.3g} MiB; "
            f"if it should be, raise http.max_bytes in {self._source.key}.yaml",
            url=url,
        )
        named = [e.strip().lower() for e in response.headers.get("content-encoding", "").split(",")]
        encodings = [e for e in named if e not in ("", "identity")]
        if len(encodings) > 1 or any(e not in _WINDOW_BITS for e in encodings):
            raise FetchError(f"{url}: packed as {', '.join(encodings)!r}; we asked for gzip", url=url)
        if not cut and int(response.headers.get("content-length", "0")) > cap:
            raise too_long
        raw = bytearray()
        for chunk in response.iter_raw():
            raw += chunk
            if len(raw) > cap and cut:
                break
            if len(raw) > cap:
                raise too_long
        if not encodings:
            return bytes(raw[:cap])
        unpacker = zlib.decompressobj(_WINDOW_BITS[encodings[0]])
        body = bytearray()
        try:
            # in pieces: at one go zlib holds all of it twice
            piece = unpacker.decompress(raw, _PIECE_BYTES)
            while piece and len(body) <= cap:
                body += piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE_BYTES)
        except zlib.error as error:
            raise FetchError(f"{url}: the answer cannot be unpacked ({error})", url=url) from None
        if cut:
            return bytes(body[:cap])
        if len(body) > cap:
            raise too_long
        if not unpacker.eof or unpacker.unused_data:
            what = "goes on after its end" if unpacker.eof else "is cut off"
            raise FetchError(f"{url}: the packed answer {what}", url=url)
        return bytes(body)

    def _transport_problem(self, error: Exception, url: str) -> FetchError:
        """What a failed request means, in one sentence."""
        if isinstance(error, httpx.TimeoutException):
            if self._deadline.left() <= 0.01:
                seconds = self._source.http.deadline_s
                return FetchError(f"{url}: no complete answer within {seconds:g} s", url=url)
            return _AnswerError(f"{url}: the publisher does not answer ({error})", url=url, passing=True)
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return FetchError(
                    f"{url}: the publisher's certificate cannot be trusted ({cause.verify_message}); "
                    "nothing is read until the publisher has mended it",
                    url=url,
                )
            cause = cause.__cause__ or cause.__context__
        ours = isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | httpx.InvalidURL)
        message = f"{url}: the connection failed ({error})"
        return _AnswerError(message, url=url, passing=not ours)
