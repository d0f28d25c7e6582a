"""Options and servers of the scrapers' tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="session")
def replay_module() -> Iterator[Any]:
    """The shared replay server's module; the test is skipped where it is not."""
    folder = SHARED / "replay"
    if not folder.is_dir():
        pytest.skip("the shared replay server is not here")
    sys.path.insert(0, str(folder))
    try:
        import replay  # type: ignore[import-not-found]

        yield replay
    finally:
        sys.path.remove(str(folder))


@pytest.fixture
def publishers(replay_module: Any) -> Iterator[Callable[..., Any]]:
    """Starts replay servers, by default with the reference day and layout 1."""
    running: list[Any] = []

    def start(**options: Any) -> Any:
        server = replay_module.ReplayServer(**{"today": "2026-08-10", **options})
        running.append(server)
        return server.__enter__()

    yield start
    for server in running:
        server.__exit__(None, None, None)
