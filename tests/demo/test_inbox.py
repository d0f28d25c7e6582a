"""The demo's mailbox is a real SMTP server."""

from __future__ import annotations

import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from matcher.demo.inbox import Inbox
from matcher.errors import ConfigError


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "a@example.org", "nämnd@example.org"
    message.set_content("Åtta utlysningar är öppna.")
    return message


def send(inbox: Inbox, *letters: EmailMessage, to: str = "socialnamnden@example.org") -> None:
    address = urlsplit(inbox.url)
    assert address.scheme == "smtp"
    assert address.hostname
    assert address.port
    with smtplib.SMTP(address.hostname, address.port, timeout=10) as client:
        for one in letters:
            client.sendmail("a@example.org", [to], one.as_bytes())


def test_each_letter_is_kept_and_written_as_an_eml_file(tmp_path: Path) -> None:
    with Inbox(tmp_path / "brev") as inbox:
        send(inbox, letter("första"), letter("andra"))
    assert [m.count(b"Subject:") for m in inbox.messages] == [1, 1]
    assert [f.name for f in inbox.files] == ["01-socialnamnden.eml", "02-socialnamnden.eml"]
    assert [f.read_bytes() for f in inbox.files] == inbox.messages
    assert inbox.recipients == [("socialnamnden@example.org",)] * 2


def test_a_second_run_leaves_the_letters_of_the_first(tmp_path: Path) -> None:
    for subject in ("första", "andra"):
        with Inbox(tmp_path) as inbox:
            send(inbox, letter(subject))
    assert sorted(f.name for f in tmp_path.iterdir()) == ["01-socialnamnden.eml", "02-socialnamnden.eml"]


def test_a_recipient_cannot_choose_where_the_file_lies(tmp_path: Path) -> None:
    with Inbox(tmp_path / "brev") as inbox:
        send(inbox, letter("x"), to="../../x/y@example.org")
    assert [f.parent for f in inbox.files] == [tmp_path / "brev"]
    assert inbox.files[0].exists()


def test_two_inboxes_stand_side_by_side(tmp_path: Path) -> None:
    with Inbox(tmp_path / "a") as one, Inbox(tmp_path / "b") as other:
        assert one.url != other.url
        send(other, letter("hej"))
    assert (len(one.messages), len(other.messages)) == (0, 1)


def test_without_aiosmtpd_a_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd.controller", None)
    with pytest.raises(ConfigError, match=r"pip install 'matcher\[demo\]'"):
        Inbox(tmp_path).__enter__()
