"""The commands about letters that are planned, as a person types them."""

from __future__ import annotations

import email
import email.policy
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import main
from tests.delivery.sink import Sink
from tests.digest.test_bounces import dsn

Run = Callable[..., tuple[int, str, str]]
NOW = "2027-03-10T09:00"


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def matcher(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    config: Path,
    sink: Sink,
) -> Iterator[Run]:
    """The command line in a folder of its own, with a mail server."""
    monkeypatch.chdir(tmp_path)
    with sink.running() as port:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("MAIL_FROM", "eu@kommun.example")
        monkeypatch.setenv("MATCHER_CONFIG", str(config))
        monkeypatch.delenv("DATABASE_URL", raising=False)

        def run(*words: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", ["matcher", *words])
            capsys.readouterr()
            code = 0
            try:
                main()
            except SystemExit as leaving:
                code = leaving.code if isinstance(leaving.code, int) else 1
            captured = capsys.readouterr()
            return code, captured.out, captured.err

        yield run


def rows(matcher: Run, *words: str) -> list[dict[str, Any]]:
    return list(json.loads(matcher("outbox", "list", *words, "--json")[1]))


def test_a_letter_is_listed_and_shown_as_it_was_sent(matcher, sink, tmp_path):
    assert matcher("send", "--now", NOW)[0] == 0
    listed = rows(matcher)
    assert len(listed) >= 5
    assert {row["state"] for row in listed} == {"sent"}
    first = listed[-1]
    assert rows(matcher, "--committee", first["committee"], "--limit", "1") == [first]
    assert rows(matcher, "--state", "failed") == []
    assert first["recipient"] in matcher("outbox", "list")[1]

    number = str(first["number"])
    (sent,) = [m for to, m in sink.accepted if to == first["recipient"]]
    html, eml = tmp_path / "a.html", tmp_path / "a.eml"
    code, out, _ = matcher("outbox", "show", number, "--html", str(html), "--eml", str(eml))
    assert code == 0
    assert eml.read_bytes() == sent
    message: Any = email.message_from_bytes(sent, policy=email.policy.default)
    assert f"Subject: {message['Subject']}" in out
    assert f"Message-ID: {message['Message-ID']}" in out
    text, markup = (
        message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html")
    )
    assert text.split() == out[out.index(text[:20]) :].split()
    assert html.read_text() == markup
    shown = json.loads(matcher("outbox", "show", number, "--json")[1])
    assert shown["text"] == text
    assert shown["sha256"] == first["sha256"]


def test_an_uncertain_letter_is_settled_by_hand(matcher, sink):
    sink.hear = lambda step: "drop" if step == "dot" else None
    assert matcher("send", "--now", NOW)[0] == 1
    sink.hear = lambda _: None
    uncertain = [str(row["number"]) for row in rows(matcher, "--state", "uncertain")]
    assert len(uncertain) >= 3
    code, out, _ = matcher("outbox", "reconcile", "--now", NOW)
    assert (code, f"{len(uncertain)} still uncertain" in out) == (1, True)
    for number, become, state in zip(
        uncertain, ("sent", "resend", "failed"), ("sent", "queued", "failed"), strict=False
    ):
        assert f"is {state}" in matcher("outbox", "resolve", number, become, "--now", NOW)[1]
    code, _, error = matcher("outbox", "resolve", uncertain[0], "resend")
    assert (code, "only an uncertain letter" in error) == (1, True)
    assert "is queued" in matcher("outbox", "resend", uncertain[0], "--to", "new@kommun.example")[1]
    matcher("send", "--now", NOW)
    assert "new@kommun.example" in [to for to, _ in sink.accepted]


def test_bounces_are_read_from_a_folder_and_a_suspension_is_lifted(matcher, tmp_path):
    matcher("send", "--now", NOW)
    letter = rows(matcher)[-1]
    for n in range(3):
        report = dsn(
            letter["recipient"],
            name=f"<{n}@mx.example>",
            date=f"Thu, {11 + n} Mar 2027 07:00:00 +0100",
            returned=f"Message-ID: {letter['message_id']}",
        )
        (tmp_path / "back").mkdir(exist_ok=True)
        (tmp_path / "back" / f"{n}.eml").write_bytes(report)
    later = "2027-03-20"
    code, out, _ = matcher("bounces", str(tmp_path / "back"), "--now", later)
    assert code == 0
    assert f"{letter['recipient']} is suspended" in out
    assert letter["recipient"] in matcher("outbox", "suspended")[1]
    assert f"{letter['recipient']} gets no letters since" in matcher("status", "--now", later)[1]
    assert matcher("outbox", "unsuspend", letter["recipient"], "--now", later)[0] == 0
    assert json.loads(matcher("outbox", "suspended", "--json")[1]) == []
    assert matcher("outbox", "unsuspend", letter["recipient"])[0] == 1
    assert matcher("bounces", str(tmp_path / "nothing"))[0] == 1
    assert matcher("bounces")[0] == 2


def test_a_letter_that_does_not_exist_is_exit_1_and_a_sentence(matcher):
    for words in (("show", "99"), ("resolve", "99", "sent"), ("resend", "99")):
        code, _, error = matcher("outbox", *words)
        assert (code, error) == (1, "matcher: There is no letter 99.\n")
