"""The message to the operators when something needs a person: once per trouble, in plain text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from matcher.config.models import MailSettings
from matcher.digest.smtp import ascii_address
from matcher.digest.words import one_line
from matcher.domain import STOCKHOLM, Letter

#: who letters of alarm are for, where a committee's id stands otherwise
OPERATORS = "operators"
ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One trouble; ``key`` stays the same for as long as it lasts."""

    key: str
    subject: str
    lines: Sequence[str]


def alarm_letters(alarm: Alarm, settings: MailSettings, *, mail_from: str, now: datetime) -> list[Letter]:
    """A letter to each operator; queued again, the same trouble is the same letter."""
    letters = []
    for operator in settings.operators:
        seed = hashlib.sha256(f"{alarm.key}\n{operator}".encode()).hexdigest()[:24]
        message_id = f"<alarm.{seed}@{settings.list_domain}>"
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(one_line(settings.sender_name), addr_spec=ascii_address(mail_from))
        message["To"] = Address(addr_spec=ascii_address(operator))
        message["Subject"] = one_line(f"matcher: {alarm.subject}", 200)
        message["Date"] = now.astimezone(STOCKHOLM)
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content("\n\n".join(alarm.lines) + "\n", cte="quoted-printable")
        letters.append(
            Letter(
                committee=OPERATORS,
                period=alarm.key,
                kind=ALARM,
                recipient=operator,
                subject=str(message["Subject"]),
                message_id=message_id,
                body=message.as_bytes(),
                created_at=now,
            )
        )
    return letters
