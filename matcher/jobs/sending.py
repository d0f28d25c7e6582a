"""Hand the letters of the outbox to the mail server, each exactly once as far as SMTP allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from matcher.digest.alarm import ALARM
from matcher.digest.mailbox import Mailbox
from matcher.digest.outbox import REFUSED_IN_A_ROW, USUAL, Delivered, deliver_due, too_many
from matcher.digest.reconcile import Archive, Finding, MailLog, Record, Settled, settle
from matcher.digest.smtp import SmtpServer
from matcher.domain import Bounce, Letter, LetterState
from matcher.errors import UnreachableError
from matcher.jobs.installation import Clock, Installation, Progress, Stop
from matcher.storage import repository
from matcher.storage.engine import Database

#: longer than connect, commands and DATA together can take (RFC 5321 §4.5.3.2)
LEASE = timedelta(minutes=15)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of the letters that were tried, and why none was when none could be."""

    results: tuple[Delivered, ...] = ()
    #: letters of a process that died; whether the server has them is not known
    expired: int = 0
    #: uncertain letters that are uncertain no longer
    settled: tuple[Settled, ...] = ()
    problem: str | None = None
    #: why nothing was tried, although nothing is wrong
    held: str | None = None
    #: why only alarms were sent: far more than usual would have gone out, or the server refuses everything
    brake: str | None = None

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
        return bool(self.unsent or self.expired or self.problem or self.brake)


@dataclass(frozen=True)
class StoredOutbox:
    """The outbox of ``digest.outbox`` over the database: each step is a transaction of its own."""

    database: Database
    owner: str
    #: letters of other kinds stay where they are
    kind: str | None = None

    def waiting(self, now: datetime) -> bool:
        """Whether a queued letter may be sent now."""
        with self.database.read() as session:
            return repository.letter_waiting(session, now, self.kind)

    def expire(self, now: datetime) -> int:
        """Claims whose lease has run out become uncertain."""
        with self.database.write() as session:
            return repository.expire_leases(session, now)

    def claim(self, now: datetime) -> Letter | None:
        """The next letter that may be tried, claimed for this process."""
        with self.database.write() as session:
            return repository.claim_letter(session, self.owner, now, LEASE, self.kind)

    def finish(self, result: Delivered, now: datetime) -> None:
        """Write down what became of a claimed letter, and of its address where that is the reason."""
        letter = result.letter
        assert letter.id is not None
        with self.database.write() as session:
            repository.finish_letter(
                session,
                letter.id,
                self.owner,
                result.state,
                now,
                problem=result.problem,
                next_attempt_at=result.next_attempt_at,
                attempts=None if result.counted else letter.attempts - 1,
            )
            if result.unknown_recipient:
                bounce = Bounce(
                    report=f"refused letter {letter.id}",
                    address=letter.recipient,
                    hard=True,
                    at=now,
                    message_id=letter.message_id,
                    problem=result.problem or "",
                )
                repository.record_bounces(session, [bounce], now)


def waiting(installation: Installation) -> int:
    """How many letters wait in the outbox."""
    with installation.database.read() as session:
        return repository.count_letters(session).get(LetterState.QUEUED, 0)


def send(
    installation: Installation,
    clock: Clock,
    progress: Progress = lambda _: None,
    stop: Stop = lambda: False,
    *,
    force: bool = False,
) -> Sending:
    """Settle what is uncertain, then hand every letter that may be tried to the mail server, one by one.

    Without SMTP_URL nothing is tried: the letters stay in the outbox, which is said. When the brake is on
    only letters to the operators go out, unless ``force``.
    """
    if installation.smtp_url is None:
        count = waiting(installation)
        return Sending(held=f"SMTP_URL is not set: {count} letters wait in the outbox." if count else None)
    server = SmtpServer.from_url(installation.smtp_url, token=installation.token)
    mail = installation.configuration.settings.mail
    outbox = StoredOutbox(installation.database, installation.owner)
    expired = outbox.expire(clock())
    settled, unread = reconcile(installation, clock())
    brake = None if force else brake_on(installation, clock())

    def note(result: Delivered) -> None:
        progress(f"{result.letter.recipient}: {result.state}")

    report = deliver_due(
        replace(outbox, kind=ALARM) if brake else outbox,
        server,
        sender=mail.return_path or sender_address(installation),
        archive=mail.archive,
        now=clock,
        on_result=note,
        stop=stop,
    )
    return Sending(
        results=report.results,
        expired=expired + report.expired,
        settled=tuple(settled),
        problem=report.unreachable or unread,
        brake=brake.sentence if brake else None,
    )


def reconcile(installation: Installation, now: datetime) -> tuple[list[Settled], str | None]:
    """Settle the uncertain letters of which the mail log or the archive can tell.

    Returns:
        The letters that are uncertain no longer, and why a record could not be read.
    """
    with installation.database.read() as session:
        letters = repository.letters(session, state=LetterState.UNCERTAIN)
    if not letters:
        return [], None
    records = _records(installation)
    found, problem = [], None
    for record in records:
        try:
            found.append(record.find(letters, now))
        except UnreachableError as error:
            found.append({})
            problem = str(error)
    policy = installation.configuration.settings.mail.uncertain
    settled = []
    for letter in letters:
        findings = [known.get(letter.message_id, Finding.UNKNOWN) for known in found]
        if (result := settle(letter, findings, policy, now)) is None:
            continue
        assert letter.id is not None
        with installation.database.write() as session:
            # another process, or the sender itself, may have come first
            if repository.find_letter(session, letter.id).state is LetterState.UNCERTAIN:
                repository.resolve_letter(session, letter.id, result.state, now, result.problem)
                settled.append(result)
    return settled, problem


def _records(installation: Installation) -> list[Record]:
    mail = installation.configuration.settings.mail
    records: list[Record] = [MailLog(mail.mail_log)] if mail.mail_log else []
    if installation.archive_url:
        box = Mailbox.from_url(installation.archive_url, "ARCHIVE_URL", token=installation.token)
        records.append(Archive(box))
    return records


@dataclass(frozen=True, kw_only=True)
class Brake:
    """Why letters are held back; ``key`` stays the same for as long as it lasts."""

    key: str
    sentence: str


def brake_on(installation: Installation, now: datetime) -> Brake | None:
    """Whether letters should be held back for a person to look first.

    When far more letters, or letters with far more new and changed calls, wait than is usual; and when the
    mail server has refused the last five for good.
    """
    mail = installation.configuration.settings.mail
    with installation.database.read() as session:
        volume = repository.volume(session, now, now - USUAL, ALARM)
        tried = repository.last_tried(session, now - _A_DAY, REFUSED_IN_A_ROW, ALARM)
    if volume.first is None:
        return None
    look = "Look at them (`matcher outbox list`), then `matcher send --force`."
    for number, before, least, what in (
        (volume.letters, volume.letters_before, mail.most_letters, "letters"),
        (volume.calls, volume.calls_before, mail.most_calls, "new or changed calls in letters"),
    ):
        usual = too_many(number, before, least=least, now=now)
        if usual is not None:
            sentence = f"{number} {what} wait, but at most {usual} are usual: held back. {look}"
            return Brake(key=f"brake {volume.first}", sentence=sentence)
    if len(tried) == REFUSED_IN_A_ROW and all(letter.state is LetterState.FAILED for letter in tried):
        sentence = (
            f"The mail server has refused the last {len(tried)} letters for good, the last one with: "
            f"{tried[0].problem} The others are held back for a day. {look}"
        )
        return Brake(key=f"refused {tried[0].id}", sentence=sentence)
    return None


def deliverable(installation: Installation, committee: str, recipients: Sequence[str]) -> tuple[str, ...]:
    """The recipients that are not suspended and have not ended this committee's letters, in order."""
    with installation.database.read() as session:
        suspended = repository.suspensions(session)
    return tuple(a for a in recipients if not any(s.covers(committee, a) for s in suspended))


def sender_address(installation: Installation) -> str:
    """MAIL_FROM, else an address in the configured list domain."""
    return installation.mail_from or f"eu-utlysningar@{installation.configuration.settings.mail.list_domain}"
