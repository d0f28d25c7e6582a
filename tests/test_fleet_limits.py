"""Answers without end, slow ones and bombs: bounded in time and memory, and the service goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from matcher import jobs
from matcher.domain import Outcome
from tests import fleet
from tests.fleet import NOW, Publishers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), fleet.needs_replay]

#: read from JSON and from HTML
JSON, HTML = "se_vinnova", "se_mucf"
DEADLINE_S = 2.0


@pytest.fixture
def publishers() -> Iterator[Publishers]:
    with fleet.publishers() as running, fleet.without_waiting():
        yield running


@pytest.mark.parametrize("key", [JSON, HTML])
@pytest.mark.parametrize("kind", ["slow_drip", "stall", "endless"])
def test_an_answer_that_does_not_end_is_left_at_the_total_deadline(publishers, tmp_path, key, kind):
    address = f"sqlite:///{tmp_path / 'matcher.db'}"
    with fleet.installation(tmp_path, publishers.url, address) as opened:
        installation = fleet.hurried(opened, DEADLINE_S, key)
        source = installation.sources[key]
        (run,) = jobs.scrape(installation, [source], clock=lambda: NOW)  # code and certificates are loaded
        assert run.outcome is Outcome.OK
        publishers.fault(kind, source)
        began = time.monotonic()
        (run,) = jobs.scrape(installation, [source], clock=lambda: NOW)
        assert time.monotonic() - began == pytest.approx(DEADLINE_S, abs=1.0)
        assert run.outcome is Outcome.FAILED
        assert "no complete answer within 2 s" in (run.problem or "")


#: run in a process of its own, since the most that a process ever held cannot be measured from inside pytest
_GROWTH = """
import json, pathlib, resource, sys
from matcher import jobs
from tests import fleet

folder, url, keys, kinds = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(), sys.argv[4].split()
publishers = fleet.Publishers(url)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

grown = {}
with fleet.without_waiting(), fleet.installation(folder, url, f"sqlite:///{folder / 'matcher.db'}") as opened:
    sources = [opened.sources[key] for key in keys]
    jobs.scrape(opened, [opened.sources["se_mucf"]], clock=lambda: fleet.NOW)  # all code is loaded
    for kind in kinds:
        for source in sources:
            publishers.fault(kind, source)
            before = peak()
            (run,) = jobs.scrape(opened, [source], clock=lambda: fleet.NOW)
            grown[f"{source.key} {kind}"] = [peak() - before, str(run.outcome), run.problem]
            publishers.heal()
print(json.dumps(grown))
"""


def test_bombs_cost_less_than_64_mib(publishers, tmp_path):
    words = [str(tmp_path), publishers.url, f"{HTML} eu_portal {JSON}", "double_gzip_bomb gzip_bomb"]
    done = subprocess.run(
        [sys.executable, "-c", _GROWTH, *words], cwd=fleet.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    grown = json.loads(done.stdout.splitlines()[-1])
    assert len(grown) == 6
    assert {outcome for _, outcome, _ in grown.values()} == {"failed"}
    assert {name: mebibytes for name, (mebibytes, _, _) in grown.items() if mebibytes > 64} == {}


def test_the_service_goes_on_although_every_fault_strikes_at_once(publishers, tmp_path):
    """Eighteen publishers each in another kind of trouble; the one that is well is stored, and the next
    day, when all are well again, all are."""
    address = f"sqlite:///{tmp_path / 'matcher.db'}"
    kinds = (
        "maintenance", "cookie_wall", "login", "server_error", "slow_drip", "stall", "truncated_json",
        "gzip_bomb", "double_gzip_bomb", "endless", "redirect_offsite", "redirect_loop", "empty_list",
        "half_missing", "dates_in_other_format", "column_dropped", "hostile_html", "wrong_charset",
    )  # fmt: skip
    with fleet.installation(tmp_path, publishers.url, address) as opened:
        installation = fleet.hurried(opened, DEADLINE_S, *(set(opened.sources) - {"eu_portal"}))
        struck = [source for key, source in installation.sources.items() if key != "eu_portal"]
        for kind, source in zip(kinds, struck, strict=True):
            publishers.fault(kind, source)
        service = jobs.Service(installation)
        report = service.tick(lambda: NOW, lambda: False)
        assert set(report.scraped) == set(installation.sources)
        assert report.matched
        assert "eu_portal" not in report.failed_sources
        assert len(report.failed_sources) >= 12
        assert len(fleet.stored(installation)["eu_portal"]) > 700

        publishers.heal()
        tomorrow = service.tick(lambda: NOW + timedelta(days=1), lambda: False)
        assert set(tomorrow.scraped) == set(installation.sources)
        assert tomorrow.failed_sources == ()
        assert all(fleet.stored(installation).values())
