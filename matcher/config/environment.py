"""Where the product runs: the database, the mail server and the directories, from environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, EmailStr, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from matcher.errors import ConfigError

SMTP_SCHEMES = ("smtp", "smtp+starttls", "smtps")
DATABASE_SCHEMES = ("sqlite", "postgresql", "postgresql+psycopg")


def _parts(url: str, form: str) -> Any:
    # urlsplit puts the address, password and all, into some of its messages: they must not come out.
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"is not of the form {form}") from None
    return parts


def _web(url: str) -> str:
    parts = _parts(url, "https://host/path")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address of the form https://host/path")
    return url.rstrip("/")


def _smtp(url: SecretStr) -> SecretStr:
    form = "smtp://, smtp+starttls:// or smtps://user:password@host:port"
    parts = _parts(url.get_secret_value(), form)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"is not of the form {form} (special characters in a password as %40 and so on)")
    return url


def _token(url: str) -> str:
    parts = _parts(url, "https://host/path")
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    ):
        raise ValueError("is not of the form https://host/path")
    return url


def _database(url: str) -> str:
    form = "sqlite:///file or postgresql://user:password@host/name"
    parts = _parts(url, form)
    known = parts.scheme in DATABASE_SCHEMES
    if not known or (parts.scheme == "sqlite" and not url.startswith("sqlite:///")):
        raise ValueError(f"is not of the form {form}")
    return url


WebAddress = Annotated[str, AfterValidator(_web)]


class _Files(PydanticBaseSettingsSource):
    """``NAME_FILE``: a file that holds the value of ``NAME``, as container platforms mount secrets."""

    def get_field_value(self, _field: Any, field_name: str) -> tuple[Any, str, bool]:
        name = f"{field_name.upper()}_FILE"
        path = os.environ.get(name)
        if not path:
            return None, field_name, False
        if os.environ.get(field_name.upper()):
            raise ConfigError([f"{field_name.upper()} and {name} are both set; remove one"])
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise ConfigError([f"{name}: the file {path} cannot be read ({why})"]) from None

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Environment(BaseSettings):
    """The environment, validated. Names are the variables' names in small letters."""

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, hide_input_in_errors=True, extra="ignore"
    )

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///var/matcher.db",
        repr=False,
        description="Database: sqlite:///file or postgresql://user:password@host/name.",
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = Field(
        None,
        description="Mail server: smtp://, smtp+starttls:// or smtps://user:password@host:port. "
        "Unset: letters stay in the outbox and are shown.",
    )
    mail_token_url: Annotated[str, AfterValidator(_token)] | None = Field(
        None,
        description="Token endpoint for mail servers that take no password (Exchange Online): "
        "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token. SMTP_URL then names a user alone.",
    )
    mail_client_id: str | None = Field(None, description="The application at the token endpoint.")
    mail_client_secret: SecretStr | None = Field(None, description="Its secret.")
    mail_scope: str = Field(
        "https://outlook.office365.com/.default", description="What the token is asked for."
    )
    archive_url: SecretStr | None = Field(
        None,
        description="Mailbox of mail.archive, imaps://user:password@host/Folder: shows what was taken.",
    )
    bounces_url: SecretStr | None = Field(
        None,
        description="Mailbox that undeliverable letters come back to, imaps://user:password@host/Folder.",
    )
    mail_from: EmailStr | None = Field(
        None, description="Sender address; its domain must allow the mail server to send for it (SPF, DKIM)."
    )
    public_url: WebAddress | None = Field(
        None,
        description="Address at which readers reach `matcher web`. With https, one click ends a letter.",
    )
    matcher_config: Path = Field(Path("config"), description="Directory of the YAML files.")
    matcher_replay_url: WebAddress | None = Field(
        None, description="Send every request for https://host/path to URL/host/path: for tests and demos."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (a .env file is docker compose's business)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (NAME_FILE instead)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Files(settings_cls)


def load_environment() -> Environment:
    """Read and check the environment variables, each also as ``NAME_FILE``.

    Raises:
        ConfigError: one sentence per wrong variable, without its value, which may be a secret.
    """
    try:
        environment = Environment()
    except ValidationError as error:
        raise ConfigError(
            [_sentence(e) for e in error.errors(include_url=False, include_input=False)]
        ) from None
    if environment.smtp_url is not None and environment.mail_from is None:
        raise ConfigError(["MAIL_FROM is missing; with SMTP_URL set it says who the letters come from"])
    token = (environment.mail_token_url, environment.mail_client_id, environment.mail_client_secret)
    if any(token) and not all(token):
        raise ConfigError(["MAIL_TOKEN_URL, MAIL_CLIENT_ID and MAIL_CLIENT_SECRET: give all three or none"])
    return environment


def _sentence(error: Any) -> str:
    context = error.get("ctx") or {}
    what = "is not an e-mail address" if "reason" in context else str(context.get("error", error["msg"]))
    return f"{str(error['loc'][0]).upper()} {what}"
