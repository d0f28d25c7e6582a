"""A mailbox read by IMAP: the archive that proves a letter arrived, and the one that bounces come to."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from matcher.digest.smtp import is_loopback
from matcher.digest.token import xoauth2
from matcher.errors import ConfigError, UnreachableError

_SECONDS = 30.0
#: of a message: enough for any report and the headers of the letter it is about
_MOST_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where to look; each method is one connection."""

    host: str
    port: int
    encrypted: bool
    user: str
    folder: str = "INBOX"
    password: str | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False)
    ca_file: str | None = None

    @classmethod
    def from_url(
        cls, url: str, name: str, *, token: Callable[[], str] | None = None, ca_file: str | None = None
    ) -> Mailbox:
        """Read ``imaps://user:password@host:port/Folder``; without a password the login is by ``token``.

        Raises:
            ConfigError: it begins with ``name``, the variable; never with the password in it.
        """
        form = "imaps://user:password@host/Folder"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError([f"{name}: not a valid address, expected {form}"]) from None
        if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
            raise ConfigError([f"{name}: expected {form}"])
        if not parts.password and token is None:
            raise ConfigError([f"{name}: give a password, or set MAIL_TOKEN_URL for a login by token"])
        if parts.scheme == "imap" and not is_loopback(parts.hostname):
            raise ConfigError([f"{name}: imap:// would send the password unencrypted; use imaps://"])
        folder = unquote(parts.path.strip("/")) or "INBOX"
        if not re.fullmatch(r"[ !#-\[\]-~]+", folder):
            raise ConfigError([f"{name}: the folder's name may hold plain ASCII only"])
        return cls(
            host=parts.hostname,
            port=port or (993 if parts.scheme == "imaps" else 143),
            encrypted=parts.scheme == "imaps",
            user=unquote(parts.username),
            password=unquote(parts.password) if parts.password else None,
            token=None if parts.password else token,
            folder=folder,
            ca_file=ca_file,
        )

    def holding(self, message_ids: Iterable[str]) -> set[str]:
        """Those of the Message-IDs that the mailbox holds a message of.

        Raises:
            UnreachableError: it cannot be read.
        """
        with self._open(readonly=True) as imap:
            return {
                message_id
                for message_id in message_ids
                if _data(imap.uid("SEARCH", "HEADER", "Message-ID", f'"{message_id}"'))[0]
            }

    def take_unseen(self, take: Callable[[bytes], None]) -> None:
        """Give each unseen message to ``take`` and mark it seen once that has returned.

        Raises:
            UnreachableError: it cannot be read.
        """
        with self._open(readonly=False) as imap:
            found = _data(imap.uid("SEARCH", "UNSEEN"))[0]
            for uid in found.split() if isinstance(found, bytes) else ():
                number = uid.decode("ascii")
                for part in _data(imap.uid("FETCH", number, f"(BODY.PEEK[]<0.{_MOST_BYTES}>)")):
                    if isinstance(part, tuple):
                        take(part[1])
                _data(imap.uid("STORE", number, "+FLAGS", r"(\Seen)"))

    @contextmanager
    def _open(self, *, readonly: bool) -> Iterator[imaplib.IMAP4]:
        imap = None
        try:
            imap = self._login()
            _data(imap.select(f'"{self.folder}"', readonly))
            yield imap
        except (OSError, imaplib.IMAP4.error) as error:
            why = str(error).replace(self.password, "***") if self.password else str(error)
            line = " ".join(why.split())[:200]
            raise UnreachableError(f"mailbox {self.folder} on {self.host}:{self.port}: {line}") from None
        finally:
            if imap is not None:
                with suppress(OSError, imaplib.IMAP4.error):
                    imap.logout()

    def _login(self) -> imaplib.IMAP4:
        imap: imaplib.IMAP4
        if self.encrypted:
            context = ssl.create_default_context(cafile=self.ca_file)
            imap = imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=_SECONDS)
        else:
            imap = imaplib.IMAP4(self.host, self.port, timeout=_SECONDS)
        try:
            if self.password is not None:
                imap.login(self.user, self.password)
            elif self.token is not None:
                response = xoauth2(self.user, self.token()).encode()
                # a refusal comes as a challenge, which is answered with nothing
                answers = iter((response,))
                imap.authenticate("XOAUTH2", lambda _: next(answers, b""))
        except BaseException:
            with suppress(OSError):
                imap.shutdown()
            raise
        return imap


def _data(
    answer: tuple[str, list[bytes | None] | list[bytes | tuple[bytes, bytes]]],
) -> list[bytes | tuple[bytes, bytes] | None]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{status} {data!r}")
    return list(data)
