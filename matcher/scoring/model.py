"""The TF-IDF model: one index per language, three channels on one fixed scale, every score explained."""

from __future__ import annotations

import math
import threading
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

from matcher.config.models import ChannelWeights, Scoring
from matcher.domain import Term
from matcher.scoring.lexicon import Cognates, Lexicon, Rendering
from matcher.scoring.text import LANGUAGES, Language, Splitter, is_stop, language_of, stem, stop_words, words

T = TypeVar("T")
Scores = npt.NDArray[np.float64]
#: words of the parts of a document, and what one of them counts
_Fields = Sequence[tuple[Sequence[str], float]]
#: columns in ascending order and their values
Vector = tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]
#: fewer documents than this have no latent dimensions worth the name
_LEAST_FOR_LATENT = 100
#: lexicon phrases asked to find the scale of a channel
_BACKGROUND = 300
#: texts whose queries are remembered, since many committees say the same
_KEPT = 5_000
#: documents that hold a word before it counts as English that may stay as it is, or as a look-alike
_KNOWN, _COMMON = 1, 2
#: weight of translations beside the committee's own words in the character channel
_TRANSLATED = 0.5
#: exponent of a query word's count
_DAMPING = 0.75
#: weight of a word that the lexicon lacks, against the rarest: a query known in part says less
_LACKING = 0.7
#: words x documents compared by letters at once, and kept (256 MiB)
_BLOCK, _ALIKE = 500_000, 2**26
_COMPARING = threading.Lock()
#: values of a matrix weighed at once
_PIECE = 2**21


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is matched of a call."""

    id: str
    title: str
    text: str = ""
    language: str | None = None
    #: titles of what the call belongs to: programme, call
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A weighted text of a query."""

    text: str
    weight: float = 1.0
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What led to a query's columns: a place for each word of the committee and column it led to."""

    columns: npt.NDArray[np.int32]
    #: the committee's words, and their routes
    texts: tuple[str, ...]
    routes: tuple[str, ...]
    #: what each gives its column
    shares: Scores


@dataclass(frozen=True, slots=True)
class Query:
    """A query per language: a sparse vector of stems, at most of unit length, and words for the letters."""

    word: Mapping[Language, Vector]
    #: words, whose letter groups are compared, with their weights
    char: Mapping[Language, Mapping[str, float]]
    #: what led to ``word``
    origin: Mapping[Language, Sources]
    #: whether a word that carries a subject was found in an index
    subject: bool = False

    @property
    def empty(self) -> bool:
        """Whether no word of it says anything to any index."""
        return not any(len(columns) for columns, _ in self.word.values()) and not any(self.char.values())


@dataclass(frozen=True, slots=True)
class _Said:
    """A text as a query of one language."""

    #: at most of unit length: what is missing belongs to words that the lexicon lacks
    vector: Vector
    sources: Sources
    #: words for the character channel
    letters: Mapping[str, float]
    #: 1, or less for a text of words of administration alone
    strength: float

    @property
    def missing(self) -> float:
        """The square of what the vector lacks of unit length; nothing if no word is known."""
        columns, values = self.vector
        return max(0.0, 1 - float(values @ values)) if len(columns) else 0.0

    @property
    def subject(self) -> bool:
        """Whether a word that carries a subject is in the index."""
        return self.strength == 1 and len(self.vector[0]) > 0


@dataclass
class _Index:
    """The documents of one language."""

    language: Language
    rows: npt.NDArray[np.intp]
    splitter: Splitter
    phrases: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]]
    columns: dict[str, int] = field(default_factory=dict)
    idf: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    word: Any = None  # columns x documents
    #: the same, documents x columns, for explanations
    by_document: Any = None
    #: for each value of ``by_document`` the first words it stands for in its document: place in ``surfaces``
    forms: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    #: words and phrases as documents have them, in alphabetical order
    surfaces: list[str] = field(default_factory=list)
    char_columns: dict[str, int] = field(default_factory=dict)
    char_idf: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    char: Any = None  # N x n
    latent: TruncatedSVD | None = None
    latent_rows: npt.NDArray[np.float32] | None = None
    #: words that enough documents have
    common: list[str] = field(default_factory=list)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    frequency: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _features: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _groups: dict[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    #: words compared with every document so far, and their rows, words x documents
    _heard: dict[str, int] = field(default_factory=dict)
    _alike: npt.NDArray[np.float32] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what is quickly made again and large."""
        made: dict[str, Any] = {"_heard": {}, "_alike": None}
        return {k: v for k, v in self.__dict__.items() if k not in ("places", "directions")} | made

    def groups(self, word: str, sizes: tuple[int, int]) -> npt.NDArray[np.int32]:
        """Columns of a word's letter groups in the character channel, as CountVectorizer's char_wb cuts."""
        known = self._groups.get(word)
        if known is None:
            padded = f" {word} "
            found = (
                self.char_columns.get(padded[at : at + n])
                for n in range(sizes[0], min(sizes[1], len(padded)) + 1)
                for at in range(len(padded) - n + 1)
            )
            known = np.array([column for column in found if column is not None], dtype=np.int32)
            self._groups[word] = known
        return known

    @cached_property
    def cognates(self) -> Cognates:
        """Finds words of the index; made when the first unknown word asks for it."""
        return Cognates(self.common)

    @cached_property
    def names(self) -> list[str]:
        """Stem or phrase of each column."""
        return list(self.columns)

    @cached_property
    def places(self) -> Any:
        """Like ``by_document``, with the place of each value, counted from 1."""
        held = self.by_document
        numbers = np.arange(1, held.nnz + 1, dtype=np.int32)
        return sparse.csr_matrix((numbers, held.indices, held.indptr), shape=held.shape)

    @cached_property
    def directions(self) -> Scores:
        """Columns x latent dimensions, as it is quick to multiply with."""
        assert self.latent is not None
        return np.ascontiguousarray(self.latent.components_.T, dtype=np.float64)

    def alike(
        self, forms: Sequence[str], sizes: tuple[int, int]
    ) -> tuple[Mapping[str, int], npt.NDArray[np.float32]]:
        """Rows of words, and how alike each row's word is to every document, by unweighted letter groups.

        A word is compared once, since it comes again in other queries; the oldest are forgotten together.
        """
        documents = self.char.shape[1]
        with _COMPARING:
            new = [form for form in forms if form not in self._heard]
            if self._alike is None or len(self._heard) + len(new) > len(self._alike):
                # new memory: another thread may still read the old; untouched rows take none
                rows = max(len(forms), _ALIKE // max(1, documents))
                self._heard, self._alike = {}, np.empty((rows, documents), np.float32)
                new = list(forms)
            step = max(1, _BLOCK // max(1, documents))
            for start in range(0, len(new), step):
                block, at = new[start : start + step], len(self._heard)
                self._alike[at : at + len(block)] = (self.lettered(block, sizes) @ self.char).toarray()
                self._heard |= {form: at + i for i, form in enumerate(block)}
            return self._heard, self._alike

    def lettered(self, forms: Sequence[str], sizes: tuple[int, int]) -> Any:
        """Words x letter groups."""
        groups = [self.groups(form, sizes) for form in forms]
        columns = _joined(np.int32, groups)
        indptr = np.cumsum([0, *map(len, groups)])
        return sparse.csr_matrix(
            (self.char_idf[columns], columns, indptr), shape=(len(forms), len(self.char_idf))
        )

    def has(self, stem: str) -> bool:
        """Whether enough documents have a stem for it to be a word of this language."""
        column = self.columns.get(stem)
        return column is not None and bool(self.frequency[column] >= _KNOWN)

    def features(self, word: str) -> tuple[str, ...]:
        """Stem of a word and, in Swedish, the stems of its parts."""
        known = self._features.get(word)
        if known is None:
            found = [stem(word, self.language)]
            if self.language == "sv":
                found += [s for p in self.splitter.parts(word) if (s := stem(p, "sv")) != found[0]]
            known = self._features[word] = tuple(dict.fromkeys(found))
        return known

    def phrases_of(self, found: Sequence[str]) -> Iterator[tuple[str, int, str]]:
        """Lexicon phrases in words: (feature, place of the first word, the words with small ones between)."""
        stop = stop_words(self.language)
        places = [i for i, word in enumerate(found) if word not in stop]
        for phrase, start, end in self._phrases_in([found[i] for i in places]):
            yield phrase, places[start], " ".join(found[places[start] : places[end - 1] + 1])

    def _phrases_in(self, content: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """Lexicon phrases in words without stop words: (feature, start, end), the longest at each place."""
        if not self.phrases:
            return
        stems = [self.features(word)[0] for word in content]
        for at, pair in enumerate(pairwise(stems)):
            for key in self.phrases.get(pair, ()):
                if len(key) == 2 or tuple(stems[at : at + len(key)]) == key:
                    yield " ".join(key), at, at + len(key)
                    break

    def count(self, fields: _Fields) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
        """Features and words of a document with their weighted counts, and the first form of each feature."""
        features: dict[str, float] = defaultdict(float)
        surfaces: dict[str, float] = defaultdict(float)
        forms: dict[str, str] = {}
        stop = stop_words(self.language)
        for found, weight in fields:
            if not weight:
                continue
            for word in found:
                if word not in stop:
                    surfaces[word] += weight
            for phrase, _, surface in self.phrases_of(found):
                features[phrase] += weight
                forms.setdefault(phrase, surface)
        for word, count in surfaces.items():
            for feature in self.features(word):
                features[feature] += count
                forms.setdefault(feature, word)
        return features, surfaces, forms


class TfidfModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Scores documents for queries of either language.

    Word, character and latent channels are added after each has been divided by its mean best score over
    lexicon headwords, so a score means the same for every query and language: 1 is a typical best hit.
    Parameters are the keys of ``config.Scoring``; ``lexicon`` translates queries, ``None`` = no translation.
    """

    def __init__(
        self,
        *,
        title_weight: float = 2.0,
        programme_weight: float = 1.0,
        slope: float = 0.9,
        idf_floor: float = 0.3,
        char_ngrams: tuple[int, int] = (3, 5),
        latent_dimensions: int = 200,
        compound_weight: float = 0.8,
        cognate_weight: float = 0.6,
        phrase_weight: float = 1.0,
        noise_weight: float = 0.3,
        channels: ChannelWeights | None = None,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.title_weight = title_weight
        self.programme_weight = programme_weight
        self.slope = slope
        self.idf_floor = idf_floor
        self.char_ngrams = char_ngrams
        self.latent_dimensions = latent_dimensions
        self.compound_weight = compound_weight
        self.cognate_weight = cognate_weight
        self.phrase_weight = phrase_weight
        self.noise_weight = noise_weight
        self.channels = channels
        self.lexicon = lexicon

    @classmethod
    def of(cls, scoring: Scoring, lexicon: Lexicon | None = None) -> Self:
        """The model that scoring.yaml describes."""
        names = [name for name in cls._get_param_names() if name != "lexicon"]
        return cls(**{name: getattr(scoring, name) for name in names}, lexicon=lexicon)

    # --- the index ---------------------------------------------------------------------------

    def fit(self, documents: Iterable[Document], y: object = None) -> Self:
        """Index the documents; their order is the order of the columns of :meth:`score`.

        Raises:
            ValueError: two documents have the same id.
        """
        del y  # scikit-learn passes it
        self.documents_ = tuple(documents)
        if len({document.id for document in self.documents_}) < len(self.documents_):
            raise ValueError("two documents have the same id")
        self.lexicon_ = self.lexicon if self.lexicon is not None else Lexicon()
        languages = [language_of(f"{d.title}\n{d.text}", d.language) for d in self.documents_]
        self.indexes_: dict[Language, _Index] = {}
        self._asked: dict[tuple[str, str | None, Language], _Said] = {}
        for language in LANGUAGES:
            rows = np.array([i for i, found in enumerate(languages) if found == language], dtype=np.intp)
            if len(rows):
                self.indexes_[language] = self._index(language, rows)
        for language, index in self.indexes_.items():
            index.scale = self._scale(language)
        return self

    def _index(self, language: Language, rows: npt.NDArray[np.intp]) -> _Index:
        held = [self.documents_[i] for i in rows]
        splitter = Splitter({})
        if language == "sv":
            splitter = Splitter.from_words(
                (found for document in held for found, _ in self._fields(document)),
                (w for phrase in self.lexicon_.headwords for w in words(phrase)),
            )
        index = _Index(
            language, rows, splitter, self.lexicon_.phrases(language) if self.phrase_weight else {}
        )
        features, surfaces, forms = _Table(), _Table(), _Table()
        written: dict[str, int] = {}
        for document in held:
            counted, typed_words, shown = index.count(self._fields(document))
            features.add(counted)
            surfaces.add(typed_words)
            forms.add({name: written.setdefault(form, len(written)) for name, form in shown.items()})
        index.columns, matrix = features.matrix(np.float32)
        index.surfaces = sorted(written)
        rank = np.empty(len(written), dtype=np.int32)
        rank[[written[form] for form in index.surfaces]] = np.arange(len(written))
        index.forms = rank[forms.matrix(np.int32)[1].data]
        index.frequency = np.bincount(matrix.indices, minlength=len(index.columns))
        index.idf = self._idf(index.frequency, len(rows))
        matrix.data = _damped(matrix.data)
        weighed = matrix @ sparse.diags_array(index.idf, format="csr")
        # in double precision: the terms of a reason sum to its score
        index.word = self._pivoted(sparse.csr_matrix(weighed.T)).astype(np.float64)
        index.by_document = sparse.csr_matrix(index.word.T)
        types, typed = surfaces.matrix(np.float32)
        del features, surfaces, forms
        if types:
            counter = CountVectorizer(
                analyzer="char_wb", ngram_range=self.char_ngrams, lowercase=False, dtype=np.float32
            )
            # letter groups never cross words: groups x words times words x documents is the same, and quicker
            grams = sparse.csr_matrix(counter.fit_transform(types).T) @ sparse.csr_matrix(typed.T)
            index.char_columns = {group: int(column) for group, column in counter.vocabulary_.items()}
            frequency = np.diff(grams.indptr)
            index.char_idf = np.where(frequency < 2, np.float32(0), self._idf(frequency, len(rows)))
            # in place: the letter groups of 20,000 calls are 100 million numbers
            for groups, values in _blocks(grams):
                idf = np.repeat(index.char_idf[groups], frequency[groups])
                grams.data[values] = _damped(grams.data[values]) * idf
            grams.eliminate_zeros()
            index.char = self._pivoted(grams)
        n, v = weighed.shape
        if self.latent_dimensions and n >= _LEAST_FOR_LATENT and v > self.latent_dimensions:
            size = min(self.latent_dimensions, n - 1)
            index.latent = TruncatedSVD(size, n_iter=2, random_state=0)
            unit = normalize(weighed, copy=False)
            index.latent_rows = normalize(index.latent.fit_transform(unit)).astype(np.float32)
        often = np.bincount(typed.indices, minlength=len(types)) >= _COMMON
        index.common = [t for t, keep in zip(types, often, strict=True) if keep]
        return index

    def _fields(self, document: Document) -> _Fields:
        """The words of a document with what they count."""
        return (
            (words(document.title), self.title_weight),
            (words(document.text), 1.0),
            (words("\n".join(document.context)), self.programme_weight),
        )

    def _idf(self, frequency: npt.NDArray[np.integer[Any]], documents: int) -> npt.NDArray[np.float32]:
        idf: npt.NDArray[np.float64] = np.log((1 + documents) / (1 + frequency)) + self.idf_floor
        return idf.astype(np.float32)

    def _pivoted(self, weighed: Any) -> Any:
        """Columns x documents, given pivoted length in place."""
        squares = np.zeros(weighed.shape[1])
        for _, values in _blocks(weighed):
            squares += np.bincount(weighed.indices[values], weighed.data[values] ** 2, len(squares))
        norms = np.sqrt(squares)
        mean = float(norms[norms > 0].mean()) if norms.any() else 1.0
        pivot = np.where(norms > 0, (1 - self.slope) * mean + self.slope * norms, 1.0)
        shorter = (1 / pivot).astype(np.float32)
        for _, values in _blocks(weighed):
            weighed.data[values] *= shorter[weighed.indices[values]]
        return weighed

    def _scale(self, language: Language) -> tuple[float, float, float]:
        subjects = self.lexicon_.headwords_with_subject
        step = max(1, len(subjects) // _BACKGROUND)
        queries = [self.query(text, "sv") for text in subjects[::step]]
        if len(subjects) < 20:
            rows = self.indexes_[language].rows
            queries = [
                self.query(self.documents_[i].title or self.documents_[i].text[:80], language)
                for i in rows[:300]
            ]
        parts = self._channels(self.indexes_[language], queries)
        hit = parts[0].max(axis=1, initial=0) > 0
        means = [float(p[hit].max(axis=1).mean()) if hit.any() else 0.0 for p in parts]
        return tuple(m if m > 0 else 1.0 for m in means)  # type: ignore[return-value]

    # --- queries -----------------------------------------------------------------------------

    def query(self, text: str, language: str | None = None) -> Query:
        """A query of one text."""
        return self.ask([Ask(text, 1.0, language)])

    def known(self, asks: Sequence[Ask]) -> bool:
        """Whether a word of weighted texts that carries a subject is in an index."""
        return any(
            said.subject
            for language in self.indexes_
            for ask in asks
            if ask.weight
            for said in [self._said(ask.text, ask.language, language)]
        )

    def ask(self, asks: Sequence[Ask]) -> Query:
        """A query of several weighted texts, in every language that has documents."""
        word: dict[Language, Vector] = {}
        char: dict[Language, Mapping[str, float]] = {}
        origin: dict[Language, Sources] = {}
        subject = False
        for language in self.indexes_:
            parts = [
                (said, said.strength * ask.weight)
                for ask in asks
                if ask.weight
                for said in [self._said(ask.text, ask.language, language)]
            ]
            columns, place = np.unique(
                _joined(np.int32, [said.vector[0] for said, _ in parts]), return_inverse=True
            )
            values = _joined(np.float64, [strength * said.vector[1] for said, strength in parts])
            sums: Scores = np.bincount(place, values).astype(np.float64, copy=False)
            missing = sum(strength**2 * said.missing for said, strength in parts)
            word[language] = _unit(columns, sums, missing)
            letters: dict[str, float] = defaultdict(float)
            for said, strength in parts:
                for form, weight in said.letters.items():
                    letters[form] += strength * weight
            char[language] = dict(letters)
            origin[language] = Sources(
                _joined(np.int32, [said.sources.columns for said, _ in parts]),
                tuple(text for said, _ in parts for text in said.sources.texts),
                tuple(route for said, _ in parts for route in said.sources.routes),
                _joined(np.float64, [strength * said.sources.shares for said, strength in parts]),
            )
            subject = subject or any(said.subject for said, _ in parts)
        return Query(word, char, origin, subject)

    def like(self, documents: Iterable[tuple[Document, float]], *, terms: int) -> Query:
        """A query of the ``terms`` heaviest words of weighted documents, which need not be in an index.

        Each document moves the index of its own language.
        """
        check_is_fitted(self, "indexes_")
        vectors: dict[Language, dict[int, float]] = {
            language: defaultdict(float) for language in self.indexes_
        }
        forms: dict[Language, dict[int, str]] = {language: {} for language in self.indexes_}
        for document, weight in documents:
            index = self.indexes_.get(language_of(f"{document.title}\n{document.text}", document.language))
            if index is None:
                continue
            features, _, held = index.count(self._fields(document))
            columns, values = _vector(
                {
                    column: (1 + math.log(max(count, 1.0))) * float(index.idf[column])
                    for feature, count in features.items()
                    if (column := index.columns.get(feature)) is not None
                }
            )
            for column, value in zip(columns.tolist(), values.tolist(), strict=True):
                vectors[index.language][column] += weight * value
                forms[index.language].setdefault(column, held[index.names[column]])
        word: dict[Language, Vector] = {}
        char: dict[Language, Mapping[str, float]] = {}
        origin: dict[Language, Sources] = {}
        for language, sums in vectors.items():
            kept = dict(sorted(sums.items(), key=lambda item: (-item[1], item[0]))[:terms])
            word[language] = _vector(kept)
            columns, values = np.array(list(kept), np.int32), np.array(list(kept.values()))
            texts = tuple(forms[language][column] for column in kept)
            origin[language] = Sources(columns, texts, ("feedback",) * len(kept), values)
            letters: dict[str, float] = defaultdict(float)
            for column, value in kept.items():
                for form in forms[language][column].split():
                    letters[form] += value
            char[language] = letters
        return Query(word, char, origin, any(len(columns) for columns, _ in word.values()))

    def heaviest(self, query: Query, most: int) -> tuple[str, ...]:
        """The words that weigh most in a query, as written, over all languages."""
        weights: dict[str, float] = {}
        for sources in query.origin.values():
            weights |= zip(sources.texts, sources.shares.tolist(), strict=True)
        return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:most])

    def _said(self, text: str, declared: str | None, language: Language) -> _Said:
        """A text as a query of a language; remembered, since many committees say the same."""
        key = (text, declared, language)
        known = self._asked.get(key)
        if known is None:
            if len(self._asked) >= _KEPT:
                self._asked.clear()
            known = self._asked[key] = self._say(text, declared, self.indexes_[language])
        return known

    def _say(self, text: str, declared: str | None, index: _Index) -> _Said:
        terms, letters, strength, lacking = self._render(text, declared, index)
        found = [
            (column, surface, route, weight)
            for feature, surface, route, weight in terms
            if weight > 0 and (column := index.columns.get(feature)) is not None
        ]
        sums: dict[int, float] = {}
        for column, _, _, weight in found:
            sums[column] = sums.get(column, 0.0) + weight
        # a word that a text repeats says little more than one that it has once
        damped = {c: total**_DAMPING * float(index.idf[c]) for c, total in sums.items()}
        rarest = math.log(1 + len(index.rows)) + self.idf_floor
        vector = _vector(damped, lacking * (_LACKING * rarest) ** 2)
        values = dict(zip(vector[0].tolist(), vector[1].tolist(), strict=True))
        sources = Sources(
            np.array([column for column, *_ in found], np.int32),
            tuple(surface for _, surface, _, _ in found),
            tuple(route for _, _, route, _ in found),
            np.array([values[column] * weight / sums[column] for column, _, _, weight in found], np.float64),
        )
        letters = {form: w for form, w in letters.items() if len(index.groups(form, self.char_ngrams))}
        total = math.sqrt(sum(w * w for w in letters.values())) or 1.0
        return _Said(vector, sources, {form: weight / total for form, weight in letters.items()}, strength)

    def _render(
        self, text: str, declared: str | None, index: _Index
    ) -> tuple[list[tuple[str, str, str, float]], Mapping[str, float], float, int]:
        """(feature, the committee's words, route, weight), words for the letters, strength, words lacking."""
        language = index.language
        found = words(text)
        source = language_of(text, declared)
        content = self.lexicon_.subject_words(found, source)
        terms: list[tuple[str, str, str, float]] = []
        letters: dict[str, float] = defaultdict(float, Counter(content))
        if source == language:
            # what says nothing by itself says nothing without its phrase: "särskilda" of "särskilda boenden"
            subject = {w for w in content if not self.lexicon_.is_noise(w, source)}
            letters = defaultdict(float, {w: n for w, n in letters.items() if w in subject})
            for w in found:
                if is_stop(w, source):
                    continue
                # words of administration say a little when the call is in the same language
                weight = 1.0 if w in subject else self.noise_weight
                first, *parts = index.features(w)
                terms.append((first, w, "same", weight))
                terms += [(part, w, "compound", weight * self.compound_weight) for part in parts]
                if w not in subject:
                    letters[w] += weight
            for phrase, _, surface in index.phrases_of(found):
                terms.append((phrase, surface, "same", self.phrase_weight))
            return terms, letters, 1.0 if content else self.noise_weight, 0
        other = self.indexes_.get(source)
        renderings: list[Rendering] = self.lexicon_.translate(
            found,
            source,
            cognates=lambda: index.cognates,
            known=index.has,
            splitter=other.splitter if other else None,
        )
        covered: set[str] = set()
        for rendering in renderings:
            stems = [f for w in rendering.words for f in index.features(w)]
            covered.update(rendering.query.split())
            weight = rendering.weight * (self.cognate_weight if rendering.route == "cognate" else 1.0)
            terms += [(f, rendering.query, rendering.route, weight) for f in stems]
            if len(stems) > 1 and index.phrases:
                terms.append((" ".join(stems), rendering.query, rendering.route, weight * self.phrase_weight))
            for w in rendering.words:
                letters[w] += _TRANSLATED * weight
        return terms, letters, 1.0, len(set(content) - covered)

    # --- scores ------------------------------------------------------------------------------

    def score(self, queries: Sequence[Query]) -> Scores:
        """Scores, queries x documents, on the fixed scale; 0 where nothing fits, never NaN."""
        check_is_fitted(self, "indexes_")
        out = np.zeros((len(queries), len(self.documents_)))
        for index in self.indexes_.values():
            weights = self._weights(index)
            total, *others = self._channels(index, queries)
            total *= weights[0]
            for weight, part in zip(weights[1:], others, strict=True):
                if weight:
                    total += np.multiply(part, weight, dtype=np.float64)
            if len(index.rows) == len(self.documents_):
                return total
            out[:, index.rows] = total
        return out

    def channels_of(self, query: Query, document: int) -> dict[str, float]:
        """The score of one document by channel: word, char, latent; their sum is the score."""
        index, row = self._place(document)
        parts = self._channels(index, [query], [row])
        names = ("word", "char", "latent")
        return {
            name: float(weight * part[0, 0])
            for name, weight, part in zip(names, self._weights(index), parts, strict=True)
        }

    def explain(self, query: Query, document: int, weight: float = 1.0) -> tuple[Term, ...]:
        """The terms of the word channel, heaviest first; they sum to its part of the score times ``weight``.

        ``Term.document`` is the word or phrase as it stands in the document.
        """
        return self.explain_all([query], np.array([0]), np.array([document]), np.array([weight]))[0]

    def explain_all(
        self,
        queries: Sequence[Query],
        asked: npt.NDArray[np.intp],
        documents: npt.NDArray[np.intp],
        weights: Scores,
    ) -> list[tuple[Term, ...]]:
        """:meth:`explain` for each place in ``queries`` with its document and weight."""
        if not len(asked):
            return []
        if documents.min() < 0 or documents.max() >= len(self.documents_):
            raise IndexError(f"no document {documents.max()}")
        found: list[tuple[Term, ...]] = [()] * len(asked)
        for index in self.indexes_.values():
            rows = np.minimum(index.rows.searchsorted(documents), len(index.rows) - 1)
            here = np.flatnonzero(index.rows[rows] == documents)
            terms = self._explained(index, queries, asked[here], rows[here], weights[here])
            for pair, some in zip(here.tolist(), terms, strict=True):
                found[pair] = some
        return found

    def _explained(
        self, index: _Index, queries: Sequence[Query], asked: Any, rows: Any, weights: Any
    ) -> list[tuple[Term, ...]]:
        """The terms of (query, row of the index, weight): one look-up in the index for all of them."""
        width = len(index.columns)
        vectors = _stack([query.word[index.language] for query in queries], width)
        sources = [query.origin[index.language] for query in queries]
        if not len(rows) or not vectors.nnz:
            return [()] * len(rows)
        # what each source gives its column, in the order of the columns of the queries
        texts = list(chain.from_iterable(origin.texts for origin in sources))
        routes = list(chain.from_iterable(origin.routes for origin in sources))
        cells = np.repeat(np.arange(len(queries)), [len(origin.columns) for origin in sources]) * width
        cells += np.concatenate([origin.columns for origin in sources])
        cells, cell, many = np.unique(cells, return_inverse=True, return_counts=True)
        share = np.concatenate([origin.shares for origin in sources])
        share *= vectors.data[cell] / np.bincount(cell, share)[cell]
        by_cell = np.argsort(cell, kind="stable")
        ends = np.cumsum(many)
        # the columns that query and document share: product of matrices that hold ones and places
        ones = sparse.csr_matrix(
            (np.ones(vectors.nnz, np.int32), vectors.indices, vectors.indptr), vectors.shape
        )
        shared = ones[asked].multiply(index.places[rows]).tocsr()
        pair = np.repeat(np.arange(len(rows)), np.diff(shared.indptr))
        cell = np.searchsorted(cells, asked[pair] * width + shared.indices)
        given = index.by_document.data[shared.data - 1] * weights[pair] * self._weights(index)[0]
        # every source of these columns
        often = many[cell]
        source = np.arange(often.sum()) + np.repeat(ends[cell] - np.cumsum(often), often)
        source = by_cell[source]
        pair, form = np.repeat(pair, often), np.repeat(index.forms[shared.data - 1], often)
        weight = np.repeat(given, often) * share[source]
        # terms of the same words by the same route are one; the heaviest first, then by their words
        (asked_names, text), (route_names, route) = _numbered(texts), _numbered(routes)
        sizes = (len(asked_names), len(index.surfaces), len(route_names))
        key = ((pair * sizes[0] + text[source]) * sizes[1] + form) * sizes[2] + route[source]
        keys, group = np.unique(key, return_inverse=True)
        weight = np.bincount(group, weight)
        pair, text, form, route = np.unravel_index(keys, (len(rows), *sizes))
        order = np.lexsort((-weight, pair))
        terms = made(
            Term,
            len(keys),
            map(asked_names.__getitem__, text[order].tolist()),
            map(index.surfaces.__getitem__, form[order].tolist()),
            map(route_names.__getitem__, route[order].tolist()),
            weight[order].tolist(),
        )
        stops = np.searchsorted(pair, np.arange(len(rows) + 1)).tolist()
        return [tuple(terms[start:stop]) for start, stop in pairwise(stops)]

    def _place(self, document: int) -> tuple[_Index, int]:
        for index in self.indexes_.values():
            row = int(index.rows.searchsorted(document))
            if row < len(index.rows) and index.rows[row] == document:
                return index, row
        raise IndexError(f"no document {document}")

    def _weights(self, index: _Index) -> tuple[float, float, float]:
        channels = self.channels or ChannelWeights()
        asked = (channels.word, channels.char, channels.latent if index.latent is not None else 0.0)
        total = sum(asked) or 1.0
        word, char, latent = (w / total / s for w, s in zip(asked, index.scale, strict=True))
        return word, char, latent

    def _channels(
        self, index: _Index, queries: Sequence[Query], rows: list[int] | None = None
    ) -> tuple[Scores, Scores, Scores]:
        """Word, character and latent similarity, queries x documents (or those ``rows`` of the index)."""
        shape = (len(queries), len(index.rows) if rows is None else len(rows))
        word, char, latent = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        if not queries:
            return word, char, latent
        asked = _stack([q.word[index.language] for q in queries], len(index.columns))
        word = (asked @ (index.word if rows is None else index.word[:, rows])).toarray()
        if index.char is not None:
            char = self._letters(index, [q.char[index.language] for q in queries], rows)
        if index.latent is not None and index.latent_rows is not None:
            # not made longer: a query that the dimensions hold only in part says less about related wording
            projected = (asked @ index.directions).astype(np.float32)
            latent = projected @ (index.latent_rows if rows is None else index.latent_rows[rows]).T
            np.maximum(latent, 0, out=latent)
        return word, char, latent

    def _letters(self, index: _Index, asked: Sequence[Mapping[str, float]], rows: list[int] | None) -> Any:
        """Similarity of letter groups, queries x documents: each distinct word is compared once."""
        distinct = sorted({form for forms in asked for form in forms})
        groups = index.lettered(distinct, self.char_ngrams)
        place = {form: i for i, form in enumerate(distinct)}
        weights = _stack(
            [
                (
                    np.array([place[form] for form in forms], dtype=np.int32),
                    np.array(list(forms.values()), dtype=np.float32),
                )
                for forms in asked
            ],
            len(distinct),
        )
        squares = weights @ groups
        squares.data **= 2
        lengths = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
        weights.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(weights.indptr))
        if rows is not None:
            return weights @ (groups @ index.char[:, rows]).toarray()
        heard, alike = index.alike(distinct, self.char_ngrams)
        where = np.array([heard[form] for form in distinct], dtype=np.int32)
        weights = sparse.csr_matrix(
            (weights.data, where[weights.indices], weights.indptr), shape=(len(asked), len(alike))
        )
        return weights @ alike


class _Table:
    """Rows of named numbers, kept small while they are gathered."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._columns, self._values, self._ends = array("i"), array("d"), array("q", [0])

    def add(self, row: Mapping[str, float]) -> None:
        """One more row."""
        names = self._names
        self._columns.extend([names.setdefault(name, len(names)) for name in row])
        self._values.extend(row.values())
        self._ends.append(len(self._columns))

    def matrix(self, kind: npt.DTypeLike) -> tuple[dict[str, int], Any]:
        """Columns in alphabetical order, and rows x columns."""
        names = sorted(self._names)
        rank = np.empty(len(names), dtype=np.int32)
        rank[[self._names[name] for name in names]] = np.arange(len(names))
        columns = rank[np.frombuffer(self._columns, dtype=np.int32)]
        values = np.frombuffer(self._values).astype(kind)
        matrix = sparse.csr_matrix(
            (values, columns, np.array(self._ends)), shape=(len(self._ends) - 1, len(names))
        )
        matrix.sort_indices()
        return {name: i for i, name in enumerate(names)}, matrix


def _blocks(matrix: Any) -> Iterator[tuple[slice, slice]]:
    """Rows of a matrix and their stored values, so many at a time that what is computed of them is small."""
    starts = np.searchsorted(matrix.indptr, np.arange(0, matrix.nnz, _PIECE), side="right") - 1
    for start, stop in pairwise([*np.unique(starts).tolist(), matrix.shape[0]]):
        yield slice(start, stop), slice(matrix.indptr[start], matrix.indptr[stop])


def _damped(counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The counts, those above 1 made less: the tenth time says less than the first."""
    damped: npt.NDArray[np.float32] = np.where(counts > 1, 1 + np.log(np.maximum(counts, 1)), counts)
    return damped


def _vector(sums: Mapping[int, float], missing: float = 0.0) -> Vector:
    """Of unit length together with what is missing, given as a square; empty stays empty."""
    columns = np.array(sorted(sums), dtype=np.int32)
    return _unit(columns, np.array([sums[c] for c in columns.tolist()], dtype=np.float64), missing)


def _unit(columns: npt.NDArray[np.int32], values: Scores, missing: float) -> Vector:
    length = math.sqrt(float(values @ values) + missing)
    return (columns, values / length) if length > 0 else (columns[:0], values[:0])


def _joined(kind: npt.DTypeLike, arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Arrays one after another; empty if there are none."""
    return np.concatenate([np.empty(0, kind), *arrays])


def made(kind: type[T], size: int, *columns: Iterable[object]) -> list[T]:
    """Values of a frozen class with slots, from a column for each of its fields, in their order.

    Its constructor takes three times as long, and a list for all of Sweden has more than a million terms.
    """
    values = list(map(kind.__new__, repeat(kind, size)))
    for name, column in zip(kind.__slots__, columns, strict=True):  # type: ignore[attr-defined]
        deque(map(getattr(kind, name).__set__, values, column), maxlen=0)
    return values


def _numbered(found: Sequence[str]) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Distinct texts in alphabetical order, and the place of each text among them."""
    names = sorted(set(found))
    places = {name: i for i, name in enumerate(names)}
    return names, np.array([places[name] for name in found], dtype=np.intp)


def _stack(vectors: Sequence[Vector], width: int) -> Any:
    indptr = np.cumsum([0, *(len(columns) for columns, _ in vectors)])
    columns = np.concatenate([columns for columns, _ in vectors])
    values = np.concatenate([values for _, values in vectors])
    return sparse.csr_matrix((values, columns, indptr), shape=(len(vectors), width))
