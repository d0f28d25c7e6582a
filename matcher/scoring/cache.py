"""A fitted ranker kept in a file, so that the same calls and configuration are not indexed twice."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import numpy
import scipy
import sklearn

from matcher.config.models import LexiconFile, Scoring
from matcher.scoring.lexicon import lexicon_of
from matcher.scoring.model import Document
from matcher.scoring.rank import Ranker

_PREFIX = "index-"


def fitted(
    documents: Sequence[Document], scoring: Scoring, lexicon: Sequence[LexiconFile], directory: Path | None
) -> Ranker:
    """A ranker of these documents: from ``directory`` if one was kept there, else fitted and kept.

    The file's name is a hash of everything the ranker is made of: documents, parameters, lexicon, this
    package's code and the versions of the libraries. Only a file that this user wrote and nobody else may
    write is opened, since a pickle can hold code; one that cannot be read is made anew. ``None`` keeps
    nothing.
    """
    if directory is None:
        return Ranker(scoring, lexicon_of(tuple(lexicon))).fit(documents)
    path = directory / f"{_PREFIX}{_key(documents, scoring, lexicon)}.pickle"
    ranker = _load(path)
    if ranker is None:
        ranker = Ranker(scoring, lexicon_of(tuple(lexicon))).fit(documents)
        _keep(ranker, path)
    return ranker


def _key(documents: Sequence[Document], scoring: Scoring, lexicon: Sequence[LexiconFile]) -> str:
    digest = hashlib.sha256()
    for version in (numpy, scipy, sklearn):
        digest.update(f"{version.__name__} {version.__version__}\n".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    for part in (scoring.model_dump_json(), *(file.model_dump_json() for file in lexicon)):
        digest.update(part.encode() + b"\0")
    for document in documents:
        digest.update(repr(astuple(document)).encode("utf-8", "backslashreplace") + b"\0")
    return digest.hexdigest()


def _load(path: Path) -> Ranker | None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & 0o022 or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
                return None
            found = pickle.load(file)  # noqa: S301 (our own file, see above)
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, ValueError):
        return None
    return found if isinstance(found, Ranker) else None


def _keep(ranker: Ranker, path: Path) -> None:
    """Write beside, then rename, so that nobody reads half a file; the indexes before it are removed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=_PREFIX, suffix=".new", delete=False
        ) as file:
            pickle.dump(ranker, file, protocol=pickle.HIGHEST_PROTOCOL)
        Path(file.name).replace(path)
        for old in path.parent.glob(f"{_PREFIX}*.pickle"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError:
        return  # a full or read-only disk: the next run fits anew
