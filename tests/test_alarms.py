"""What the operators are told about sources: each trouble once, a new one again."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from matcher import jobs
from matcher.config.environment import Environment
from matcher.demo.configuration import demo_sources, write_config
from matcher.digest.alarm import OPERATORS
from matcher.domain import STOCKHOLM, Outcome, Rule, Violation
from matcher.storage import repository
from tests.storage.builders import call, run

pytestmark = pytest.mark.slow_on_postgresql

NOW = datetime(2027, 3, 10, 5, 0, tzinfo=STOCKHOLM)
DAY = timedelta(days=1)
LOST = Violation(rule=Rule.SURVIVAL, sentence="only 3 of 9 known calls are listed again", fatal=True)
ONE = Violation(rule=Rule.SURVIVAL, about="A-1", sentence="'Bidrag A' is no longer listed")
OTHER = Violation(rule=Rule.SURVIVAL, about="B-2", sentence="'Bidrag B' is no longer listed")


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[jobs.Installation]:
    write_config(tmp_path / "config", NOW.date())
    environment = Environment(
        database_url=database_url, mail_from="eu@kommun.example", matcher_config=tmp_path / "config"
    )
    opened = jobs.open_installation(environment=environment)
    yield dataclasses.replace(
        opened,
        sources={"se_esf": demo_sources()["se_esf"]},
        configuration=opened.configuration.model_copy(update={"municipalities": ()}),  # no other letters
    )
    opened.close()


def read(installation: jobs.Installation, day: float, *violations: Violation) -> list[str]:
    """A run of se_esf on that day; the letters to the operators that it made."""
    now = NOW + day * DAY
    fatal = any(v.fatal for v in violations)
    outcome = Outcome.FAILED if fatal else Outcome.DEGRADED if violations else Outcome.OK
    with installation.database.write() as session:
        problem = "; ".join(v.sentence for v in violations) or None
        repository.save_source_run(
            session,
            run(source="se_esf", at=now, outcome=outcome, violations=violations, problem=problem),
            now,
        )
    before = set(letters(installation))
    jobs.raise_alarms(installation, now)
    return [text for key, text in letters(installation).items() if key not in before]


def letters(installation: jobs.Installation) -> dict[str, str]:
    """Every letter to the operators: its key, and its subject and text."""
    with installation.database.read() as session:
        found = [x for x in repository.letters(session) if x.committee == OPERATORS]
    texts = {}
    for letter in found:
        body = email.message_from_bytes(letter.body, policy=email.policy.default).get_body(("plain",))
        assert body is not None
        texts[letter.period] = f"{letter.subject}\n{body.get_content()}"
    return texts


def test_a_trouble_is_told_once_with_what_to_do(installation: jobs.Installation) -> None:
    assert read(installation, 0) == []
    (text,) = read(installation, 1, LOST)
    assert "ESF" in text
    assert "could not be read" in text
    assert "Only 3 of 9 known calls are listed again." in text
    assert "matcher scrape se_esf --accept" in text.replace("\n", " ")
    assert "Last read: 2027-03-10 05:00" in text
    for day in range(2, 9):
        assert read(installation, day, LOST) == []


def test_a_trouble_that_ended_and_comes_back_is_told_again(installation: jobs.Installation) -> None:
    assert len(read(installation, 1, LOST)) == 1
    for day in range(2, 6):
        assert read(installation, day) == []
    assert len(read(installation, 6, LOST)) == 1


def test_a_trouble_that_comes_and_goes_within_days_is_one(installation: jobs.Installation) -> None:
    assert len(read(installation, 1, LOST)) == 1
    for day in range(2, 40):
        assert read(installation, day, *((LOST,) if day % 3 else ())) == []


def test_another_trouble_is_another_letter(installation: jobs.Installation) -> None:
    assert len(read(installation, 1, ONE)) == 1
    (text,) = read(installation, 2, ONE, OTHER)
    assert "Bidrag B" in text
    assert "was read, but not wholly" in text
    assert len(read(installation, 3, LOST)) == 1


def test_a_source_that_is_switched_off_raises_no_alarm(installation: jobs.Installation) -> None:
    other = dataclasses.replace(installation, sources={})
    assert read(other, 1, LOST) == []


def test_a_source_that_nobody_reads_any_more_is_told_once_and_shown(installation: jobs.Installation) -> None:
    read(installation, 0)
    assert jobs.raise_alarms(installation, NOW + 1.4 * DAY) == 0
    assert jobs.raise_alarms(installation, NOW + 1.6 * DAY) == 1
    assert jobs.raise_alarms(installation, NOW + 9 * DAY) == 0
    (health,) = jobs.source_health(installation, NOW + 9 * DAY)
    assert health.problem == "not read since 2027-03-10 05:00"
    assert "sources have not been read in time" in "".join(letters(installation).values())


def test_a_source_without_news_for_long_is_told_once_and_shown(installation: jobs.Installation) -> None:
    for number in range(12):
        now = NOW + 7 * number * DAY
        with installation.database.write() as session:
            calls = [call(number, source="se_esf")]
            repository.save_source_run(session, run(calls, source="se_esf", at=now), now)
    assert jobs.raise_alarms(installation, now) == 0
    last = now + 61 * DAY
    with installation.database.write() as session:
        repository.save_source_run(session, run(calls, source="se_esf", at=last), last)
    assert [jobs.raise_alarms(installation, last), jobs.raise_alarms(installation, last)] == [1, 0]
    (health,) = jobs.source_health(installation, last)
    assert health.problem
    assert "no new call since 2027-05-26" in health.problem
