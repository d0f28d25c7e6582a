"""What the operators are told by mail: once for each trouble, not daily."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from matcher.digest.alarm import OPERATORS, Alarm, alarm_letters
from matcher.domain import STOCKHOLM, LetterState, Outcome
from matcher.jobs.installation import Installation
from matcher.jobs.letters import sender_address
from matcher.storage import repository


def raise_alarms(installation: Installation, now: datetime) -> int:
    """Queue letters to the operators about what went wrong; the same trouble is queued once.

    Returns:
        How many letters were new.
    """
    mail = installation.configuration.settings.mail
    new = 0
    for alarm in (*_source_alarms(installation), *_letter_alarms(installation)):
        letters = alarm_letters(alarm, mail, mail_from=sender_address(installation), now=now)
        with installation.database.write() as session:
            new += repository.queue_letters(session, letters, [])
    return new


def _source_alarms(installation: Installation) -> Iterator[Alarm]:
    with installation.database.read() as session:
        records = repository.last_runs(session)
    for key, record in records.items():
        source = installation.sources.get(key)
        if source is None or record.last.outcome is Outcome.OK:
            continue
        if record.last.outcome is Outcome.DEGRADED:
            # odd records come and go: one letter a week says enough
            year, week, _ = record.last.ended_at.astimezone(STOCKHOLM).isocalendar()
            yield Alarm(
                key=f"{key} degraded {year}-W{week:02}",
                subject=f"{source.title} was read, but not wholly",
                lines=(
                    f"{record.last.problem or 'Some records could not be read.'}",
                    f"The calls that could be read are stored. `matcher scrape {key}` shows the odd records.",
                ),
            )
            continue
        since = record.last_read.ended_at if record.last_read else None
        read = f"{since.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}" if since else "never"
        yield Alarm(
            key=f"{key} failed, last read {read}",
            subject=f"{source.title} could not be read",
            lines=(
                record.last.problem or "The run ended without a reason.",
                f"Last read: {read}. Nothing of this run was stored: yesterday's calls stand, and the "
                "letters say that this source has not been read.",
                f"It is tried again by itself. If the publisher has changed its site, the module of {key} "
                "needs mending: see docs/operations.md and CONTRIBUTING.md. You get no second letter "
                "about this.",
            ),
        )


def _letter_alarms(installation: Installation) -> Iterator[Alarm]:
    with installation.database.read() as session:
        troubled = [
            letter
            for state in (LetterState.FAILED, LetterState.UNCERTAIN)
            for letter in repository.letters(session, state=state)
        ]
    for letter in troubled:
        if letter.committee == OPERATORS:  # an alarm about an alarm would go the same way
            continue
        yield Alarm(
            key=f"letter {letter.id} {letter.state}",
            subject=f"a letter to {letter.recipient} is {letter.state}",
            lines=(
                f"{letter.subject}",
                f"{letter.problem or 'The process that was sending it died.'}",
                f"Message-ID: {letter.message_id}. A failed letter is not tried again; an uncertain one "
                "may have arrived: look for its Message-ID in the mail server's log.",
            ),
        )
