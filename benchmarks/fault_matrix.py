"""Every fault of the shared replay at every source, after a healthy run and as the first run ever.

Run as ``python -m benchmarks.fault_matrix`` beside the shared replay; it takes some minutes.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.fault_matrix import HEALTHY, KINDS, Cell, a_day, healthy_world, table, wrong


def show(title: str, cells: list[Cell]) -> None:
    """The matrix and its figures."""
    faulty = [cell for cell in cells if cell.kind != HEALTHY and cell.shows]
    print(f"\n{title}: {len(faulty)} cells in which a fault shows\n{table(cells)}")
    for run in range(len(cells[0].runs)):
        bad = wrong(cells, run)
        share = 1 - sum(not cell.right(run) for cell in faulty) / len(faulty)
        print(f"run {run + 1}: {share:.1%} ended as they should; not so: {bad}")
    print(f"harm: {[f'{cell.source} {cell.kind}: {cell.harm}' for cell in cells if cell.harm]}")


with tempfile.TemporaryDirectory() as name, healthy_world(Path(name)) as world:
    for title, cold in (("After a healthy run", False), ("First run ever", True)):
        began, cells = time.monotonic(), []
        for day in range(len(KINDS)):
            with tempfile.TemporaryDirectory() as folder:
                cells += a_day(world, day, Path(folder), cold=cold)
        show(title, cells)
        print(f"{time.monotonic() - began:.0f} s", flush=True)
