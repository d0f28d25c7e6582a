"""Editors and check-jsonschema see the same rules as the product."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from matcher.config.schema import KINDS, schemas, write_schemas

from .test_reading import VALID

CONFIG = Path(__file__).parents[2] / "config"


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(CONFIG / "schema" / schema)]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def test_the_checked_in_schemas_equal_the_models(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "schema")
    assert sorted(p.name for p in written) == sorted(p.name for p in (CONFIG / "schema").iterdir())
    for path in written:
        checked_in = (CONFIG / "schema" / path.name).read_text("utf-8")
        assert checked_in == path.read_text("utf-8"), "run `matcher schema config/schema`"


def test_every_kind_of_file_has_a_schema() -> None:
    assert set(schemas()) == set(KINDS)
    assert all(schema["type"] == "object" for schema in schemas().values())


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("municipality.schema.json", "municipalities/*.yaml"),
        ("lexicon.schema.json", "lexicon/*.yaml"),
        ("matcher.schema.json", "matcher.yaml"),
        ("programmes.schema.json", "programmes.yaml"),
        ("geography.schema.json", "geography.yaml"),
        ("scoring.schema.json", "scoring.yaml"),
    ],
)
def test_the_repositorys_configuration_passes_its_schema(schema: str, pattern: str) -> None:
    files = sorted(CONFIG.glob(pattern))
    assert files
    result = check(schema, *files)
    assert result.returncode == 0, result.stdout
    # A file with a schema line in it must name the one it is checked against.
    for file in files:
        first = file.read_text("utf-8").splitlines()[0]
        assert "$schema=" not in first or first.endswith(schema)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("    priorities:", "    priorites:", "priorites"),
        ("id: aby\n", "id: Åby\n", "Åby"),
        ('time: "07:00"', 'time: "25:00"', "25:00"),
        ("2030-12-31", "2030-13-31", "2030-13-31"),
    ],
)
def test_the_schema_catches_what_the_product_refuses(tmp_path: Path, old: str, new: str, word: str) -> None:
    path = tmp_path / "aby.yaml"
    path.write_text(VALID, "utf-8")
    assert check("municipality.schema.json", path).returncode == 0
    path.write_text(VALID.replace(old, new), "utf-8")
    result = check("municipality.schema.json", path)
    assert result.returncode == 1
    assert word in result.stdout
