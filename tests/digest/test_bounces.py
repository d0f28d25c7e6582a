"""Letters that came back, in the forms that mail servers report them."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.digest.bounces import messages_in, read_report
from matcher.errors import MatcherError

NOW = datetime(2027, 3, 8, 6, 0, tzinfo=UTC)
ID = "<2027-W10.c1.abc@matcher.example.org>"


def dsn(
    address: str = "namnd@kommun.example",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    date: str = "Mon, 01 Mar 2027 07:00:00 +0100",
    name: str = "<report-1@mx.example>",
    returned: str = f"Message-ID: {ID}",
) -> bytes:
    """A report as Postfix and Exchange write it (RFC 3464)."""
    text = f"""From: MAILER-DAEMON@mx.example
To: eu@kommun.example
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: {name}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system at host mx.example.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{address}>: no such user

--b
Content-Type: text/rfc822-headers

{returned}
Subject: EU-utlysningar

--b--
"""
    return text.replace("\n", "\r\n").encode()


def test_a_delivery_status_names_address_letter_day_and_reason() -> None:
    report = read_report(dsn(), NOW)
    assert report is not None
    assert report.name == "<report-1@mx.example>"
    assert report.addresses == {"namnd@kommun.example": True}
    assert report.message_id == ID
    assert report.at == datetime(2027, 3, 1, 6, 0, tzinfo=UTC)
    assert report.problem == "smtp; 550 5.1.1 <namnd@kommun.example>: no such user"


@pytest.mark.parametrize(
    ("status", "hard"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.0.0", True),
        ("5.2.1", True),
        ("5.2.2", False),  # full
        ("5.4.1", False),  # routing
        ("5.7.1", False),  # policy
        ("4.4.7", False),  # given up after days of trying
    ],
)
def test_only_an_address_that_will_not_work_next_time_either_is_hard(status: str, hard: bool) -> None:
    report = read_report(dsn(status=status), NOW)
    assert report is not None
    assert report.addresses == {"namnd@kommun.example": hard}


def test_a_mere_delay_is_not_hard() -> None:
    report = read_report(dsn(action="delayed", status="4.4.1"), NOW)
    assert report is not None
    assert report.addresses == {"namnd@kommun.example": False}


def test_the_older_form_of_qmail_is_read_too() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at mx.example.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        b"This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        b"<namnd@kommun.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\n"
        b"Message-ID: " + ID.encode() + b"\nSubject: EU-utlysningar\n\nhej\n"
    )
    report = read_report(raw, NOW)
    assert report is not None
    assert report.addresses == {"namnd@kommun.example": True}
    assert report.message_id == ID
    assert report.at == NOW  # it carries no date


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\nSubject: Automatiskt svar\nAuto-Submitted: auto-replied\n\nJag har semester.\n",
        b"From: a@b.example\nSubject: Re: EU-utlysningar\n\nTack!\n",
        b"",
    ],
)
def test_an_answer_of_a_person_or_of_an_absent_one_is_no_report(raw: bytes) -> None:
    assert read_report(raw, NOW) is None


@pytest.mark.parametrize("date", ["Mon, 01 Mar 2037 07:00:00 +0100", "yesterday", ""])
def test_a_date_that_cannot_be_is_now(date: str) -> None:
    report = read_report(dsn(date=date), NOW)
    assert report is not None
    assert report.at == NOW


def test_a_report_without_a_name_is_named_by_its_bytes() -> None:
    one, two = (read_report(dsn(name="", address=a), NOW) for a in ("a@k.example", "b@k.example"))
    assert one is not None
    assert two is not None
    assert one.name != two.name
    assert one.message_id == ID


@given(raw=st.binary(max_size=400), cut=st.integers(0, 1200))
def test_whatever_comes_in_the_mail_is_read_or_left_but_breaks_nothing(raw: bytes, cut: int) -> None:
    for message in (raw, dsn()[:cut] + raw):
        report = read_report(message, NOW)
        assert report is None or (report.addresses and report.at <= NOW)


def test_messages_come_from_a_file_an_mbox_a_maildir_or_a_folder_of_them(tmp_path: Path) -> None:
    single = tmp_path / "folder" / "a.eml"
    single.parent.mkdir()
    single.write_bytes(dsn())
    box = mailbox.mbox(tmp_path / "folder" / "b.mbox")
    maildir = mailbox.Maildir(tmp_path / "maildir")
    for n in range(3):
        box.add(dsn(name=f"<{n}@mx.example>"))
        maildir.add(dsn(name=f"<{n}@mx.example>"))
    box.close()

    def names(path: Path) -> list[str]:
        reports = [read_report(raw, NOW) for raw in messages_in(path)]
        return sorted(report.name for report in reports if report)

    three = ["<0@mx.example>", "<1@mx.example>", "<2@mx.example>"]
    assert names(single) == ["<report-1@mx.example>"]
    assert names(tmp_path / "folder" / "b.mbox") == three
    assert names(tmp_path / "maildir") == three
    assert names(tmp_path / "folder") == [*three, "<report-1@mx.example>"]
    with pytest.raises(MatcherError, match="cannot be read"):
        names(tmp_path / "nothing")
