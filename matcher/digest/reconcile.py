"""Finds out what became of letters of which we do not know whether the mail server took them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from matcher.digest.mailbox import Mailbox
from matcher.digest.outbox import MOST_ATTEMPTS
from matcher.domain import Letter, LetterState
from matcher.errors import UnreachableError

#: RFC 5321 gives a server ten minutes after the final dot; a log that ends earlier proves nothing.
SETTLED = timedelta(minutes=10)
#: A relay may be slow to deliver the archive's copy.
ARCHIVED = timedelta(hours=1)
#: Where no record can tell, a letter is sent once more after this time.
PATIENCE = timedelta(hours=1)


class Finding(StrEnum):
    """What a record says about a letter."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    UNKNOWN = "unknown"  # the record does not reach far enough


class Record(Protocol):
    """Something that knows which letters the mail server took."""

    def find(self, letters: Sequence[Letter], now: datetime) -> Mapping[str, Finding]:
        """What became of each letter, by Message-ID; those not named are unknown.

        Raises:
            UnreachableError: the record cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an uncertain letter becomes, and why."""

    letter: Letter
    state: LetterState
    problem: str


def settle(
    letter: Letter, findings: Collection[Finding], unknown: Literal["resend", "hold"], now: datetime
) -> Settled | None:
    """What becomes of an uncertain letter; ``None`` leaves it to a later look or a person.

    ``findings`` holds one entry per record. Taken in any of them: sent. Not taken in all: sent again, or
    failed after five tries. Where they do not know, or there is none, ``unknown`` decides: once more an
    hour after the last try, with the same bytes and Message-ID, but not after five tries.
    """
    worn_out = letter.attempts >= MOST_ATTEMPTS
    if Finding.TAKEN in findings:
        return Settled(
            letter=letter, state=LetterState.SENT, problem="Was uncertain; a record shows that it was taken."
        )
    if findings and all(finding is Finding.NOT_TAKEN for finding in findings):
        return Settled(
            letter=letter,
            state=LetterState.FAILED if worn_out else LetterState.QUEUED,
            problem=f"Not taken, as the records show, after {letter.attempts} tries.",
        )
    if unknown == "hold" or worn_out or letter.claimed_at is None or now < letter.claimed_at + PATIENCE:
        return None
    return Settled(
        letter=letter,
        state=LetterState.QUEUED,
        problem="Was uncertain and is sent once more: if it did arrive, it arrives twice.",
    )


@dataclass(frozen=True, slots=True)
class Archive:
    """The mailbox that gets a blind copy of every letter."""

    mailbox: Mailbox

    def find(self, letters: Sequence[Letter], now: datetime) -> Mapping[str, Finding]:
        """A letter that is there was taken; one that is not there an hour later was not."""
        held = self.mailbox.holding(letter.message_id for letter in letters)
        found = {}
        for letter in letters:
            if letter.message_id in held:
                found[letter.message_id] = Finding.TAKEN
            elif letter.claimed_at is not None and now >= letter.claimed_at + ARCHIVED:
                found[letter.message_id] = Finding.NOT_TAKEN
        return found


# Postfix: cleanup names the Message-ID while the letter still flows; only the queue manager's line, or a
# delivery, shows that all of it was taken. Exim writes one line, with the Message-ID, once it has it all.
_CLEANUP = re.compile(rb"/cleanup\[\d+\]: (\w+): (?:resent-)?message-id=(<[^>]*>)")
_QUEUED = re.compile(
    rb"/(?:qmgr|smtp|lmtp|local|virtual|pipe|error|relay)\[\d+\]: (\w+): .*(?:\(queue active\)|status=)"
)
_EXIM = re.compile(rb" <= .* id=(\S+)")
_ISO = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_SYSLOG = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class MailLog:
    """The log of a Postfix or Exim on this machine: files, rotated ones too, plain or gzipped."""

    patterns: Sequence[str]

    def find(self, letters: Sequence[Letter], now: datetime) -> Mapping[str, Finding]:
        """A letter whose Message-ID the server took is taken.

        One that is not there was not taken, if the log begins before the try and ends ten minutes later.
        """
        taken: set[bytes] = set()
        queue: dict[bytes, bytes] = {}
        first = last = None
        for line in self._lines():
            moment = _moment(line, now)
            if moment is not None:
                first = moment if first is None else min(first, moment)
                last = moment if last is None else max(last, moment)
            if named := _CLEANUP.search(line):  # of another letter too: Postfix uses its ids again
                queue[named[1]] = named[2]
            elif (done := _QUEUED.search(line)) and done[1] in queue:
                taken.add(queue.pop(done[1]))
            elif exim := _EXIM.search(line):
                taken.add(b"<" + exim[1].strip(b"<>") + b">")
        found = {}
        for letter in letters:
            if letter.message_id.encode() in taken:
                found[letter.message_id] = Finding.TAKEN
            elif (
                letter.claimed_at is not None
                and first is not None
                and last is not None
                and first <= letter.claimed_at
                and last >= letter.claimed_at + SETTLED
            ):
                found[letter.message_id] = Finding.NOT_TAKEN
        return found

    def _lines(self) -> Iterator[bytes]:
        """All lines, oldest file first: a queue id is named before it is used."""
        files = {path for pattern in self.patterns for path in _matching(pattern)}
        try:
            for path in sorted(files, key=lambda file: file.stat().st_mtime):
                with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
                    yield from lines
        except (OSError, EOFError) as error:
            raise UnreachableError(f"mail log: {error}") from None


def _matching(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    return path.parent.glob(path.name)


def _moment(line: bytes, now: datetime) -> datetime | None:
    """When a line was written. Classic syslog names neither year nor zone: the machine's, not after now."""
    if iso := _ISO.match(line):
        moment = datetime.fromisoformat(iso[0].decode())
        return moment.astimezone() if moment.tzinfo is None else moment
    if not (classic := _SYSLOG.match(line)):
        return None
    text = classic[0].decode().replace("  ", " 0")
    latest = now + timedelta(days=1)
    for year in (latest.year, latest.year - 1):
        try:
            moment = datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M:%S").astimezone()
        except ValueError:  # 29 February of another year
            continue
        if moment <= latest:
            return moment
    return None
