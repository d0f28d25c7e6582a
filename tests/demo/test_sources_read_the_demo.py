"""The product's own sources read the demo's publishers completely: nothing missed, nothing invented."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from matcher.config.models import HttpSettings
from matcher.demo.records import records
from matcher.demo.server import DemoServer
from matcher.demo.world import DemoWorld, Published
from matcher.domain import Applicant, Call, DeadlineModel, Outcome, SourceRun, Status
from matcher.scrapers.fetch import Fetcher, HostQueue
from matcher.scrapers.run import run_source
from matcher.scrapers.source import load_module, load_sources

SOURCES = ["eu_portal", "se_tillvaxtverket", "se_esf", "interreg_eu"]
DAYS = [date(2026, 11, 23), date(2026, 12, 30), date(2028, 2, 29)]


def read(key: str, world: DemoWorld) -> SourceRun:
    """Run a source against the world; the demo is small, so only the least number of calls is lowered."""
    source = load_sources()[key]
    source = source.model_copy(update={"expect": source.expect.model_copy(update={"min_calls": 5})})
    moment = datetime.combine(world.calendar.today, time(12), UTC)
    with DemoServer(world) as server:
        settings = HttpSettings(contact="https://example.org/test", delay_seconds=0)
        queue = HostQueue(sleep=lambda _: None)  # politeness has its own tests
        with Fetcher(source, settings=settings, now=lambda: moment, replay=server.url, queue=queue) as fetch:
            return run_source(source, load_module(source), fetch, now=lambda: moment, known=[])


def name(call: Published | Call) -> tuple[str, str]:
    """What tells calls apart on both sides; entries of one plan share an address."""
    return call.url, call.title


@pytest.mark.parametrize("today", DAYS, ids=str)
@pytest.mark.parametrize("key", SOURCES)
def test_a_source_finds_every_listed_call_with_its_dates_and_no_other(key: str, today: date) -> None:
    world = DemoWorld(today)
    run = read(key, world)
    assert (run.outcome, run.problem, run.unread) == (Outcome.OK, None, ())
    expected = {name(c): c for c in world.published() if c.source == key and c.listed}
    found = {name(c): c for c in run.calls}
    current = {n: c for n, c in found.items() if c.status(run.started_at) is not Status.CLOSED}
    assert current.keys() == {n for n, c in expected.items() if c.status is not Status.CLOSED}
    assert found.keys() <= expected.keys()
    for key_of, call in found.items():
        truth = expected[key_of]
        assert call.status(run.started_at) is truth.status, call.title
        assert tuple(d.day for d in call.deadlines) == truth.deadlines, call.title
        if "month" in (call.opens_precision or ""):  # a month is compared as a month
            assert f"{call.opens:%Y-%m}" == f"{truth.opens:%Y-%m}", call.title
        else:
            assert call.opens == truth.opens, call.title
        assert call.planned == truth.planned, call.title
        assert call.language == truth.language, call.title


def test_identifiers_and_texts_come_from_the_call_and_not_from_its_parent() -> None:
    world = DemoWorld(DAYS[0])
    run = read("eu_portal", world)
    assert {c.source_id for c in run.calls} == {
        c.source_id for c in world.published() if c.source == "eu_portal" and c.listed
    }
    calls = {c.source_id: c for c in run.calls}
    assert calls["48990117"].title.startswith("POWERCIRCLE")
    assert "energy community" in calls["48990117"].text
    topic = calls["HORIZON-2026-DEMO-HLTH-01"]
    assert topic.budget
    assert topic.budget.amount == Decimal(24_000_000)
    assert topic.expected_grants == 4
    assert topic.consortium
    assert (topic.consortium.partners, topic.consortium.countries) == (3, 3)
    assert "Expected Outcome:" in topic.text.splitlines()
    assert Counter(c.deadline_model for c in run.calls if c.deadline_model is not DeadlineModel.SINGLE) == {
        DeadlineModel.TWO_STAGE: 1,
        DeadlineModel.MULTIPLE: 1,
    }


def test_programmes_are_known_and_municipalities_can_see_what_is_theirs() -> None:
    world = DemoWorld(DAYS[0])
    calls = {c.title: c for key in SOURCES for c in read(key, world).calls}
    programmes = {c.programme for c in calls.values()}
    assert {
        "life",
        "cerv",
        "erasmus-central",
        "horizon-europe",
        "esf",
        "interreg-oks",
        "urbact",
    } <= programmes
    assert calls["Öka återbruket i Östra Mellansverige"].programme == "erdf-ostra-mellansverige"
    assert calls["Rättvis omställning på Gotland"].programme == "jtf"
    assert Applicant.MUNICIPALITY in calls["Spara energi i offentliga lokaler"].applicants
    only_regions = calls["Ramprojekt för investeringsstöd till mindre företag"]
    assert only_regions.applicants == (Applicant.REGION,)


def test_the_share_of_the_applicant_is_turned_into_the_share_of_the_union() -> None:
    calls = {c.title: c for c in read("se_esf", DemoWorld(DAYS[0])).calls}
    rates = {
        "Språk på jobbet inom vård och omsorg": Decimal("0.75"),
        "Hållbart arbetsliv i välfärden": Decimal("0.54"),
        "Bryt långtidsarbetslöshet i Norra Mellansverige": Decimal("0.60"),
        "Kapacitet i små kommuner i Övre Norrland": Decimal("0.45"),
    }
    assert {t: calls[t].rate_maximum for t in rates} == rates


def test_a_month_later_the_same_calls_have_moved_on() -> None:
    start = DAYS[0]
    world = DemoWorld(start + timedelta(days=30), start=start)
    listed = {c.source_id for c in read("interreg_eu", world).calls}
    assert f"callForProjectsPage_{records().interreg.calls[0].page}" in listed
