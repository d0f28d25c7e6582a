"""Sends what waits in the outbox: claim, send, finish, one letter at a time, so that no crash sends twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Protocol

from matcher.domain import Letter, LetterState
from matcher.errors import (
    DeferredError,
    RefusedError,
    UncertainError,
    UnknownRecipientError,
    UnreachableError,
)

#: A letter that the server has put off this many times is set aside as failed.
MOST_ATTEMPTS = 5
#: So many letters that fail one after the other are the server's fault or ours, not the letters'.
REFUSED_IN_A_ROW = 5
#: Pause after the first, second … attempt; greylisting takes minutes, a full mailbox hours.
PAUSES = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240))


class Outbox(Protocol):
    """The ledger of letters; each method is one committed transaction."""

    def waiting(self, now: datetime) -> bool:
        """Whether a queued letter may be sent now."""

    def expire(self, now: datetime) -> int:
        """Make letters whose claim has run out uncertain; how many."""

    def claim(self, now: datetime) -> Letter | None:
        """Claim the next queued letter (one more attempt, a lease), or ``None`` when none is due."""

    def finish(self, result: Delivered, now: datetime) -> None:
        """Write down what became of a claimed letter."""


class MailServer(Protocol):
    """What takes letters; ``smtp.SmtpServer`` is the one implementation."""

    def probe(self) -> None:
        """Raise UnreachableError when no letter could be handed over."""

    def send(self, message: bytes, sender: str, recipient: str, archive: str | None = None) -> None:
        """Hand over one message; raises as ``SmtpServer.send``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of one letter in this round."""

    letter: Letter
    state: LetterState
    problem: str | None = None
    next_attempt_at: datetime | None = None
    #: whether this try counts towards the five; not when no letter could have gone through
    counted: bool = True
    #: the server says that there is no such recipient
    unknown_recipient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One round of sending."""

    results: tuple[Delivered, ...] = ()
    #: claims of a process that died: its letters are uncertain now
    expired: int = 0
    #: why the round ended early: the mail server takes no letters, or none of ours
    unreachable: str | None = None

    def count(self, state: LetterState) -> int:
        """How many letters ended the round in a state; ``queued`` are those put off."""
        return sum(r.state is state for r in self.results)

    @property
    def well(self) -> bool:
        """Whether nothing needs a person's eye."""
        bad = self.count(LetterState.FAILED) + self.count(LetterState.UNCERTAIN)
        return not bad and not self.expired and self.unreachable is None


def deliver_due(
    outbox: Outbox,
    server: MailServer,
    *,
    sender: str,
    archive: str | None = None,
    now: Callable[[], datetime],
    limit: int | None = None,
    on_result: Callable[[Delivered], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Send the letters that are due, at most ``limit``; ``sender`` is the envelope address,
    ``archive`` the address that gets a blind copy of each.

    ``stop`` is asked before each letter, so that a process told to end finishes the one in hand.

    Each letter is claimed in a transaction before its connection opens, and finished in another right
    after the server's answer. A process that dies in between leaves a claim that runs out; then the
    letter is uncertain and waits to be reconciled. A mail server that cannot be reached ends
    the round before any letter is touched, so an outage costs no letter an attempt. Five letters that
    fail one after the other end it too.
    """
    expired = outbox.expire(now())
    results: list[Delivered] = []
    unreachable = None
    if outbox.waiting(now()):
        try:
            server.probe()
        except UnreachableError as error:
            unreachable = str(error)
    while unreachable is None and (limit is None or len(results) < limit) and not stop():
        letter = outbox.claim(now())
        if letter is None:
            break
        try:
            server.send(letter.body, sender, letter.recipient, archive)
        except (RefusedError, DeferredError, UncertainError) as error:
            result = after_problem(letter, error, now())
            if isinstance(error, UnreachableError):
                unreachable = str(error)
        else:
            result = Delivered(letter=letter, state=LetterState.SENT)
        outbox.finish(result, now())
        results.append(result)
        if on_result is not None:
            on_result(result)
        if [r.state for r in results[-REFUSED_IN_A_ROW:]] == [LetterState.FAILED] * REFUSED_IN_A_ROW:
            unreachable = f"the mail server has refused {REFUSED_IN_A_ROW} letters in a row: {result.problem}"
    return DeliveryReport(results=tuple(results), expired=expired, unreachable=unreachable)


def after_problem(
    letter: Letter, error: RefusedError | DeferredError | UncertainError, now: datetime
) -> Delivered:
    """The state machine's step after a send that did not succeed; ``letter.attempts`` counts this one.

    Refused: failed. Uncertain: uncertain, never queued again from here. Put off: queued with a growing
    pause, failed after five attempts. Server unreachable: queued, however often.
    """
    problem = str(error)
    if isinstance(error, UncertainError):
        return Delivered(letter=letter, state=LetterState.UNCERTAIN, problem=problem)
    worn_out = letter.attempts >= MOST_ATTEMPTS and not isinstance(error, UnreachableError)
    if isinstance(error, RefusedError) or worn_out:
        return Delivered(
            letter=letter,
            state=LetterState.FAILED,
            problem=problem,
            unknown_recipient=isinstance(error, UnknownRecipientError),
        )
    pause = PAUSES[min(max(letter.attempts, 1), len(PAUSES)) - 1]
    return Delivered(
        letter=letter,
        state=LetterState.QUEUED,
        problem=problem,
        next_attempt_at=now + pause,
        counted=not isinstance(error, UnreachableError),
    )


#: Less than this many earlier weeks say nothing about what is usual.
_LEAST_WEEKS = 3
WEEK = timedelta(days=7)
#: How far back "usual" looks.
USUAL = 12 * WEEK


def too_many(waiting: int, before: Sequence[datetime], *, least: int, now: datetime) -> int | None:
    """The most that would be usual, when far more than that wait to be sent; else ``None``.

    ``before`` says when earlier ones were planned. Usual is up to three times the median week of the last
    twelve, half as much again as the fullest one (monthly letters come all at once), and ``least`` always.
    """
    weeks = Counter((now - moment) // WEEK for moment in before if now - USUAL < moment <= now)
    if len(weeks) < _LEAST_WEEKS:
        return None
    most = max(least, int(3 * median(weeks.values())), int(1.5 * max(weeks.values())))
    return most if waiting > most else None
