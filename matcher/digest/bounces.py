"""Reads the reports of letters that came back."""

from __future__ import annotations

import email
import email.policy
import hashlib
import logging
import mailbox
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from flufl.bounce import all_failures

from matcher.digest.words import one_line
from matcher.errors import MatcherError

# it logs its own stumbling, with a traceback
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

#: RFC 3463: the address or its domain does not exist, or no reason is given. A full mailbox (5.2.2), a letter
#: too big, routing, policy and whatever is temporary (4) may be otherwise next time.
_DEAD = re.compile(r"5\.(?:0\.\d+|1\.\d+|2\.[01])\b")
_MESSAGE_ID = re.compile(rb"(?im)^[> \t]*Message-ID:\s*(<[^<>\s]+>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a mail server says about letters that it could not deliver."""

    #: the report's own Message-ID, or a hash of its bytes
    name: str
    at: datetime
    #: of the letter that came back
    message_id: str | None
    #: in small letters, with whether the address will not work next time either
    addresses: dict[str, bool]
    problem: str


def read_report(raw: bytes, now: datetime) -> Report | None:
    """A message as a report of letters that came back; ``None`` when it is something else.

    Answers of absent people and mere delays ("we go on trying") are something else, or not hard.
    """
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    try:
        delayed, failed = all_failures(message)
    except Exception:  # noqa: BLE001 (the boundary of one message: foreign heuristics stumble over odd mail)
        return None
    addresses = dict.fromkeys((a.decode("ascii").lower() for a in delayed), False)
    status = _field(message, "status")
    dead = not status or _DEAD.match(status) is not None
    addresses |= dict.fromkeys((a.decode("ascii").lower() for a in failed), dead)
    if not addresses:
        return None
    own = str(message["Message-ID"] or "").strip()
    return Report(
        name=own or hashlib.sha256(raw).hexdigest(),
        at=_moment(message, now),
        message_id=_returned(raw, own),
        addresses=addresses,
        problem=one_line(_field(message, "diagnostic-code") or status or str(message["Subject"] or ""), 300)
        or "The letter came back.",
    )


def _field(message: Message, name: str) -> str:
    """The first value of a field in the parts that are written for machines (RFC 3464)."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload():
                if isinstance(block, Message) and block[name]:
                    return str(block[name]).strip()
    return ""


def _moment(message: Message, now: datetime) -> datetime:
    """When the report was written, as it says, but never after ``now``: anybody can write a date."""
    try:
        at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return now
    return min(at.replace(tzinfo=at.tzinfo or UTC), now)


def _returned(raw: bytes, own: str) -> str | None:
    """The Message-ID below the report's own headers: most give the letter back, or its headers."""
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    found = [match.decode("ascii", "replace") for match in _MESSAGE_ID.findall(body)]
    return next((message_id for message_id in found if message_id != own), None)


def messages_in(path: Path) -> Iterator[bytes]:
    """The messages of a file (one message, or an mbox), of a maildir, or of a folder of such files.

    Raises:
        MatcherError: there is nothing of that name, or it cannot be read.
    """
    try:
        if path.is_dir():
            if (path / "cur").is_dir():
                for held in mailbox.Maildir(path, create=False):
                    yield held.as_bytes()
                return
            for file in sorted(path.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield from messages_in(file)
            return
        with path.open("rb") as start:
            mbox = start.read(5) == b"From "
        if mbox:
            with closing(mailbox.mbox(path, create=False)) as box:
                for entry in box:
                    yield entry.as_bytes()
        else:
            yield path.read_bytes()
    except OSError as error:
        raise MatcherError(f"{path} cannot be read: {error.strerror}.") from None
