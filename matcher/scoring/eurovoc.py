"""Translations learnt from EuroVoc, the EU's thesaurus: its labels in Swedish and English."""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lxml import etree

from matcher.config.models import LexiconEntry, LexiconFile
from matcher.errors import MatcherError
from matcher.scoring.compounds import Compounds
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.text import LANGUAGES, Language, stem, tokens, words

_SKOS = "{http://www.w3.org/2004/02/skos/core#}"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
#: rounds of learning; the probabilities hardly move after five
_ROUNDS = 6
#: a word pair is kept from this geometric mean of both directions on
_LEAST = 0.1
_MOST_TRANSLATIONS = 4
_MOST_ALTERNATIVES = 6
#: seen once, a pair says nothing
_LEAST_SEEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One concept with its labels, the preferred one first."""

    id: str
    sv: tuple[str, ...]
    en: tuple[str, ...]


def read_eurovoc(path: Path) -> list[Concept]:
    """Concepts that have a Swedish and an English label, in order of their ids.

    Two of the official downloads are understood: SKOS as RDF/XML (``eurovoc-skos-ap-act.rdf`` or ``.zip``),
    and the zip with one XML file per language (``desc_sv.xml``, ``desc_en.xml`` and, for other labels,
    ``uf_sv.xml``, ``uf_en.xml``).

    Raises:
        MatcherError: the file cannot be read, or holds no concept with both languages.
    """
    preferred: dict[tuple[str, str], str] = {}
    others: dict[tuple[str, str], list[str]] = defaultdict(list)
    try:
        for name, file in _files(path):
            for concept, language, label, is_preferred in _labels(name, file):
                if is_preferred:
                    preferred.setdefault((concept, language), label)
                else:
                    others[concept, language].append(label)
    except (OSError, zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        raise MatcherError(f"{path}: cannot be read as a EuroVoc download: {error}") from error
    concepts = [
        Concept(
            id=concept,
            sv=(preferred[concept, "sv"], *others[concept, "sv"]),
            en=(preferred[concept, "en"], *others[concept, "en"]),
        )
        for concept in sorted({concept for concept, _ in preferred})
        if all((concept, language) in preferred for language in LANGUAGES)
    ]
    if not concepts:
        raise MatcherError(
            f"{path}: no concept with a Swedish and an English label; expected is EuroVoc as SKOS "
            "(eurovoc-skos-ap-act.rdf) or its zip of XML files (desc_sv.xml, desc_en.xml)"
        )
    return concepts


def _files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield path.name, file
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            short = name.rsplit("/", 1)[-1].lower()
            if short.endswith(".rdf") or short in (
                f"{k}_{lang}.xml" for k in ("desc", "uf") for lang in LANGUAGES
            ):
                with archive.open(name) as file:
                    yield short, file


def _labels(name: str, file: IO[bytes]) -> Iterator[tuple[str, str, str, bool]]:
    """(concept, language, label, whether it is the preferred one)."""
    stem_of_name = name.removesuffix(".xml")
    by_name = stem_of_name[-2:] if stem_of_name.startswith(("desc_", "uf_")) else None
    for _, element in etree.iterparse(file, resolve_entities=False, no_network=True):
        if by_name is not None and element.tag == "RECORD":
            concept = (element.findtext("DESCRIPTEUR_ID") or "").strip()
            for label in (*element.iter("LIBELLE"), *element.iter("UF_EL")):
                if concept and _text(label):
                    yield concept, by_name, _text(label), label.tag == "LIBELLE"
            element.clear()
        elif by_name is None and element.get(_ABOUT) is not None:
            for label in (
                *element.iterchildren(f"{_SKOS}prefLabel"),
                *element.iterchildren(f"{_SKOS}altLabel"),
            ):
                if label.get(_LANGUAGE) in LANGUAGES and _text(label):
                    concept = element.get(_ABOUT).rsplit("/", 1)[-1]
                    yield concept, label.get(_LANGUAGE), _text(label), label.tag == f"{_SKOS}prefLabel"
            element.clear()


def _text(element: etree._Element) -> str:
    return " ".join((element.text or "").split())


def learn_words(concepts: Sequence[Concept]) -> dict[str, tuple[str, ...]]:
    """Swedish words with the English words that stand for them, best first.

    IBM model 1 in both directions over the labels, Swedish compounds also by their parts. A pair counts by
    the geometric mean of both directions. The same labels give the same words.
    """
    compounds = Compounds(label for c in concepts for label in map(str.lower, c.sv) if " " not in label)
    forms: dict[Language, dict[str, Counter[str]]] = {
        language: defaultdict(Counter) for language in LANGUAGES
    }
    pairs: list[tuple[list[str], list[str]]] = []
    for concept in concepts:
        swedish, english = tokens(concept.sv[0], "sv"), tokens(concept.en[0], "en")
        parted = [part for word in swedish for part in (compounds.parts(word) or (word,))]
        for said in (swedish, parted) if parted != swedish else (swedish,):
            for word in said:
                forms["sv"][stem(word, "sv")][word] += 1
            for word in english:
                forms["en"][stem(word, "en")][word] += 1
            pairs.append(([stem(w, "sv") for w in said], [stem(w, "en") for w in english]))
    there, back = _align(pairs), _align([(english, swedish) for swedish, english in pairs])
    seen = Counter((s, e) for swedish, english in pairs for s in set(swedish) for e in set(english))
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (s, e), probability in there.items():
        strength = (probability * back.get((e, s), 0.0)) ** 0.5
        if strength >= _LEAST and seen[s, e] >= _LEAST_SEEN:
            found[s].append((-strength, e))

    def usual(language: Language, key: str) -> str:
        return min(forms[language][key].items(), key=lambda item: (-item[1], item[0]))[0]

    return {
        usual("sv", s): tuple(usual("en", e) for _, e in sorted(found[s])[:_MOST_TRANSLATIONS])
        for s in sorted(found)
    }


def _align(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> dict[tuple[str, str], float]:
    """Probability of each target word given a source word, by expectation maximisation."""
    probability = {(s, t): 1.0 for source, target in pairs for s in source for t in target}
    for _ in range(_ROUNDS):
        counts: dict[tuple[str, str], float] = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for source, target in pairs:
            for t in target:
                whole = sum(probability[s, t] for s in source)
                for s in source:
                    share = probability[s, t] / whole if whole else 0.0
                    counts[s, t] += share
                    totals[s] += share
        probability = {(s, t): count / totals[s] if totals[s] else 0.0 for (s, t), count in counts.items()}
    return probability


def learn(concepts: Sequence[Concept], own: Lexicon) -> LexiconFile:
    """Entries for every label and learnt word that ``own`` does not know yet.

    Raises:
        MatcherError: ``own`` knows them all.
    """
    taken: set[str] = set()
    entries: list[LexiconEntry] = []

    def fresh(labels: Iterable[str]) -> list[str]:
        kept = []
        for label in labels:
            key = label.casefold()
            if key not in taken and words(label) and own.meaning(label, "sv") is None:
                taken.add(key)
                kept.append(label)
        return kept

    for concept in concepts:
        swedish = fresh(concept.sv)
        if swedish:
            english = tuple(dict.fromkeys(concept.en))[:_MOST_ALTERNATIVES]
            entries.append(LexiconEntry(sv=swedish[0], en=english, synonyms=tuple(swedish[1:])))
    for word, translations in learn_words(concepts).items():
        if fresh([word]):
            entries.append(LexiconEntry(sv=word, en=translations))
    if not entries:
        raise MatcherError("EuroVoc holds nothing that the lexicon does not know")
    entries.sort(key=lambda entry: entry.sv.casefold())
    return LexiconFile(field="eurovoc", generated=True, terms=tuple(entries))


def as_yaml(file: LexiconFile, origin: str) -> str:
    """The file as YAML, one entry a line, with a note of where it comes from."""

    def flow(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)  # what JSON quotes, YAML reads

    lines = [
        f"# Generated by `matcher lexicon build` from {origin} (EuroVoc, © European Union). Edits are lost;",
        "# the other files win.",
        f"field: {file.field}",
        "generated: true",
        "terms:",
    ]
    for entry in file.terms:
        synonyms = f", synonyms: {flow(list(entry.synonyms))}" if entry.synonyms else ""
        lines.append(f"  - {{sv: {flow(entry.sv)}, en: {flow(list(entry.en))}{synonyms}}}")
    return "\n".join(lines) + "\n"
