"""The two-language term map: Swedish words of a committee to the English that calls use, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from matcher.config.models import LexiconEntry, LexiconFile
from matcher.scoring.text import LANGUAGES, Language, Splitter, is_stop, stem, stems, words

#: words in the longest phrase that is looked up
_LONGEST_PHRASE = 8
#: shortest lexicon word that is recognised inside a compound
_SHORTEST_PART = 4


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
        #: source phrase as stems → alternatives in the other language, best first; () = noise
        self._tables: dict[Language, dict[tuple[str, ...], tuple[str, ...]]] = {"sv": {}, "en": {}}
        self._noise: dict[Language, set[tuple[str, ...]]] = {"sv": set(), "en": set()}
        self._headwords: set[str] = set()
        for entry in (entry for file in files for entry in file.terms):
            self._add(entry)
        self._parts = {key[0] for key in self._tables["sv"] if len(key) == 1} | {
            word for word in self._headwords if " " not in word
        }

    def _add(self, entry: LexiconEntry) -> None:
        swedish = (entry.sv, *entry.synonyms)
        self._headwords.update(phrase.lower() for phrase in swedish)
        for phrase in swedish:
            key = _key(phrase, "sv")
            if not key:
                continue
            if entry.noise:
                self._noise["sv"].add(key)
            else:
                self._tables["sv"][key] = tuple(dict.fromkeys((*self._tables["sv"].get(key, ()), *entry.en)))
        for phrase in entry.en:
            key = _key(phrase, "en")
            if not key:
                continue
            if entry.noise:
                if len(key) > 1:
                    self._noise["en"].add(key)
            else:
                self._tables["en"][key] = tuple(dict.fromkeys((*self._tables["en"].get(key, ()), entry.sv)))

    @property
    def headwords(self) -> list[str]:
        """Every Swedish headword and synonym in lower case, sorted."""
        return sorted(self._headwords)

    def headwords_with_subject(self) -> list[str]:
        """Headwords that are not noise, sorted."""
        return [text for text in self.headwords if _key(text, "sv") in self._tables["sv"]]

    def phrases(self, language: Language) -> dict[tuple[str, str], tuple[tuple[str, ...], ...]]:
        """Content stems of phrases of two words or more, longest first, by their first two stems."""
        found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        other: Language = LANGUAGES[1 - LANGUAGES.index(language)]
        texts = {text for alternatives in self._tables[other].values() for text in alternatives}
        for key in {tuple(stems(text, language)) for text in texts}:
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

    def uncovered(self, text: str, language: Language) -> list[str]:
        """Words of a text, in order, that carry a subject and have no entry, not even by their parts."""
        return [
            phrase[0]
            for phrase, alternatives in self._segments(words(text), language)
            if alternatives is None
            and not is_stop(phrase[0], language)
            and not (language == "sv" and self.inside(phrase[0]))
        ]

    def _segments(
        self, tokens: Sequence[str], language: Language
    ) -> Iterable[tuple[tuple[str, ...], tuple[str, ...] | None]]:
        """Cut into longest known phrases: (words, alternatives); () = noise, ``None`` = unknown word."""
        table, noise = self._tables[language], self._noise[language]
        keys = [stem(word, language) for word in tokens]
        at = 0
        while at < len(tokens):
            for length in range(min(_LONGEST_PHRASE, len(tokens) - at), 0, -1):
                key = tuple(keys[at : at + length])
                if key in noise:
                    yield tuple(tokens[at : at + length]), ()
                    break
                if key in table:
                    yield tuple(tokens[at : at + length]), table[key] or None
                    break
            else:
                length = 1
                yield (tokens[at],), None
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
                key = (stem(part, source),)
                if key in self._noise[source]:
                    continue
                alternatives = self._tables[source].get(key, ())
                if alternatives:
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
        if len(word) < 2 * _SHORTEST_PART or not word.isalpha():
            return ()
        known = self._parts
        # cheapest way to write word[:end]: (letters not covered + half a letter per part, parts)
        best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())] + [None] * len(word)
        for end in range(_SHORTEST_PART, len(word) + 1):
            for start in range(end - _SHORTEST_PART + 1):
                before = best[start]
                if before is None or (start == 0 and end == len(word)):
                    continue
                piece = word[start:end]
                forms = [piece, piece[:-1]] if piece.endswith("s") and end < len(word) else [piece]
                if end == len(word):
                    forms.append(stem(piece, "sv"))
                form = next((f for f in forms if f in known and len(f) >= _SHORTEST_PART), None)
                cost = before[0] + 0.5 + (0 if form else len(piece))
                way = (cost, (*before[1], form or piece))
                if best[end] is None or way < best[end]:  # type: ignore[operator]
                    best[end] = way
        cost, parts = best[-1] or (0.0, ())
        return parts if cost < len(word) - 1 and len(parts) > 1 else ()


def _key(phrase: str, language: Language) -> tuple[str, ...]:
    return tuple(stem(word, language) for word in words(phrase))


def _render(
    query: str, alternatives: Sequence[str], target: Language, route: str, weight: float
) -> list[Rendering]:
    found = []
    for alternative in alternatives:
        content = tuple(word for word in words(alternative) if not is_stop(word, target))
        if content:
            share = weight / (len(alternatives) * len(content)) ** 0.5
            found.append(Rendering(query=query, words=content, route=route, weight=share))
    return found


def _alike(query: str, word: str, cognates: Cognates, route: str, weight: float) -> list[Rendering]:
    return [
        Rendering(query=query, words=(name,), route=route, weight=weight * similarity)
        for name, similarity in cognates.of(word)
    ]
