"""Each committee's present ranking, and the configurations that rankings were made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from matcher.domain import Match, plain
from matcher.storage.engine import alone, upsert
from matcher.storage.tables import CommitteeMatchRow, ConfigurationRow, HeartbeatRow

_RANKED = "ranked "


@lru_cache(maxsize=1)
def _match_reader() -> TypeAdapter[Match]:
    return TypeAdapter(Match)


def save_matches(
    session: Session, committee: str, matches: Sequence[Match], config_version: str, now: datetime
) -> None:
    """Replace a committee's ranking; every match carries the hash of the configuration that made it.

    Raises:
        ValueError: a match belongs to another committee.
        sqlalchemy.exc.IntegrityError: a match names a call that is not stored.
    """
    if strangers := {match.committee for match in matches} - {committee}:
        raise ValueError(f"matches for {committee} hold some of {', '.join(sorted(strangers))}")
    alone(session, f"matches {committee}")
    session.execute(
        delete(CommitteeMatchRow).where(CommitteeMatchRow.committee == committee),
        execution_options={"synchronize_session": False},
    )
    rows = [
        {
            "committee": committee,
            "source": match.source,
            "source_id": match.source_id,
            "score": match.score,
            "band": match.band,
            "verdict": match.eligibility.verdict,
            "content": plain(match),
            "config_version": config_version,
            "matched_at": now,
        }
        for match in matches
    ]
    if rows:
        session.execute(insert(CommitteeMatchRow), rows)


def load_matches(session: Session, committee: str) -> list[Match]:
    """A committee's ranking, best first."""
    contents = session.scalars(
        select(CommitteeMatchRow.content)
        .where(CommitteeMatchRow.committee == committee)
        .order_by(CommitteeMatchRow.score.desc(), CommitteeMatchRow.source, CommitteeMatchRow.source_id)
    )
    return [_match_reader().validate_python(content) for content in contents]


def ranked(session: Session, config_version: str, now: datetime) -> None:
    """Note that every committee has been ranked with a configuration."""
    alone(session, "ranked")
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.name.startswith(_RANKED)))
    session.add(HeartbeatRow(name=f"{_RANKED}{config_version}", at=now))


def last_ranked(session: Session) -> tuple[datetime, str] | None:
    """When every committee was last ranked, and with which configuration; ``None`` = never."""
    row = session.scalar(select(HeartbeatRow).where(HeartbeatRow.name.startswith(_RANKED)))
    return None if row is None else (row.at, row.name.removeprefix(_RANKED))


def save_configuration(session: Session, version: str, files: Mapping[str, str], now: datetime) -> None:
    """Keep the files (path: text) behind a configuration's hash; ``now`` is when it was in force."""
    row = upsert(session, ConfigurationRow).values(version=version, files=dict(files), seen_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["version"], set_={"seen_at": now}))


def load_configuration(session: Session, version: str | None = None) -> dict[str, str] | None:
    """The files of a configuration, or of the one last in force; ``None`` when there is none."""
    query = select(ConfigurationRow.files).order_by(ConfigurationRow.seen_at.desc()).limit(1)
    if version is not None:
        query = query.where(ConfigurationRow.version == version)
    return session.scalar(query)
