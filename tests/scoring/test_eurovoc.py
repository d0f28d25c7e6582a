"""What is learnt from EuroVoc, from small files in the structure of the official downloads."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from matcher.config.models import LexiconFile
from matcher.errors import MatcherError
from matcher.scoring.eurovoc import Concept, as_yaml, learn, learn_words, read_eurovoc
from matcher.scoring.lexicon import Lexicon

#: id → (Swedish labels, English labels), the preferred one first
CONCEPTS = {
    "10": (("fiskevatten", "fiskeområde"), ("fishing area", "fishing grounds")),
    "11": (("fiskepolitik",), ("fisheries policy",)),
    "12": (("förorenat vatten",), ("polluted water",)),
    "13": (("rent vatten",), ("clean water",)),
    "14": (("vatten",), ("water",)),
    "15": (("förorenat område",), ("polluted area",)),
    "16": (("politik",), ("policy",)),
    "17": (("skola", "läroverk"), ("school",)),
}
OWN = Lexicon(
    [LexiconFile.model_validate({"field": "p", "terms": [{"sv": "skola", "en": ["schools", "education"]}]})]
)


def skos() -> str:
    """RDF/XML as in eurovoc-skos-ap-act.rdf."""
    concepts = []
    for name, (swedish, english) in CONCEPTS.items():
        labels = "".join(
            f'<skos:{"prefLabel" if i == 0 else "altLabel"} xml:lang="{language}">{text}</skos:'
            f"{'prefLabel' if i == 0 else 'altLabel'}>"
            for language, texts in (("sv", swedish), ("en", english), ("fr", ("eau",)))
            for i, text in enumerate(texts)
        )
        concepts.append(
            f'<rdf:Description rdf:about="http://eurovoc.europa.eu/{name}">'
            '<rdf:type rdf:resource="http://www.w3.org/2004/02/skos/core#Concept"/>'
            f"{labels}</rdf:Description>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:skos="http://www.w3.org/2004/02/skos/core#">{"".join(concepts)}</rdf:RDF>'
    )


def write_rdf(folder: Path) -> Path:
    path = folder / "eurovoc-skos-ap-act.rdf"
    path.write_text(skos(), encoding="utf-8")
    return path


def write_zipped_rdf(folder: Path) -> Path:
    path = folder / "eurovoc-skos-ap-act.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eurovoc-skos-ap-act.rdf", skos())
    return path


def write_zip(folder: Path) -> Path:
    """One file per language and kind of label, as in eurovoc_xml.zip."""
    path = folder / "eurovoc_xml.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for language, which in (("sv", 0), ("en", 1)):
            preferred = "".join(
                f"<RECORD><DESCRIPTEUR_ID>{name}</DESCRIPTEUR_ID><LIBELLE>{labels[which][0]}</LIBELLE>"
                "<DEF/><SCOPE/></RECORD>"
                for name, labels in CONCEPTS.items()
            )
            others = "".join(
                f"<RECORD><DESCRIPTEUR_ID>{name}</DESCRIPTEUR_ID><UF>"
                + "".join(f"<UF_EL>{text}</UF_EL>" for text in labels[which][1:])
                + "</UF></RECORD>"
                for name, labels in CONCEPTS.items()
                if labels[which][1:]
            )
            head = '<?xml version="1.0" encoding="UTF-8"?>'
            archive.writestr(
                f"xml/desc_{language}.xml", f'{head}<DESCRIPTEUR LNG="{language}">{preferred}</DESCRIPTEUR>'
            )
            archive.writestr(
                f"xml/uf_{language}.xml", f'{head}<USED_FOR LNG="{language}">{others}</USED_FOR>'
            )
        archive.writestr("xml/desc_fr.xml", "<not read")
    return path


@pytest.fixture
def concepts(tmp_path: Path) -> list[Concept]:
    return read_eurovoc(write_rdf(tmp_path))


def test_every_official_structure_gives_the_same_concepts(tmp_path: Path, concepts: list[Concept]) -> None:
    assert concepts == [Concept(id=name, sv=sv, en=en) for name, (sv, en) in CONCEPTS.items()]
    assert read_eurovoc(write_zip(tmp_path)) == concepts
    assert read_eurovoc(write_zipped_rdf(tmp_path)) == concepts


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.rdf", None, "cannot be read"),
        ("broken.rdf", "<rdf:RDF", "cannot be read"),
        ("other.xml", "<html/>", "no concept"),
    ],
)
def test_another_file_is_refused_with_what_was_expected(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(MatcherError, match=message):
        read_eurovoc(tmp_path / name)


def test_an_entity_in_the_file_is_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hemligt")
    hostile = skos().replace("?>", f'?><!DOCTYPE r [<!ENTITY s SYSTEM "{secret}">]>', 1)
    path = tmp_path / "hostile.rdf"
    path.write_text(hostile.replace(">vatten<", ">&s;<"), encoding="utf-8")
    labels = [label for concept in read_eurovoc(path) for label in concept.sv]
    assert labels
    assert "hemligt" not in labels


def test_words_are_learnt_from_the_phrases_they_stand_in(concepts: list[Concept]) -> None:
    learnt = learn_words(concepts)
    assert learnt["vatten"][0] == "water"
    assert learnt["politik"][0] == "policy"
    assert learnt["förorenat"][0] == "polluted"
    assert learn_words(concepts) == learnt


def test_what_is_written_wins_and_the_rest_is_added(concepts: list[Concept]) -> None:
    file = learn(concepts, OWN)
    entries = {entry.sv: entry for entry in file.terms}
    assert file.generated
    assert "skola" not in entries
    assert entries["läroverk"].en == ("school",)
    assert entries["fiskevatten"].synonyms == ("fiskeområde",)
    assert entries["fiskevatten"].en == ("fishing area", "fishing grounds")
    assert entries["förorenat"].en[0] == "polluted"


def test_the_file_that_is_written_is_read_back_entry_by_entry(concepts: list[Concept]) -> None:
    file = learn(concepts, OWN)
    text = as_yaml(file, "eurovoc.rdf")
    assert text.startswith("# Generated by `matcher lexicon build` from eurovoc.rdf")
    assert LexiconFile.model_validate(YAML(typ="safe").load(text)) == file


def test_when_everything_is_known_that_is_said(concepts: list[Concept]) -> None:
    everything = Lexicon([learn(concepts, Lexicon()).model_copy(update={"generated": False})])
    with pytest.raises(MatcherError, match="nothing that the lexicon does not know"):
        learn(concepts, everything)
