"""Rules that hold for every source, whoever wrote it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from matcher.domain import ActionType, Applicant
from matcher.scrapers import wording
from matcher.scrapers.source import Source, load_module, load_sources
from tests.scrapers.test_golden import CASES, facts

ROOT = Path(__file__).parents[2]
SOURCES = sorted(load_sources().values(), key=lambda s: s.key)
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.key)


def test_there_are_sources() -> None:
    assert {"eu_portal", "interreg_eu", "se_esf", "se_tillvaxtverket"} <= {s.key for s in SOURCES}


@each_source
def test_a_source_has_good_and_broken_pages(source: Source) -> None:
    broken = [bool(facts(c).get("raises")) for c in CASES if c.parent.name == source.key]
    assert broken.count(False) >= 2
    assert broken.count(True) >= 2


@each_source
def test_a_source_has_the_three_functions(source: Source) -> None:
    module = load_module(source)
    assert all(callable(getattr(module, name, None)) for name in ("crawl", "split", "parse"))
    assert module.__doc__


@each_source
def test_a_source_expects_something(source: Source) -> None:
    assert 1 <= source.expect.min_calls < source.expect.max_calls
    assert source.expect.min_survival >= 0.5
    assert urlsplit(source.start_url).scheme == "https"
    assert source.terms.licence


@each_source
def test_a_source_knows_only_programmes_that_are_configured(source: Source) -> None:
    known = {
        p["code"]
        for p in YAML(typ="safe").load((ROOT / "config" / "programmes.yaml").read_text("utf-8"))["programmes"]
    }
    used = {*source.lookups.get("programme", {}).values(), source.programme or ""} - {""}
    assert used <= known, f"not in config/programmes.yaml: {sorted(used - known)}"


@each_source
def test_lookups_lead_to_codes_of_the_domain(source: Source) -> None:
    assert set(source.lookups.get("audience", {}).values()) - {""} <= {str(a) for a in Applicant}
    assert set(source.lookups.get("action", {}).values()) <= {str(a) for a in ActionType}


def test_every_county_and_area_is_found_by_its_names() -> None:
    table = YAML(typ="safe").load((ROOT / "matcher" / "scrapers" / "places.yaml").read_text("utf-8"))
    known = YAML(typ="safe").load((ROOT / "config" / "geography.yaml").read_text("utf-8"))
    assert {*table["counties"]} == {county["nuts"] for county in known["counties"]}
    assert {*table["areas"]} == {area["nuts"] for area in known["areas"] if len(area["nuts"]) == 4}
    for county in known["counties"]:
        for name in (county["name"], *county["aliases"]):
            (code,) = wording.places(name)
            assert county["nuts"].startswith(code), name
    assert len(table["counties"]) == 21
    assert len(table["areas"]) == 8
    for code, aliases in table["areas"].items():
        assert {wording.places(alias) for alias in aliases} == {(code,)}
    for code, aliases in table["counties"].items():
        # Stockholm is a county and an area of its own
        assert {wording.places(alias.title()) for alias in aliases} == {
            (code[:4],) if code == "SE110" else (code,)
        }
