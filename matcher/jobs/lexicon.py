"""The lexicon of an installation: check it against the calls, and extend it with EuroVoc."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.config import Configuration
from matcher.config.loading import load_configuration
from matcher.errors import MatcherError
from matcher.jobs.installation import Installation
from matcher.storage import repository

if TYPE_CHECKING:  # scikit-learn takes a second to import, and most commands do without
    from matcher.scoring.lexicon_check import Contradiction, Uncovered
    from matcher.scoring.text import Language


@dataclass(frozen=True, kw_only=True)
class LexiconCheck:
    """What was found; ``unused`` is ``None`` when there are no calls to compare with."""

    headwords: int
    synonyms: int
    calls: int
    contradictions: tuple[Contradiction, ...]
    uncovered: tuple[Uncovered, ...]
    unused: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, kw_only=True)
class LexiconBuilt:
    """A generated file: where it is, how much was read and how many entries it holds."""

    path: str
    concepts: int
    entries: int


def priorities_without_english(configuration: Configuration, today: date) -> list[Uncovered]:
    """Words of priorities in force for which the lexicon has no English."""
    from matcher.scoring.lexicon import lexicon_of
    from matcher.scoring.lexicon_check import uncovered

    return uncovered(lexicon_of(configuration.lexicon), configuration.municipalities, today)


def check_lexicon(installation: Installation, today: date, calls: Path | None = None) -> LexiconCheck:
    """Compare the lexicon with the priorities and with the stored calls, or those of a file.

    Raises:
        MatcherError: the file cannot be read.
    """
    from matcher.scoring.lexicon_check import contradictions, unused

    configuration = installation.configuration
    texts = list(_texts_of(calls) if calls else _stored_texts(installation))
    return LexiconCheck(
        headwords=sum(len(file.terms) for file in configuration.lexicon),
        synonyms=sum(len(entry.synonyms) for file in configuration.lexicon for entry in file.terms),
        calls=len(texts),
        contradictions=tuple(contradictions(configuration.lexicon)),
        uncovered=tuple(priorities_without_english(configuration, today)),
        unused=tuple(unused(configuration.lexicon, texts)) if texts else None,
    )


def _texts_of(path: Path) -> Iterator[tuple[str, Language]]:
    from matcher.scoring.files import read_documents
    from matcher.scoring.text import language_of

    for document in read_documents(path):
        text = "\n".join((document.title, document.text, *document.context))
        yield text, language_of(text, document.language)


def _stored_texts(installation: Installation) -> Iterator[tuple[str, Language]]:
    from matcher.scoring.rank import documents_of
    from matcher.scoring.text import language_of

    with installation.database.read() as session:
        stored = repository.stored_calls(session)
    for document in documents_of(s.call for s in stored):
        text = "\n".join((document.title, document.text, *document.context))
        yield text, language_of(text, document.language)


def build_lexicon(directory: Path, eurovoc: Path) -> LexiconBuilt:
    """Write ``lexicon/eurovoc.yaml`` in a configuration folder: what EuroVoc knows and the others do not.

    Raises:
        ConfigError: the configuration is wrong.
        MatcherError: the download cannot be read, or the folder has no lexicon of its own.
    """
    from matcher.scoring.eurovoc import as_yaml, learn, read_eurovoc
    from matcher.scoring.lexicon import Lexicon

    folder = directory / "lexicon"
    if not folder.is_dir():
        raise MatcherError(
            f"{folder} does not exist; `matcher init {directory}` writes the lexicon that ships"
        )
    concepts = read_eurovoc(eurovoc)
    own = [file for file in load_configuration(directory).lexicon if not file.generated]
    learnt = learn(concepts, Lexicon(own))
    path = folder / "eurovoc.yaml"
    path.write_text(as_yaml(learnt, eurovoc.name), encoding="utf-8")
    return LexiconBuilt(path=str(path), concepts=len(concepts), entries=len(learnt.terms))
