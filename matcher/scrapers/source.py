"""A source: its YAML of facts, its pages, and the three functions its module provides."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from matcher.domain import Call, Family, Fetched, Unread
from matcher.errors import ConfigError, ParseError


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Publisher(_Model):
    """Who runs the web page."""

    name: str
    acronym: str
    country: str = Field(pattern="^([a-z]{2})$")  # "eu" for the Union's own bodies
    url: str


class Terms(_Model):
    """What the publisher says about reuse, and when somebody last looked."""

    licence: str
    robots_checked: date | None = None


class Http(_Model):
    """Limits of one run; seconds and bytes."""

    delay_s: float | None = None  # None: the installation's delay
    timeout_s: float = 30.0
    deadline_s: float = 120.0  # for one request, retries included
    max_bytes: int = 15 * 2**20  # after decoding
    max_pages: int = 200


class Expect(_Model):
    """What a healthy run looks like. Explain a violation, do not just widen the bound."""

    min_calls: int = Field(ge=1)
    max_calls: int
    min_deadline_share: float = Field(ge=0, le=1)
    max_unread_share: float = Field(0.05, ge=0, le=1)
    min_survival: float = Field(0.9, ge=0, le=1)


class Source(_Model):
    """The facts of one source, from the YAML beside its module; ``key`` is the file's name."""

    key: str
    title: str
    publisher: Publisher
    url: str  # for people
    start_url: str  # for crawl()
    urls: dict[str, str] = {}  # further addresses crawl() needs, by name
    hosts: tuple[str, ...] = ()  # besides those of the addresses above
    language: str
    family: Family
    fund: str | None = None
    programme: str | None = None
    frequency: Literal["daily", "weekly"] = "daily"
    cross_check: bool = False  # repeats others' calls: its own are stored, never ranked or told
    terms: Terms
    http: Http = Http()
    expect: Expect
    lookups: dict[str, dict[str, str]] = {}

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Hosts that requests and redirects of this source must stay on."""
        addresses = (self.start_url, *self.urls.values())
        return frozenset(self.hosts) | {urlsplit(a).hostname or "" for a in addresses}

    def lookup(self, table: str, word: str) -> str:
        """Translate a publisher's word.

        Raises:
            ParseError: the word is not in the table, so the publisher has changed something.
        """
        try:
            return self.lookups[table][word]
        except KeyError:
            raise ParseError(
                f"{self.key}: unknown {table} {word!r}; add it to lookups in {self.key}.yaml"
            ) from None

    def word(self, table: str, text: str) -> str | None:
        """The meaning of the first of a table's words that a text holds, whatever its case."""
        text = text.casefold()
        return next((code for word, code in self.lookups[table].items() if word.casefold() in text), None)


@dataclass(frozen=True)
class Page:
    """One response of a publisher, decoded but not interpreted."""

    url: str
    body: bytes
    fetched_at: datetime
    content_type: str | None = None
    #: what crawl() wants split() and parse() to know, such as facts from the list page
    notes: Mapping[str, Any] = field(default_factory=dict)
    #: the same for the archive
    response: Fetched | None = field(default=None, compare=False, repr=False)

    @cached_property
    def text(self) -> str:
        """UTF-8 where the bytes are; else what the page declares; else the charset of old Western sites.

        Guessing from letter frequencies, as parsers do, takes short Swedish pages for other languages.
        """
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            declared = EncodingDetector.find_declared_encoding(self.body, is_html=True)
        try:
            return self.body.decode(
                declared if declared and declared.lower() != "utf-8" else "cp1252", "replace"
            )
        except LookupError:
            return self.body.decode("cp1252", "replace")

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page as HTML."""
        return BeautifulSoup(self.text, "lxml")

    @cached_property
    def json(self) -> Any:
        """The page as JSON.

        Raises:
            ParseError: it is not, for example because it was cut off.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ParseError(f"{self.url}: the answer is not valid JSON ({error})") from None


class Fetch(Protocol):
    """How a source gets its pages; the one implementation is in fetch.py."""

    @property
    def pages(self) -> Sequence[Fetched]:
        """The responses of this run so far, for the archive and the next conditional requests."""

    @property
    def failures(self) -> Sequence[Unread]:
        """The pages that ``each`` found gone."""

    def __call__(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        multipart: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Page:
        """Fetch one page.

        ``multipart`` values are sent as file-like parts of type application/json (POST), ``json`` as
        a JSON body (POST); otherwise the request is a conditional GET.

        Raises:
            FetchError: after retries, or at once when the answer cannot change.
        """

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        """Fetch (url, notes) one by one; a page that answers 404 or 410 counts as unread, not as the end."""


class SourceModule(Protocol):
    """What a module in sources/ provides.

    One whose calls cannot be read alone at ``Call.url`` also has ``own_page(source, call) -> str | None``,
    the address that tells whether a call which the list has lost is still there, or ``None``.
    """

    def crawl(self, source: Source, fetch: Fetch) -> Iterator[Page]:
        """Yield each page that holds calls. All the I/O is here."""

    def split(self, page: Page) -> Iterable[Any]:
        """Cut a page into records. Raises ParseError if its shape has changed."""

    def parse(self, source: Source, page: Page, record: Any) -> Call:
        """Turn one record into a call. No I/O, no clock. Raises ParseError or SkipRecord."""


@lru_cache(maxsize=1)
def load_sources() -> dict[str, Source]:
    """All sources by key; the file name is the registration.

    Raises:
        ConfigError: a source's YAML is wrong.
    """
    found: dict[str, Source] = {}
    for path in sorted(resources.files("matcher.scrapers.sources").iterdir(), key=lambda p: p.name):
        if not path.name.endswith(".yaml"):
            continue
        key = path.name.removesuffix(".yaml")
        try:
            found[key] = Source.model_validate({"key": key, **YAML(typ="safe").load(path.read_text("utf-8"))})
        except (ValueError, TypeError, YAMLError) as error:
            raise ConfigError([f"{path.name}: {error}"]) from error
    return found


def load_module(source: Source) -> SourceModule:
    """The module beside a source's YAML."""
    return cast(SourceModule, importlib.import_module(f"matcher.scrapers.sources.{source.key}"))


def describe_sources() -> str:
    """docs/sources.md: every source as its YAML states it."""
    lines = [
        "# Sources",
        "",
        "Made from the YAML of each source by `matcher sources docs docs/sources.md`; do not edit.",
        "",
        "| key | publisher | family | language | read | terms |",
        "|---|---|---|---|---|---|",
    ]
    for key, source in load_sources().items():
        read = f"{source.frequency}, only compared" if source.cross_check else source.frequency
        lines.append(
            f"| `{key}` | [{source.title}]({source.url}) | {source.family} | {source.language} | {read} "
            f"| {source.terms.licence} |"
        )
    return "\n".join(lines) + "\n"
