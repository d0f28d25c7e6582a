"""The whole fleet against the shared replay of the publishers: its server, an installation, its faults."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from matcher import jobs
from matcher.config.environment import Environment
from matcher.digest.alarm import OPERATORS
from matcher.domain import STOCKHOLM, SourceRun, StoredCall
from matcher.scrapers.fetch import HOSTS
from matcher.scrapers.source import Source
from matcher.storage import repository

ROOT = Path(__file__).parents[1]
REPLAY = ROOT.parent / "shared" / "replay"
#: the replay's reference day
NOW = datetime(2026, 8, 10, 8, 0, tzinfo=STOCKHOLM)
#: the replay's robots.txt forbids Kulturrådet's list
PERMISSIONS = {"se_kulturradet": "Kulturrådet by e-mail, 2026-08-01"}
needs_replay = pytest.mark.skipif(not REPLAY.is_dir(), reason="the shared replay server is not here")


@dataclass(frozen=True)
class Publishers:
    """The replay in a process of its own, and its switches."""

    url: str

    def fault(self, kind: str, source: Source, **more: int) -> None:
        """Switch a fault on for every host of a source."""
        for host in sorted(source.allowed_hosts):
            self._ask("/__fault__", "POST", json.dumps({"kind": kind, "host": host, **more}).encode())

    def heal(self) -> None:
        """Switch all faults off."""
        self._ask("/__fault__", "DELETE")

    def forget(self) -> None:
        """Empty the request log."""
        self._ask("/__log__", "DELETE")

    def log(self) -> list[dict[str, Any]]:
        """All requests since, in the order they began."""
        return sorted(json.loads(self._ask("/__log__")), key=lambda entry: entry["time"])

    def truth(self) -> dict[str, Any]:
        """Per host, the calls as a perfect scraper would return them under the present faults."""
        sources: dict[str, Any] = json.loads(self._ask("/__truth__"))["sources"]
        return sources

    def _ask(self, path: str, method: str = "GET", body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, body, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())


@contextmanager
def publishers(*, layout: int = 1) -> Iterator[Publishers]:
    """Run the replay beside this process, on the reference day."""
    command = [sys.executable, str(REPLAY / "replay.py"), "--port", "0", "--layout", str(layout)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        try:
            yield Publishers(process.stdout.readline().split()[2])
        finally:
            process.terminate()


@contextmanager
def without_waiting() -> Iterator[None]:
    """No pauses between two requests to a host, while the clock and all deadlines stay real."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HOSTS, "_hosts", {})
        patch.setattr(HOSTS, "_sleep", lambda _: None)
        yield


@contextmanager
def faster(times: float) -> Iterator[None]:
    """Let the fetcher's seconds pass faster than the server's, so that real pauses can be measured sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HOSTS, "_hosts", {})
        patch.setattr(HOSTS, "clock", lambda: time.monotonic() * times)
        patch.setattr(HOSTS, "_sleep", lambda seconds: time.sleep(seconds / times))
        yield


@contextmanager
def installation(
    folder: Path,
    publishers_url: str,
    database_url: str,
    *,
    smtp_url: str | None = None,
    permissions: Mapping[str, str] = PERMISSIONS,
) -> Iterator[jobs.Installation]:
    """The repository's own configuration with every source switched on, and Kulturrådet's permission."""
    if not (folder / "config").exists():
        shutil.copytree(ROOT / "config", folder / "config")
    path = folder / "config" / "matcher.yaml"
    settings = YAML(typ="safe").load(path)
    settings["sources"] = {}
    settings["permissions"] = dict(permissions)
    YAML(typ="safe").dump(settings, path)
    opened = jobs.open_installation(
        environment=Environment(
            database_url=database_url,
            smtp_url=SecretStr(smtp_url) if smtp_url else None,
            mail_from="eu@kommun.example",
            matcher_config=folder / "config",
            matcher_replay_url=publishers_url,
        )
    )
    try:
        yield opened
    finally:
        opened.close()


def hurried(installation: jobs.Installation, seconds: float, *keys: str) -> jobs.Installation:
    """The installation with a total deadline of so many seconds for these sources' requests."""
    sources = dict(installation.sources)
    for key in keys:
        http = sources[key].http.model_copy(update={"timeout_s": seconds, "deadline_s": seconds})
        sources[key] = sources[key].model_copy(update={"http": http})
    return replace(installation, sources=sources)


def read_all(installation: jobs.Installation, now: datetime) -> dict[str, SourceRun]:
    """One reading of the whole fleet, with the alarms it raises."""
    runs = jobs.scrape(installation, jobs.enabled_sources(installation), clock=lambda: now)
    jobs.raise_alarms(installation, now)
    return {run.source: run for run in runs}


def stored(installation: jobs.Installation) -> dict[str, dict[str, StoredCall]]:
    """The stored calls by source and identifier."""
    calls: dict[str, dict[str, StoredCall]] = {key: {} for key in installation.sources}
    with installation.database.read() as session:
        for call in repository.stored_calls(session):
            calls[call.call.source][call.call.source_id] = call
    return calls


def alarmed(installation: jobs.Installation) -> Mapping[str, int]:
    """How many letters of alarm wait for the operators, per source."""
    with installation.database.read() as session:
        letters = [one for one in repository.letters(session) if one.committee == OPERATORS]
    return {key: sum(one.period.startswith(key) for one in letters) for key in installation.sources}
