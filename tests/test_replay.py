"""The main job on real calls: the shared replay server, the repository's own configuration, a mail server."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.demo.inbox import Inbox

ROOT = Path(__file__).parents[1]
REPLAY = ROOT.parent / "shared" / "replay"
HOSTS = {
    "eu_portal": "api.tech.ec.europa.eu",
    "interreg_eu": "www.interreg.eu",
    "se_esf": "www.esf.se",
    "se_tillvaxtverket": "tillvaxtverket.se",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REPLAY.is_dir(), reason="the shared replay server is not here"),
]


@pytest.fixture(params=[1, 2], ids=["layout1", "layout2"])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    sys.path.insert(0, str(REPLAY))
    try:
        from replay import ReplayServer
    finally:
        sys.path.remove(str(REPLAY))
    with ReplayServer(today="2026-08-10", layout=request.param) as server:
        yield server


@pytest.fixture
def matcher(server: Any, tmp_path: Path) -> Iterator[tuple[Callable[..., str], Inbox]]:
    with Inbox(tmp_path / "letters") as inbox:
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{tmp_path / 'matcher.db'}",
            "SMTP_URL": inbox.url,
            "MAIL_FROM": "eu@kommun.example",
            "MATCHER_CONFIG": str(ROOT / "config"),
        }

        def run(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "matcher", *words], env=environment, cwd=tmp_path,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        yield run, inbox


def text_of(message: bytes) -> str:
    parsed: Any = email.message_from_bytes(message, policy=email.policy.default)
    return str(parsed.get_body(("plain",)).get_content())


def test_the_main_job_on_real_calls(server, matcher):
    run, inbox = matcher
    first = json.loads(run("run", "--replay", server.url, "--now", "2026-08-10T08:00+02:00", "--json"))
    outcomes = {s["source"]: s["outcome"] for s in first["sources"]}
    assert set(outcomes.values()) == {"ok"}
    assert HOSTS.keys() <= outcomes.keys()

    truth = json.loads(json.dumps(server.truth()))["sources"]
    lines = run("calls", "--format", "jsonl", "--now", "2026-08-10T08:00+02:00").splitlines()
    rows = [json.loads(line) for line in lines]
    for source, host in HOSTS.items():
        found = {_identity(r["url"], r["title"]): r for r in rows if r["source"] == source}
        wanted = {_identity(c["url"], c["title"]): c for c in truth[host]["calls"]}
        current = {k for k, c in wanted.items() if c["status"] in ("open", "forthcoming") and c["listed"]}
        assert len(current & found.keys()) >= 0.98 * len(current), source
        assert len(found.keys() & wanted.keys()) >= 0.98 * len(found), source
        both = current & found.keys()
        exact = [k for k in both if _same(found[k], wanted[k])]
        assert len(exact) >= 0.98 * len(both), source
        false_open = [
            k for k, r in found.items() if r["status"] == "open" and wanted[k]["status"] == "closed"
        ]
        assert false_open == []

    letters = dict(zip([to[0] for to in inbox.recipients], inbox.messages, strict=True))
    assert {name for name in letters if name.startswith("eskilstuna")} == {
        f"eskilstuna-{committee}@example.org" for committee in ("ks", "avn", "sn")
    }
    again = json.loads(run("run", "--replay", server.url, "--now", "2026-08-10T08:00+02:00", "--json"))
    assert (again["planned"], again["letters"]) == ([], [])
    assert len(inbox.messages) == len(letters)

    server.fault("deadline_moved")
    run("run", "--replay", server.url, "--now", "2026-08-17T08:00+02:00")
    later = [text_of(m) for m in inbox.messages[len(letters) :]]
    changes = [re.search(r"Ändrat: sista ansökningsdag: .+ → .+", text) for text in later]
    assert sum(change is not None for change in changes) >= 5


def _identity(url: str, title: str) -> tuple[str, str]:
    """A call's address; planned calls share their page's, so the title too. Blanks are not compared."""
    return url.rstrip("/"), " ".join(title.split())


def _same(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def cut(precision: str | None) -> int:
        return 7 if "month" in (precision or "") else 10  # a month is compared as a month

    opens, deadlines = cut(wanted["opens_precision"]), cut(wanted["deadline_precision"])
    return (
        row["status"] == wanted["status"]
        and (row["opens"] or "")[:opens] == (wanted["opens"] or "")[:opens]
        and [d["at"][:deadlines] for d in row["deadlines"]] == [d[:deadlines] for d in wanted["deadlines"]]
    )
