"""Many senders at once, and a year of letters through a mail server that fails now and then."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.domain import LetterState
from matcher.storage.engine import open_database
from tests.delivery.sink import Sink
from tests.delivery.test_kill import NOW, queue, states
from tests.delivery.worker import Workers

PATH = Path(__file__).parents[2] / "benchmarks" / "delivery_year.py"


@pytest.mark.parametrize(
    "count", [60, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_eight_senders_at_once_send_each_letter_once(database_url: str, workers: Workers, count: int) -> None:
    database, sink = open_database(database_url), Sink()
    letters = queue(database, count)
    with sink.running() as port:
        assert workers.run(database=database_url, port=port, now=NOW.isoformat(), senders=8) == 0
    assert Counter(recipient for recipient, _ in sink.accepted) == Counter(letters.keys())
    assert states(database) == {LetterState.SENT: count}
    database.close()


@pytest.fixture
def delivery_year() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("delivery_year", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["delivery_year"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["delivery_year"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_in_a_year_of_faults_each_letter_arrives_once_and_memory_stays_flat(delivery_year: Any) -> None:
    year = delivery_year.simulate(52, 20)
    assert (year.letters, year.lost, year.copies, year.unsettled) == (52 * 20, 0, 0, 0)
    assert 0.03 * year.letters < sum(year.faults.values()) < 0.08 * year.letters
    assert year.faults.keys() == {step for step, *_ in delivery_year.FAULTS}
    before, after = year.memory
    assert after < 1.1 * before
