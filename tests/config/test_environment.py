"""The environment is checked like the files, and no secret comes out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.config.environment import Environment, load_environment
from matcher.errors import ConfigError

ROOT = Path(__file__).parents[2]
NAMES = [name.upper() for name in Environment.model_fields]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_without_variables_the_defaults_hold() -> None:
    environment = load_environment()
    assert environment.database_url == "sqlite:///var/matcher.db"
    assert environment.smtp_url is None
    assert environment.matcher_config == Path("config")


def test_each_variable_can_be_given_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = {
        "DATABASE_URL": "postgresql://matcher:hemligt@db/matcher",
        "SMTP_URL": "smtp+starttls://u:hem%40ligt@mail.example.org:587",
        "MAIL_TOKEN_URL": "https://login.example.org/tenant/oauth2/v2.0/token",
        "MAIL_CLIENT_ID": "app",
        "MAIL_CLIENT_SECRET": "hemligt",
        "MAIL_SCOPE": "https://outlook.example.org/.default",
        "ARCHIVE_URL": "imaps://arkiv:hemligt@mail.example.org/INBOX",
        "BOUNCES_URL": "imaps://eu:hemligt@mail.example.org/INBOX",
        "MAIL_FROM": "eu@example.org",
        "PUBLIC_URL": "https://matcher.example.org",
        "MATCHER_CONFIG": "configuration",
        "MATCHER_REPLAY_URL": "http://127.0.0.1:8900",
    }
    assert set(values) == set(NAMES)
    for name, value in values.items():
        (tmp_path / name).write_text(value + "\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    environment = load_environment()
    assert environment.smtp_url is not None
    assert environment.smtp_url.get_secret_value() == values["SMTP_URL"]
    assert environment.database_url == values["DATABASE_URL"]
    assert str(environment.matcher_config) == "configuration"
    assert "hem" not in repr(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "mail.example.org"),
        ("SMTP_URL", "http://u:hemligt@mail.example.org"),
        ("SMTP_URL", "smtp://u:hemligt@mail.example.org:port"),
        ("SMTP_URL", "smtp://u:hem#ligt@mail.example.org"),
        ("SMTP_URL", "smtp://u:hem[ligt@mail.example.org"),
        ("SMTP_URL", "smtp://"),
        ("DATABASE_URL", "mysql://u:hemligt@db/x"),
        ("DATABASE_URL", "sqlite://var/matcher.db"),
        ("MAIL_FROM", "EU-utlysningar hemligt"),
        ("PUBLIC_URL", "matcher.example.org"),
        ("PUBLIC_URL", "ftp://hemligt.example.org"),
        ("MATCHER_REPLAY_URL", "hemligt"),
    ],
)
def test_a_wrong_value_is_named_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_environment()
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} is not ")
    assert "ligt" not in problem
    assert caught.value.__cause__ is None


def test_all_wrong_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "x")
    monkeypatch.setenv("PUBLIC_URL", "x")
    with pytest.raises(ConfigError) as caught:
        load_environment()
    assert [p.split()[0] for p in caught.value.problems] == ["MAIL_FROM", "PUBLIC_URL"]


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(f"{name}_FILE", "")
    assert load_environment() == Environment()


def test_a_value_and_a_file_at_once_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAIL_FROM", "eu@example.org")
    monkeypatch.setenv("MAIL_FROM_FILE", str(tmp_path / "x"))
    with pytest.raises(ConfigError, match="MAIL_FROM and MAIL_FROM_FILE are both set"):
        load_environment()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMTP_URL_FILE", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=r"SMTP_URL_FILE: the file .*absent cannot be read"):
        load_environment()


def test_a_mail_server_needs_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:2525")
    with pytest.raises(ConfigError, match="MAIL_FROM is missing"):
        load_environment()


def test_the_example_names_every_variable_and_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert [name for name, _ in pairs] == NAMES
    for name, value in pairs:
        monkeypatch.setenv(name, value)
    assert load_environment() == Environment()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"MAIL_TOKEN_URL": "http://login.example.org/token"}, "MAIL_TOKEN_URL is not of the form https"),
        ({"MAIL_TOKEN_URL": "https://login.example.org/token"}, "give all three or none"),
        ({"MAIL_CLIENT_SECRET": "hemligt"}, "give all three or none"),
    ],
)
def test_a_login_by_token_needs_all_of_its_variables(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], said: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=said) as caught:
        load_environment()
    assert "hemligt" not in str(caught.value)
