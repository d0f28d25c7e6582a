"""A configuration, a warm process that forks senders, and databases whose files are quick to write."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from matcher.demo.configuration import write_config
from tests.delivery.worker import Workers

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's configuration."""
    folder = tmp_path_factory.mktemp("config")
    write_config(folder, date(2027, 3, 10))
    return folder


@pytest.fixture(scope="session")
def workers(config: Path) -> Iterator[Workers]:
    """The process that forks senders."""
    running = Workers.start(config)
    yield running
    running.stop()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is one: kill -9 loses nothing that was written, and fsync is free."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(exist_ok=True)
