"""The whole line over real sockets: publishers, database, mail server, on both engines."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from matcher import jobs
from matcher.config.environment import Environment
from matcher.demo.configuration import demo_sources, write_config
from matcher.demo.inbox import Inbox
from matcher.demo.server import DemoServer
from matcher.demo.world import DemoWorld
from matcher.domain import STOCKHOLM, LetterState, Outcome, Status
from matcher.errors import ConfigError, MatcherError
from matcher.storage import repository

TODAY = date(2027, 3, 10)
NOW = datetime(2027, 3, 10, 9, 0, tzinfo=STOCKHOLM)
WEEK = timedelta(days=7)
#: five committees, two coordinators
LETTERS = 7


def at(moment: datetime) -> jobs.Clock:
    return lambda: moment


@pytest.fixture
def world() -> Iterator[DemoServer]:
    with DemoServer(DemoWorld(TODAY)) as server:
        yield server


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "letters") as inbox:
        yield inbox


@pytest.fixture
def installation(
    database_url: str, world: DemoServer, inbox: Inbox, tmp_path: Path
) -> Iterator[jobs.Installation]:
    write_config(tmp_path / "config", TODAY)
    environment = Environment(
        database_url=database_url,
        smtp_url=SecretStr(inbox.url),
        mail_from="eu@kommun.example",
        matcher_config=tmp_path / "config",
        matcher_replay_url=world.url,
    )
    opened = dataclasses.replace(jobs.open_installation(environment=environment), sources=demo_sources())
    yield opened
    opened.close()


def a_round(installation: jobs.Installation, now: datetime) -> jobs.Sending:
    jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(now))
    jobs.match(installation, now)
    jobs.plan(installation, now)
    return jobs.send(installation, at(now))


def text_of(message: bytes) -> str:
    parsed: Any = email.message_from_bytes(message, policy=email.policy.default)
    return str(parsed.get_body(("plain",)).get_content())


def test_a_call_travels_from_four_publishers_to_five_committees_once(installation, inbox):
    runs = jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(NOW))
    assert {r.source: r.outcome for r in runs} == dict.fromkeys(installation.sources, Outcome.OK)

    ranked = jobs.match(installation, NOW)
    assert all(r.strong + r.possible >= 3 for r in ranked)

    assert len(jobs.plan(installation, NOW)) == LETTERS
    assert jobs.send(installation, at(NOW)).sent == LETTERS
    assert len(inbox.messages) == LETTERS
    social = next(
        text_of(m) for m, to in zip(inbox.messages, inbox.recipients, strict=True) if "social" in to[0]
    )
    assert "Integrated home-based care for older people living with dementia" in social

    # the same moment again, and once more after reading everything anew: nothing is told twice
    assert a_round(installation, NOW).results == ()
    assert len(inbox.messages) == LETTERS


@pytest.mark.slow_on_postgresql
def test_what_was_told_once_is_not_new_the_week_after(installation, inbox):
    a_round(installation, NOW)
    first = {to[0]: text_of(m) for m, to in zip(inbox.messages, inbox.recipients, strict=True)}
    a_round(installation, NOW + WEEK)
    later = zip(inbox.messages[LETTERS:], inbox.recipients[LETTERS:], strict=True)
    second = {to[0]: text_of(m) for m, to in later}
    assert first.keys() == second.keys()
    title = "Integrated home-based care for older people living with dementia"
    told = next(to for to, text in first.items() if title in text)
    assert title not in second[told]


@pytest.mark.slow_on_postgresql
def test_a_source_that_is_down_costs_the_others_nothing_and_loses_no_call(installation, world):
    a_round(installation, NOW)
    with installation.database.read() as session:
        before = {c.key: c.status(NOW) for c in repository.stored_calls(session)}
    later = NOW + timedelta(days=1)
    broken = dataclasses.replace(
        installation,
        sources={
            key: source.model_copy(update={"start_url": source.start_url.replace("utlysningar", "borta")})
            if key == "se_esf"
            else source
            for key, source in installation.sources.items()
        },
    )
    runs = {r.source: r for r in jobs.scrape(broken, jobs.enabled_sources(broken), clock=at(later))}
    assert runs.pop("se_esf").outcome is Outcome.FAILED
    assert {r.outcome for r in runs.values()} == {Outcome.OK}
    with installation.database.read() as session:
        after = {c.key: c for c in repository.stored_calls(session)}
    assert after.keys() == before.keys()
    assert all(c.withdrawn_at is None for c in after.values())
    health = {h.source: h for h in jobs.source_health(installation, later)}
    assert health["se_esf"].problem
    assert health["se_esf"].last_read == pytest.approx(NOW, abs=timedelta(seconds=1))


@pytest.mark.slow_on_postgresql
def test_a_mail_server_that_is_down_leaves_the_letters_queued_and_they_go_later(installation, inbox):
    jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(NOW))
    jobs.match(installation, NOW)
    jobs.plan(installation, NOW)
    nobody = dataclasses.replace(installation, smtp_url="smtp://127.0.0.1:1")
    failed = jobs.send(nobody, at(NOW))
    assert failed.problem
    assert failed.sent == 0
    assert jobs.waiting(installation) == LETTERS
    assert jobs.send(installation, at(NOW + timedelta(hours=5))).sent == LETTERS
    assert len(inbox.messages) == LETTERS


@pytest.mark.slow_on_postgresql
def test_without_a_mail_server_letters_stay_in_the_outbox_and_that_is_said(installation):
    jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(NOW))
    jobs.match(installation, NOW)
    jobs.plan(installation, NOW)
    sending = jobs.send(dataclasses.replace(installation, smtp_url=None), at(NOW))
    assert sending.held == f"SMTP_URL is not set: {LETTERS} letters wait in the outbox."
    assert not sending.failed


@pytest.mark.slow_on_postgresql
def test_a_dry_run_stores_nothing(installation):
    jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(NOW))
    jobs.match(installation, NOW)
    assert len(jobs.plan(installation, NOW, store=False)) == LETTERS
    assert jobs.waiting(installation) == 0
    assert len(jobs.plan(installation, NOW)) == LETTERS


def test_ticks_do_what_is_due_and_nothing_twice(installation, inbox):
    service = jobs.Service(installation)
    first = service.tick(at(NOW), lambda: False)
    assert (set(first.scraped), first.matched, first.sent) == (set(installation.sources), True, LETTERS)
    assert service.tick(at(NOW + timedelta(minutes=1)), lambda: False) == jobs.TickReport()
    # another process with the same database: its own first tick finds everything done
    other = jobs.Service(dataclasses.replace(installation, owner="another"))
    assert other.tick(at(NOW + timedelta(minutes=2)), lambda: False) == jobs.TickReport()
    assert len(inbox.messages) == LETTERS
    tomorrow = service.tick(at(NOW + timedelta(days=1)), lambda: False)
    assert (set(tomorrow.scraped), tomorrow.sent) == (set(installation.sources), 0)


@pytest.mark.slow_on_postgresql
def test_a_bad_file_never_replaces_the_good_one_in_force(installation):
    service = jobs.Service(installation)
    service.tick(at(NOW), lambda: False)
    (installation.directory / "matcher.yaml").write_text("htpp: {}\n")
    report = service.tick(at(NOW + timedelta(minutes=1)), lambda: False)
    assert "matcher.yaml:1:1" in (report.configuration_problem or "")
    assert report.failed

    # a restart falls back to the copy in the database
    environment = Environment(
        database_url=installation.database.engine.url.render_as_string(hide_password=False),
        matcher_config=installation.directory,
    )
    with pytest.raises(ConfigError):
        jobs.open_installation(environment=environment)
    again = jobs.open_installation(environment=environment, fall_back=True)
    try:
        assert again.configuration.version == installation.configuration.version
    finally:
        again.close()


@pytest.mark.slow_on_postgresql
def test_every_number_behind_a_score_can_be_shown(installation):
    jobs.scrape(installation, jobs.enabled_sources(installation), clock=at(NOW))
    jobs.match(installation, NOW)
    committee = installation.configuration.committees()[0][1].id
    with installation.database.read() as session:
        best = repository.load_matches(session, committee)[0]
    shown = jobs.explain(installation, committee, best.source_id, NOW)
    assert shown.match.score == pytest.approx(best.score)
    assert sum(shown.origins.values()) == pytest.approx(best.score, abs=1e-5)
    for part in shown.parts:
        assert part.word + part.char + part.latent - part.excluded == pytest.approx(part.score, abs=1e-5)
    with pytest.raises(MatcherError, match="no open or coming call"):
        jobs.explain(installation, committee, "no-such-call", NOW)
    with pytest.raises(ConfigError, match="no committee has the id"):
        jobs.explain(installation, "nobody", best.source_id, NOW)


@pytest.mark.slow_on_postgresql
def test_the_overview_counts_what_there_is(installation):
    a_round(installation, NOW)
    overview = jobs.overview(installation, NOW)
    assert overview.outbox == {str(LetterState.SENT): LETTERS}
    assert {s.outcome for s in overview.sources} == {Outcome.OK}
    assert all(c.last_period == "2027-W10" and c.next_letter for c in overview.committees)
    assert not overview.alive  # nothing has ticked


def test_an_unknown_source_is_named_with_those_there_are(installation):
    with pytest.raises(ConfigError, match="unknown source 'se_esff'; there are: eu_portal"):
        jobs.enabled_sources(installation, ["se_esff"])


@pytest.mark.slow_on_postgresql
def test_no_closed_call_is_ranked(installation):
    a_round(installation, NOW)
    with installation.database.read() as session:
        closed = {c.key for c in repository.stored_calls(session) if c.status(NOW) is Status.CLOSED}
        ranked = {
            m.key
            for _, committee in installation.configuration.committees()
            for m in repository.load_matches(session, committee.id)
        }
    assert closed
    assert not closed & ranked


@pytest.mark.slow_on_postgresql
def test_the_operators_hear_of_a_broken_source_once_and_not_daily(installation, inbox):
    a_round(installation, NOW)
    broken = dataclasses.replace(
        installation,
        sources={
            key: source.model_copy(update={"start_url": source.start_url.replace("utlysningar", "borta")})
            if key == "se_esf"
            else source
            for key, source in installation.sources.items()
        },
    )
    counts = []
    for day in (1, 2, 3):
        later = NOW + timedelta(days=day)
        jobs.scrape(broken, list(broken.sources.values()), clock=at(later))
        counts.append(jobs.raise_alarms(broken, later))
    assert counts == [1, 0, 0]
    assert jobs.send(installation, at(NOW + timedelta(days=3))).sent == 1
    assert inbox.recipients[-1] == ("drift@norrbacka.example.org",)
    assert "could not be read" in str(email.message_from_bytes(inbox.messages[-1])["Subject"])
