"""Months of daily runs with faults, of publishers small and large: the bounds of benchmarks/fleet_year.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "fleet_year.py"


@pytest.fixture(scope="module")
def fleet_year() -> Any:
    spec = importlib.util.spec_from_file_location("fleet_year", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["fleet_year"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fleet_year"]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_faults_are_found_the_same_day_and_nothing_is_lost_or_falsely_open(fleet_year: Any) -> None:
    tally = fleet_year.Tally()
    for kind in fleet_year.SMALL:
        tally.add(fleet_year.simulate(kind, days=180, seed=7))
    assert sum(map(len, tally.found.values())) >= 5
    assert len(tally.false_alarms) <= tally.source_years, tally.false_alarms
    assert tally.share(["half lost"], 1) >= 0.95
    assert tally.share(fleet_year.FAULTS, 1) >= 0.95
    assert tally.share(fleet_year.FAULTS, 2) == 1
    assert tally.lost == set()
    assert tally.redated == set()
    assert tally.false_open == set()
    assert max(tally.silent, default=0) <= 8  # three days, and a fault of five between them
