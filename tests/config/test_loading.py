"""A directory becomes one configuration, or the list of everything that is wrong with it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from matcher.config.loading import (
    defaults_directory,
    load_configuration,
    load_municipalities,
    warnings_of,
)
from matcher.config.models import Committee, Meeting
from matcher.errors import ConfigError

from .test_reading import VALID

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A small configuration of its own; the rest comes from the packaged defaults."""
    for name in ("geography.yaml", "programmes.yaml"):
        shutil.copy(defaults_directory() / name, tmp_path)
    (tmp_path / "scoring.yaml").write_text("{}\n")
    (tmp_path / "matcher.yaml").write_text("sources: {eu_portal: false}\n")
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "skola.yaml").write_text("field: skola\nterms:\n  - {sv: skola, en: [school]}\n")
    (tmp_path / "municipalities").mkdir()
    (tmp_path / "municipalities" / "aby.yaml").write_text(VALID, "utf-8")
    return tmp_path


def problems(directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_configuration(directory, known_sources={"eu_portal", "se_esf"})
    return caught.value.problems


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_size_of_a_programmes_grants_is_in_units_that_need_no_leading_zero(directory: Path) -> None:
    programmes = load_configuration(directory).programmes.values()
    sizes = [text for p in programmes if p.grant for text in (p.grant.sv, p.grant.en)]
    assert len(sizes) > 40
    # "0,07–6 miljoner euro" is 70 000 euro to a reader
    assert [s for s in sizes if re.search(r"\b0[.,]\d", s)] == []


def test_a_directory_becomes_a_configuration(directory: Path) -> None:
    configuration = load_configuration(directory, known_sources={"eu_portal"})
    assert [c.id for _, c in configuration.committees()] == ["aby-ks"]
    assert configuration.settings.sources == {"eu_portal": False}
    assert configuration.programmes["eui"].population == 50_000
    assert [f.field for f in configuration.lexicon] == ["skola"]


def test_the_repositorys_own_configuration_is_valid() -> None:
    configuration = load_configuration(ROOT / "config")
    assert {m.id for m in configuration.municipalities} == {"eskilstuna", "varberg"}
    assert warnings_of(configuration, date(2026, 11, 22)) == []
    for municipality, committee in configuration.committees():
        assert committee.meetings
        assert all(r.endswith("@example.org") for r in committee.recipients + municipality.coordinator)


def test_all_files_faults_are_reported_at_once(directory: Path) -> None:
    edit(directory / "municipalities" / "aby.yaml", "population: 12000", "population: många")
    edit(directory / "matcher.yaml", "sources:", "surces:")
    edit(directory / "lexicon" / "skola.yaml", "sv: skola", "se: skola")
    edit(directory / "programmes.yaml", "family: sector", "family: sektor")
    found = problems(directory)
    assert [p.split(" ")[0].split(":")[0] for p in found] == [
        "matcher.yaml",
        "programmes.yaml",
        "lexicon/skola.yaml",
        "lexicon/skola.yaml",
        "municipalities/aby.yaml",
    ]


def test_a_directory_without_municipalities_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no folder "municipalities" there; `matcher init`'):
        load_configuration(tmp_path / "absent")


def test_a_directory_without_any_municipality_is_refused(directory: Path) -> None:
    (directory / "municipalities" / "aby.yaml").unlink()
    assert problems(directory) == ["municipalities: no .yaml file there; one for each municipality is needed"]


def test_a_file_with_a_misspelt_name_is_not_ignored(directory: Path) -> None:
    (directory / "programs.yaml").write_text("{}")
    (directory / "municipalities" / "bey.yml").write_text(VALID)
    assert problems(directory) == [
        "programs.yaml: a file that nothing reads; did you mean programmes.yaml?",
        "municipalities/bey.yml: rename it to bey.yaml; only .yaml files are read",
    ]


def test_an_unreadable_file_is_named(directory: Path) -> None:
    (directory / "municipalities" / "dir.yaml").mkdir()
    assert problems(directory) == ["municipalities/dir.yaml: cannot be read (Is a directory)"]


# File; text in it; what stands there instead; the problem, with * for lines of files that grow.
CROSS = [
    json.loads(line)
    for line in Path(__file__).with_name("cross_faults.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize(("name", "old", "new", "expected"), CROSS, ids=range(len(CROSS)))
def test_what_no_single_file_shows_is_found(
    directory: Path, name: str, old: str, new: str, expected: str
) -> None:
    edit(directory / name, old, new)
    (found,) = problems(directory)
    assert re.fullmatch(re.escape(expected).replace(r"\*", r"\d+"), found), found


def test_a_committee_in_two_files_is_refused(directory: Path) -> None:
    (directory / "municipalities" / "bey.yaml").write_text(VALID.replace("id: aby\n", "id: bey\n"), "utf-8")
    assert problems(directory) == [
        'municipalities/bey.yaml:20:9 committees[0].id: the committee "aby-ks" stands twice '
        "(first at municipalities/aby.yaml:20)"
    ]


def test_the_version_changes_with_any_file_and_with_nothing_else(directory: Path) -> None:
    first = load_configuration(directory).version
    assert load_configuration(directory).version == first
    assert len(first) == 64
    for name in ("matcher.yaml", "lexicon/skola.yaml", "municipalities/aby.yaml", "programmes.yaml"):
        with (directory / name).open("a", encoding="utf-8") as file:
            file.write("# en kommentar\n")
        second = load_configuration(directory).version
        assert second != first
        first = second


def test_municipalities_can_be_loaded_alone(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_file():
            path.unlink()
    assert [m.id for m in load_municipalities(directory)] == ["aby"]
    edit(directory / "municipalities" / "aby.yaml", "weight: 1.5", "weight: hög")
    with pytest.raises(ConfigError, match=r'^municipalities/aby\.yaml:43:17 .*: "hög" is not a number$'):
        load_municipalities(directory)


@pytest.mark.skipif(not SHARED.exists(), reason="the evaluation sets are not beside the repository")
def test_the_evaluation_committees_load() -> None:
    assert sum(len(m.committees) for m in load_municipalities(SHARED / "eval" / "committees")) == 7


def test_an_expired_priority_warns_and_does_not_fail(directory: Path) -> None:
    configuration = load_configuration(directory)
    assert warnings_of(configuration, date(2027, 1, 1)) == []
    assert warnings_of(configuration, date(2028, 1, 1)) == [
        "aby-ks: priority jobb expired on 2027-12-31 and no longer counts",
        "aby-ks: no priority is in force, so no call can match one",
        "aby-ks: the last meeting, 2027-01-26, has passed",
    ]


def test_a_permission_for_a_source_that_does_not_exist_is_a_fault(directory: Path) -> None:
    (directory / "matcher.yaml").write_text("permissions: {se_kulturrodet: by e-mail}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"se_kulturrodet.*no such source.*did you mean se_kulturradet"):
        load_configuration(directory, known_sources=["se_esf", "se_kulturradet"])


# --- meetings --------------------------------------------------------------------------------

COMMITTEE = Committee.model_validate(
    {
        "id": "n",
        "name": "N",
        "responsibility": "r",
        "priorities": [{"id": "p", "text": "t"}],
        "meetings": [date(2027, 3, 17), date(2027, 1, 20), date(2027, 2, 17)],
        "paper_days": 14,
    }
)


@pytest.mark.parametrize(
    ("deadline", "today", "day", "papers"),
    [
        (date(2027, 3, 1), date(2027, 1, 1), date(2027, 2, 17), date(2027, 2, 3)),
        (date(2027, 3, 1), date(2027, 2, 3), date(2027, 2, 17), date(2027, 2, 3)),
        (date(2027, 2, 18), date(2027, 1, 1), date(2027, 2, 17), date(2027, 2, 3)),
        (date(2027, 2, 17), date(2027, 1, 1), date(2027, 1, 20), date(2027, 1, 6)),
    ],
    ids=["the last one", "papers due today", "the day after the meeting", "the day of the meeting"],
)
def test_the_last_meeting_whose_papers_can_still_be_handed_in_is_found(
    deadline: date, today: date, day: date, papers: date
) -> None:
    assert COMMITTEE.meeting_before(deadline, today) == Meeting(day=day, papers_due=papers)


def test_no_meeting_is_found_when_the_papers_are_late_or_none_comes_before() -> None:
    assert COMMITTEE.meeting_before(date(2027, 3, 1), date(2027, 2, 4)) is None
    assert COMMITTEE.meeting_before(date(2027, 1, 20), date(2026, 12, 1)) is None
    assert COMMITTEE.calendar_reaches(date(2027, 3, 17))
    assert not COMMITTEE.calendar_reaches(date(2027, 3, 18))
