"""A tiny IMAP server on loopback: one mailbox of messages, with logins by password or token."""

from __future__ import annotations

import base64
import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ImapServer:
    """Knows SEARCH UNSEEN, SEARCH HEADER Message-ID, FETCH and STORE; refuses every other login."""

    user: str = "arkiv@kommun.example"
    password: str = "hemligt"
    token: str | None = None
    folder: str = "INBOX"
    messages: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Serve on a port of loopback."""
        imap = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                imap._converse(self.rfile, self.wfile)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield int(server.server_address[1])
            finally:
                server.shutdown()
                thread.join(10)

    def _converse(self, lines: Any, out: Any) -> None:
        def say(*answers: bytes) -> None:
            for answer in answers:
                out.write(answer + b"\r\n")

        say(b"* OK ready")
        while line := lines.readline():
            tag, command = line.strip().split(b" ", 1)
            words = command.decode()
            self.commands.append(words)
            done = tag + b" OK done"
            if words == "CAPABILITY":
                say(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2", done)
            elif words.startswith("LOGIN"):
                good = words == f'LOGIN {self.user} "{self.password}"'
                say(done if good else tag + b" NO wrong user or password hemligt")
            elif words.startswith("AUTHENTICATE"):
                say(b"+ ")
                expected = f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"
                if base64.b64decode(lines.readline()).decode() == expected:
                    say(done)
                else:
                    say(b"+ " + base64.b64encode(b'{"status":"400"}'))
                    lines.readline()
                    say(tag + b" NO AUTHENTICATE failed")
            elif words.startswith(("SELECT", "EXAMINE")):
                good = words.split(" ", 1)[1] == f'"{self.folder}"'
                say(b"* %d EXISTS" % len(self.messages), done) if good else say(tag + b" NO no such mailbox")
            elif words.startswith("UID SEARCH"):
                say(b"* SEARCH " + " ".join(map(str, self._found(words))).encode(), done)
            elif words.startswith("UID FETCH"):
                number = int(words.split()[2])
                body = self.messages[number - 1]
                say(b"* %d FETCH (UID %d BODY[]<0> {%d}" % (number, number, len(body)), body + b")", done)
            elif words.startswith("UID STORE"):
                self.seen.add(int(words.split()[2]))
                say(done)
            else:
                say(b"* BYE", done)

    def _found(self, words: str) -> list[int]:
        numbers = range(1, len(self.messages) + 1)
        if wanted := re.search('HEADER Message-ID "(.*)"', words):
            return [n for n in numbers if f"Message-ID: {wanted[1]}".encode() in self.messages[n - 1]]
        return [n for n in numbers if n not in self.seen]
