"""Opens the database: transactions for reading and writing, and the upgrade of its tables."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy.exc as failure
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from matcher.errors import StorageError
from matcher.storage.tables import Base, storable

T = TypeVar("T")

#: before this version a database in WAL mode can be corrupted by two connections at once
WAL_IS_SAFE = (3, 51, 3)
BUSY_TIMEOUT_MS = 10_000
#: a lock of our own in PostgreSQL: "matcher" in ASCII
_LOCK = 0x6D617463686572
#: Alembic keeps its context in module globals
_upgrading = threading.Lock()


class Database:
    """An engine and the two kinds of transaction; made by ``open_database``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        reading: dict[str, Any] = {"matcher_reads": True}
        if not self.sqlite:
            reading |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = engine.execution_options(**reading)
        # SQLite lets waiting writers in by chance, so one of many threads could wait for ever; a lock is
        # fairer. Re-entrant, so that a nested write fails in the database, with its message, not here.
        self._turn = threading.RLock() if self.sqlite else nullcontext()

    @property
    def address(self) -> str:
        """Where the database is, for people: without the password."""
        return self.engine.url.render_as_string(hide_password=True)

    @property
    def directory(self) -> Path | None:
        """The folder of an SQLite file, where what can be made anew may be kept beside it."""
        name = self.engine.url.database if self.sqlite else None
        return Path(name).parent if name and name != ":memory:" else None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        On SQLite it holds the only write lock from its first statement on, so keep it short.

        Raises:
            StorageError: the database is missing, locked, not writable or has no tables.
        """
        with (
            self._turn,
            self._explained(),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot; writing is refused by the database.

        On SQLite a writer waits for readers to finish: keep it short, and do not write inside.

        Raises:
            StorageError: as ``write()``, and for an attempt to write.
        """
        with self._explained(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def check_version(self) -> str | None:
        """The schema revision, ``None`` for an empty database.

        Raises:
            StorageError: a newer version of matcher has written the database.
        """
        with self._explained(), self._reader.connect() as connection:
            return self._revision(connection)

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to the newest revision in one transaction; waits for another process that does so.

        Raises:
            StorageError: the database is newer than the code, cannot be reached, or does not hold together.
        """
        with _upgrading, self._explained(), self._migrating() as connection:
            self._revision(connection)
            command.upgrade(migrations(connection), revision)

    def downgrade(self, revision: str) -> None:
        """Undo revisions, with the data they added. For tests and for going back by hand."""
        with _upgrading, self._explained(), self._migrating() as connection:
            command.downgrade(migrations(connection), revision)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _revision(self, connection: Connection) -> str | None:
        revision = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}
        if revision is not None and revision not in known:
            raise StorageError(
                f"The database {self.address} was written by a newer version of matcher "
                f"(revision {revision}); install that version, or point DATABASE_URL at another database."
            )
        return revision

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if self.sqlite:
                # a table that is made anew is dropped first, which foreign keys would not allow;
                # they can only be switched off outside a transaction, on a connection that is not reused
                connection.detach()
                _run(connection.connection.dbapi_connection, "PRAGMA foreign_keys = OFF")
            with connection.begin():
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection
                if self.sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StorageError(
                        f"The upgrade of {self.address} would break references; nothing was done."
                    )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (failure.IntegrityError, failure.DataError):
            raise  # a bug of ours, not the state of the database
        except failure.DBAPIError as error:
            sentence = _explain(str(error.orig))
            if sentence is None:
                raise
            raise StorageError(f"The database {self.address} {sentence}") from error


def _explain(message: str) -> str | None:
    """The second half of a sentence about a driver's message; ``None`` when it is a bug of ours."""
    lowered = message.lower()
    for signs, sentence in (
        (("is locked", "deadlock detected"), "is locked by another process; try again when that is done."),
        (("no such table", "no such column", "does not exist\nline"), "has not been upgraded yet."),
        (("not a database",), "is not an SQLite file; point DATABASE_URL at another one."),
        (("readonly", "read-only transaction"), "was opened for reading, or its file may not be written."),
        (("disk is full", "no space left"), "cannot grow: the disk is full."),
        (("unable to open",), "cannot be opened; check that the folder exists and may be written."),
        (("connection", "resolve"), f"cannot be reached: {' '.join(message.split())}"),
    ):
        if any(sign in lowered for sign in signs):
            return sentence
    return None


def open_database(url: str) -> Database:
    """Open a database by its address, ``sqlite:///var/matcher.db`` or ``postgresql://user@host/name``.

    The folder of an SQLite file is made when missing; nothing else is touched before the first transaction.

    Raises:
        StorageError: the address is wrong or the folder cannot be made. The sentence never holds a password.
    """
    try:
        address = make_url(url)
        port = address.port
    except (failure.ArgumentError, ValueError):
        raise StorageError(
            "DATABASE_URL is not a database address; expected sqlite:///folder/file.db or "
            "postgresql://user:password@host:port/name."
        ) from None
    kind = address.drivername.split("+")[0]
    if kind == "sqlite":
        return Database(_open_sqlite(address.set(drivername="sqlite")))
    if kind in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg", port=port)
        options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
        return Database(create_engine(address, json_serializer=_json, **options))
    raise StorageError(f"DATABASE_URL names {kind!r}; only sqlite and postgresql are supported.")


def _open_sqlite(address: URL) -> Engine:
    if address.database in (None, "", ":memory:"):
        raise StorageError("DATABASE_URL must name a file: sqlite:///folder/file.db.")
    path = Path(str(address.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {path.parent} for the database cannot be made: {error.strerror}."
        ) from None
    engine = create_engine(address, json_serializer=_json)
    journal = "WAL" if sqlite3.sqlite_version_info >= WAL_IS_SAFE else "TRUNCATE"

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and is deferred
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",  # first: the next one may have to wait
            f"journal_mode = {journal}",
            "synchronous = FULL",  # a letter marked as sent must stay so through a power cut
            "foreign_keys = ON",
            "trusted_schema = OFF",
        ):
            _run(connection, f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a deferred transaction that reads and then writes fails at once when another one writes, whatever
        # the busy timeout: writers queue up at the door instead
        reads = connection.get_execution_options().get("matcher_reads", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reads else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _run(connection: Any, statement: str) -> None:
    connection.execute(statement).close()


def _json(value: Any) -> str:
    return json.dumps(storable(value), ensure_ascii=False, separators=(",", ":"))


def migrations(connection: Connection | None = None, **attributes: Any) -> Config:
    """Alembic's configuration for the revisions inside the package; ``connection`` holds the transaction."""
    config = Config()
    folder = str(resources.files("matcher.storage").joinpath("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes.update(attributes, connection=connection)
    return config


# --- for the functions of the repository -----------------------------------------------------


def upsert(session: Session, row: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """INSERT with ON CONFLICT, which both engines have in the same words but SQLAlchemy in two classes."""
    table = cast("Table", row.__table__)
    return postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)


def alone(session: Session, subject: str) -> None:
    """Let only one transaction at a time work on a subject; SQLite has a single writer anyway."""
    if _on_postgresql(session):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": subject}
        )


def portions(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """The items in lists short enough for one statement: both engines limit its parameters."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
