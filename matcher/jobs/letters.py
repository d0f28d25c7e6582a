"""Plan the letters that are due and hand them to the mail server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from matcher.config import Committee, Municipality
from matcher.digest.outbox import Delivered, deliver_due
from matcher.digest.plan import letter_due, period_of, plan_digest
from matcher.digest.render import Rendered, build_message, message_id_for, render
from matcher.digest.smtp import SmtpServer
from matcher.domain import Digest, Letter, LetterState
from matcher.jobs.installation import Clock, Installation, Progress, Stop
from matcher.jobs.sources import source_health
from matcher.storage import repository
from matcher.storage.engine import Database

#: longer than connect, commands and DATA together can take (RFC 5321 §4.5.3.2)
LEASE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A committee's digest for one period, rendered, and the letters it became."""

    digest: Digest
    rendered: Rendered
    letters: tuple[Letter, ...] = ()


def compose(
    installation: Installation, municipality: Municipality, committee: Committee, period: str, now: datetime
) -> Planned:
    """The digest a committee would get now, without storing anything."""
    configuration = installation.configuration
    with installation.database.read() as session:
        stored = {call.key: call for call in repository.stored_calls(session)}
        matches = repository.load_matches(session, committee.id)
        told = repository.told(session, committee.id)
    digest = plan_digest(
        municipality=municipality,
        committee=committee,
        calls=stored,
        matches=matches,
        told=told,
        health=source_health(installation, now),
        settings=configuration.settings,
        programmes=configuration.programmes,
        config_version=configuration.version,
        period=period,
        now=now,
        publishers={key: source.title for key, source in installation.sources.items()},
    )
    return Planned(
        digest=digest, rendered=render(digest, list_domain=configuration.settings.mail.list_domain)
    )


def preview(installation: Installation, committee_id: str, now: datetime) -> Planned:
    """The letter a committee would get now, whether or not one is due; nothing is stored."""
    municipality, committee = installation.committee(committee_id)
    planned = compose(installation, municipality, committee, period_of(now), now)
    recipients = committee.recipients or (
        f"{committee.id}@{installation.configuration.settings.mail.list_domain}",
    )
    return replace(planned, letters=_letters(installation, committee, planned, recipients[:1], now))


def plan(installation: Installation, now: datetime, *, store: bool = True) -> list[Planned]:
    """Compose and freeze the letters that are due; planning again does nothing.

    Each committee is one transaction. A committee without recipients is planned for nobody, so
    nothing is marked as told to it.
    """
    planned_all = []
    for municipality, committee in installation.configuration.committees():
        period = letter_due(committee.digest, now=now, last_period=last_period(installation, committee))
        if period is None or not committee.recipients:
            continue
        planned = compose(installation, municipality, committee, period, now)
        if planned.digest.empty and committee.digest.when_empty == "silence":
            continue
        letters = _letters(installation, committee, planned, committee.recipients, now)
        if store:
            with installation.database.write() as session:
                queued = repository.queue_letters(session, letters, planned.digest.told)
            if not queued:
                continue
        planned_all.append(replace(planned, letters=letters))
    return planned_all


def last_period(installation: Installation, committee: Committee) -> str | None:
    """The latest period a committee has a letter for, or ``None``."""
    with installation.database.read() as session:
        periods = repository.letter_periods(session)
    return max(
        (period for name, period, kind in periods if (name, kind) == (committee.id, "digest")), default=None
    )


def _letters(
    installation: Installation,
    committee: Committee,
    planned: Planned,
    recipients: Sequence[str],
    now: datetime,
) -> tuple[Letter, ...]:
    mail = installation.configuration.settings.mail
    sender = sender_address(installation)
    letters = []
    for recipient in recipients:
        message_id = message_id_for(planned.digest, recipient, mail)
        body = build_message(
            planned.rendered,
            planned.digest,
            recipient,
            mail,
            mail_from=sender,
            message_id=message_id,
            now=now,
        )
        letters.append(
            Letter(
                committee=committee.id,
                period=planned.digest.period,
                recipient=recipient,
                subject=planned.rendered.subject,
                message_id=message_id,
                body=body,
                created_at=now,
            )
        )
    return tuple(letters)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of the letters that were tried, and why none was when none could be."""

    results: tuple[Delivered, ...] = ()
    #: letters of a process that died; whether the server has them is not known
    expired: int = 0
    problem: str | None = None
    #: why nothing was tried, although nothing is wrong
    held: str | None = None

    def of(self, *states: LetterState) -> list[Delivered]:
        """The letters that ended in one of these states."""
        return [result for result in self.results if result.state in states]

    @property
    def sent(self) -> int:
        """How many letters the server accepted."""
        return len(self.of(LetterState.SENT))

    @property
    def unsent(self) -> list[Delivered]:
        """Letters that were tried and not accepted."""
        return [result for result in self.results if result.state is not LetterState.SENT]

    @property
    def failed(self) -> bool:
        """Whether a person should look."""
        return bool(self.unsent or self.expired or self.problem)


@dataclass(frozen=True)
class StoredOutbox:
    """The outbox of ``digest.outbox`` over the database: each step is a transaction of its own."""

    database: Database
    owner: str

    def waiting(self, now: datetime) -> bool:
        """Whether a queued letter may be sent now."""
        with self.database.read() as session:
            return repository.letter_waiting(session, now)

    def expire(self, now: datetime) -> int:
        """Claims whose lease has run out become uncertain."""
        with self.database.write() as session:
            return repository.expire_leases(session, now)

    def claim(self, now: datetime) -> Letter | None:
        """The next letter that may be tried, claimed for this process."""
        with self.database.write() as session:
            return repository.claim_letter(session, self.owner, now, LEASE)

    def finish(
        self,
        letter: Letter,
        state: LetterState,
        now: datetime,
        problem: str | None = None,
        next_attempt_at: datetime | None = None,
    ) -> None:
        """Write down what became of a claimed letter."""
        assert letter.id is not None
        with self.database.write() as session:
            repository.finish_letter(
                session, letter.id, self.owner, state, now, problem=problem, next_attempt_at=next_attempt_at
            )


def waiting(installation: Installation) -> int:
    """How many letters wait in the outbox."""
    with installation.database.read() as session:
        return len(repository.letters(session, state=LetterState.QUEUED))


def send(
    installation: Installation,
    clock: Clock,
    progress: Progress = lambda _: None,
    stop: Stop = lambda: False,
) -> Sending:
    """Hand every letter that may be tried to the mail server, one by one.

    Without SMTP_URL nothing is tried: the letters stay in the outbox, which is said.
    """
    if installation.smtp_url is None:
        count = waiting(installation)
        return Sending(held=f"SMTP_URL is not set: {count} letters wait in the outbox." if count else None)

    def note(result: Delivered) -> None:
        progress(f"{result.letter.recipient}: {result.state}")

    report = deliver_due(
        StoredOutbox(installation.database, installation.owner),
        SmtpServer.from_url(installation.smtp_url),
        sender=sender_address(installation),
        now=clock,
        on_result=note,
        stop=stop,
    )
    return Sending(results=report.results, expired=report.expired, problem=report.unreachable)


def sender_address(installation: Installation) -> str:
    """MAIL_FROM, else an address in the configured list domain."""
    return installation.mail_from or f"eu-utlysningar@{installation.configuration.settings.mail.list_domain}"
