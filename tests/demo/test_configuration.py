"""The demo's configuration is a valid one on every day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.config.loading import load_configuration, warnings_of
from matcher.demo.configuration import write_config

DAYS = [date(2026, 11, 22), date(2026, 12, 31), date(2028, 2, 29), date(2031, 7, 6)]


@pytest.mark.parametrize("today", DAYS)
def test_it_loads_without_a_warning(tmp_path: Path, today: date) -> None:
    write_config(tmp_path, today)
    assert warnings_of(load_configuration(tmp_path), today) == []


@pytest.mark.parametrize("today", DAYS)
def test_five_committees_of_two_municipalities_get_their_letter_the_same_day(
    tmp_path: Path, today: date
) -> None:
    write_config(tmp_path, today)
    committees = load_configuration(tmp_path).committees()
    assert len(committees) == 5
    assert len({m.id for m, _ in committees}) == 2
    weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    assert {c.digest.weekday for _, c in committees} == {weekdays[today.weekday()]}
    assert {c.digest.time.isoformat() for _, c in committees} == {"00:00:00"}
    for _, committee in committees:
        assert committee.recipients
        assert all(m > today and m.weekday() < 5 for m in committee.meetings)


def test_writing_it_again_on_another_day_replaces_it(tmp_path: Path) -> None:
    write_config(tmp_path, DAYS[0])
    before = load_configuration(tmp_path).version
    write_config(tmp_path, DAYS[1])
    assert load_configuration(tmp_path).version != before
    write_config(tmp_path, DAYS[0])
    assert load_configuration(tmp_path).version == before
