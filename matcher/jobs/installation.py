"""What every use case works on: configuration, database, mail server, publishers."""

from __future__ import annotations

import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from matcher.config import Committee, Configuration, Municipality
from matcher.config.environment import Environment, load_environment
from matcher.config.loading import load_configuration
from matcher.digest.token import ClientCredentials
from matcher.errors import ConfigError
from matcher.scrapers.source import Source, load_sources
from matcher.storage import repository
from matcher.storage.engine import Database, open_database

Clock = Callable[[], datetime]
Progress = Callable[[str], None]
Stop = Callable[[], bool]


def known_sources() -> Mapping[str, Source]:
    """The sources an installation reads unless told otherwise; tests put a smaller world here."""
    return load_sources()


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What every use case works on: the configuration in force, the database, where mail goes."""

    configuration: Configuration
    database: Database
    directory: Path
    smtp_url: str | None = None
    mail_from: str | None = None
    #: gives access tokens where the mail servers take no password
    token: Callable[[], str] | None = None
    #: the mailbox of ``mail.archive``
    archive_url: str | None = None
    #: the mailbox that undeliverable letters come back to
    bounces_url: str | None = None
    #: where readers reach the web pages
    public_url: str | None = None
    replay: str | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: known_sources())  # noqa: PLW0108 (late)
    #: names this process in claims; two processes never share one
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")

    @property
    def cross_checks(self) -> frozenset[str]:
        """Sources that only repeat others' calls: compared, never ranked or told."""
        return frozenset(key for key, source in self.sources.items() if source.cross_check)

    def close(self) -> None:
        """Give back the database connections."""
        self.database.close()

    def municipality(self, municipality_id: str) -> Municipality:
        """A municipality by its id.

        Raises:
            ConfigError: there is none; the message names those there are.
        """
        known = {municipality.id: municipality for municipality in self.configuration.municipalities}
        if municipality_id not in known:
            names = ", ".join(known)
            raise ConfigError([f"no municipality has the id {municipality_id!r}; there are: {names}"])
        return known[municipality_id]

    def committee(self, committee_id: str) -> tuple[Municipality, Committee]:
        """A committee and its municipality by the committee's id.

        Raises:
            ConfigError: there is none; the message names those there are.
        """
        known = self.configuration.committees()
        for municipality, committee in known:
            if committee.id == committee_id:
                return municipality, committee
        names = ", ".join(c.id for _, c in known)
        raise ConfigError([f"no committee has the id {committee_id!r}; there are: {names}"])


def open_installation(
    directory: Path | None = None, environment: Environment | None = None, *, fall_back: bool = False
) -> Installation:
    """Read environment and configuration, open the database and bring it up to date.

    With ``fall_back``, a wrong configuration on disk is replaced by the one last in force, which the
    database keeps, so that a service that restarts after a bad edit goes on.

    Raises:
        ConfigError: the environment or a file is wrong; all faults at once.
        StorageError: the database cannot be used.
    """
    environment = environment or load_environment()
    folder = directory or environment.matcher_config
    wrong: ConfigError | None = None
    try:
        configuration = load_configuration(folder, known_sources=load_sources())
    except ConfigError as error:
        if not fall_back:
            raise
        wrong = error
    database = open_database(environment.database_url)
    database.upgrade()
    if wrong is not None:
        configuration = _last_in_force(database, wrong)
    return Installation(
        configuration=configuration,
        database=database,
        directory=folder,
        smtp_url=_secret(environment.smtp_url),
        mail_from=environment.mail_from,
        token=_token(environment),
        archive_url=_secret(environment.archive_url),
        bounces_url=_secret(environment.bounces_url),
        public_url=environment.public_url,
        replay=environment.matcher_replay_url,
    )


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def _token(environment: Environment) -> ClientCredentials | None:
    url, client = environment.mail_token_url, environment.mail_client_id
    secret = _secret(environment.mail_client_secret)
    if url is None or client is None or secret is None:
        return None
    return ClientCredentials(url=url, client_id=client, client_secret=secret, scope=environment.mail_scope)


def _last_in_force(database: Database, wrong: ConfigError) -> Configuration:
    with database.read() as session:
        files = repository.load_configuration(session)
    if files is None:
        raise wrong
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_configuration(Path(folder), known_sources=load_sources())


def keep_configuration(installation: Installation, now: datetime) -> None:
    """Store the files in force, so that a ranking can be explained, and gone back to, later."""
    files = {
        str(path.relative_to(installation.directory)): path.read_text("utf-8")
        for path in sorted(installation.directory.rglob("*.yaml"))
    }
    with installation.database.write() as session:
        repository.save_configuration(session, installation.configuration.version, files, now)
