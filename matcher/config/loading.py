"""From a directory of YAML files to one validated Configuration, or to the list of all its faults."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from matcher.config.models import (
    Configuration,
    Geography,
    LexiconFile,
    Municipality,
    Programme,
    ProgrammeFile,
    Scoring,
    Settings,
)
from matcher.config.reading import Document, nearest, read, validate
from matcher.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

#: files that an installation may leave to the packaged defaults
SHIPPED = ("geography.yaml", "programmes.yaml", "scoring.yaml")


def defaults_directory() -> Path:
    """Where the packaged programmes, geography, scoring, lexicon and JSON Schemas are.

    In an installed package that is ``matcher/config/defaults``; in a checkout the same files are
    ``config/`` at the top.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "defaults"
    return packaged if packaged.is_dir() else here.parents[1] / "config"


def load_configuration(directory: Path, *, known_sources: Collection[str] | None = None) -> Configuration:
    """Load and check everything under a configuration directory.

    The directory must hold ``municipalities/*.yaml``. A missing ``matcher.yaml`` means its defaults;
    missing programmes, geography, scoring or lexicon mean the packaged ones.

    Args:
        directory: for example ``config``.
        known_sources: keys that ``sources:`` and ``permissions:`` in matcher.yaml may name;
            ``None`` skips the check.

    Raises:
        ConfigError: with all faults of all files, each as ``file:line:column path: what``.
    """
    reader = _Reader(directory)
    reader.check_names()
    settings = reader.one("matcher.yaml", Settings) if (directory / "matcher.yaml").exists() else None
    scoring = reader.one("scoring.yaml", Scoring)
    programmes = reader.one("programmes.yaml", ProgrammeFile)
    geography = reader.one("geography.yaml", Geography)
    lexicon = reader.lexicon()
    municipalities = reader.municipalities()
    if settings is not None and known_sources is not None:
        reader.faults += _unknown_sources(*settings, known_sources)
    if programmes is not None:
        reader.faults += _repeated_codes(*programmes)
    if geography is not None:
        reader.faults += _geography(*geography)
        reader.faults += _unknown_counties(municipalities, geography[1])
    reader.faults += _repeated_headwords(lexicon)
    reader.raise_faults()
    assert scoring is not None
    assert programmes is not None
    assert geography is not None
    return Configuration(
        settings=settings[1] if settings else Settings(),
        scoring=scoring[1],
        programmes={p.code: p for p in programmes[1].programmes},
        geography=geography[1],
        lexicon=tuple(model for _, model in lexicon),
        municipalities=tuple(model for _, model in municipalities),
        version=reader.version,
    )


def load_municipalities(directory: Path) -> tuple[Municipality, ...]:
    """Only the municipalities of a directory, with packaged counties: for measuring without an installation.

    Raises:
        ConfigError: with all faults of all their files.
    """
    reader = _Reader(directory)
    municipalities = reader.municipalities()
    geography = reader.one("geography.yaml", Geography)
    if geography is not None:
        reader.faults += _unknown_counties(municipalities, geography[1])
    reader.raise_faults()
    return tuple(model for _, model in municipalities)


def warnings_of(configuration: Configuration, today: date) -> list[str]:
    """What is allowed but probably not meant, one sentence each."""
    warnings: list[str] = []
    for municipality in configuration.municipalities:
        for priority in municipality.council_priorities:
            if not priority.counts_on(today):
                warnings.append(
                    f"{municipality.id}: council priority {priority.id} expired on {priority.valid_until} "
                    "and no longer counts"
                )
        for committee in municipality.committees:
            warnings += [
                f"{committee.id}: priority {p.id} expired on {p.valid_until} and no longer counts"
                for p in committee.priorities
                if not p.counts_on(today)
            ]
            if not any(p.counts_on(today) for p in committee.priorities):
                warnings.append(f"{committee.id}: no priority is in force, so no call can match one")
            if not committee.recipients and not committee.digest.paused:
                warnings.append(f"{committee.id}: no recipients, so nobody gets the letter")
            if not committee.meetings:
                warnings.append(
                    f"{committee.id}: no meetings, so letters cannot say whether there is time to decide"
                )
            elif max(committee.meetings) < today:
                warnings.append(f"{committee.id}: the last meeting, {max(committee.meetings)}, has passed")
    return warnings


@dataclass(frozen=True, slots=True)
class _Fault:
    document: Document
    path: tuple[str | int, ...]
    what: str
    key: bool = False

    def __str__(self) -> str:
        return self.document.problem(self.path, self.what, key=self.key)


class _Reader:
    """Reads files of one directory and remembers their bytes and their faults."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.problems: list[str] = []
        self.faults: list[_Fault] = []
        self._digest: dict[str, str] = {}

    @property
    def version(self) -> str:
        """Hash of all files read, by name."""
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(self._digest.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def raise_faults(self) -> None:
        if problems := self.problems + [str(f) for f in self.faults]:
            raise ConfigError(problems)

    def one(self, name: str, model: type[M]) -> tuple[Document, M] | None:
        """A file of the directory, or the packaged one of the same name; ``None`` when it has faults."""
        path = self.directory / name
        if name in SHIPPED and not path.exists():
            path = defaults_directory() / name
        return self._read(path, name, model)

    def lexicon(self) -> list[tuple[Document, LexiconFile]]:
        own = self.directory / "lexicon"
        folder = own if own.is_dir() else defaults_directory() / "lexicon"
        return list(self._folder(folder, LexiconFile))

    def municipalities(self) -> list[tuple[Document, Municipality]]:
        folder = self.directory / "municipalities"
        if not folder.is_dir():
            self.problems.append(
                f'{self.directory}: no folder "municipalities" there; `matcher init` writes a first one'
            )
            return []
        found = list(self._folder(folder, Municipality))
        if not found and not self.problems:
            self.problems.append("municipalities: no .yaml file there; one for each municipality is needed")
        self.faults += _repeated_ids(found)
        return found

    def check_names(self) -> None:
        """A file with a misspelt name would be ignored silently."""
        if not self.directory.is_dir():
            return
        known = ["matcher.yaml", *SHIPPED]
        for path in sorted(self.directory.iterdir()):
            if path.suffix in (".yaml", ".yml") and path.name not in known:
                self.problems.append(f"{path.name}: a file that nothing reads{nearest(path.name, known)}")

    def _folder(self, folder: Path, model: type[M]) -> Iterator[tuple[Document, M]]:
        for path in sorted(folder.iterdir()):
            name = f"{folder.name}/{path.name}"
            if path.suffix == ".yml":
                self.problems.append(f"{name}: rename it to {path.stem}.yaml; only .yaml files are read")
            elif (
                path.suffix == ".yaml"
                and not path.name.startswith(".")
                and (one := self._read(path, name, model))
            ):
                yield one

    def _read(self, path: Path, name: str, model: type[M]) -> tuple[Document, M] | None:
        try:
            content = path.read_bytes()
        except OSError as error:
            self.problems.append(f"{name}: cannot be read ({error.strerror})")
            return None
        self._digest[name] = hashlib.sha256(content).hexdigest()
        try:
            return _parse(content, name, model)
        except ConfigError as error:
            self.problems += error.problems
            return None


@lru_cache(maxsize=128)
def _parse(content: bytes, name: str, model: type[M]) -> tuple[Document, M]:
    # Cached, because a service reloads the same large lexicon at every job.
    document = read(content, name)
    return document, validate(document, model)


# --- checks that no single model can make ----------------------------------------------------


def _repeats(seen: dict[str, str], entries: Iterable[tuple[str, _Fault]]) -> Iterator[_Fault]:
    """The faults of values that stood before; ``seen`` maps a value to where."""
    for value, fault in entries:
        if value in seen:
            yield replace(fault, what=f"{fault.what} {seen[value]}")
        else:
            seen[value] = f"(first at {fault.document.name}:{fault.document.position(fault.path).line})"


def _repeated_ids(found: list[tuple[Document, Municipality]]) -> Iterator[_Fault]:
    yield from _repeats(
        {}, ((m.id, _Fault(d, ("id",), f'the municipality "{m.id}" stands twice')) for d, m in found)
    )
    yield from _repeats(
        {},
        (
            (c.id, _Fault(d, ("committees", i, "id"), f'the committee "{c.id}" stands twice'))
            for d, m in found
            for i, c in enumerate(m.committees)
        ),
    )
    for document, municipality in found:
        lists = [(("council_priorities",), municipality.council_priorities)] + [
            (("committees", i, "priorities"), c.priorities) for i, c in enumerate(municipality.committees)
        ]
        for path, priorities in lists:
            yield from _repeats(
                {},
                (
                    (p.id, _Fault(document, (*path, i, "id"), f'the priority "{p.id}" stands twice'))
                    for i, p in enumerate(priorities)
                ),
            )
        for i, committee in enumerate(municipality.committees):
            yield from _repeats(
                {},
                (
                    (
                        r.casefold(),
                        _Fault(document, ("committees", i, "recipients", j), "would get the letter twice"),
                    )
                    for j, r in enumerate(committee.recipients)
                ),
            )


def _unknown_counties(found: list[tuple[Document, Municipality]], geography: Geography) -> Iterator[_Fault]:
    names = [n for c in geography.counties for n in (c.name, *c.aliases)]
    for document, municipality in found:
        if geography.county(municipality.county) is None:
            what = f'"{municipality.county[:60]}" is not a county of geography.yaml'
            yield _Fault(document, ("county",), what + nearest(municipality.county, names))


def _unknown_sources(document: Document, settings: Settings, known: Collection[str]) -> Iterator[_Fault]:
    for name in ("sources", "permissions"):
        for key in getattr(settings, name):
            if key not in known:
                yield _Fault(document, (name, key), "no such source" + nearest(key, sorted(known)), key=True)


def _repeated_codes(document: Document, file: ProgrammeFile) -> Iterator[_Fault]:
    yield from _repeats(
        {},
        (
            (p.code, _Fault(document, ("programmes", i, "code"), f'the programme "{p.code}" stands twice'))
            for i, p in enumerate(file.programmes)
        ),
    )
    for i, p in enumerate(file.programmes):
        yield from _rates(document, i, p)


def _rates(document: Document, index: int, programme: Programme) -> Iterator[_Fault]:
    low, high = programme.rate_minimum, programme.rate_maximum
    if low is not None and high is not None and low > high:
        yield _Fault(document, ("programmes", index, "rate_minimum"), f"{low} is more than rate_maximum")


def _geography(document: Document, geography: Geography) -> Iterator[_Fault]:
    yield from _repeats(
        {},
        (
            (area.nuts, _Fault(document, (part, i, "nuts"), f"the code {area.nuts} stands twice"))
            for part, areas in (("areas", geography.areas), ("counties", geography.counties))
            for i, area in enumerate(areas)
        ),
    )
    yield from _repeats(
        {},
        (
            (name.casefold(), _Fault(document, path, f'the name "{name[:60]}" stands for two counties'))
            for i, county in enumerate(geography.counties)
            for name, path in (
                (county.name, ("counties", i, "name")),
                *((a, ("counties", i, "aliases", j)) for j, a in enumerate(county.aliases)),
            )
        ),
    )
    for i, county in enumerate(geography.counties):
        if len(county.nuts) != 5 or not county.nuts.startswith("SE"):
            yield _Fault(
                document,
                ("counties", i, "nuts"),
                f"{county.nuts} is not a Swedish county (SE and three digits)",
            )
        elif geography.name_of(county.nuts[:4]) == county.nuts[:4]:
            yield _Fault(
                document,
                ("counties", i, "nuts"),
                f"{county.nuts} lies in {county.nuts[:4]}, which is not among the areas",
            )


def _repeated_headwords(lexicon: list[tuple[Document, LexiconFile]]) -> Iterator[_Fault]:
    yield from _repeats(
        {},
        (
            (entry.sv.casefold(), _Fault(d, ("terms", i, "sv"), f'the term "{entry.sv}" stands twice'))
            for d, file in lexicon
            if not file.generated  # a term added since then wins
            for i, entry in enumerate(file.terms)
        ),
    )
