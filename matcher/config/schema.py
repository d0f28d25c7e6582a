"""JSON Schemas of the YAML files, for editors and check-jsonschema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matcher.config.models import (
    Geography,
    LexiconFile,
    Model,
    Municipality,
    ProgrammeFile,
    Scoring,
    Settings,
)

#: file name of a schema: what it describes
KINDS: dict[str, type[Model]] = {
    "geography.schema.json": Geography,
    "lexicon.schema.json": LexiconFile,
    "matcher.schema.json": Settings,
    "municipality.schema.json": Municipality,
    "programmes.schema.json": ProgrammeFile,
    "scoring.schema.json": Scoring,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Every JSON Schema by the name of its file."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: {**dialect, **model.model_json_schema()} for name, model in KINDS.items()}


def write_schemas(directory: Path) -> list[Path]:
    """Write every schema into a directory (``config/schema``), as checked in; returns the files written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = directory / name
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
        written.append(path)
    return written
