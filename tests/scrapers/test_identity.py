"""A call keeps its identity from run to run, whatever the process, the order and the dates of its page."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from matcher.scrapers.source import Page, load_module, load_sources
from tests.scrapers.test_golden import CASES, FIXTURES, calls_of, facts


def digest_of_all() -> str:
    """Every call of every good saved page, in one number."""
    found = [calls_of(case) for case in CASES if not facts(case).get("raises")]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def test_the_calls_of_a_page_are_the_same_in_every_process() -> None:
    code = "from tests.scrapers.test_identity import digest_of_all; print(digest_of_all())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert done.stdout.strip() == digest_of_all()


PLAN = """<!DOCTYPE html><html lang="sv"><head><title>x</title></head><body><main>
<h1>Planerade utlysningar</h1><p>Sidan visar fondens kommande utlysningar.</p>{}</main></body></html>"""
ENTRY = """<h2>{}</h2><p>AMIF, specifikt mål 2. Insatser för den som är ny i Sverige.</p><p>Kommuner.</p>
<p><strong>Tillgängliga medel</strong><br>Ca 45 MSEK</p><p><strong>Stöd från AMIF</strong><br>75 %</p>
<p><strong>Öppnar</strong><br>{}</p><p><strong>Stänger</strong><br>Ej bestämt</p>"""


def identities(*entries: tuple[str, str]) -> dict[str, str]:
    """By title, what the entries of a plan without addresses are known by."""
    url = facts(FIXTURES / "se_amif" / "plan")["url"]
    body = PLAN.format("".join(ENTRY.format(*entry) for entry in entries)).encode()
    source, page = load_sources()["se_amif"], Page(url, body, datetime(2027, 2, 1, tzinfo=UTC))
    module = load_module(source)
    calls = [module.parse(source, page, record) for record in module.split(page)]
    return {call.title: call.source_id for call in calls}


def test_an_entry_without_an_address_keeps_its_identity_when_others_come_go_and_move() -> None:
    before = identities(("Första mötet", "September 2027"), ("Språk", "18 maj 2027"), ("Hälsa", "Maj 2027"))
    after = identities(("Nytt", "Juni 2027"), ("Hälsa", "3 maj 2027"), ("Språk", "November 2027"))
    assert len({*before.values(), *after.values()}) == 4
    assert {title: after[title] for title in ("Språk", "Hälsa")} == {
        title: before[title] for title in ("Språk", "Hälsa")
    }
