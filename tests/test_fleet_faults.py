"""Whatever publishers do, operators hear of it the same day, and no stored call is harmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fleet
from tests.fault_matrix import KINDS, Cell, World, a_day, healthy_world, table, wrong

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), fleet.needs_replay]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with healthy_world(tmp_path_factory.mktemp("fleet")) as world:
        yield world


@pytest.mark.parametrize("half", ["even", "odd"])
def test_every_fault_at_every_source_is_heard_of_and_harms_no_call(
    world: World, tmp_path: Path, half: str
) -> None:
    """Two halves, so that two processors can share them; ``pytest -s`` shows the matrix."""
    cells: list[Cell] = []
    for day in range(half == "odd", len(KINDS), 2):
        folder = tmp_path / str(day)
        folder.mkdir()
        cells += a_day(world, day, folder)
    print(table(cells))  # noqa: T201 (the figures are what the proof is for)
    assert [f"{cell.source} {cell.kind}: {cell.harm}" for cell in cells if cell.harm] == []
    assert wrong(cells, 1) == []
    assert len(wrong(cells, 0)) <= 0.05 * len(cells), wrong(cells, 0)
