"""Rounds that break off in the middle are noticed, and no old ranking passes for a new one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from matcher import jobs
from matcher.config.environment import Environment
from matcher.demo.configuration import write_config
from matcher.demo.inbox import Inbox
from matcher.domain import STOCKHOLM, Letter
from matcher.jobs import service as rounds
from matcher.storage import repository
from tests.storage.builders import call, letter, run

pytestmark = pytest.mark.slow_on_postgresql

NOW = datetime(2027, 3, 8, 9, 0, tzinfo=STOCKHOLM)  # a Monday; the letters are due on Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class KilledError(BaseException):
    """As if the process had died: no boundary catches it."""


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "letters") as inbox:
        yield inbox


@pytest.fixture
def installation(database_url: str, inbox: Inbox, tmp_path: Path) -> Iterator[jobs.Installation]:
    """With calls, and no source to read."""
    write_config(tmp_path / "config", date(2027, 3, 10))
    environment = Environment(
        database_url=database_url,
        smtp_url=SecretStr(inbox.url),
        mail_from="eu@kommun.example",
        matcher_config=tmp_path / "config",
    )
    opened = dataclasses.replace(jobs.open_installation(environment=environment), sources={})
    jobs.plan(opened, NOW)  # last week's letters, so that none is due before Wednesday
    jobs.send(opened, lambda: NOW)
    read(opened, NOW)
    yield opened
    opened.close()


def read(installation: jobs.Installation, now: datetime) -> None:
    """As if a source had been read."""
    calls = [call(n, deadlines=(), text="Äldreomsorg, skola och arbete") for n in range(3)]
    with installation.database.write() as session:
        repository.save_source_run(session, run(calls, at=now), now)


def tick(installation: jobs.Installation, now: datetime) -> jobs.TickReport:
    """A round of a process that has just been started."""
    return jobs.Service(installation).tick(lambda: now, lambda: False)


def alarms(inbox: Inbox) -> int:
    return sum(to == ("drift@norrbacka.example.org",) for to in inbox.recipients)


def test_a_ranking_that_broke_off_halfway_is_made_anew_for_every_committee(
    installation: jobs.Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tick(installation, NOW + MINUTE).matched
    assert not tick(installation, NOW + 2 * MINUTE).matched
    saved = repository.save_matches
    done: list[str] = []

    def die_after_the_first(session: Any, committee: str, *rest: Any) -> None:
        if done:
            raise KilledError
        done.append(committee)
        saved(session, committee, *rest)

    read(installation, NOW + HOUR)
    monkeypatch.setattr(repository, "save_matches", die_after_the_first)
    with pytest.raises(KilledError):
        tick(installation, NOW + HOUR + MINUTE)
    monkeypatch.undo()
    assert tick(installation, NOW + HOUR + 2 * MINUTE).matched
    assert not tick(installation, NOW + HOUR + 3 * MINUTE).matched


def test_rounds_that_break_off_for_hours_are_told_once_and_hold_no_waiting_letter_back(
    installation: jobs.Installation, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KilledError

    waits: Letter = letter("namnd@kommun.example", created_at=NOW)
    with installation.database.write() as session:
        repository.queue_letters(session, [waits], [])
    monkeypatch.setattr(rounds, "match", die)
    for minute in range(0, 180, 20):
        with pytest.raises(KilledError):
            tick(installation, NOW + minute * MINUTE)
        assert alarms(inbox) == (minute > 120)
    assert ("namnd@kommun.example",) in inbox.recipients
    monkeypatch.undo()
    tick(installation, NOW + 3 * HOUR)
    tick(installation, NOW + 3 * DAY)  # the machine was off
    assert alarms(inbox) == 1


def test_a_round_of_another_scheduler_that_is_under_way_is_no_reason_to_rank_anew(
    installation: jobs.Installation,
) -> None:
    assert tick(installation, NOW + MINUTE).matched
    with installation.database.write() as session:
        repository.begin(session, rounds.ROUND, NOW + 2 * MINUTE)
    assert not tick(installation, NOW + 3 * MINUTE).matched
