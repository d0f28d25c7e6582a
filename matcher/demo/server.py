"""The demo's publishers on a loopback port: ``URL/<publisher host>/<path>`` stands for ``https://…``."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from matcher.demo.world import DemoWorld

_LARGEST_BODY = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the publisher would have seen it."""

    method: str
    host: str
    path: str
    status: int
    sent: int


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = 30  # an idle connection is given up
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (name of the base class)
        """Requests go to the server's own log."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        host, _, path = parts.path.lstrip("/").partition("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.world.answer(
            self.command, host, f"/{path}", query=parts.query, headers=headers, body=body
        )
        status, content = answer.status, answer.body
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        conditional = self.command == "GET" and status == 200
        if conditional and tag in headers.get("if-none-match", ""):
            status, content = 304, b""
        self.server.log.append(
            Request(method=self.command, host=host, path=f"/{path}", status=status, sent=len(content))
        )
        self.send_response(status)
        if conditional:
            self.send_header("ETag", tag)
        if status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: DemoWorld, port: int) -> None:
        self.world = world
        self.log: list[Request] = []
        super().__init__(("127.0.0.1", port), _Handler)


class DemoServer:
    """Serves a world while the ``with`` block runs; ``port`` 0 takes a free one."""

    def __init__(self, world: DemoWorld, port: int = 0) -> None:
        self._server = _Server(world, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-server", daemon=True
        )

    @property
    def url(self) -> str:
        """What to give as ``--replay``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def log(self) -> list[Request]:
        """Every request so far."""
        return self._server.log

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
