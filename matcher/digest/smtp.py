"""Hands one message to the mail server and says which of four things happened."""

from __future__ import annotations

import base64
import ipaddress
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Literal, NoReturn
from urllib.parse import unquote, urlsplit

from matcher.digest.token import xoauth2
from matcher.errors import (
    ConfigError,
    DeferredError,
    RefusedError,
    UncertainError,
    UnknownRecipientError,
    UnreachableError,
)

#: RFC 5321 §4.5.3.2 asks for minutes; a server that takes longer than this to greet is as good as down.
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0
#: After the final dot the server may scan and store: RFC 5321 says ten minutes.
DATA_SECONDS = 600.0

#: RFC 3463: bad mailbox, bad domain, moved; mailbox disabled. Not: full, too big, our policy or our routing.
_NO_SUCH_RECIPIENT = re.compile(rb"5\.(1\.\d+|2\.1)\b")

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECURITY: dict[str, Literal["none", "starttls", "tls"]] = {
    "smtp": "none",
    "smtp+starttls": "starttls",
    "smtps": "tls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where letters are handed over. ``send`` opens one connection for one message."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    #: gives an access token, for a login by XOAUTH2 instead of a password
    token: Callable[[], str] | None = field(default=None, repr=False)
    #: file of further certificates to trust, for a server with a certificate of its own
    ca_file: str | None = None
    connect_seconds: float = CONNECT_SECONDS
    command_seconds: float = COMMAND_SECONDS
    data_seconds: float = DATA_SECONDS

    @classmethod
    def from_url(
        cls, url: str, *, token: Callable[[], str] | None = None, ca_file: str | None = None
    ) -> SmtpServer:
        """Read ``smtp://``, ``smtp+starttls://`` or ``smtps://user:password@host:port``.

        User and password are percent-encoded. The port defaults to 25, 587 or 465. A user without a
        password logs in with ``token``.

        Raises:
            ConfigError: never with the password in it.
        """
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            raise ConfigError(
                ["SMTP_URL: not a valid address, expected smtps://user:password@host"]
            ) from None
        if scheme not in _PORTS:
            raise ConfigError(["SMTP_URL: must begin with smtp://, smtp+starttls:// or smtps://"])
        if not host:
            raise ConfigError([f"SMTP_URL: names no server, expected {scheme}://host"])
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ConfigError(
                ["SMTP_URL: only user, password, host and port; percent-encode / ? # @ : in them"]
            )
        if parts.password is not None and not parts.username:
            raise ConfigError(["SMTP_URL: give both user and password, or neither"])
        if parts.username and not parts.password and token is None:
            raise ConfigError(
                ["SMTP_URL: the user has no password; give one, or set MAIL_TOKEN_URL for a login by token"]
            )
        if parts.username and scheme == "smtp" and not is_loopback(host):
            raise ConfigError(
                ["SMTP_URL: smtp:// would send the password unencrypted; use smtp+starttls:// or smtps://"]
            )
        return cls(
            host=host,
            port=port or _PORTS[scheme],
            security=_SECURITY[scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            token=token if parts.username and not parts.password else None,
            ca_file=ca_file,
        )

    def probe(self) -> None:
        """Connect, encrypt and log in, then leave.

        Raises:
            UnreachableError: a letter could not be handed over now.
        """
        with self._session():
            pass

    def send(self, message: bytes, sender: str, recipient: str, archive: str | None = None) -> None:
        """Hand over one message; returning means that the server has taken it (250).

        ``message`` has CRLF line ends and is 7-bit; the addresses are bare. ``archive`` gets a blind copy
        if the server takes it; its refusal does not stop the letter.

        Raises:
            UnreachableError: no session could be had; the letter was never mentioned.
            RefusedError: 5xx to the sender, the recipient or the letter; UnknownRecipientError if the
                server says that there is no such recipient.
            DeferredError: 4xx, or the connection broke before the letter's bytes began to flow.
            UncertainError: the connection broke after that, before the server's answer.
        """
        try:
            sender, recipient = ascii_address(sender), ascii_address(recipient)
            archive = ascii_address(archive) if archive else None
        except ConfigError as error:
            raise RefusedError(str(error)) from None
        with self._session() as smtp:
            # Step by step, since smtplib's own send raises after the letter is accepted when QUIT fails.
            size = f" size={len(message)}" if smtp.has_extn("size") else ""
            self._ask(smtp, "MAIL", f"FROM:<{sender}>{size}")
            self._ask(smtp, "RCPT", f"TO:<{recipient}>")
            if archive is not None:
                with suppress(RefusedError, DeferredError):
                    self._ask(smtp, "RCPT", f"TO:<{archive}>")
            self._ask(smtp, "DATA", "", wanted=3)
            code, text = self._hand_over(smtp, message)
            if code // 100 != 2:
                self._refuse(code, text, "the letter")

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        smtp = None
        try:
            smtp = self._open()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if isinstance(error, smtplib.SMTPResponseException):
                why = f"{error.smtp_code} {self._readable(error.smtp_error)}"
            else:
                why = self._readable(str(error)) or type(error).__name__
            raise UnreachableError(f"mail server {self.host}:{self.port}: {why}") from None
        try:
            yield smtp
        finally:
            # Whatever the letter's fate, it is decided: no problem at QUIT may change it.
            with suppress(OSError, smtplib.SMTPException):
                if smtp.sock is not None:
                    smtp.sock.settimeout(min(5.0, self.command_seconds))
                smtp.quit()
            smtp.close()

    def _open(self) -> smtplib.SMTP:
        context = None
        if self.security != "none":
            context = ssl.create_default_context()
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
        smtp: smtplib.SMTP
        if self.security == "tls":
            smtp = smtplib.SMTP_SSL(self.host, self.port, timeout=self.connect_seconds, context=context)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=self.connect_seconds)
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self.command_seconds)
            smtp.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                # Raises when the server does not offer it: never in clear when encryption was asked for.
                code, reply = smtp.starttls(context=context)
                if code != 220:
                    raise smtplib.SMTPResponseException(code, reply)
                smtp.ehlo_or_helo_if_needed()
            if self.user is not None and self.password is not None:
                _login(smtp, self.user, self.password)
            elif self.user is not None and self.token is not None:
                smtp.ehlo_or_helo_if_needed()
                response = xoauth2(self.user, self.token())
                # a refusal comes as a challenge, which is answered with nothing
                smtp.auth("XOAUTH2", lambda challenge=None: response if challenge is None else "")
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _ask(self, smtp: smtplib.SMTP, verb: str, rest: str, *, wanted: int = 2) -> None:
        try:
            code, text = smtp.docmd(verb, rest)
        except (OSError, smtplib.SMTPException) as error:
            raise DeferredError(f"connection broke at {verb}: {self._readable(str(error))}") from None
        if code // 100 != wanted:
            self._refuse(code, text, f"{verb} {rest}".strip())

    def _hand_over(self, smtp: smtplib.SMTP, message: bytes) -> tuple[int, bytes]:
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self.data_seconds)
            end = b"" if message.endswith(b"\r\n") else b"\r\n"
            smtp.send(re.sub(rb"(?m)^\.", b"..", message) + end + b".\r\n")
            code, text = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            why = self._readable(str(error))
            raise UncertainError(f"connection broke while the letter was handed over: {why}") from None
        if code // 100 not in (2, 4, 5):
            raise UncertainError(f"unreadable answer to the letter: {self._readable(text)}")
        return code, text

    def _refuse(self, code: int, text: bytes, what: str) -> NoReturn:
        sentence = f"{code} {self._readable(text)} (at {what})"
        # 530 and 535 ask for a login: our configuration, not the letter, is at fault.
        if code in (530, 535):
            raise UnreachableError(sentence)
        if code // 100 == 5:
            dead = what.startswith("RCPT") and _NO_SUCH_RECIPIENT.match(text)
            raise (UnknownRecipientError if dead else RefusedError)(sentence)
        raise DeferredError(sentence)

    def _readable(self, text: bytes | str) -> str:
        """A server's words as one short line without the password."""
        line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        if self.password:
            line = line.replace(self.password, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in line).split())[:300]


def _login(smtp: smtplib.SMTP, user: str, password: str) -> None:
    if f"{user}{password}".isascii():
        smtp.login(user, password)
        return
    # smtplib knows ASCII alone; RFC 4616 says UTF-8.
    secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, text = smtp.docmd("AUTH", f"PLAIN {secret}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


def ascii_address(address: str) -> str:
    """The bare address with its domain in ASCII (IDNA).

    Raises:
        ConfigError: the local part is not ASCII, or it is no address.
    """
    local, _, domain = parseaddr(address)[1].rpartition("@")
    if not local or not domain or not local.isascii() or not address.isprintable() or " " in local:
        raise ConfigError([f"{address[:100]!a} is not an address that plain SMTP can carry"])
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise ConfigError([f"{address[:100]!a} has no valid domain"]) from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, where passwords may go unencrypted."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
