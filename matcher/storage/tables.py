"""The tables as SQLAlchemy classes; nothing outside storage imports them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from matcher.domain import LetterState


def storable(value: Any) -> Any:
    """Plain data without what databases refuse: NUL (PostgreSQL) and lone surrogates (both)."""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(k): storable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [storable(v) for v in value]
    return value


class TZDateTime(TypeDecorator[datetime]):
    """A moment: naive times are refused, UTC is stored, aware UTC comes back.

    SQLite drops the offset of ``DateTime(timezone=True)`` without a word, hence this type.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Python to database. Raises ValueError (wrapped in StatementError) for a naive time."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"a stored time must say its zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Database to Python."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text that both engines accept, whatever a publisher sends."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Python to database."""
        return None if value is None else str(storable(value))


class Base(DeclarativeBase):
    """Names every constraint, so that SQLite's batch migrations can find it again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: PlainText,
        datetime: TZDateTime,
        Any: JSON(none_as_null=True),
        bytes: LargeBinary,
    }


class SourceRunRow(Base):
    """One reading of a source, also when nothing came of it."""

    __tablename__ = "source_run"
    __table_args__ = (Index(None, "source", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    outcome: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    calls: Mapped[int]
    pages: Mapped[int]
    new: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    withdrawn: Mapped[int]
    #: list of {url, why}
    unread: Mapped[Any]
    problem: Mapped[str | None]
    traceback: Mapped[str | None]


class CallRow(Base):
    """A call as the publisher states it now, and what we know about it over time."""

    __tablename__ = "call"
    __table_args__ = (UniqueConstraint("source", "source_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    source_id: Mapped[str]
    title: Mapped[str]
    #: plain(call)
    content: Mapped[Any]
    content_hash: Mapped[str]
    #: the last deadline: a call that vanishes after it has closed is not withdrawn
    closes_at: Mapped[datetime | None]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    last_changed: Mapped[datetime]
    version: Mapped[int]
    withdrawn_at: Mapped[datetime | None]
    #: complete runs in a row that did not list it
    missing_runs: Mapped[int]


class CallVersionRow(Base):
    """The call as it was when a version was first seen; version 1 is the call as found."""

    __tablename__ = "call_version"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[Any]
    seen_at: Mapped[datetime]


class CallChangeRow(Base):
    """One field that moved from the version before to this one."""

    __tablename__ = "call_change"
    __table_args__ = (
        ForeignKeyConstraint(["call_id", "version"], ["call_version.call_id", "call_version.version"]),
        Index(None, "seen_at"),
    )

    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(primary_key=True)
    before: Mapped[Any | None]
    after: Mapped[Any | None]
    seen_at: Mapped[datetime]


class PageBodyRow(Base):
    """A body, gzipped, stored once however often it is served."""

    __tablename__ = "page_body"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes]


class PageRow(Base):
    """A response of a publisher; the same body at the same address is one row with its latest time."""

    __tablename__ = "page"
    __table_args__ = (UniqueConstraint("source", "url", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    url: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("page_body.sha256"))
    status: Mapped[int]
    content_type: Mapped[str | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    fetched_at: Mapped[datetime]


class CommitteeMatchRow(Base):
    """A committee's present ranking."""

    __tablename__ = "committee_match"
    __table_args__ = (ForeignKeyConstraint(["source", "source_id"], ["call.source", "call.source_id"]),)

    committee: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[float]
    band: Mapped[str]
    verdict: Mapped[str]
    #: plain(match)
    content: Mapped[Any]
    config_version: Mapped[str]
    matched_at: Mapped[datetime]


class LetterRow(Base):
    """The outbox. A trigger keeps final states and frozen bytes as they are, see migrations."""

    __tablename__ = "letter"
    __table_args__ = (
        UniqueConstraint("committee", "period", "kind", "recipient"),
        CheckConstraint("state IN ({})".format(", ".join(f"'{s}'" for s in LetterState)), "state"),
        Index(None, "state", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    committee: Mapped[str]
    period: Mapped[str]
    kind: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[str]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    #: the process that holds the claim
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class ToldRow(Base):
    """What a committee has been told, with the call as it was then."""

    __tablename__ = "told"
    __table_args__ = (UniqueConstraint("committee", "source", "source_id", "section", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    committee: Mapped[str]
    source: Mapped[str]
    source_id: Mapped[str]
    section: Mapped[str]
    period: Mapped[str]
    told_at: Mapped[datetime]
    #: plain(call)
    call: Mapped[Any]


class HeartbeatRow(Base):
    """When a running service last said that it is alive."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class ConfigurationRow(Base):
    """The files behind a configuration's hash, so that an old ranking can be explained."""

    __tablename__ = "configuration"

    version: Mapped[str] = mapped_column(primary_key=True)
    #: path: text
    files: Mapped[Any]
    #: the last time it was in force
    seen_at: Mapped[datetime]
