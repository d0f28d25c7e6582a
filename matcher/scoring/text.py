"""From text to words, stems and the parts of Swedish compounds."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, cast

from matcher.scoring.spelling import british

Language = Literal["sv", "en"]
LANGUAGES: tuple[Language, ...] = ("sv", "en")

_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,500}>|&(?:[a-zA-Z]{2,8}|#\d{1,6});")
#: a text longer than this is a fault of the source: the beginning says what the call is about
_LONGEST_TEXT = 400_000
#: longer "words" are addresses and encoded data
_LONGEST_WORD = 60

_SWEDISH = """
alla allt att av blev bli blir blivit de dem den denna deras dess dessa det detta dig din dina ditt du
där då efter ej eller en er era ert ett från för ha hade han hans har henne hennes hon honom hur här i
icke ingen inom inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket ni nu när någon
något några och om oss på samma sedan sig sin sina sitta själv skulle som så sådan sådana sådant till
under upp ut utan vad var vara varför varit varje vars vart vem vi vid vilka vilkas vilken vilket vår
våra vårt än är åt över samt även också bland annat ska skall kommer genom utifrån hela hel andra annan
olika sina inklusive exempelvis bör måste får få fått gör göra görs ges finns finnas både enligt kring
dock dels via respektive såväl där därför dit hit vidare in ner alltid aldrig bara ännu redan ofta mer
mera mest många flera övriga övrig sitt mindre minst allra samtidigt eftersom medan innan utöver
gällande avseende
"""
_ENGLISH = """
a about above after again against all also am an and any are as at be because been before being below
between both but by can could did do does doing down during each either etc few for from further had has
have having he her here hers herself him himself his how however i if in inter alia into is it its
itself just may me might more most must my myself no nor not now of off on once only or other others our
ours ourselves out over own per same shall she should so some such than that the their theirs them
themselves then there thereby these they this those through throughout thus to too towards under until
up upon via was we well were what when where whereas whether which while who whom whose why will with
within without would yet you your yours yourself yourselves ie eg de
"""
#: a letter alone belongs to a phrase (våld i nära relationer, e-hälsa) and carries no subject by itself
_LETTERS = "abcdefghijklmnopqrstuvwxyzåäö"
_STOP: dict[Language, frozenset[str]] = {
    "sv": frozenset((*_SWEDISH.split(), *_LETTERS)),
    "en": frozenset((*_ENGLISH.split(), *_LETTERS)),
}
_WHICH = {"sv": "swedish", "en": "english"}
_NEUTER = ("bart", "igt", "skt", "ellt", "alt", "ivt", "samt", "ärt", "rnt", "önt", "art")
_local = threading.local()  # Snowball's stemmers keep state between calls


def clean(text: str) -> str:
    """Text in NFC without left-over markup and soft hyphens, cut at 400,000 characters."""
    text = text[:_LONGEST_TEXT]
    if "<" in text or "&" in text:
        text = _TAG.sub(" ", text)
    return unicodedata.normalize("NFC", text).replace("\xad", "").replace("\x00", " ")


def words(text: str) -> list[str]:
    """Every word in lower case, in order, stop words included; no bare numbers."""
    return [
        word
        for word in _WORD.findall(clean(text).lower())
        if len(word) <= _LONGEST_WORD and not word.isnumeric()
    ]


def tokens(text: str, language: Language) -> list[str]:
    """The words that can carry a subject: :func:`words` without the stop words of ``language``."""
    stop = _STOP[language]
    return [word for word in words(text) if word not in stop]


def stop_words(language: Language) -> frozenset[str]:
    """Lower-case words that never carry a subject."""
    return _STOP[language]


def is_stop(word: str, language: Language) -> bool:
    """Whether a lower-case word is on the stop list."""
    return word in _STOP[language]


@lru_cache(maxsize=500_000)
def stem(word: str, language: Language) -> str:
    """Snowball stem of a lower-case word, in Swedish also without the neuter ending that Snowball keeps.

    American and British spellings of an English word have one stem.
    """
    if language == "en":
        word = british(word)
    if language == "sv" and word.endswith(_NEUTER) and len(word) > 5:
        word = word[:-1]
    stemmers: dict[str, Any] | None = getattr(_local, "stemmers", None)
    if stemmers is None:
        import snowballstemmer

        stemmers = _local.stemmers = {key: snowballstemmer.stemmer(name) for key, name in _WHICH.items()}
    return cast(str, stemmers[language].stemWord(word))


def stems(text: str, language: Language) -> list[str]:
    """Stems of :func:`tokens`."""
    return [stem(word, language) for word in tokens(text, language)]


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """py3langid between Swedish and English only: with all languages short titles go astray."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def language_of(text: str, declared: str | None = None) -> Language:
    """``sv`` or ``en``: what is declared, if it is one of them, else the likelier of the two."""
    for language in LANGUAGES:
        if declared == language:
            return language
    return cast(Language, _identifier().classify(clean(text[:4000]))[0])


class Splitter:
    """Splits Swedish compounds into words of a vocabulary, the more frequent the better.

    Koehn & Knight's method: of all ways to cut a word, the one whose parts have the highest geometric mean
    of frequencies. A part may carry a linking letter (arbetsmarknad**s**politik).
    """

    #: shortest part
    least = 4
    #: shortest word that is tried
    shortest = 8
    #: a long chain of short parts is an accident
    most_parts = 4

    def __init__(self, vocabulary: Mapping[str, float]) -> None:
        self._frequency = {word: count for word, count in vocabulary.items() if len(word) >= self.least}
        self._cache: dict[str, tuple[str, ...]] = {}

    @classmethod
    def from_words(cls, texts: Iterable[Iterable[str]], headwords: Iterable[str] = ()) -> Splitter:
        """Vocabulary = words of the texts with their counts, and headwords, which count at least 5."""
        counts: dict[str, float] = {}
        for text in texts:
            for word in text:
                counts[word] = counts.get(word, 0) + 1
        # a word seen once may be a slip of the pen, a headword never is
        counts = {word: count for word, count in counts.items() if count >= 2}
        for word in headwords:
            counts[word] = max(counts.get(word, 0.0), 5.0)
        return cls(counts)

    def parts(self, word: str) -> tuple[str, ...]:
        """The parts of a lower-case compound without linking letters; empty if it is none."""
        known = self._cache.get(word)
        if known is None:
            known = self._cache[word] = self._split(word)
        return known

    def _split(self, word: str) -> tuple[str, ...]:
        if not self.shortest <= len(word) <= _LONGEST_WORD or not word.isalpha():
            return ()
        best: tuple[float, tuple[str, ...]] = (0.0, ())
        for parts, product in self._ways(word, self.most_parts):
            if len(parts) >= 2:
                best = max(best, (product ** (1 / len(parts)), parts))
        return best[1]

    def _ways(self, word: str, most: int) -> Iterator[tuple[tuple[str, ...], float]]:
        whole = self._frequency.get(word)
        if whole:
            yield (word,), whole
        if most == 1:
            return
        for cut in range(self.least, len(word) - self.least + 1):
            head, tail = word[:cut], word[cut:]
            for form in self._forms(head):
                count = self._frequency.get(form)
                if count:
                    for parts, product in self._ways(tail, most - 1):
                        yield (form, *parts), count * product

    @staticmethod
    def _forms(head: str) -> Iterator[str]:
        """A first part as it stands, without the linking s, and with the vowel that linking took."""
        yield head
        if head.endswith("s"):
            yield head[:-1]
        elif head.endswith(("o", "u", "e")):
            yield head[:-1] + "a"  # skolgård has none, but kyrkogård, gatubelysning
        else:
            yield head + "a"  # skol(a)gård
            yield head + "e"  # pojk(e)lag
