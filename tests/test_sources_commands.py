"""`matcher sources check | new | docs`."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from matcher.cli.sources import fields_of
from matcher.domain import Call, Family, Share
from matcher.errors import ConfigError
from matcher.scrapers.scaffold import write_source
from matcher.scrapers.source import describe_sources, load_sources
from tests.test_cli import NOW, matcher, world

ROOT = Path(__file__).parents[1]
__all__ = ["matcher", "world"]  # fixtures


def test_the_table_of_sources_is_current():
    assert (ROOT / "docs" / "sources.md").read_text("utf-8") == describe_sources(), (
        "run: matcher sources docs docs/sources.md"
    )


def test_a_live_check_shows_values_beside_the_pages_words_and_stores_nothing(matcher, world):
    replay, _ = world
    code, out, _ = matcher("sources", "check", "se_esf", "--replay", replay, "--now", NOW)
    assert code == 0
    assert "Svenska ESF-rådet: ok, 17 calls." in out
    assert "the page's words" in out
    assert "edfinansiering" in out  # the words the rate was read from
    assert "(the rest: the page gives the applicant's share)" in out
    assert "[]" in matcher("calls", "--json", "--now", NOW)[1]


@pytest.mark.parametrize(
    ("facts", "field", "read"),
    [
        ({}, "status", "unknown"),
        ({"closed": True}, "status", "closed (the publisher says so)"),
        ({"continuous": True}, "status", "open"),
        ({"planned": True}, "status", "forthcoming"),
        ({}, "rate", ""),
        ({"rate_maximum": Decimal("0.4"), "rate_given": Share.EU}, "rate", "0.4"),
        (
            {"rate_maximum": Decimal("0.54"), "rate_given": Share.APPLICANT},
            "rate",
            "0.54 (the rest: the page gives the applicant's share)",
        ),
    ],
)
def test_a_check_says_what_is_closed_and_whose_share_the_page_gives(facts, field, read):
    call = Call(
        source="s",
        source_id="1",
        url="https://x.se/1",
        title="X",
        language="sv",
        family=Family.OTHER,
        **facts,
    )
    assert fields_of(call, datetime(2026, 11, 23, tzinfo=UTC))[field]["read"] == read


@pytest.mark.slow
def test_a_new_source_is_four_files_that_load_and_are_typed(world, tmp_path):
    replay, _ = world
    for folder in ("matcher/scrapers/sources", "tests"):
        (tmp_path / "repo" / folder).mkdir(parents=True)
    written = write_source(tmp_path / "repo", "se_nytt", "https://www.esf.se/utlysningar/", replay=replay)
    assert sorted(p.name for p in written) == ["meta.yml", "page.html", "se_nytt.py", "se_nytt.yaml"]
    module = next(p for p in written if p.name == "se_nytt.py")
    check = [sys.executable, "-m", "ruff", "check", "--isolated", str(module)]
    ruff = subprocess.run(check, check=False)
    words = ["mypy", "--strict", "--no-incremental", "--follow-imports=silent", str(module)]
    mypy = subprocess.run([sys.executable, "-m", *words], check=False, cwd=ROOT)
    assert (ruff.returncode, mypy.returncode) == (0, 0)


@pytest.mark.parametrize(
    ("key", "url", "says"),
    [
        ("Boverket", "https://x.se/", "is no key"),
        ("se_x1", "http://x.se/", "is not an https address"),
        ("se_esf", "https://www.esf.se/", "exists already"),
    ],
)
def test_a_wrong_key_or_address_is_a_sentence(key, url, says):
    with pytest.raises(ConfigError, match=says):
        write_source(ROOT, key, url)


def test_every_source_says_who_publishes_it_and_under_what_terms():
    for key, source in load_sources().items():
        assert source.publisher.name, key
        assert len(source.terms.licence) > 5, key
