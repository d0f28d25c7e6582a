"""A mail server that is the truth of what arrived: it tells each step, keeps a log, and can be cut short."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

#: the steps of one letter, in order; "stored": the server has it, "taken": its 250 is on the wire
STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "dot", "stored", "taken", "QUIT")
_ANSWERS = {
    "EHLO": b"250 sink\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Sink:
    """Many connections at once; ``hear`` is called in the server's thread at each step.

    What ``hear`` returns, if anything, is said instead of the usual answer; "drop" closes the connection.
    """

    log: Path | None = None
    #: the time that the log names
    now: datetime | None = None
    hear: Callable[[str], str | None] = lambda _: None
    #: by recipient, what is always said instead of 250
    refused: dict[str, str] = field(default_factory=dict)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)
    _queued: int = 0

    def store(self, recipient: str, message: bytes) -> None:
        """Keep a message and say so in the log, as Postfix does."""
        message_id = next(line for line in message.split(b"\r\n") if line.lower().startswith(b"message-id:"))
        with self._lock:
            self.accepted.append((recipient, message))
            self._queued += 1
            if self.log is None or self.now is None:
                return
            number = f"{self._queued:09X}"
            with self.log.open("a", encoding="ascii") as log:
                for line in (
                    f"postfix/cleanup[7]: {number}: message-id={message_id.decode().partition(': ')[2]}",
                    f"postfix/qmgr[8]: {number}: from=<a@b.example>, size=1, nrcpt=1 (queue active)",
                    f"postfix/smtp[9]: {number}: to=<{recipient}>, relay=x, dsn=2.0.0, status=sent (250 ok)",
                ):
                    log.write(f"{self.now.isoformat()} mail {line}\n")

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Serve on a port of loopback."""
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    _converse(sink, self.rfile, self.connection)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, request_queue_size = True, 64

            def handle_error(self, *_: object) -> None:
                """A client that dies is no error of ours."""

        with Server(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield int(server.server_address[1])
            finally:
                server.shutdown()
                thread.join(10)


class _HungUpError(Exception):
    """The conversation is over."""


def _converse(sink: Sink, lines: Any, connection: socket.socket) -> None:
    def say(step: str, usual: bytes) -> bytes:
        answer = sink.hear(step)
        if answer == "drop":
            raise _HungUpError
        said = usual if answer is None else answer.encode() + b"\r\n"
        if said:
            connection.sendall(said)
        return said

    with contextlib.suppress(_HungUpError):
        say("connect", b"220 sink\r\n")
        recipient = ""
        while line := lines.readline():
            verb = line.split()[0].upper().decode()
            if verb == "RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            usual = _ANSWERS.get(verb, b"502 what\r\n")
            if verb == "RCPT" and recipient in sink.refused:
                usual = f"{sink.refused[recipient]}\r\n".encode()
            said = say(verb, usual)
            if verb == "QUIT":
                return
            if verb != "DATA" or not said.startswith(b"354"):
                continue
            message = b""
            while (part := lines.readline()) != b".\r\n":
                if not part:
                    return
                message += part[1:] if part.startswith(b".") else part
            if (answer := sink.hear("dot")) is not None:
                if answer == "drop":
                    return
                connection.sendall(answer.encode() + b"\r\n")
                continue
            sink.store(recipient, message)
            say("stored", b"250 taken\r\n")
            say("taken", b"")
