"""Saved pages of every source against the calls they must give, or the error."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from matcher import errors
from matcher.domain import plain
from matcher.errors import SkipRecord
from matcher.scrapers.source import Page, load_module, load_sources

FIXTURES = Path(__file__).parent / "fixtures"
CASES = sorted(p.parent for p in FIXTURES.glob("*/*/meta.yml"))


def facts(case: Path) -> dict[str, Any]:
    """The case's meta.yml."""
    found: dict[str, Any] = YAML(typ="safe").load((case / "meta.yml").read_text("utf-8"))
    return found


def calls_of(case: Path) -> list[dict[str, Any]]:
    """Split and parse a saved page; fields in the model's order, empty ones left out."""
    meta = facts(case)
    (body,) = case.glob("page.*")
    source = load_sources()[case.parent.name]
    module = load_module(source)
    page = Page(
        meta["url"],
        body.read_bytes(),
        datetime.fromisoformat(str(meta["fetched_at"])),
        notes=meta.get("notes") or {},
    )
    out = []
    for record in module.split(page):
        try:
            call = plain(module.parse(source, page, record))
        except SkipRecord:
            continue
        out.append({k: v for k, v in call.items() if v not in (None, [], "", False)})
    return out


def test_there_are_cases() -> None:
    assert len(CASES) >= 16


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.parent.name}-{c.name}")
def test_a_saved_page_gives_what_it_gave(case: Path, request: pytest.FixtureRequest) -> None:
    raises = facts(case).get("raises")
    expected = case / "expected.json"
    if raises:
        assert not expected.exists()
        with pytest.raises(getattr(errors, raises)):
            calls_of(case)
        return
    found = calls_of(case)
    if request.config.getoption("--update-golden", default=False):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(
            f"wrote {expected.relative_to(FIXTURES)}: read it, then run again without --update-golden"
        )
    assert expected.exists(), (
        "no expected.json; run pytest tests/scrapers --update-golden and read what it wrote"
    )
    assert json.loads(expected.read_text("utf-8")) == found
    assert found, "a good page without a call"
