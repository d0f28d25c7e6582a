"""What a person does with the outbox: look, settle, send anew; and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from matcher.digest.alarm import OPERATORS, Alarm
from matcher.digest.bounces import Report, messages_in, read_report
from matcher.digest.mailbox import Mailbox
from matcher.domain import STOCKHOLM, Bounce, Letter, LetterState, Suspension
from matcher.errors import ConfigError, MatcherError
from matcher.jobs.installation import Installation
from matcher.jobs.sending import brake_on
from matcher.storage import repository

#: older letters alarm nobody, whoever becomes an operator
_RECENT = timedelta(days=14)
_AN_HOUR = timedelta(hours=1)
#: under which name the duty of reading bounces notes that it was done
_BOUNCES = "bounces"


def list_letters(
    installation: Installation,
    state: LetterState | None = None,
    committee: str | None = None,
    limit: int | None = None,
) -> list[Letter]:
    """Letters, newest first."""
    with installation.database.read() as session:
        return repository.letters(session, state, committee, limit)


def find_letter(installation: Installation, letter_id: int) -> Letter:
    """A letter by its number.

    Raises:
        StorageError: there is none.
    """
    with installation.database.read() as session:
        return repository.find_letter(session, letter_id)


def resolve(installation: Installation, letter_id: int, state: LetterState, now: datetime) -> Letter:
    """Settle an uncertain letter by hand: sent, queued or failed.

    Raises:
        StorageError: there is no such letter, or it is not uncertain.
    """
    with installation.database.write() as session:
        repository.resolve_letter(session, letter_id, state, now, "Settled by hand.")
        return repository.find_letter(session, letter_id)


def resend(installation: Installation, letter_id: int, now: datetime, to: str | None = None) -> Letter:
    """Queue a letter that is done once more, with the same bytes, to the same or another address.

    Raises:
        StorageError: there is no such letter, it is not done, or its bytes are no longer kept.
    """
    with installation.database.write() as session:
        return repository.copy_letter(session, letter_id, now, to)


def suspensions(installation: Installation) -> list[Suspension]:
    """The addresses that get no letters."""
    with installation.database.read() as session:
        return repository.suspensions(session)


def unsuspend(installation: Installation, address: str, now: datetime, committee: str | None = None) -> None:
    """Let an address get letters again; with ``committee``, those which the address itself has ended.

    Raises:
        StorageError: it is not suspended.
    """
    with installation.database.write() as session:
        repository.lift_suspension(session, address, now, committee)


@dataclass(kw_only=True)
class BouncesRead:
    """What was in a mailbox of returned letters."""

    #: letters of ours that came back, those known already among them
    bounces: list[Bounce] = field(default_factory=list)
    suspended: list[Suspension] = field(default_factory=list)
    #: messages that report nothing about a letter of ours
    other: int = 0


def read_bounces(installation: Installation, now: datetime, path: Path | None = None) -> BouncesRead:
    """Note the letters that came back, from a file or folder, else from the mailbox of BOUNCES_URL.

    Raises:
        MatcherError: it cannot be read.
        ConfigError: neither is given.
    """
    read = BouncesRead()

    def take(raw: bytes) -> None:
        _take(installation, read_report(raw, now), now, read)

    if path is not None:
        for raw in messages_in(path):
            take(raw)
    elif installation.bounces_url:
        Mailbox.from_url(installation.bounces_url, "BOUNCES_URL", token=installation.token).take_unseen(take)
    else:
        raise ConfigError(["name a file or folder, or set BOUNCES_URL to the mailbox letters come back to"])
    return read


def bounces_due(installation: Installation, now: datetime) -> str | None:
    """Read the mailbox of BOUNCES_URL if that has not been tried for an hour; why it could not be read."""
    if installation.bounces_url is None:
        return None
    with installation.database.write() as session:
        last = repository.last_beat(session, _BOUNCES)
        if last is not None and now - last < _AN_HOUR:
            return None
        repository.beat(session, now, _BOUNCES)
    try:
        read_bounces(installation, now)
    except MatcherError as error:
        return str(error)
    return None


def _take(installation: Installation, report: Report | None, now: datetime, read: BouncesRead) -> None:
    if report is None:
        read.other += 1
        return
    with installation.database.write() as session:
        letter = repository.letter_by_message_id(session, report.message_id) if report.message_id else None
        if letter is not None:
            # the address that failed may be one that the recipient forwards to
            ours = {letter.recipient: any(report.addresses.values())}
        elif report.message_id is None:
            ours = {a: hard for a, hard in report.addresses.items() if repository.letter_sent_to(session, a)}
        else:
            ours = {}
        if not ours:
            read.other += 1
            return
        found = [
            Bounce(
                report=report.name,
                address=address,
                hard=hard,
                at=report.at,
                message_id=report.message_id,
                problem=report.problem,
            )
            for address, hard in ours.items()
        ]
        read.suspended += repository.record_bounces(session, found, now)
    read.bounces += found


def delivery_alarms(installation: Installation, now: datetime) -> Iterator[Alarm]:
    """What the operators should know about letters: failed, uncertain, held back, addresses that are dead."""
    with installation.database.read() as session:
        troubled = [
            letter
            for state in (LetterState.FAILED, LetterState.UNCERTAIN)
            for letter in repository.letters(session, state=state, since=now - _RECENT)
        ]
        suspended = repository.suspensions(session)
    for letter in troubled:
        if letter.committee == OPERATORS:  # an alarm about an alarm would go the same way
            continue
        if letter.claimed_at is None:  # given up untried when its recipient ended the letters, told below
            continue
        yield Alarm(
            key=f"letter {letter.id} {letter.state}",
            subject=f"a letter to {letter.recipient} is {letter.state}",
            lines=(
                letter.subject,
                letter.problem or "The process that was sending it died.",
                f"Message-ID: {letter.message_id}",
                f"`matcher outbox show {letter.id}` shows it. A failed letter is not tried again by itself: "
                f"`matcher outbox resend {letter.id}`, with --to for another address. An uncertain one may "
                f"have arrived: `matcher outbox resolve {letter.id} sent`, or `resend`.",
            ),
        )
    yield from (_silent(installation, suspension) for suspension in suspended)
    if brake := brake_on(installation, now):
        yield Alarm(key=brake.key, subject="letters are held back", lines=(brake.sentence,))


def _silent(installation: Installation, suspension: Suspension) -> Alarm:
    """An address that gets no letters any more: they came back, or it has ended them."""
    since = f"{suspension.since.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
    if suspension.committee is not None:
        return Alarm(
            key=f"unsubscribed {suspension.address} {suspension.committee} {suspension.since:%Y-%m-%dT%H:%M}",
            subject=f"{suspension.address} has ended the letters of {suspension.committee}",
            lines=(
                f"Somebody used the link in a letter to {suspension.address}; since {since} none of "
                f"{suspension.committee} is planned for it.",
                "Take the address out of the configuration, or, if it was a mistake: "
                f"`matcher outbox unsuspend {suspension.address} --committee {suspension.committee}`.",
            ),
        )
    who = ", ".join(
        committee.name
        for _, committee in installation.configuration.committees()
        if suspension.address in map(str.lower, committee.recipients)
    )
    return Alarm(
        key=f"suspended {suspension.address} since {suspension.since:%Y-%m-%dT%H:%M}",
        subject=f"{suspension.address} gets no letters any more",
        lines=(
            f"Letters to {suspension.address} ({who or 'no committee now'}) came back on three days; "
            f"the last reason: {suspension.problem}",
            f"None is planned for it since {since}. "
            "Correct the address in the configuration, or, when it works again: "
            f"`matcher outbox unsuspend {suspension.address}`.",
        ),
    )
