"""The two-language term map: Swedish words of a committee to the English that calls use, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from matcher.config.models import LexiconEntry, LexiconFile
from matcher.scoring.compounds import Compounds
from matcher.scoring.text import (
    LANGUAGES,
    Language,
    Splitter,
    is_stop,
    language_of,
    stem,
    stems,
    tokens,
    words,
)

#: "e-demokrati", of which the tokeniser sees only "demokrati"
_ONE_LETTER = re.compile(r"(?<![^\W_])[^\W\d_]-(?=\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """A word or phrase in the language of the calls, and what led to it."""

    #: the words as the committee wrote them
    query: str
    #: words of the target language, lower case, without stop words
    words: tuple[str, ...]
    #: "same", "lexicon", "compound" or "cognate"
    route: str
    weight: float


class Cognates:
    """Finds the words of an index that look like a word of the other language (matematik, mathematics).

    Both are written down roughly as they sound (``skeleton``) and compared by the letter groups they share.
    """

    def __init__(self, vocabulary: Iterable[str], *, least: float = 0.6, most: int = 3) -> None:
        self.least, self.most = least, most
        self._words = sorted({word for word in vocabulary if len(word) >= 5 and word.isalpha()})
        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 4), lowercase=False, dtype=np.float32
        )
        matrix = self._vectorizer.fit_transform([skeleton(word) for word in self._words] or ["none"])
        self._columns = sparse.csr_matrix(matrix.T)
        self._cache: dict[str, tuple[tuple[str, float], ...]] = {}

    def of(self, word: str) -> tuple[tuple[str, float], ...]:
        """Similar words with their similarity (0–1), best first."""
        if len(word) < 5 or not word.isalpha() or not self._words:
            return ()
        known = self._cache.get(word)
        if known is None:
            row = (self._vectorizer.transform([skeleton(word)]) @ self._columns).tocoo()
            found = sorted(
                (
                    (float(s), self._words[i])
                    for i, s in zip(row.col, row.data, strict=True)
                    if s >= self.least
                ),
                key=lambda pair: (-pair[0], pair[1]),
            )
            known = self._cache[word] = tuple((name, score) for score, name in found[: self.most])
        return known


_SOUNDS = (
    ("tion", "sjn"), ("sion", "sjn"), ("isk", "ik"), ("ical", "ik"), ("ic", "ik"), ("ph", "f"), ("th", "t"),
    ("ch", "k"), ("ck", "k"), ("qu", "kv"), ("itet", "ite"), ("ity", "ite"), ("ae", "e"), ("ä", "e"),
    ("oe", "o"), ("ö", "o"), ("å", "o"), ("é", "e"), ("x", "ks"), ("y", "i"), ("c", "k"),
    ("z", "s"), ("w", "v"),
)  # fmt: skip


@lru_cache(maxsize=200_000)
def skeleton(word: str) -> str:
    """A word roughly as it sounds, so that Swedish and English forms of a loan word come close."""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return "".join(a for a, b in zip(word, word[1:] + " ", strict=True) if a != b)


class Lexicon:
    """Looks up phrases first, then words, then the parts of compounds, then words that look alike."""

    def __init__(self, files: Iterable[LexiconFile] = (), *, compound_weight: float = 0.8) -> None:
        self.compound_weight = compound_weight
        self._tables: dict[Language, _Table] = {language: _Table(language) for language in LANGUAGES}
        self._headwords: set[str] = set()
        written: list[LexiconEntry] = []
        learnt: list[LexiconEntry] = []
        for file in files:
            (learnt if file.generated else written).extend(file.terms)
        for entry in written:
            self._add(entry)
        for entry in [e for e in learnt if self.meaning(e.sv, "sv") is None]:
            self._add(entry)
        self._compounds = Compounds(word for word in self._headwords if " " not in word)

    def _add(self, entry: LexiconEntry) -> None:
        swedish = (entry.sv, *entry.synonyms)
        self._headwords.update(phrase.lower() for phrase in swedish)
        for phrase in swedish:
            self._tables["sv"].add(phrase, () if entry.noise else entry.en)
        for phrase in entry.en:
            if not entry.noise:
                self._tables["en"].add(phrase, (entry.sv,))
            elif len(words(phrase)) > 1:
                self._tables["en"].add(phrase, ())

    @cached_property
    def headwords(self) -> Sequence[str]:
        """Every Swedish headword and synonym in lower case, sorted."""
        return tuple(sorted(self._headwords))

    @cached_property
    def headwords_with_subject(self) -> Sequence[str]:
        """Headwords that are not noise, sorted."""
        return tuple(text for text in self.headwords if self.meaning(text, "sv"))

    def meaning(self, text: str, language: Language) -> tuple[str, ...] | None:
        """What a whole text means in the other language, if it is a term; () = noise, ``None`` = unknown."""
        return self._tables[language].of(words(text))

    def language(self, text: str) -> Language:
        """Language of a few words: their letters tell less than which of them are known."""
        if set("åäö") & set(text.lower()):
            return "sv"
        unknown = {language: len(self.uncovered(text, language)) for language in LANGUAGES}
        if unknown["sv"] == unknown["en"]:
            return language_of(text)
        return min(LANGUAGES, key=lambda language: unknown[language])

    def phrases(self, language: Language) -> dict[tuple[str, str], tuple[tuple[str, ...], ...]]:
        """Content stems of phrases of two words or more, longest first, by their first two stems."""
        found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        other: Language = LANGUAGES[1 - LANGUAGES.index(language)]
        for key in {tuple(stems(text, language)) for text in self._tables[other].meanings()}:
            if len(key) > 1:
                found.setdefault((key[0], key[1]), set()).add(key)
        return {pair: tuple(sorted(keys, key=lambda k: (-len(k), k))) for pair, keys in found.items()}

    def translate(
        self,
        tokens: Sequence[str],
        source: Language,
        *,
        cognates: Callable[[], Cognates] | None = None,
        known: Callable[[str], bool] = lambda _: False,
        splitter: Splitter | None = None,
    ) -> list[Rendering]:
        """Render words (in order, stop words included) in the other language.

        Args:
            tokens: lower-case words as :func:`matcher.scoring.text.words` gives them.
            source: their language.
            cognates: gives what finds look-alikes for what the lexicon does not know.
            known: whether the index has a stem of the target language: such a word may stay as it is.
            splitter: cuts compounds that hold no lexicon word.
        """
        target: Language = LANGUAGES[1 - LANGUAGES.index(source)]
        found: list[Rendering] = []
        for phrase, alternatives in self._segments(tokens, source):
            text = " ".join(phrase)
            if alternatives is not None:
                found += _render(text, alternatives, target, "lexicon", 1.0)
            elif not is_stop(phrase[0], source):
                found += self._unknown(
                    phrase[0], source, target, cognates=cognates, known=known, splitter=splitter
                )
        return found

    def subject_words(self, tokens: Sequence[str], language: Language) -> list[str]:
        """The words that carry a subject: without stop words and noise."""
        return [
            word
            for phrase, alternatives in self._segments(tokens, language)
            for word in phrase
            if alternatives != () and not is_stop(word, language)
        ]

    def is_noise(self, word: str, language: Language) -> bool:
        """Whether a word is one of administration that says nothing about a subject."""
        return self._tables[language].of([word]) == ()

    def uncovered(self, text: str, language: Language) -> list[str]:
        """Words of a text, in order, that carry a subject and have no entry, not even by their parts."""
        return [
            phrase[0]
            for phrase, alternatives in self._segments(words(text), language)
            if alternatives is None
            and not is_stop(phrase[0], language)
            and not (language == "sv" and self._covered_by_parts(phrase[0]))
        ]

    def _covered_by_parts(self, word: str) -> bool:
        found = [self._tables["sv"].of([part]) for part in self.inside(word)]
        return any(found) or (bool(found) and None not in found)

    def _segments(
        self, tokens: Sequence[str], language: Language
    ) -> Iterable[tuple[tuple[str, ...], tuple[str, ...] | None]]:
        """Cut into longest known phrases: (words, alternatives); () = noise, ``None`` = unknown word."""
        table = self._tables[language]
        keys = [stem(word, language) for word in tokens]
        at = 0
        while at < len(tokens):
            for length in range(min(table.longest.get(keys[at], 1), len(tokens) - at), 0, -1):
                alternatives = table.of(tokens[at : at + length], keys[at : at + length])
                if alternatives is not None:
                    break
            yield tuple(tokens[at : at + length]), alternatives
            at += length

    def _unknown(
        self,
        word: str,
        source: Language,
        target: Language,
        *,
        cognates: Callable[[], Cognates] | None,
        known: Callable[[str], bool],
        splitter: Splitter | None,
    ) -> list[Rendering]:
        found: list[Rendering] = []
        if source == "sv":
            parts = self.inside(word) or (splitter.parts(word) if splitter else ())
            for part in parts:
                alternatives = self._tables[source].of([part])
                if alternatives is not None:
                    found += _render(word, alternatives, target, "compound", self.compound_weight)
                elif cognates is not None:
                    found += _alike(word, part, cognates(), "compound", self.compound_weight)
        if found:
            return found
        if word.isascii() and known(stem(word, target)):
            return [Rendering(query=word, words=(word,), route="same", weight=1.0)]
        return _alike(word, word, cognates(), "cognate", 1.0) if cognates is not None else []

    def inside(self, word: str) -> tuple[str, ...]:
        """Parts of a Swedish compound of which at least one is a lexicon word; empty if none is."""
        return self._compounds.parts(word)


@lru_cache(maxsize=2)
def lexicon_of(files: tuple[LexiconFile, ...]) -> Lexicon:
    """The lexicon of a configuration, built once in a process: a scheduler asks for it at every tick."""
    return Lexicon(files)


class _Table:
    """Phrases of one language with what they mean in the other; () = noise."""

    def __init__(self, language: Language) -> None:
        self.language = language
        #: as written, and by stems, which also finds other forms
        self._exact: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._stems: dict[tuple[str, ...], tuple[str, ...]] = {}
        #: words in the longest phrase that begins with a stem
        self.longest: dict[str, int] = {}

    def add(self, phrase: str, alternatives: Sequence[str]) -> None:
        """Add a phrase; what it has meant so far stays."""
        tokens = tuple(words(phrase))
        if not tokens or _ONE_LETTER.search(phrase):
            return
        keys = tuple(stem(word, self.language) for word in tokens)
        for table, key in ((self._exact, tokens), (self._stems, keys)):
            table[key] = tuple(dict.fromkeys((*table.get(key, ()), *alternatives)))
        self.longest[keys[0]] = max(self.longest.get(keys[0], 1), len(keys))

    def of(self, tokens: Sequence[str], keys: Sequence[str] | None = None) -> tuple[str, ...] | None:
        """What a whole phrase means: as it is written, else by its stems; ``None`` = unknown."""
        if len(tokens) == 1 and is_stop(tokens[0], self.language):
            return None  # "för" is no form of "förare"
        exact = self._exact.get(tuple(tokens))
        if exact is not None:
            return exact
        return self._stems.get(tuple(keys or (stem(word, self.language) for word in tokens)))

    def meanings(self) -> set[str]:
        """Everything that a phrase of this table means."""
        return {text for alternatives in self._stems.values() for text in alternatives}


def _render(
    query: str, alternatives: Sequence[str], target: Language, route: str, weight: float
) -> list[Rendering]:
    found = []
    for alternative in alternatives:
        content = _content(alternative, target)
        if content:
            share = weight / (len(alternatives) * len(content)) ** 0.5
            found.append(Rendering(query=query, words=content, route=route, weight=share))
    return found


@lru_cache(maxsize=50_000)
def _content(text: str, language: Language) -> tuple[str, ...]:
    """The words of an entry's meaning that can carry a subject."""
    return tuple(tokens(text, language))


def _alike(query: str, word: str, cognates: Cognates, route: str, weight: float) -> list[Rendering]:
    return [
        Rendering(query=query, words=(name,), route=route, weight=weight * similarity)
        for name, similarity in cognates.of(word)
    ]
