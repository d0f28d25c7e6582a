"""The demo's configuration: two fictitious municipalities whose meetings lie ahead of today."""

from __future__ import annotations

import shutil
from datetime import date
from importlib import resources
from pathlib import Path
from typing import get_args

from jinja2 import Environment, StrictUndefined

from matcher.config.loading import defaults_directory
from matcher.config.models import Weekday
from matcher.demo.records import Calendar
from matcher.scrapers.source import Source, load_sources

#: the sources whose publishers the small world plays
SERVED = ("eu_portal", "interreg_eu", "se_esf", "se_tillvaxtverket")
_TEMPLATES = ("matcher.yaml", "municipalities/norrbacka.yaml", "municipalities/vasterhamn.yaml")
_DEFAULTS = ("geography.yaml", "programmes.yaml", "scoring.yaml", "lexicon")


def write_config(directory: Path, today: date) -> None:
    """Write a whole configuration for ``matcher.config.loading.load_configuration``, over an older one.

    Meetings are dated from ``today``, and every letter is due on it from 00:00.
    """
    calendar = Calendar(start=today, today=today)
    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701 (YAML, not HTML)
    silent = [key for key in load_sources() if key not in SERVED]
    values = {"silent": silent, "day": calendar.day, "weekday": get_args(Weekday)[today.weekday()]}
    folder = resources.files("matcher.demo") / "config"
    for name in _TEMPLATES:
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        template = environment.from_string((folder / f"{name}.j2").read_text("utf-8"))
        target.write_text(template.render(values) + "\n", "utf-8")
    for name in _DEFAULTS:
        source = defaults_directory() / name
        if source.is_dir():
            shutil.copytree(source, directory / name, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, directory / name)


def demo_sources() -> dict[str, Source]:
    """The sources as the small world needs them: fewer calls are healthy, and loopback needs no pauses."""
    return {
        key: source.model_copy(
            update={
                "expect": source.expect.model_copy(update={"min_calls": 5}),
                "http": source.http.model_copy(update={"delay_s": None}),
            }
        )
        for key, source in load_sources().items()
        if key in SERVED
    }
