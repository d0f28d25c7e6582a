"""A mailbox over IMAP, against a server on loopback."""

from __future__ import annotations

import pytest

from matcher.digest.mailbox import Mailbox
from matcher.errors import ConfigError, UnreachableError
from tests.digest.imap import ImapServer
from tests.digest.servers import free_port

LETTER = b"Message-ID: <1@kommun.example>\r\nSubject: x\r\n\r\nhej\r\n"


def box(port: int, *, user: str = "arkiv%40kommun.example:hemligt", folder: str = "") -> Mailbox:
    return Mailbox.from_url(f"imap://{user}@127.0.0.1:{port}/{folder}", "ARCHIVE_URL")


def test_a_letter_that_is_there_is_found_by_its_message_id() -> None:
    imap = ImapServer(messages=[LETTER])
    with imap.running() as port:
        assert box(port).holding(["<1@kommun.example>", "<2@kommun.example>"]) == {"<1@kommun.example>"}
    assert 'EXAMINE "INBOX"' in imap.commands  # looking changes nothing


def test_unseen_messages_are_taken_once_and_one_that_could_not_be_handled_comes_again() -> None:
    imap, taken = ImapServer(messages=[b"Subject: 1\r\n\r\n", b"Subject: 2\r\n\r\n"]), list[bytes]()

    def take(raw: bytes) -> None:
        if b"2" in raw and len(taken) == 1:
            taken.append(b"failed")
            raise RuntimeError
        taken.append(raw)

    with imap.running() as port:
        with pytest.raises(RuntimeError):
            box(port).take_unseen(take)
        box(port).take_unseen(take)
        box(port).take_unseen(take)
    assert taken == [b"Subject: 1\r\n\r\n", b"failed", b"Subject: 2\r\n\r\n"]


def test_a_folder_is_named_in_the_address() -> None:
    with ImapServer(folder="Arkiv/EU 2027", messages=[LETTER]).running() as port:
        assert box(port, folder="Arkiv/EU%202027").holding(["<1@kommun.example>"])
        with pytest.raises(UnreachableError, match="mailbox INBOX"):
            box(port).holding(["<1@kommun.example>"])


def test_a_login_by_token_is_accepted_and_a_wrong_one_is_a_clear_error() -> None:
    with ImapServer(token="good", messages=[LETTER]).running() as port:
        url = f"imap://arkiv%40kommun.example@127.0.0.1:{port}/"
        good = Mailbox.from_url(url, "ARCHIVE_URL", token=lambda: "good")
        assert good.holding(["<1@kommun.example>"]) == {"<1@kommun.example>"}
        bad = Mailbox.from_url(url, "ARCHIVE_URL", token=lambda: "bad")
        with pytest.raises(UnreachableError, match="AUTHENTICATE failed"):
            bad.holding(["<1@kommun.example>"])


def test_a_wrong_password_is_not_repeated() -> None:
    with (
        ImapServer(password="other").running() as port,
        pytest.raises(UnreachableError, match="wrong user or password") as caught,
    ):
        box(port).holding(["<1@kommun.example>"])
    assert "hemligt" not in str(caught.value)


def test_no_server_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="mailbox INBOX on 127"):
        box(free_port()).holding(["<1@kommun.example>"])


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "pop3://u:hemligt@mail.example.org",
        "imaps://mail.example.org/INBOX",
        "imaps://u@mail.example.org/INBOX",
        "imap://u:hemligt@mail.example.org",
        "imaps://u:hemligt@mail.example.org:port",
        "imaps://u:hemligt@mail.example.org/Skr%C3%A4p",
        'imaps://u:hemligt@mail.example.org/a"b',
    ],
)
def test_a_wrong_address_is_refused_in_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^ARCHIVE_URL: ") as caught:
        Mailbox.from_url(url, "ARCHIVE_URL")
    assert "hemligt" not in str(caught.value)
