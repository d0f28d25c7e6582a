"""What a mail log or an archive proves about a letter, and what an uncertain letter becomes."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.digest.outbox import MOST_ATTEMPTS
from matcher.digest.reconcile import (
    ARCHIVED,
    PATIENCE,
    SETTLED,
    Archive,
    Finding,
    MailLog,
    settle,
)
from matcher.domain import Letter, LetterState
from matcher.errors import UnreachableError
from tests.digest.imap import ImapServer
from tests.digest.test_mailbox import box

CLAIMED = datetime(2027, 3, 8, 6, 0, tzinfo=UTC)
NOW = CLAIMED + timedelta(hours=2)
ID = "<2027-W10.c1@kommun.example>"
LETTER = Letter(
    committee="c1",
    period="2027-W10",
    recipient="c1@kommun.example",
    subject="x",
    message_id=ID,
    body=b"x",
    created_at=CLAIMED,
    state=LetterState.UNCERTAIN,
    attempts=1,
    claimed_at=CLAIMED,
)


def log(folder: Path, *lines: str, name: str = "mail.log") -> MailLog:
    """A log that begins an hour before the claim and ends an hour after it."""
    stamped = [
        f"{(CLAIMED - timedelta(hours=1)).isoformat()} mail postfix/smtpd[1]: connect from x",
        *(f"{CLAIMED.isoformat()} mail {line}" for line in lines),
        f"{(CLAIMED + timedelta(hours=1)).isoformat()} mail postfix/smtpd[1]: connect from x",
    ]
    (folder / name).write_text("\n".join(stamped) + "\n", "ascii")
    return MailLog([str(folder / name)])


def found(record: MailLog, now: datetime = NOW) -> Finding:
    return record.find([LETTER], now).get(ID, Finding.UNKNOWN)


CLEANUP = f"postfix/cleanup[2]: 4ABC: message-id={ID}"


@pytest.mark.parametrize(
    "lines",
    [
        (CLEANUP, "postfix/qmgr[3]: 4ABC: from=<a@b>, size=9, nrcpt=1 (queue active)"),
        (CLEANUP, "postfix/smtp[4]: 4ABC: to=<c@d>, relay=x, dsn=2.0.0, status=sent (250 ok)"),
        (CLEANUP, "postfix/smtp[4]: 4ABC: to=<c@d>, relay=x, dsn=4.0.0, status=deferred (later)"),
        (CLEANUP.replace("postfix/", "postfix-out/"), "postfix-out/qmgr[3]: 4ABC: from=<> (queue active)"),
        (f"exim[5]: 1abc-2 <= a@b H=x P=esmtp S=900 id={ID.strip('<>')}",),
    ],
)
def test_a_letter_that_the_server_queued_is_taken(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert found(log(tmp_path, *lines)) is Finding.TAKEN


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (CLEANUP,),  # the connection broke while the letter flowed
        (
            CLEANUP,
            "postfix/cleanup[2]: 4ABC: message-id=<other@x>",  # the id is used again
            "postfix/qmgr[3]: 4ABC: from=<a@b>, size=9, nrcpt=1 (queue active)",
        ),
    ],
)
def test_a_letter_that_the_server_never_had_whole_is_not_taken(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    assert found(log(tmp_path, *lines)) is Finding.NOT_TAKEN


def test_a_log_that_ends_too_early_or_begins_too_late_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    for start, end in (
        (-timedelta(hours=1), SETTLED - timedelta(seconds=1)),
        (timedelta(seconds=1), timedelta(hours=1)),
    ):
        path.write_text(f"{(CLAIMED + start).isoformat()} x\n{(CLAIMED + end).isoformat()} x\n")
        assert found(MailLog([str(path)])) is Finding.UNKNOWN
    path.write_text("")
    assert found(MailLog([str(path)])) is Finding.UNKNOWN
    assert found(MailLog([str(tmp_path / "no such*")])) is Finding.UNKNOWN


def test_rotated_and_gzipped_logs_are_read_as_one(tmp_path: Path) -> None:
    log(tmp_path, CLEANUP, name="mail.log.2")
    packed = tmp_path / "mail.log.2.gz"
    packed.write_bytes(gzip.compress((tmp_path / "mail.log.2").read_bytes()))
    (tmp_path / "mail.log.2").unlink()
    record = log(tmp_path, "postfix/qmgr[3]: 4ABC: from=<> (queue active)")
    os.utime(packed, (1, 1))
    assert found(MailLog([str(tmp_path / "mail.log*")])) is Finding.TAKEN
    assert found(record) is Finding.NOT_TAKEN


def test_a_classic_time_stamp_has_the_year_that_is_not_ahead(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    local = CLAIMED.astimezone()
    path.write_text(
        "".join(
            f"{local + shift:%b} {(local + shift).day:>2} {local + shift:%H:%M:%S} mail x\n"
            for shift in (-timedelta(hours=1), timedelta(hours=1))
        )
    )
    assert found(MailLog([str(path)])) is Finding.NOT_TAKEN
    assert found(MailLog([str(path)]), NOW - timedelta(days=30)) is Finding.UNKNOWN  # then it is last year's


def test_a_log_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "mail.log.gz").write_bytes(b"not gzip")
    with pytest.raises(UnreachableError, match="mail log"):
        found(MailLog([str(tmp_path / "mail.log.gz")]))


def test_an_archive_proves_a_letter_at_once_and_its_absence_an_hour_later() -> None:
    early = CLAIMED + ARCHIVED - timedelta(seconds=1)
    with ImapServer(messages=[f"Message-ID: {ID}\r\n\r\n".encode()]).running() as port:
        assert Archive(box(port)).find([LETTER], early) == {ID: Finding.TAKEN}
    with ImapServer().running() as port:
        assert Archive(box(port)).find([LETTER], early) == {}
        assert Archive(box(port)).find([LETTER], CLAIMED + ARCHIVED) == {ID: Finding.NOT_TAKEN}


TAKEN, NOT_TAKEN, UNKNOWN = Finding.TAKEN, Finding.NOT_TAKEN, Finding.UNKNOWN


@pytest.mark.parametrize(
    ("findings", "attempts", "hours", "policy", "state"),
    [
        ((TAKEN,), 1, 0, "hold", LetterState.SENT),
        ((TAKEN, NOT_TAKEN), MOST_ATTEMPTS, 0, "resend", LetterState.SENT),
        ((NOT_TAKEN,), 1, 0, "hold", LetterState.QUEUED),
        ((NOT_TAKEN, NOT_TAKEN), MOST_ATTEMPTS, 0, "resend", LetterState.FAILED),
        ((NOT_TAKEN, UNKNOWN), 1, 0, "resend", None),
        ((NOT_TAKEN, UNKNOWN), 1, 1, "hold", None),
        ((), 1, 0, "resend", None),
        ((), 1, 1, "resend", LetterState.QUEUED),
        ((), 1, 1000, "hold", None),
        ((UNKNOWN,), 1, 1, "resend", LetterState.QUEUED),
        ((), MOST_ATTEMPTS, 1000, "resend", None),  # a letter that kills its sender: a person looks
    ],
)
def test_what_an_uncertain_letter_becomes(
    findings: tuple[Finding, ...], attempts: int, hours: int, policy: str, state: LetterState | None
) -> None:
    letter = replace(LETTER, attempts=attempts)
    result = settle(letter, findings, policy, CLAIMED + hours * PATIENCE)  # type: ignore[arg-type]
    assert (result and result.state) == state
