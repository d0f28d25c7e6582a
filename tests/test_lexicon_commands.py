"""`matcher lexicon …`: what is printed and written."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from matcher.cli import main
from matcher.config.loading import load_configuration

LEXICON = """\
field: prov
terms:
  - {sv: skola, en: [school]}
  - {sv: rymdhiss, en: [space elevator]}
"""
SKOS = """\
<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:skos="http://www.w3.org/2004/02/skos/core#">
  <rdf:Description rdf:about="http://eurovoc.europa.eu/1">
    <skos:prefLabel xml:lang="sv">välgång</skos:prefLabel>
    <skos:prefLabel xml:lang="en">prosperity</skos:prefLabel>
  </rdf:Description>
  <rdf:Description rdf:about="http://eurovoc.europa.eu/2">
    <skos:prefLabel xml:lang="sv">skola</skos:prefLabel>
    <skos:prefLabel xml:lang="en">school building</skos:prefLabel>
  </rdf:Description>
</rdf:RDF>
"""
MUNICIPALITY = """\
municipality: Exempelby kommun
id: exempelby
code: "0484"
county: Södermanlands län
population: 20000
committees:
  - id: exempelby-bun
    name: Nämnden
    responsibility: Skola
    recipients: [bun@example.org]
    meetings: [2100-01-01]
    priorities: [{id: skola, text: Välgång i skola}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    (folder / "municipalities").mkdir(parents=True)
    (folder / "municipalities" / "exempelby.yaml").write_text(MUNICIPALITY, encoding="utf-8")
    (folder / "lexicon").mkdir()
    (folder / "lexicon" / "prov.yaml").write_text(LEXICON, encoding="utf-8")
    (tmp_path / "eurovoc-skos-ap-act.rdf").write_text(SKOS, encoding="utf-8")
    (tmp_path / "calls.jsonl").write_text('{"id": "A", "title": "Schools", "language": "en"}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MATCHER_CONFIG", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return folder


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["matcher", *words])
    capsys.readouterr()
    try:
        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_the_lexicon_lacks_is_named_and_gone_after_a_build_with_eurovoc(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "exempelby-bun: priority skola: no English found for: ‘välgång’"
    _, out, _ = run(monkeypatch, capsys, "lexicon", "check", "--calls", "calls.jsonl")
    assert missing in out
    assert "rymdhiss" in out
    _, _, err = run(monkeypatch, capsys, "check")
    assert f"warning: {missing}" in err

    code, out, _ = run(monkeypatch, capsys, "lexicon", "build", "--eurovoc", "eurovoc-skos-ap-act.rdf")
    assert (code, "entries written: 1, concepts read: 2" in out) == (0, True)
    _, out, _ = run(monkeypatch, capsys, "lexicon", "check", "--json", "--calls", "calls.jsonl")
    found = json.loads(out)
    assert found["uncovered"] == []
    assert ["prov", "rymdhiss"] in found["unused"]
    assert (found["headwords"], found["calls"], found["contradictions"]) == (3, 1, [])


def test_a_second_build_replaces_the_first_and_a_term_written_since_wins(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ("lexicon", "build", "--json", "--eurovoc", "eurovoc-skos-ap-act.rdf")
    _, first, _ = run(monkeypatch, capsys, *build)
    written = (config / "lexicon" / "eurovoc.yaml").read_text(encoding="utf-8")
    _, second, _ = run(monkeypatch, capsys, *build)
    assert second == first
    assert (config / "lexicon" / "eurovoc.yaml").read_text(encoding="utf-8") == written
    with (config / "lexicon" / "prov.yaml").open("a", encoding="utf-8") as file:
        file.write("  - {sv: välgång, en: [well-being]}\n")
    assert len(load_configuration(config).lexicon) == 2


def test_without_a_lexicon_of_its_own_a_folder_is_told_how_to_get_one(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(config / "lexicon")
    code, _, err = run(monkeypatch, capsys, "lexicon", "build", "--eurovoc", "eurovoc-skos-ap-act.rdf")
    assert code == 1
    assert "matcher init" in err


def test_without_calls_nothing_is_said_about_use(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, capsys, "migrate")
    code, out, _ = run(monkeypatch, capsys, "lexicon", "check")
    assert code == 0
    assert "No calls are stored" in out
