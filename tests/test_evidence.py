"""The archive as a person meets it: `matcher reparse`, `matcher evidence`, retention, permissions."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select, update

from matcher import jobs
from matcher.config.models import RetentionSettings
from matcher.demo.server import DemoServer
from matcher.demo.world import Answer, DemoWorld
from matcher.domain import Call, LetterState, Money, SourceRun, Status
from matcher.errors import ParseError
from matcher.storage import repository
from matcher.storage.tables import PageRow
from tests.test_cli import NOW as MOMENT
from tests.test_cli import matcher
from tests.test_cli import world as served
from tests.test_jobs import NOW, TODAY, at, inbox, installation, world

__all__ = ["inbox", "installation", "matcher", "served", "world"]  # fixtures
pytestmark = pytest.mark.slow_on_postgresql
DAY = timedelta(days=1)
ESF = importlib.import_module("matcher.scrapers.sources.se_esf")


@pytest.fixture
def a_parser_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Call], Call]], None]:
    """Spoils what the parser of se_esf makes of each record, until it is given another spoiler."""
    right = ESF.parse

    def spoil(how: Callable[[Call], Call]) -> None:
        monkeypatch.setattr(ESF, "parse", lambda *record: how(right(*record)))

    return spoil


def read(installation: jobs.Installation, moment: Any = NOW, *keys: str) -> dict[str, SourceRun]:
    """Read se_esf, or the sources named."""
    runs = jobs.scrape(installation, jobs.enabled_sources(installation, keys or ["se_esf"]), clock=at(moment))
    assert all(run.stores for run in runs)
    return {run.source: run for run in runs}


def ten_times(call: Call) -> Call:
    """The fault of a parser that takes "mnkr" for ten millions."""
    if call.budget is None:
        return call
    return dataclasses.replace(
        call, budget=Money(amount=call.budget.amount * 10, currency=call.budget.currency)
    )


def test_reading_the_archive_again_gives_every_call_as_it_is_stored(installation):
    for key, run in read(installation, NOW, *installation.sources).items():
        again = jobs.reparse(installation, installation.sources[key], NOW)
        assert (again.calls, again.rereads, again.missing, again.unknown) == (len(run.calls), (), (), ())


def test_a_mended_parser_mends_what_is_stored_without_the_publisher(installation, world, a_parser_that):
    a_parser_that(ten_times)
    wrong = {c.source_id: c for c in read(installation)["se_esf"].calls if c.budget}
    assert len(wrong) > 3
    a_parser_that(lambda call: call)
    source, later = installation.sources["se_esf"], NOW + DAY
    offline = dataclasses.replace(installation, replay="http://127.0.0.1:9")  # nobody answers there

    shown = jobs.reparse(offline, source, later)
    assert {r.source_id for r in shown.rereads} == set(wrong)
    for reread in shown.rereads:
        (change,) = reread.changes
        assert change.field == "budget"
        assert Decimal(change.before["amount"]) == 10 * Decimal(change.after["amount"])
    assert shown.stored == 0
    with installation.database.read() as session:
        assert {c.version for c in repository.known_calls(session, "se_esf")} == {1}

    assert jobs.reparse(offline, source, later, store=True).stored == len(wrong)
    with installation.database.read() as session:
        calls = {c.call.source_id: c for c in repository.known_calls(session, "se_esf")}
        moved = repository.changes(session, since=NOW)
    for source_id, before in wrong.items():
        stored = calls[source_id]
        assert stored.call.budget.amount * 10 == before.budget.amount
        assert (stored.version, stored.last_seen, stored.last_changed) == (2, NOW, later)
        assert [c.field for c in moved["se_esf", source_id]] == ["budget"]
    assert jobs.reparse(offline, source, later).rereads == ()
    # and the next run over the network finds nothing to change
    assert read(installation, NOW + 2 * DAY)["se_esf"].outcome == "ok"
    with installation.database.read() as session:
        assert max(c.version for c in repository.known_calls(session, "se_esf")) == 2


def test_a_call_that_cannot_be_read_any_more_is_named_with_the_reason_and_stays(installation, a_parser_that):
    read(installation)

    def strict(call: Call) -> Call:
        if call.planned:
            return dataclasses.replace(call, source_id=f"plan-{call.source_id}")
        raise ParseError(f"{call.source_id}: no deadline")

    a_parser_that(strict)
    result = jobs.reparse(installation, installation.sources["se_esf"], NOW, store=True)
    assert len(result.rereads) == result.calls
    assert {r.problem for r in result.rereads if r.problem and "no deadline" not in r.problem} == {
        "the page no longer gives a call with this id"
    }
    assert all(i.startswith("plan-") for i in result.unknown)
    assert result.unknown
    assert result.stored == 0


def test_the_commands_show_what_comes_out_otherwise_and_hand_out_the_page(
    matcher, served, a_parser_that, tmp_path
):
    replay, _ = served
    a_parser_that(ten_times)
    assert matcher("scrape", "se_esf", "--replay", replay, "--now", MOMENT)[0] == 0
    a_parser_that(lambda call: call)

    code, out, _ = matcher("reparse", "se_esf", "--now", MOMENT)
    assert code == 0
    assert "budget" in out
    assert "nothing is stored without --store" in out
    shown = json.loads(matcher("reparse", "se_esf", "--json", "--now", MOMENT)[1])
    differing = [r["source_id"] for r in shown["rereads"]]
    assert len(differing) > 3
    stored = json.loads(matcher("reparse", "se_esf", "--store", "--json", "--now", MOMENT)[1])
    assert stored["stored"] == len(differing)
    assert "0 differ." in matcher("reparse", "se_esf", "--now", MOMENT)[1]

    first, second = json.loads(matcher("evidence", "se_esf", differing[0], "--json")[1])
    assert (first["version"], second["version"]) == (1, 2)
    assert first["sha256"] == second["sha256"]
    file = tmp_path / "page.html"
    assert matcher("evidence", "se_esf", differing[0], "--output", str(file))[0] == 0
    assert b"<html" in file.read_bytes()
    code, _, said = matcher("evidence", "se_esf", differing[0], "--version", "7", "-o", "-")
    assert (code, "version 7" in said) == (1, True)
    code, _, said = matcher("evidence", "se_esf", "nothing")
    assert (code, "matcher calls --source se_esf" in said) == (1, True)


def test_a_call_whose_page_is_not_in_the_archive_is_named(installation):
    read(installation)
    with installation.database.write() as session:
        page_of = repository.pages_of_calls(session, "se_esf")
        page_id = next(iter(page_of.values()))
        session.delete(session.get(PageRow, page_id))
        lost = [source_id for source_id, p in page_of.items() if p == page_id]
    result = jobs.reparse(installation, installation.sources["se_esf"], NOW)
    assert lost
    assert result.missing == tuple(sorted(lost))
    assert result.rereads == ()


# --- retention -------------------------------------------------------------------------------


def keeping(installation: jobs.Installation, **days: int) -> jobs.Installation:
    settings = installation.configuration.settings
    settings = settings.model_copy(update={"retention": RetentionSettings(**days)})
    configuration = installation.configuration.model_copy(update={"settings": settings})
    return dataclasses.replace(installation, configuration=configuration)


def pages(installation: jobs.Installation) -> int:
    with installation.database.read() as session:
        return session.scalar(select(func.count()).select_from(PageRow)) or 0


def letters(installation: jobs.Installation) -> list[tuple[LetterState, bool]]:
    with installation.database.read() as session:
        return [(letter.state, bool(letter.body)) for letter in repository.letters(session)]


def test_by_default_everything_is_kept_for_ever(installation):
    read(installation)
    held = pages(installation)
    jobs.carry_out_retention(installation, NOW + 9999 * DAY)
    assert pages(installation) == held > 0


def test_old_letters_lose_their_text_and_are_never_sent_again(installation, inbox):
    read(installation)
    jobs.match(installation, NOW)
    jobs.plan(installation, NOW)
    jobs.send(installation, at(NOW))
    sent = len(inbox.messages)
    short = keeping(installation, letters_days=30)

    jobs.carry_out_retention(short, NOW + 29 * DAY)
    assert set(letters(installation)) == {(LetterState.SENT, True)}
    jobs.carry_out_retention(short, NOW + 31 * DAY)
    assert letters(installation) == [(LetterState.SENT, False)] * sent
    with installation.database.read() as session:
        assert all(letter.message_id and letter.subject for letter in repository.letters(session))
    assert jobs.plan(installation, NOW) == []  # the same week again
    assert jobs.send(installation, at(NOW + 31 * DAY)).sent == 0
    assert len(inbox.messages) == sent


def test_old_pages_of_closed_calls_go_once_a_day(installation):
    read(installation)
    held = pages(installation)
    short = keeping(installation, pages_days=7)
    jobs.carry_out_retention(short, NOW + 6 * DAY)
    assert pages(installation) == held
    with installation.database.write() as session:
        session.execute(update(PageRow).values(fetched_at=NOW - 7 * DAY))

    jobs.carry_out_retention(short, NOW + 6 * DAY + timedelta(minutes=1))
    assert pages(installation) == held
    later = NOW + 60 * DAY
    jobs.carry_out_retention(short, later)
    with installation.database.read() as session:
        calls = {c.call.source_id: c.status(later) for c in repository.known_calls(session, "se_esf")}
        proved = {i for i, page_id in repository.pages_of_calls(session, "se_esf").items() if page_id}
    live = {source_id for source_id, status in calls.items() if status is not Status.CLOSED}
    assert set() < live <= proved < set(calls)
    assert pages(installation) < held


# --- permission ------------------------------------------------------------------------------


def test_a_permission_is_shown_beside_its_source(matcher, served, tmp_path):
    file = tmp_path / "config" / "matcher.yaml"
    file.write_text(
        file.read_text("utf-8") + '\npermissions: {se_esf: "ESF by e-mail, 2026-12-01"}\n', "utf-8"
    )
    said = matcher("sources", "--now", MOMENT)[1]
    assert "se_esf is read although its robots.txt says no: ESF by e-mail, 2026-12-01" in said
    shown = {
        s["source"]: s["permission"] for s in json.loads(matcher("sources", "--json", "--now", MOMENT)[1])
    }
    assert shown["se_esf"] == "ESF by e-mail, 2026-12-01"
    assert shown["eu_portal"] is None


class Forbidding(DemoWorld):
    """The same publishers, whose robots.txt forbids everything."""

    def answer(self, method: str, host: str, path: str, **request: Any) -> Answer:
        if path == "/robots.txt":
            return Answer(body=b"User-agent: *\nDisallow: /\n", content_type="text/plain")
        return super().answer(method, host, path, **request)


def test_a_permission_lets_that_source_alone_read_what_robots_txt_forbids_and_is_logged(installation):
    settings = installation.configuration.settings.model_copy(update={"permissions": {"se_esf": "by e-mail"}})
    configuration = installation.configuration.model_copy(update={"settings": settings})
    with DemoServer(Forbidding(TODAY)) as server, structlog.testing.capture_logs() as logged:
        allowed = dataclasses.replace(installation, configuration=configuration, replay=server.url)
        runs = jobs.scrape(allowed, jobs.enabled_sources(allowed), clock=at(NOW))
    assert {r.source for r in runs if r.stores} == {"se_esf"}
    assert all("robots.txt does not let" in (r.problem or "") for r in runs if not r.stores)
    assert [(e["event"], e["source"], e["permission"]) for e in logged] == [
        ("robots.txt set aside", "se_esf", "by e-mail")
    ]
