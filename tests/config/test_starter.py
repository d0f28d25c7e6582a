"""`matcher init` writes a configuration that works, also from an installed package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from datetime import date
from pathlib import Path

import pytest
from setuptools import find_namespace_packages

from matcher.config.loading import load_configuration, warnings_of
from matcher.config.starter import write_starter
from matcher.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_the_starter_is_a_valid_configuration_without_warnings(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "config")
    assert all(p.is_file() for p in written)
    configuration = load_configuration(tmp_path / "config")
    assert [c.id for _, c in configuration.committees()] == ["exempelby-ks", "exempelby-sn"]
    assert warnings_of(configuration, date(2026, 11, 22)) == []
    assert (tmp_path / "config" / "schema" / "municipality.schema.json") in written


def test_the_starter_overwrites_nothing_and_then_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "programmes.yaml").write_text("mina egna ord")
    with pytest.raises(ConfigError, match=r"programmes\.yaml is there already; nothing was written"):
        write_starter(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["programmes.yaml"]
    assert (tmp_path / "programmes.yaml").read_text() == "mina egna ord"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file.* cannot be written"):
        write_starter(tmp_path / "file" / "config")


def test_pyproject_lists_every_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    found = [
        name
        for name in find_namespace_packages(str(ROOT), include=["matcher*"])
        if any((ROOT / name.replace(".", "/")).glob("*.py"))
    ]
    assert sorted(listed) == sorted([*found, "matcher.config.defaults"])


@pytest.mark.slow
def test_an_installed_wheel_carries_the_defaults(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("matcher", "config"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)], check=True
    )
    shutil.rmtree(source)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    # The dependencies of this environment, but not its matcher: the venv's own comes first.
    (libraries,) = {p for p in sys.path if p.endswith("site-packages")}
    script = (
        "import sys; from pathlib import Path; import matcher; from matcher.config import loading, starter;"
        "assert sys.prefix in matcher.__file__, matcher.__file__;"
        "assert loading.defaults_directory().name == 'defaults';"
        "starter.write_starter(Path('config'));"
        "print(len(loading.load_configuration(Path('config')).programmes))"
    )
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    result = subprocess.run(
        [str(python), "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{libraries}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) >= 76
