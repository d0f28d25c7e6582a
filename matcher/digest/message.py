"""A rendered letter → the message as it is sent: headers, parts and bytes."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Literal
from urllib.parse import quote

from matcher.config.models import MailSettings
from matcher.digest.render import Rendered
from matcher.digest.smtp import ascii_address
from matcher.digest.words import one_line, words_for
from matcher.domain import STOCKHOLM, Bulletin
from matcher.errors import ConfigError


def message_id_for(digest: Bulletin, recipient: str, settings: MailSettings) -> str:
    """``<2026-W47.committee.hash@domain>``: the same whenever this period's letter is made again."""
    seed = "\n".join((digest.period, digest.committee, recipient))
    short = hashlib.sha256(seed.encode()).hexdigest()[:16]
    return f"<{digest.period}.{digest.committee}.{short}@{settings.list_domain}>"


def build_message(
    rendered: Rendered,
    digest: Bulletin,
    recipient: str,
    settings: MailSettings,
    *,
    mail_from: str,
    message_id: str,
    now: datetime,
    unsubscribe_url: str | None = None,
) -> bytes:
    """The whole message as it is sent: CRLF, 7-bit, no line over 998 bytes, the same bytes every time.

    ``mail_from`` is MAIL_FROM, with or without a name; the name shown is ``settings.sender_name``.
    ``unsubscribe_url`` is a page that takes RFC 8058's one-click POST without cookies or login; without it
    one unsubscribes by a letter to the person who answers.

    Raises:
        ConfigError: an address has a local part that plain SMTP cannot carry.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(_in_header(settings.sender_name), addr_spec=ascii_address(mail_from))
    message["To"] = Address(addr_spec=ascii_address(recipient))
    if settings.reply_to:
        message["Reply-To"] = Address(addr_spec=ascii_address(settings.reply_to))
    message["Subject"] = _in_header(rendered.subject)
    message["Date"] = now.astimezone(STOCKHOLM)
    message["Message-ID"] = message_id
    message["List-Id"] = f"<{digest.committee}.calls.{settings.list_domain}>"
    message["List-Unsubscribe"] = _unsubscribe(
        ascii_address(settings.reply_to or mail_from), f"unsubscribe {digest.committee}", unsubscribe_url
    )
    if unsubscribe_url is not None:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = digest.language
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    # Boundaries of our own, so that the same letter is the same bytes.
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    message.set_boundary(f"=_{seed}_text")
    if rendered.ics is not None:
        name = words_for(digest.language)("calendar.file")
        message.add_attachment(
            rendered.ics,
            maintype="text",
            subtype="calendar",
            filename=f"{name}-{digest.period}.ics",
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
        message.set_boundary(f"=_{seed}_all")
    return message.as_bytes()


def _in_header(text: str) -> str:
    """One line that the header parser takes as it stands: it would decode "=?utf-8?q?…?=" in it."""
    return one_line(text).replace("=?", "= ?")


def _unsubscribe(address: str, subject: str, url: str | None) -> str:
    """RFC 2369: the ways to unsubscribe, the preferred one first.

    Raises:
        ConfigError: ``url`` is not one that may stand in a header.
    """
    mail = f"<mailto:{quote(address, safe='@')}?subject={quote(subject)}>"
    if url is None:
        return mail
    if not re.fullmatch(r"https://[!-;=?-~]{1,800}", url):
        raise ConfigError([f"{url[:100]!a} cannot stand in a header: https, ASCII, at most 800 characters"])
    return f"<{url}>, {mail}"


class _LetterPolicy(EmailPolicy):
    """SMTP's policy, but what machines read is never folded or encoded: long values would be unreadable."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in ("list-id", "message-id", "list-unsubscribe"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _LetterPolicy(
    message_factory=EmailMessage, linesep="\r\n", max_line_length=78, cte_type="7bit", raise_on_defect=False
)


def headers_of(body: bytes) -> list[tuple[str, str]]:
    """The headers of a message as people read them, in order."""
    return [(name, str(value)) for name, value in message_from_bytes(body, policy=policy.default).items()]


def part_of(body: bytes, subtype: Literal["plain", "html"]) -> str:
    """The text or HTML part of a message, with plain line ends; empty if it has none."""
    part = message_from_bytes(body, policy=policy.default).get_body((subtype,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")
