"""Strict YAML 1.2 with the line and column of every key and value, and errors a reader understands."""

from __future__ import annotations

import difflib
import json
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from matcher.errors import ConfigError

MAX_BYTES = 2**20
MAX_DEPTH = 20
MAX_SHOWN = 60  # characters of input in a message

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

# What YAML does not allow in a file, and the three line breaks that editors do not count as lines.
_UNPRINTABLE = re.compile(
    "[^\n\r\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# The core schema of YAML 1.2. Dates stay text: the models read them, and say so when they are wrong.
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column, both counted from 1, the column in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and where each key and value stands."""

    #: relative to the configuration directory, with forward slashes
    name: str
    data: Any
    keys: Mapping[Path, Position] = field(default_factory=dict)
    values: Mapping[Path, Position] = field(default_factory=dict)
    #: unquoted scalars as they are written, which "0484" needs
    written: Mapping[Path, str] = field(default_factory=dict)

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where the value (or key) stands; of the nearest mapping or list around it when it is missing."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Position(1, 1))

    def problem(self, path: Path, what: str, *, key: bool = False) -> str:
        """``file:line:column path: what``."""
        at = self.position(path, key=key)
        shown = _dotted(path)
        return f"{self.name}:{at.line}:{at.column} {shown}{': ' if shown else ''}{what}"


def _dotted(path: Path) -> str:
    """``committees[0].priorities[0].weight``."""
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{_cut(p)}" for p in path)
    return text.removeprefix(".")


def _cut(text: str, most: int = MAX_SHOWN) -> str:
    line = json.dumps(text, ensure_ascii=False)[1:-1]
    return line if len(line) <= most else line[: most - 1] + "…"


# --- text to data ----------------------------------------------------------------------------


def read(content: bytes, name: str) -> Document:
    """Read one YAML file.

    Args:
        content: the file's bytes, UTF-8 with or without a byte order mark.
        name: what messages call the file.

    Raises:
        ConfigError: with every fault found, each as ``file:line:column what``.
    """
    if len(content) > MAX_BYTES:
        raise ConfigError([f"{name}:1:1 the file is larger than 1 MiB"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].removeprefix(b"\xef\xbb\xbf").decode("utf-8").split("\n")
        at = f"{name}:{len(before)}:{len(before[-1]) + 1}"
        raise ConfigError([f"{at} a byte that is not UTF-8; save the file as UTF-8"]) from None
    lines = re.split("\r\n|\r|\n", text)
    faults = list(_characters(lines))
    if not faults:
        builder = _build(text, lines, pure=False)
        if builder.faults:  # libyaml is twenty times as fast, the pure parser places faults exactly
            builder = _build(text, lines, pure=True)
        faults = builder.faults
        if not faults and builder.data in (None, ""):
            faults = [(Position(1, 1), "the file is empty")]
    if faults:
        raise ConfigError([f"{name}:{at.line}:{at.column} {what}" for at, what in sorted(faults)])
    return Document(name, builder.data, builder.keys, builder.values, builder.written)


def _build(text: str, lines: list[str], *, pure: bool) -> _Builder:
    builder = _Builder(lines)
    try:
        for event in YAML(typ="safe", pure=pure).parse(text):
            builder.take(event)
    except _Fatal:
        pass
    except MarkedYAMLError as error:
        problem = str(error.problem or error.context)
        mark = error.problem_mark or error.context_mark
        if "end of stream" in problem:  # an open quote: where it was opened
            mark = error.context_mark or mark
        at_error = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        builder.faults.append((at_error, _syntax(problem)))
    except (YAMLError, RecursionError, ValueError) as error:
        builder.faults.append((Position(1, 1), f"cannot be read as YAML ({_cut(str(error))})"))
    return builder


def _characters(lines: list[str]) -> Iterator[tuple[Position, str]]:
    """Characters that are refused anywhere, the first of each line."""
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield Position(number, line.index("\t") + 1), "a tab; use spaces"
        elif odd := _UNPRINTABLE.search(line):
            yield Position(number, odd.start() + 1), f"the invisible character U+{ord(odd[0]):04X}; remove it"


def _syntax(problem: str) -> str:
    """The parser's words for the commonest mistakes, in plain words."""
    for fragment, plain in (
        ("mapping values are not allowed", 'a ":" where none can be; put the text in quotes'),
        ("could not find expected ':'", 'expected "key: value"; is a ":" or a quote missing?'),
        ("expected <block end>", "the indentation does not fit the lines above"),
        ("found unexpected end of stream", "a quote is opened and never closed"),
        ("cannot start any token", "text that begins with a special character; put it in quotes"),
        ("expected ',' or", 'a bracket is not closed, or a "," is missing'),
        ("found duplicate anchor", "anchors and aliases are not allowed; write the value out"),
    ):
        if fragment in problem:
            return plain
    return f"not valid YAML: {_cut(problem)}"


class _Fatal(Exception):  # noqa: N818 (a signal)
    """The rest of the file cannot be made sense of."""


@dataclass(slots=True)
class _Open:
    """A mapping or list under construction."""

    path: Path
    data: dict[str, Any] | list[Any]
    key: str | None = None


class _Builder:
    """Builds data from the parser's events, so that nothing is expanded, constructed or recursed into."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.data: Any = None
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        self.written: dict[Path, str] = {}
        self.faults: list[tuple[Position, str]] = []
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: Event) -> None:
        if isinstance(event, CollectionEndEvent):
            self._stack.pop()
            return
        at = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(at, 'the file holds more than one document ("---")')
        if not isinstance(event, NodeEvent):
            return
        if isinstance(event, AliasEvent) or event.anchor:
            self.faults.append((at, "anchors (&) and aliases (*) are not allowed; write the value out"))
        elif getattr(event, "tag", None) is not None:
            self.faults.append((at, "tags (!) are not allowed; put the text in quotes"))
        if self._stack and isinstance(self._stack[-1].data, dict) and self._stack[-1].key is None:
            self._take_key(event, at)
        else:
            self._take_value(event, at)

    def _stop(self, at: Position, what: str) -> None:
        self.faults.append((at, what))
        raise _Fatal

    def _take_key(self, event: NodeEvent, at: Position) -> None:
        if not isinstance(event, ScalarEvent):
            self._stop(at, "a key must be a plain word, not a list, a mapping or an alias")
            return
        top = self._stack[-1]
        path = (*top.path, event.value)
        if event.value == "<<":
            self.faults.append((at, "merging (<<) is not allowed; write the keys out"))
        elif not event.style and not isinstance(_resolve(event.value), str):
            self.faults.append((at, f'a key must be a word: put "{_cut(event.value)}" in quotes'))
        elif event.value in top.data:
            first = self.keys[path].line
            self.faults.append((at, f'the key "{_cut(event.value)}" already stands on line {first}'))
        top.key = event.value
        self.keys.setdefault(path, at)

    def _take_value(self, event: NodeEvent, at: Position) -> None:
        path = self._path()
        value: Any = None
        if isinstance(event, ScalarEvent) and not event.style and not event.value:
            at = self._before(path, at)  # the parser places an absent value at whatever comes next
        self.values[path] = at
        if isinstance(event, CollectionStartEvent):
            if len(self._stack) >= MAX_DEPTH:
                self._stop(at, f"more than {MAX_DEPTH} levels inside each other")
            value = {} if isinstance(event, MappingStartEvent) else []
        elif isinstance(event, ScalarEvent):
            value = event.value
            if not event.style:
                self.written[path] = event.value
                if len(value) > 300 and _INT.fullmatch(value):
                    self._stop(at, "a number of more than 300 digits")
                value = _resolve(value)
            elif odd := _CONTROL.search(value):
                self.faults.append((at, f"the control character U+{ord(odd[0]):04X}; remove it"))
        self._put(value)
        if isinstance(event, CollectionStartEvent):
            self._stack.append(_Open(path, value))

    def _before(self, path: Path, at: Position) -> Position:
        """Where an absent value belongs: its key, or the dash of its list entry."""
        if path in self.keys:
            return self.keys[path]
        for number in range(min(at.line, len(self.lines)), 0, -1):
            if dash := re.fullmatch(r"(\s*(?:- +)*-)\s*(?:#.*)?", self.lines[number - 1]):
                return Position(number, dash.end(1))
        return at

    def _path(self) -> Path:
        if not self._stack:
            return ()
        top = self._stack[-1]
        return (*top.path, len(top.data) if isinstance(top.data, list) else top.key or "")

    def _put(self, value: Any) -> None:
        if not self._stack:
            self.data = value
            return
        top = self._stack[-1]
        if isinstance(top.data, list):
            top.data.append(value)
        elif top.key is not None:
            top.data[top.key] = value
            top.key = None


def _resolve(text: str) -> Any:
    """A plain scalar's value in the core schema of YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) <= 300 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", "").lower())
    return text


# --- data to model ---------------------------------------------------------------------------


def validate(document: Document, model: type[M]) -> M:
    """Check a document against its model, strictly: 1 is not "1" and "1" is not 1.

    Raises:
        ConfigError: with every fault of the document in the order of its lines.
    """
    # As JSON, because pydantic's strict mode then takes lists as tuples and text as dates and enums.
    try:
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        faults = []
        for details in error.errors(include_url=False):
            short = details["type"] == "too_short" and isinstance(details["input"], list)
            if short and len(details["input"]) >= details["ctx"]["min_length"]:
                continue  # pydantic counts only the entries that were right
            path, key, what = _explain(details, document, model)
            faults.append((document.position(path, key=key), document.problem(path, what, key=key)))
        raise ConfigError([text for _, text in sorted(set(faults))]) from None


def _explain(error: ErrorDetails, document: Document, model: type[BaseModel]) -> tuple[Path, bool, str]:
    """Where an error is to be shown (path, at the key?) and its sentence."""
    path = tuple(p for p in error["loc"] if p != "[key]")
    kind = error["type"]
    if kind == "extra_forbidden":
        return path, True, _unknown_key(str(path[-1]), _fields(model, path[:-1]))
    if kind == "missing":
        return path, False, "is missing"
    context = {k: f"{v:g}" if isinstance(v, float) else v for k, v in (error.get("ctx") or {}).items()}
    if "[key]" in error["loc"]:
        return path, True, f'the key "{_cut(str(path[-1]))}" {_pattern(context.get("pattern"))}'
    return path, False, _sentence(error, context, document.written.get(path))


def _shown(value: Any, written: str | None) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f'"{_cut(value)}"'
    return _cut(written if written is not None else str(value))


def nearest(word: str, known: list[str]) -> str:
    """``; did you mean x?``, or the known words when none is near, or nothing when there are too many."""
    near = difflib.get_close_matches(word.casefold(), [k.casefold() for k in known], n=1, cutoff=0.6)
    if near:
        return f"; did you mean {next(k for k in known if k.casefold() == near[0])}?"
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 20 else ""


def _unknown_key(key: str, known: list[str]) -> str:
    return "unknown key" + nearest(key, known)


def _pattern(pattern: str | None) -> str:
    return f"is not {_PATTERNS.get(pattern or '', 'in the right form')}"


#: what each pattern of the models asks for
_PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "an identifier: small letters a–z, digits and single hyphens",
    r"^[A-Z]{2}$": "a country code: two capital letters, for example DE",
    r"^[A-Z]{2}[A-Z0-9]{0,3}$": "a NUTS code, for example SE122",
    r"^\d{4}$": "a municipality code: four digits in quotes",
    r"^[a-z0-9.-]+$": "a domain name",
    r"^[^\r\n]*$": "on one line",
}

#: pydantic's kinds of error by their beginning, first fit first
_SENTENCES = (
    ("bool", "{shown} is not true or false"),
    ("int", "{shown} is not a whole number"),
    ("float", "{shown} is not a number"),
    ("decimal", "{shown} is not a number"),
    ("finite", "{shown} is not a number"),
    ("date", "{shown} is not a date; write year-month-day, for example 2027-01-31"),
    ("time", '{shown} is not a time; write hours and minutes in quotes, for example "07:00"'),
    ("greater_than_equal", "{shown} is less than {ge}"),
    ("greater_than", "{shown} is not more than {gt}"),
    ("less_than_equal", "{shown} is more than {le}"),
    ("less_than", "{shown} is not less than {lt}"),
    ("model", '{shown} is not a mapping ("key: value" lines)'),
    ("dict", '{shown} is not a mapping ("key: value" lines)'),
    ("tuple", '{shown} is not a list ("- …" lines, or […])'),
    ("value_error", "{shown}: {error}"),
)


def _sentence(error: ErrorDetails, context: dict[str, Any], written: str | None) -> str:
    """What is wrong with a value, in one sentence."""
    kind, value = error["type"], error["input"]
    shown = _shown(value, written)
    if kind == "string_type":
        quoted = f'; put it in quotes: "{shown}"' if isinstance(value, int | float) else ""
        return f"{shown} is not text{quoted}"
    if kind == "string_pattern_mismatch":
        return f"{shown} {_pattern(context['pattern'])}"
    if kind in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", context["expected"])
        near = nearest(value, allowed) if isinstance(value, str) else ""
        return f"{shown} is not one of {', '.join(allowed)}" + (near if "did you mean" in near else "")
    if kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        unit = "length" if isinstance(value, str) else "number of entries"
        size = len(value.strip() if isinstance(value, str) else value)
        limit = (
            f"at least {context['min_length']}"
            if "min_length" in context
            else f"at most {context['max_length']}"
        )
        return f"its {unit} is {size}, which must be {limit}"
    if "reason" in context:  # from email-validator
        return f"{shown} is not an e-mail address"
    for beginning, template in _SENTENCES:
        if kind.startswith(beginning):
            return template.format(shown=shown, **context)
    return f"{shown}: {_cut(error['msg'])}"


def _fields(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model knows at a path."""
    at: Any = model
    for step in path:
        if isinstance(at, type) and issubclass(at, BaseModel):
            known = at.model_fields.get(str(step))
            at = _bare(known.annotation) if known else None
        else:
            arguments = [a for a in get_args(at) if a is not Ellipsis]
            at = _bare(arguments[-1]) if arguments else None
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def _bare(annotation: Any) -> Any:
    """An annotation without ``Annotated`` and ``| None``."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, types.UnionType):
        return _bare(next((a for a in get_args(annotation) if a is not types.NoneType), None))
    return annotation


__all__ = ["Document", "Path", "Position", "nearest", "read", "validate"]
