"""The link in a letter, over a real server: a click ends one letter, opening the link ends nothing."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from matcher import jobs
from matcher.config.loading import load_configuration
from matcher.demo.configuration import write_config
from matcher.domain import LetterState
from matcher.errors import StorageError
from matcher.storage.engine import open_database
from matcher.web.app import application

TODAY = date(2027, 3, 10)
NOW = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
pytestmark = pytest.mark.slow_on_postgresql

PUBLIC = "https://eu.kommun.example/brev"
SN = "norrbacka-sn"


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[jobs.Installation]:
    write_config(tmp_path / "config", TODAY)
    opened = jobs.Installation(
        configuration=load_configuration(tmp_path / "config"),
        database=open_database(database_url),
        directory=tmp_path / "config",
        mail_from="eu@kommun.example",
        public_url=PUBLIC,
    )
    yield opened
    opened.close()


@pytest.fixture
def browse(installation: jobs.Installation) -> Iterator[httpx.Client]:
    """A client without cookies that follows no redirect."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(application(installation, lambda: NOW), access_log=False, log_level="error")
        )
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        running.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            yield client
        server.should_exit = True
        running.join(30)


def links(installation: jobs.Installation) -> dict[tuple[str, str], str]:
    """By committee and recipient, the path in the letter's header."""
    found = {}
    for letter in jobs.list_letters(installation):
        message = email.message_from_bytes(letter.body, policy=email.policy.default)
        link = re.match(rf"<{PUBLIC}(/unsubscribe/[\w-]{{22}})>, <mailto:", message["List-Unsubscribe"])
        assert link is not None
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        found[letter.committee, letter.recipient] = link[1]
    return found


def recipients(installation: jobs.Installation, now: datetime) -> set[tuple[str, str]]:
    """To whom letters are planned then."""
    return {(x.committee, x.recipient) for p in jobs.plan(installation, now) for x in p.letters}


@pytest.fixture
def link(installation: jobs.Installation) -> str:
    """Of the social services committee's letter to its first recipient."""
    everybody = recipients(installation, NOW)
    found = links(installation)
    assert len(everybody) == len(set(found.values())) > 1
    _, committee = installation.committee(SN)
    return found[SN, committee.recipients[0]]


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},  # multipart/form-data, as RFC 8058 prefers
    ],
)
def test_one_click_ends_this_letter_to_this_recipient(
    installation: jobs.Installation, browse: httpx.Client, link: str, body: dict[str, object]
) -> None:
    everybody = set(links(installation))
    _, committee = installation.committee(SN)
    address = committee.recipients[0]
    answer = browse.post(link, **body)  # type: ignore[arg-type]
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    assert f"{address} får inga fler brev om EU-utlysningar för {committee.name}." in answer.text
    assert browse.post(link).status_code == 200  # a second click

    assert recipients(installation, NOW + WEEK) == everybody - {(SN, address)}
    (given_up,) = jobs.list_letters(installation, LetterState.FAILED)
    assert (given_up.committee, given_up.recipient, given_up.attempts) == (SN, address, 0)
    (suspension,) = jobs.suspensions(installation)
    assert (suspension.committee, suspension.address, suspension.since) == (SN, address, NOW)


def test_the_operators_are_told_once_and_can_undo_it(
    installation: jobs.Installation, browse: httpx.Client, link: str
) -> None:
    browse.post(link)
    settings = installation.configuration.settings
    mail = settings.mail.model_copy(update={"operators": ("it@kommun.example",)})
    configuration = installation.configuration.model_copy(
        update={"settings": settings.model_copy(update={"mail": mail})}
    )
    watched = dataclasses.replace(installation, configuration=configuration)
    assert [jobs.raise_alarms(watched, NOW) for _ in range(2)] == [1, 0]
    (address,) = (s.address for s in jobs.suspensions(installation))
    told = next(x for x in jobs.list_letters(installation) if x.kind == "alarm")
    assert told.subject == f"matcher: {address} has ended the letters of {SN}"
    assert f"matcher outbox unsuspend {address} --committee {SN}".encode() in told.body.replace(b"=\r\n", b"")

    with pytest.raises(StorageError, match="not suspended"):
        jobs.unsuspend(installation, address, NOW)  # nothing has come back from it
    jobs.unsuspend(installation, address, NOW, SN)
    assert (SN, address) in recipients(installation, NOW + WEEK)


def test_a_hundred_visits_of_a_mail_scanner_change_nothing(
    installation: jobs.Installation, browse: httpx.Client, link: str, rows: Callable[[], object]
) -> None:
    before = rows()
    for n in range(100):
        answer = browse.request("HEAD" if n % 2 else "GET", link, headers={"User-Agent": "Scanner/1.0"})
        assert answer.status_code == 200
    assert browse.get(f"{link}?undo").status_code == 200
    assert rows() == before
    assert recipients(installation, NOW + WEEK) == set(links(installation))


@pytest.fixture
def rows(installation: jobs.Installation) -> Callable[[], object]:
    """What the database holds about letters and their recipients."""

    def read() -> object:
        return jobs.list_letters(installation), jobs.suspensions(installation)

    return read


def test_the_page_asks_ends_and_takes_back(
    installation: jobs.Installation, browse: httpx.Client, link: str
) -> None:
    form = re.compile(r'<form method="post" action="(\?\w*)"><button[^>]*>([^<]+)</button>')

    def press(page: httpx.Response) -> httpx.Response:
        found = form.search(page.text)
        assert found is not None
        return browse.post(page.url.join(found[1]))

    asked = browse.get(link)
    assert "Vill du avsluta det?" in asked.text
    ended = press(asked)
    assert "<h1>Brevet är avslutat</h1>" in ended.text
    assert "<h1>Brevet är avslutat</h1>" in browse.get(link).text
    resumed = press(ended)
    assert "<h1>Brevet fortsätter</h1>" in resumed.text
    assert jobs.suspensions(installation) == []
    assert "<h1>Brevet är avslutat</h1>" in press(resumed).text


@pytest.mark.parametrize("token", ["x" * 22, "%00", "å", "x" * 5000, "' OR 1=1 --"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_invented_link_is_not_found(
    installation: jobs.Installation,
    browse: httpx.Client,
    link: str,
    token: str,
    method: str,
    rows: Callable[[], object],
) -> None:
    before = rows()
    answer = browse.request(method, f"/unsubscribe/{token}")
    assert (answer.status_code, "Länken gäller inte" in answer.text) == (404, True)
    assert rows() == before


def test_every_answer_keeps_to_itself(browse: httpx.Client, link: str) -> None:
    for path in (link, "/health", "/nowhere"):
        headers = browse.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
    assert browse.delete(link).status_code == 405


def test_a_coordinator_ends_the_overview_alone(installation: jobs.Installation, browse: httpx.Client) -> None:
    everybody = recipients(installation, NOW)
    (overview, address), path = next(
        (key, path) for key, path in links(installation).items() if key[0].endswith(".overview")
    )
    assert browse.post(path).status_code == 200
    assert recipients(installation, NOW + WEEK) == everybody - {(overview, address)}


@pytest.mark.parametrize("address", [None, "http://localhost:8000"])
def test_without_https_one_unsubscribes_by_a_letter(
    installation: jobs.Installation, address: str | None
) -> None:
    jobs.plan(dataclasses.replace(installation, public_url=address), NOW)
    for letter in jobs.list_letters(installation):
        message = email.message_from_bytes(letter.body, policy=email.policy.default)
        assert message["List-Unsubscribe"].startswith("<mailto:")
        assert message["List-Unsubscribe-Post"] is None


def test_the_same_link_stands_in_each_weeks_letter(installation: jobs.Installation) -> None:
    jobs.plan(installation, NOW)
    first = links(installation)
    jobs.plan(installation, NOW + WEEK)
    assert links(installation) == first
