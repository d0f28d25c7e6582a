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
    #: field: share of the calls that have it; ``None`` = not stored
    fill: Mapped[Any | None]
    #: list of plain(violation)
    violations: Mapped[Any | None]


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
    #: days in a row on which complete runs did not list it
    missing_runs: Mapped[int]
    #: the last time such a run counted
    missed_at: Mapped[datetime | None]
    #: what ``content`` was read from; ``None`` = not in the archive
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="SET NULL"), index=True)


class CallVersionRow(Base):
    """The call as it was when a version was first seen; version 1 is the call as found."""

    __tablename__ = "call_version"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[Any]
    seen_at: Mapped[datetime]
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="SET NULL"), index=True)


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
    """A page in the archive: evidence of a call, or the latest response that can be asked for again."""

    __tablename__ = "page"
    __table_args__ = (Index(None, "source", "url"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    url: Mapped[str]
    #: hash of what was posted; empty for GET
    request: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("page_body.sha256"), index=True)
    #: what crawl() told split() and parse()
    notes: Mapped[Any | None]
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
    #: when it was last claimed
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]


class BounceRow(Base):
    """A letter that came back; the same report read again is the same row."""

    __tablename__ = "bounce"
    __table_args__ = (Index(None, "address", "at"),)

    #: the report's own Message-ID, or a hash of its bytes
    report: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    #: the address will not work next time either
    hard: Mapped[bool]
    at: Mapped[datetime]
    #: of the letter that came back, where the report names one
    message_id: Mapped[str | None]
    problem: Mapped[str]


class SuspensionRow(Base):
    """An address that gets no letters since it sent several back; lifted by hand."""

    __tablename__ = "suspension"

    address: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    problem: Mapped[str]


class SubscriptionRow(Base):
    """One recipient of one committee's letters, or of a municipality's overview."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("committee", "address"),)

    #: stands in the letters; who knows it may end the subscription
    token: Mapped[str] = mapped_column(primary_key=True)
    committee: Mapped[str]
    address: Mapped[str]
    #: ``None`` = gets letters
    ended_at: Mapped[datetime | None]


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
    #: as it was told, withdrawn too
    status: Mapped[str | None]


class SilenceRow(Base):
    """A period in which there was nothing to tell and the committee wants no letter that says so."""

    __tablename__ = "silence"

    committee: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class AnswerRow(Base):
    """What a committee answered about a call; a later answer is a new row."""

    __tablename__ = "answer"
    __table_args__ = (
        ForeignKeyConstraint(["source", "source_id"], ["call.source", "call.source_id"]),
        Index(None, "committee", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    committee: Mapped[str]
    source: Mapped[str]
    source_id: Mapped[str]
    kind: Mapped[str]
    reason: Mapped[str | None]
    role: Mapped[str | None]
    who: Mapped[str | None]
    note: Mapped[str | None]
    at: Mapped[datetime]


class HeartbeatRow(Base):
    """When a running service last said that it is alive, or that a piece of work was begun or done."""

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
