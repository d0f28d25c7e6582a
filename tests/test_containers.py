"""docker-compose.yml is valid, and its commands work as processes on a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from matcher.cli import app
from matcher.demo.configuration import write_config
from matcher.demo.inbox import Inbox
from matcher.demo.server import DemoServer
from matcher.demo.world import DemoWorld
from matcher.domain import STOCKHOLM

#: five committees, two coordinators
LETTERS = 7
ROOT = Path(__file__).parents[1]
COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text("utf-8"))


def test_the_compose_file_fits_the_compose_schema():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(ROOT / "docker-compose.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_command_of_the_compose_file_exists():
    known = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    commands = [COMPOSE["services"][name]["command"] for name in ("migrate", "scheduler", "web")]
    health = COMPOSE["services"]["scheduler"]["healthcheck"]["test"][1:]
    assert health[0] == "matcher"
    for words in (*commands, health[1:]):
        assert words[0] in known


def test_the_image_is_built_from_the_lock_with_hashes_and_runs_as_nobody_special():
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in text
    assert "\nUSER matcher\n" in text


def test_the_lock_pins_everything_with_hashes_and_names_no_index():
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and line[0].isalnum()]
    assert len(pins) > 50
    assert all("==" in pin for pin in pins)
    assert sum("--hash=sha256:" in line for line in lines) >= len(pins)
    assert not [line for line in lines if "://" in line or line.startswith("-")]


@pytest.fixture
def empty_postgresql(postgresql_server: Callable[[str], str]) -> Iterator[str]:
    import psycopg

    with psycopg.connect(postgresql_server("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE compose")
        yield postgresql_server("compose")
        connection.execute("DROP DATABASE compose WITH (FORCE)")


def recipients(inbox: Inbox) -> set[str]:
    return {to[0] for to in inbox.recipients} - {"drift@norrbacka.example.org"}


@pytest.mark.slow
def test_migrate_then_serve_delivers_and_stops_cleanly_on_sigterm(empty_postgresql: str, tmp_path: Path):
    # the scheduler's clock is the real one, so the small world is dated today
    today = datetime.now(STOCKHOLM).date()
    write_config(tmp_path / "config", today)
    with DemoServer(DemoWorld(today)) as server, Inbox(tmp_path / "letters") as inbox:
        (tmp_path / "database_url").write_text(empty_postgresql)
        (tmp_path / "smtp_url").write_text(inbox.url)
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "SMTP_URL")},
            "DATABASE_URL_FILE": str(tmp_path / "database_url"),
            "SMTP_URL_FILE": str(tmp_path / "smtp_url"),
            "MAIL_FROM": "eu@kommun.example",
            "MATCHER_CONFIG": str(tmp_path / "config"),
            "MATCHER_REPLAY_URL": server.url,
        }

        def matcher(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "matcher", *words], env=environment, cwd=tmp_path,
                capture_output=True, text=True, check=False,
            )  # fmt: skip

        assert matcher("migrate").returncode == 0
        assert matcher("migrate").returncode == 0
        assert matcher("status", "--alive").returncode == 1
        arrived = threading.Event()
        take = inbox.handle_DATA

        async def noted(*words: object) -> str:
            answer = await take(*words)  # type: ignore[arg-type]
            if len(recipients(inbox)) == LETTERS:
                arrived.set()
            return answer

        inbox.handle_DATA = noted  # type: ignore[method-assign]
        serving = subprocess.Popen(
            [sys.executable, "-m", "matcher", "serve"], env=environment, cwd=tmp_path,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert arrived.wait(180)
            assert matcher("status", "--alive").returncode == 0
            serving.send_signal(signal.SIGTERM)
            _, log = serving.communicate(timeout=60)
        finally:
            serving.kill()
        assert serving.returncode == 0
        assert "scheduler stopped" in log
        assert len(recipients(inbox)) == LETTERS
        assert (
            len(inbox.messages) == LETTERS + 1
        )  # and one to the operators: the small portal is no healthy portal


def test_the_pages_answer_and_stop_cleanly_on_sigterm(tmp_path: Path):
    write_config(tmp_path / "config", datetime(2027, 3, 10, tzinfo=STOCKHOLM).date())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MATCHER_CONFIG": str(tmp_path / "config")}
    serving = subprocess.Popen(
        [sys.executable, "-m", "matcher", "web", "--port", str(port)],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert serving.stderr is not None
        for line in serving.stderr:
            if "running on" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert answer.read() == b"ok\n"
        serving.send_signal(signal.SIGTERM)
        _, log = serving.communicate(timeout=60)
    finally:
        serving.kill()
    assert "/health" not in log  # nobody is written down
    assert serving.returncode in (0, -signal.SIGTERM)
