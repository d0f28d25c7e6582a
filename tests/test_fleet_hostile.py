"""Script, injected headers and control characters in publishers' titles reach readers as text and no more."""

from __future__ import annotations

import email
import email.policy
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from ruamel.yaml import YAML

from matcher import jobs
from matcher.demo.inbox import Inbox
from matcher.domain import Outcome, Status, StoredCall
from tests import fleet
from tests.fleet import NOW

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), fleet.needs_replay]

#: what is left to read of each of the replay's hostile titles
SIGNS = {
    "script": 'alert("replay")',
    "event-handler": "onerror=alert(1)",
    "header": "Bcc: attacker@example.org",
    "control": "med styrtecken",
    "direction": "med omvänd text",
    "template": "{{7*7}}",
    "formula": "=HYPERLINK(",
    "length": "mycket mycket mycket",
}
#: the header fields of every letter
FIELDS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
}  # fmt: skip


@dataclass
class Outcomes:
    """The letters by the sign of the titles that their committee is sure to like, and the folder."""

    letters: dict[str, Any]
    environment: dict[str, str]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """Read the fleet under hostile titles, and write to eight committees that are keen on such calls."""
    folder = tmp_path_factory.mktemp("hostile")
    address = f"sqlite:///{folder / 'matcher.db'}"
    with (
        fleet.publishers() as publishers,
        fleet.without_waiting(),
        Inbox(folder / "letters") as inbox,
    ):
        with fleet.installation(folder, publishers.url, address) as installation:
            for source in installation.sources.values():
                publishers.fault("hostile_html", source)
            runs = jobs.scrape(installation, list(installation.sources.values()), clock=lambda: NOW)
            assert {run.outcome for run in runs} == {Outcome.OK}
            calls = [call for by_id in fleet.stored(installation).values() for call in by_id.values()]
        write_committees(folder / "config" / "municipalities", calls)
        with fleet.installation(folder, publishers.url, address, smtp_url=inbox.url) as installation:
            jobs.match(installation, NOW)
            jobs.plan(installation, NOW)
            assert not jobs.send(installation, lambda: NOW).failed
        letters = {
            to[0].partition("@")[0]: email.message_from_bytes(message, policy=email.policy.default)
            for to, message in zip(inbox.recipients, inbox.messages, strict=True)
        }
        yield Outcomes(
            letters,
            {
                **os.environ,
                "DATABASE_URL": address,
                "MATCHER_CONFIG": str(folder / "config"),
                "FORCE_COLOR": "",
                "NO_COLOR": "1",
            },
        )


def write_committees(folder: Path, calls: list[StoredCall]) -> None:
    """One municipality; a committee per sign, whose priorities are the words of calls that carry it."""
    for path in folder.iterdir():
        path.unlink()
    committees = []
    for name, sign in SIGNS.items():
        liked = [
            c.call for c in calls if sign in c.call.title and c.status(NOW) is Status.OPEN and c.call.text
        ]
        assert liked, f"no open call with {sign!r}"
        priorities = [{"id": f"p{n}", "text": call.text[:300]} for n, call in enumerate(liked[:20])]
        committees.append(
            {
                "id": name,
                "name": f"Nämnden för {name}",
                "responsibility": "Allt",
                "recipients": [f"{name}@example.org"],
                "digest": {"weekday": "monday", "time": "07:00", "max_calls": 30},
                "priorities": priorities,
            }
        )
    municipality = {
        "municipality": "Eskilstuna kommun",
        "id": "eskilstuna",
        "code": "0484",
        "county": "Södermanlands län",
        "population": 107000,
        "committees": committees,
    }
    with (folder / "eskilstuna.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(municipality, file)


def part(letter: Any, kind: str) -> str:
    return str(letter.get_body((kind,)).get_content())


def calendar(letter: Any) -> bytes:
    (ics,) = [p for p in letter.walk() if p.get_content_type() == "text/calendar"]
    return bytes(ics.get_payload(decode=True))


def is_plain(text: str) -> bool:
    """Whether a text holds no control character but line ends, and nothing that turns its direction."""
    return not [c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"] and not re.search(
        r"[\u202a-\u202e\u2066-\u2069\u2028\u2029]", text
    )


def test_every_kind_of_hostile_title_is_told_to_somebody(outcomes):
    assert outcomes.letters.keys() == SIGNS.keys()
    told = " ".join(" ".join(part(letter, "plain").split()) for letter in outcomes.letters.values())
    assert [sign for sign in SIGNS.values() if " ".join(sign.split()) not in told] == []


def test_the_html_of_a_letter_holds_nothing_active(outcomes):
    for letter in outcomes.letters.values():
        soup = BeautifulSoup(part(letter, "html"), "lxml")
        assert not soup.find_all(
            ["script", "iframe", "img", "svg", "object", "embed", "form", "input", "base", "link", "video"]
        )
        for tag in soup.find_all(True):
            assert not [name for name in tag.attrs if name.lower().startswith("on")], tag
            assert "expression" not in str(tag.get("style", ""))
            assert "url(" not in str(tag.get("style", ""))
            for name in ("href", "src", "action", "background"):
                address = str(tag.get(name, "https:"))
                assert address.startswith(("https:", "http:", "mailto:", "#")), address


def test_the_text_of_a_letter_holds_no_control_character(outcomes):
    for letter in outcomes.letters.values():
        assert is_plain(part(letter, "plain").replace("\r\n", "\n"))
        assert is_plain(BeautifulSoup(part(letter, "html"), "lxml").get_text().replace("\r\n", "\n"))


def test_no_title_adds_a_header(outcomes):
    for letter in outcomes.letters.values():
        assert set(letter.keys()) <= FIELDS, set(letter.keys()) - FIELDS
        assert len(letter.keys()) == len(set(letter.keys()))
        assert not [p.defects for p in letter.walk() if p.defects]
        assert all(is_plain(str(value)) for value in letter.values())


def test_no_title_adds_a_line_to_the_calendar(outcomes):
    names = set()
    for letter in outcomes.letters.values():
        unfolded = re.sub(r"\r\n[ \t]", "", calendar(letter).decode())
        assert is_plain(unfolded.replace("\r\n", "\n"))
        names |= {re.split("[:;]", line, maxsplit=1)[0] for line in unfolded.split("\r\n") if line}
    assert names <= {
        "BEGIN", "END", "VERSION", "PRODID", "METHOD", "CALSCALE", "NAME", "X-WR-CALNAME", "REFRESH-INTERVAL",
        "X-PUBLISHED-TTL", "UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SUMMARY", "DESCRIPTION", "URL",
        "SEQUENCE", "STATUS", "TRANSP", "LAST-MODIFIED", "CATEGORIES", "TRIGGER", "ACTION",
    }, names  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ("calls",),
        ("calls", "--json"),
        ("calls", "--format", "jsonl"),
        ("matches", "script"),
        ("matches", "control", "--json"),
        ("digest", "preview", "control"),
        ("sources",),
    ],
    ids=" ".join,
)
def test_no_command_sends_a_terminal_more_than_text(outcomes, tmp_path, command):
    done = subprocess.run(
        [sys.executable, "-m", "matcher", *command, "--now", NOW.isoformat()],
        env=outcomes.environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 200
    assert is_plain(done.stdout)
