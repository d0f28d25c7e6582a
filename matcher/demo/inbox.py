"""A real SMTP server on a loopback port that keeps every message it accepts."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from matcher.errors import ConfigError


class Inbox:
    """Accepts mail while the ``with`` block runs; each message is kept and written as ``.eml``.

    ``messages`` holds the bytes as received, ``files`` the paths, ``recipients`` the envelopes,
    all in the order of arrival.

    Raises:
        ConfigError: on entering, when the optional package aiosmtpd is not installed.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.messages: list[bytes] = []
        self.files: list[Path] = []
        self.recipients: list[tuple[str, ...]] = []
        self._port = port
        self._controller: Any = None

    @property
    def url(self) -> str:
        """What to give as ``SMTP_URL``."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """Called by aiosmtpd for each message."""
        number = len(list(self.folder.glob("*.eml"))) + 1  # letters of an earlier run stay
        name = "".join(c if c.isalnum() or c in "-." else "-" for c in envelope.rcpt_tos[0].split("@")[0])
        path = self.folder / f"{number:02d}-{name}.eml"
        path.write_bytes(envelope.content)
        self.messages.append(envelope.content)
        self.files.append(path)
        self.recipients.append(tuple(envelope.rcpt_tos))
        return "250 OK"

    def __enter__(self) -> Self:
        try:
            from aiosmtpd.controller import Controller
        except ImportError:
            raise ConfigError(
                ["the demo's inbox needs aiosmtpd: pip install 'matcher[demo]' (make demo does it)"]
            ) from None

        class OnFreePort(Controller):
            """Takes the port that the system gave before aiosmtpd connects to itself."""

            def _trigger_server(self) -> None:
                listening: Any = self.server
                self.port = listening.sockets[0].getsockname()[1]
                super()._trigger_server()  # type: ignore[no-untyped-call]

        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller = OnFreePort(self, hostname="127.0.0.1", port=self._port)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
