"""Mail servers on loopback: a real one (aiosmtpd) and one that misbehaves to order."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from matcher.digest.smtp import SmtpServer

USER, PASSWORD = "letters@example.org", "p@ss:wörd/1"


@dataclass
class Inbox:
    """An aiosmtpd handler that keeps every accepted message."""

    accepted: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.accepted.append((envelope.mail_from or "", envelope.rcpt_tos, envelope.content))
        return "250 taken"


def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    """Accept exactly one user."""
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good, handled=good)


class _Implicit(Controller):
    """aiosmtpd's controller probes its own TLS port with a context that must trust it."""

    def _trigger_server(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((self.hostname, self.port), 5)
        with plain, context.wrap_socket(plain) as wrapped:
            wrapped.recv(1024)


@contextlib.contextmanager
def real_server(
    inbox: Inbox, *, tls: ssl.SSLContext | None = None, implicit: bool = False, auth: bool = False
) -> Iterator[int]:
    """A running aiosmtpd; gives its port."""
    extra: dict[str, object] = {}
    if tls is not None and not implicit:
        extra = {"tls_context": tls, "require_starttls": True}
    if auth:
        extra |= {
            "authenticator": login,
            "auth_required": True,
            # aiosmtpd does not know that an implicit TLS socket is encrypted
            "auth_require_tls": tls is not None and not implicit,
        }
    kind = _Implicit if implicit else Controller
    controller = kind(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=tls if implicit else None,
        ready_timeout=20,
        **extra,  # type: ignore[arg-type]
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A self-made certificate and its key, by the openssl command."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "36500",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


GOOD = {
    "connect": "220 raw",
    "EHLO": "250-raw\r\n250 SIZE 1000000",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "dot": "250 taken",
    "QUIT": "221 bye",
}


class RawServer:
    """Answers each step as told: a reply line, "drop" (close) or "hang" (say nothing more).

    ``accepted`` holds the messages that were answered with 250, ``commands`` all that was said.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self.answers = GOOD | dict(answers or {})
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass
        self._thread.join(5)
        self._listener.close()

    def client(self, **fields: object) -> SmtpServer:
        """A sender that loses patience quickly."""
        values: dict[str, object] = {"connect_seconds": 2.0, "command_seconds": 0.4, "data_seconds": 0.4}
        return SmtpServer(host="127.0.0.1", port=self.port, **values | fields)  # type: ignore[arg-type]

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        with stream:
            if not self._answer(connection, "connect"):
                return
            while line := stream.readline():
                command = line.decode("ascii", "replace").strip()
                self.commands.append(command)
                verb = command.split(" ")[0].upper()
                if not self._answer(connection, verb):
                    return
                if verb == "QUIT":
                    return
                if verb == "DATA" and self.answers["DATA"].startswith("354"):
                    if self.answers["dot"] == "drop in the middle":
                        stream.readline()
                        return
                    message = b""
                    while (part := stream.readline()) not in (b".\r\n", b""):
                        message += part
                    if self.answers["dot"].startswith("250"):
                        self.accepted.append(message)
                    if not self._answer(connection, "dot"):
                        return

    def _answer(self, connection: socket.socket, step: str) -> bool:
        answer = self.answers.get(step, "502 no such command")
        if answer == "hang":
            self._over.wait(5)
            return False
        if answer == "drop":
            return False
        connection.sendall(answer.encode() + b"\r\n")
        return True
