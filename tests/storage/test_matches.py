"""Rankings and the configurations that made them."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from matcher.storage.engine import Database
from matcher.storage.repository import (
    last_ranked,
    load_configuration,
    load_matches,
    ranked,
    save_configuration,
    save_matches,
    save_source_run,
)
from matcher.storage.tables import CommitteeMatchRow
from tests.storage.builders import DAY, NOW, call, match, run


def test_a_ranking_replaces_the_one_before_and_comes_back_best_first(database: Database) -> None:
    with database.write() as session:
        save_source_run(session, run([call(n) for n in range(4)]), NOW)
        save_matches(session, "norrbacka-sn", [match(0, 0.3), match(1, 0.9)], "v1", NOW)
        save_matches(session, "norrbacka-ks", [match(2, 0.5, "norrbacka-ks")], "v1", NOW)
    with database.write() as session:
        save_matches(session, "norrbacka-sn", [match(1, 0.2), match(3, 0.8), match(2, 0.8)], "v2", NOW + DAY)

    with database.read() as session:
        assert load_matches(session, "norrbacka-sn") == [match(2, 0.8), match(3, 0.8), match(1, 0.2)]
        assert load_matches(session, "norrbacka-ks") == [match(2, 0.5, "norrbacka-ks")]
        assert load_matches(session, "unknown") == []
        query = select(CommitteeMatchRow.config_version).where(CommitteeMatchRow.committee == "norrbacka-sn")
        assert set(session.scalars(query)) == {"v2"}


def test_a_configuration_that_comes_back_counts_as_new(database: Database) -> None:
    with database.read() as session:
        assert last_ranked(session) is None
    for day, version in enumerate(("v1", "v2", "v1")):
        with database.write() as session:
            ranked(session, version, NOW + day * DAY)
        with database.read() as session:
            assert last_ranked(session) == (NOW + day * DAY, version)


def test_a_ranking_can_become_empty(database: Database) -> None:
    with database.write() as session:
        save_source_run(session, run([call()]), NOW)
        save_matches(session, "norrbacka-sn", [match()], "v1", NOW)
        save_matches(session, "norrbacka-sn", [], "v1", NOW)
        assert load_matches(session, "norrbacka-sn") == []


def test_a_match_of_a_call_that_is_not_stored_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        save_matches(session, "norrbacka-sn", [match(404)], "v1", NOW)


def test_a_match_of_another_committee_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="hold some of norrbacka-sn"), database.write() as session:
        save_matches(session, "norrbacka-ks", [match()], "v1", NOW)


def test_a_configuration_is_found_by_its_hash_and_the_latest_without(database: Database) -> None:
    old, new = {"scoring.yaml": "slope: 0.3\n"}, {"scoring.yaml": "slope: 0.2\n", "å.yaml": "ö"}
    with database.write() as session:
        assert load_configuration(session) is None
        save_configuration(session, "v1", old, NOW)
        save_configuration(session, "v2", new, NOW + DAY)
        assert load_configuration(session) == new
        save_configuration(session, "v1", old, NOW + 2 * DAY)  # in force again

    with database.read() as session:
        assert load_configuration(session) == old
        assert load_configuration(session, "v2") == new
        assert load_configuration(session, "v3") is None
