"""Headers and bytes of a message, whatever the committee is called and however long an address is."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from matcher.config.models import MailSettings
from matcher.digest.message import build_message, headers_of, message_id_for, part_of
from matcher.digest.render import Rendered
from matcher.errors import ConfigError
from tests.digest.builders import NOW, plan

MAIL = MailSettings(
    sender_name="EU-utlysningar, Västerås",
    reply_to="asa@vasteras.example",
    list_domain="matcher.example.org",
)
RENDERED = Rendered(subject="Äldre: 3 nya", text="hej å\n", html="<p>hej å</p>", ics=None)
#: 200 characters, as a signed token makes them
URL = "https://eu.kommun.example/unsubscribe?token=" + "aB3-_" * 31 + "."


def built(url: str | None = None, mail: MailSettings = MAIL) -> bytes:
    digest = plan([])
    message_id = message_id_for(digest, "namnd@kommun.example", mail)
    return build_message(
        RENDERED,
        digest,
        "namnd@kommun.example",
        mail,
        mail_from="eu@kommun.example",
        message_id=message_id,
        now=NOW,
        unsubscribe_url=url,
    )


def raw_header(body: bytes, name: str) -> bytes:
    (line,) = [x for x in body.split(b"\r\n") if x.lower().startswith(name.lower().encode() + b":")]
    return line.partition(b": ")[2]


def test_every_header_that_a_list_of_letters_should_have_is_there_once() -> None:
    names = [name for name, _ in headers_of(built())]
    assert sorted(names) == sorted(set(names))
    message = email.message_from_bytes(built(), policy=email.policy.default)
    assert message["Reply-To"] == "asa@vasteras.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"].endswith(".calls.matcher.example.org>")
    assert message["Message-ID"].endswith("@matcher.example.org>")
    assert parsedate_to_datetime(message["Date"]) - NOW < timedelta(seconds=1)
    assert {"From", "To", "Subject", "List-Unsubscribe", "MIME-Version", "Content-Type"} <= set(names)


def test_one_unsubscribes_by_a_letter_to_the_person_who_answers() -> None:
    value = raw_header(built(), "List-Unsubscribe")
    assert value.startswith(b"<mailto:asa@vasteras.example?subject=unsubscribe%20")
    assert b"List-Unsubscribe-Post" not in built()
    without = MAIL.model_copy(update={"reply_to": None})
    assert raw_header(built(mail=without), "List-Unsubscribe").startswith(b"<mailto:eu@kommun.example?")


def test_a_link_of_200_characters_to_unsubscribe_by_one_click_stays_whole_and_readable() -> None:
    assert len(URL) == 200
    body = built(URL)
    value = raw_header(body, "List-Unsubscribe")
    assert value.startswith(f"<{URL}>, <mailto:".encode())
    assert raw_header(body, "List-Unsubscribe-Post") == b"List-Unsubscribe=One-Click"
    assert email.message_from_bytes(body)["List-Unsubscribe"] == value.decode()
    assert max(map(len, body.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "url",
    ["http://eu.example/u", "https://eu.example/\r\nBcc: x@y", "https://å.example/", "https://x/>a", ""],
)
def test_a_link_that_could_break_the_header_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        built(url)


def test_a_letter_as_sent_is_shown_with_headers_text_and_html() -> None:
    body = built()
    assert ("Subject", "Äldre: 3 nya") in headers_of(body)
    assert part_of(body, "plain").rstrip() == "hej å"
    assert part_of(body, "html").rstrip() == "<p>hej å</p>"
    assert part_of(b"Subject: x\r\n\r\nhej\r\n", "html") == ""


def test_the_same_letter_is_the_same_bytes() -> None:
    assert built() == built()
