"""Notebooks are paired with their scripts, hold no outputs, and run on the demo's data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SCRIPTS = sorted(NOTEBOOKS.glob("[0-9]*.py"))


def test_there_is_a_notebook_for_every_script_and_the_other_way_round():
    assert SCRIPTS
    assert [p.stem for p in SCRIPTS] == sorted(p.stem for p in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_the_pair_says_the_same_and_holds_no_outputs(script: Path):
    written, paired = jupytext.read(script), jupytext.read(script.with_suffix(".ipynb"))
    assert [(c.cell_type, c.source) for c in written.cells] == [(c.cell_type, c.source) for c in paired.cells]
    for cell in paired.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_every_notebook_runs_on_the_demos_data(tmp_path: Path):
    from matcher.cli.demo import run_demo

    assert run_demo(tmp_path / "demo") == 0
    (home,) = (tmp_path / "demo").iterdir()
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{home / 'matcher.db'}",
        "MATCHER_CONFIG": str(home / "config"),
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbmake", "--nbmake-timeout=300", "-p", "no:cacheprovider",
         "-W", "default", "--override-ini", "addopts=", "-p", "no:randomly", str(NOTEBOOKS)],
        env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
