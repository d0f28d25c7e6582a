"""A first configuration for `matcher init`: one fictitious municipality, and the packaged facts to edit."""

from __future__ import annotations

from pathlib import Path

from matcher.config.loading import defaults_directory
from matcher.errors import ConfigError

#: of the packaged defaults
COPIED = (
    "matcher.yaml",
    "scoring.yaml",
    "programmes.yaml",
    "geography.yaml",
    "lexicon/*.yaml",
    "schema/*.json",
)


def write_starter(directory: Path) -> list[Path]:
    """Write a commented configuration that loads as it is; returns the files written.

    Raises:
        ConfigError: some of the files are there already (then nothing is written), or cannot be written.
    """
    defaults = defaults_directory()
    files = {
        path.relative_to(defaults): path for pattern in COPIED for path in sorted(defaults.glob(pattern))
    }
    files[Path("municipalities/exempelby.yaml")] = Path(__file__).with_name("exempelby.yaml")
    if there := [str(directory / name) for name in files if (directory / name).exists()]:
        raise ConfigError([f"{name} is there already; nothing was written" for name in there])
    try:
        for name, source in files.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise ConfigError([f"{error.filename}: cannot be written ({error.strerror})"]) from error
    return [directory / name for name in files]
