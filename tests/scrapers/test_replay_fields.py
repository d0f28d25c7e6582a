"""Which facts each source fills, measured on the shared replay of its publisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from matcher.domain import Call, Outcome
from matcher.scrapers.source import load_sources
from tests.scrapers.test_replay_agencies import visited
from tests.scrapers.test_replay_sources import run

FIELDS = """
    programme fund language text conditions keywords opens deadlines planned closed budget grant_minimum
    grant_maximum rate_maximum rate_given applicants applicants_raw geography consortium action reference
    links
""".split()  # noqa: SIM905 (a list of words)
#: every page of every publisher gives these
ALWAYS = {"language", "text", "applicants_raw", "action"}
#: an aggregator's data sheets name no places, and most pages of one publisher no programme
WITHOUT = {"euro_access": {"geography"}, "se_jordbruksverket": {"programme"}}


@pytest.fixture
def read(publishers: Callable[..., Any]) -> dict[str, tuple[Call, ...]]:
    server = publishers()
    runs = {
        key: visited(server) if key == "se_kulturradet" else run(server, key)
        for key in load_sources()
        if key != "eu_portal"
    }
    assert {key: r.problem for key, r in runs.items() if r.outcome is not Outcome.OK} == {}
    return {key: r.calls for key, r in runs.items()}


@pytest.mark.slow
def test_each_source_fills_what_its_pages_give(read: dict[str, tuple[Call, ...]]) -> None:
    """With ``-s`` this prints the table."""
    for key, calls in read.items():
        filled = {name: sum(bool(getattr(c, name)) for c in calls) for name in FIELDS}
        print(f"{key:24}{len(calls):4}", *(f"{name} {n}" for name, n in filled.items() if n))  # noqa: T201
        published = [c for c in calls if not c.planned]
        whole = {name for name in FIELDS if all(getattr(c, name) for c in published)}
        given = [c for c in calls if c.rate_maximum is not None]
        assert all(c.rate_given and c.rate_raw for c in given)
        wanted = ALWAYS | ({"geography", "programme"} - WITHOUT.get(key, set()))
        wanted -= {"applicants_raw"} if key == "se_vinnova" else set()  # one round is only announced
        assert wanted <= whole, f"{key}: {sorted(wanted - whole)}"


@pytest.mark.slow
def test_timetables_are_planned_calls(read: dict[str, tuple[Call, ...]]) -> None:
    planned = {key: sum(c.planned for c in calls) for key, calls in read.items()}
    assert {key: planned[key] for key in ("se_esf", "se_tillvaxtverket")} == {
        "se_esf": 5,
        "se_tillvaxtverket": 4,
    }
    assert all(c.opens for key in ("se_esf", "se_tillvaxtverket") for c in read[key] if c.planned)
