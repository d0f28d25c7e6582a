"""Every fault is refused at its line and column, in a sentence, and nothing hangs or explodes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.config.models import Municipality, Settings
from matcher.config.reading import MAX_BYTES, read, validate
from matcher.errors import ConfigError

# One node to a line, so that a mutation has one line. Quotes and umlauts on purpose.
VALID = """\
municipality: Åby kommun
id: aby
code: "0999"
county: Hallands län
population: 12000
networks:
  - Småorter i samverkan
coordinator:
  - eu@example.org
partners:
  - name: Modellstadt
    country: DE
council_priorities:
  - id: klimat
    text: En klimatneutral kommun
    valid_until: 2030-12-31
emphasis:
  - barn och unga
committees:
  - id: aby-ks
    name: Kommunstyrelsen
    responsibility: Leder och samordnar
    language: sv
    recipients:
      - ks@example.org
    digest:
      weekday: monday
      time: "07:00"
      every: week
      max_calls: 8
      when_empty: send
      paused: false
    meetings:
      - 2027-01-26
    paper_days: 14
    priorities:
      - id: jobb
        text: Fler i jobb
        keywords:
          - arbetslöshet
        exclude:
          - doktorand
        weight: 1.5
        valid_until: 2027-12-31
"""

# Text in VALID; what stands there instead, with « before the spot to be named; path; what is wrong.
FAULTS = [
    *(json.loads(line) for line in Path(__file__).with_name("faults.jsonl").read_text("utf-8").splitlines()),
    ["id: aby\n", f"id: «{'a' * 61}\n", "id", "its length is 61, which must be at most 60"],
    ["population: 12000", f"population: «{'9' * 299}", "population", f"{'9' * 59}… is not less than 3000000"],
    ["population: 12000", f"population: «{'9' * 301}", "", "a number of more than 300 digits"],
    [
        "        text: Fler i jobb",
        f"        text: «{'ord ' * 600}slut",
        "committees[0].priorities[0].text",
        "its length is 2404, which must be at most 2000",
    ],
]


def problems(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ConfigError) as caught:
        validate(read(content, "x.yaml"), Municipality)
    return caught.value.problems


def marked(text: str) -> tuple[str, str]:
    """The text without its mark, and ``line:column`` of the mark."""
    before = text[: text.index("«")].split("\n")
    return text.replace("«", ""), f"{len(before)}:{len(before[-1]) + 1}"


def test_the_valid_file_is_valid() -> None:
    municipality = validate(read(VALID.encode(), "x.yaml"), Municipality)
    assert municipality.committees[0].priorities[0].weight == 1.5
    assert municipality.committees[0].digest.time.hour == 7


def test_there_are_enough_wrong_files() -> None:
    assert len(FAULTS) >= 60


@pytest.mark.parametrize(("old", "new", "path", "what"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_named_at_its_line_and_column(old: str, new: str, path: str, what: str) -> None:
    assert VALID.count(old) == 1
    text, at = marked(VALID.replace(old, new))
    expected = f"x.yaml:{at} {path}{': ' if path else ''}{what}"
    assert expected in problems(text)


def test_a_marked_position_counts_characters_after_a_byte_order_mark_and_windows_line_ends() -> None:
    text, at = marked(VALID.replace("population: 12000", "population: «många"))
    content = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert problems(content) == [f'x.yaml:{at} population: "många" is not a whole number']


def test_all_faults_of_a_file_are_reported_at_once_in_the_order_of_its_lines() -> None:
    text = VALID.replace("12000", "många").replace("country: DE", "country: Tyskland").replace("1.5", "hög")
    assert [line.split(" ")[1] for line in problems(text)] == [
        "population:",
        "partners[0].country:",
        "committees[0].priorities[0].weight:",
    ]


def test_a_list_of_wrong_entries_is_not_also_called_too_short() -> None:
    assert problems(VALID.replace("    name: Kommunstyrelsen\n", "")) == [
        "x.yaml:20:5 committees[0].name: is missing"
    ]


def test_no_more_than_eighty_characters_of_the_file_come_back() -> None:
    secret = "hemlighet" * 1000
    for new in (
        f"population: {secret}",
        f"{secret}: 1",
        f"population: &{secret} 1",
        f"population: '{secret}",
    ):
        for line in problems(VALID.replace("population: 12000", new)):
            assert "hemlighet" * 9 not in line
            assert len(line) < 400


def test_a_byte_that_is_not_utf8_is_placed() -> None:
    content = VALID.encode().replace("Åby kommun".encode(), "Åby kömmun".encode("latin-1"), 1)
    assert problems(content) == ["x.yaml:1:15 a byte that is not UTF-8; save the file as UTF-8"]


def test_an_unclosed_quote_is_placed_where_it_was_opened() -> None:
    text, at = marked(VALID.replace("county: Hallands län", "county: «'Hallands län"))
    assert problems(text) == [f"x.yaml:{at} a quote is opened and never closed"]


@pytest.mark.parametrize(
    ("text", "what"), [("", "the file is empty"), ("# bara en kommentar\n", "the file is empty")]
)
def test_an_empty_file_is_refused(text: str, what: str) -> None:
    assert problems(text) == [f"x.yaml:1:1 {what}"]


def test_yaml_is_read_as_version_1_2() -> None:
    data = read(
        b'a: NO\nb: 12:30\nc: on\nd: 0o17\ne: 1.10\nf: ~\ng: 2027-01-01\nh: "true"\ni: .5\n', "x.yaml"
    ).data
    assert data == {
        "a": "NO",
        "b": "12:30",
        "c": "on",
        "d": "0o17",
        "e": 1.1,
        "f": None,
        "g": "2027-01-01",
        "h": "true",
        "i": 0.5,
    }


def test_an_unknown_key_of_a_mapping_of_free_keys_is_left_to_the_cross_checks() -> None:
    document = read(b"sources:\n  eu_portal: ja\n", "matcher.yaml")
    with pytest.raises(ConfigError) as caught:
        validate(document, Settings)
    assert caught.value.problems == ['matcher.yaml:2:14 sources.eu_portal: "ja" is not true or false']


# --- bombs -----------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: " + b"x" * MAX_BYTES, "1:1 the file is larger than 1 MiB"),
        (b"[" * 5000, "1:21 more than 20 levels inside each other"),
        (b"{a: " * 5000, "1:81 more than 20 levels inside each other"),
        (b"- " * 5000, "1:41 more than 20 levels inside each other"),
        (LAUGHS.encode(), "1:5 anchors (&) and aliases (*) are not allowed; write the value out"),
    ],
    ids=["large", "lists", "mappings", "dashes", "laughs"],
)  # fmt: skip
def test_a_bomb_is_refused_quickly(content: bytes, what: str) -> None:
    started = time.perf_counter()
    found = problems(content)
    assert found[0] == f"x.yaml:{what}"
    assert time.perf_counter() - started < 10
    assert sum(map(len, found)) < 20_000


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_whatever_the_bytes_only_a_config_error_comes_out(content: bytes) -> None:
    try:
        found = [f"x.yaml:1:1 {read(content, 'x.yaml').data!r}"]
    except ConfigError as error:
        found = error.problems
    assert all(re.match(r"x\.yaml:\d+:\d+ \S", p) for p in found)


# --- mutations -------------------------------------------------------------------------------

LINES = VALID.splitlines()
KEYED = [i for i, line in enumerate(LINES) if re.match(r"[ -]*[a-z_]+:", line)]
REQUIRED = [
    i for i, line in enumerate(LINES)
    if re.match(r"[ -]*(municipality|id|code|county|population|name|country|text|responsibility):", line)
]  # fmt: skip


def mutated(index: int, line: str) -> list[str]:
    return problems("\n".join([*LINES[:index], line, *LINES[index + 1 :]]) + "\n")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KEYED), st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12))
def test_a_renamed_key_is_refused_at_its_line(index: int, suffix: str) -> None:
    key = re.search(r"[a-z_]+", LINES[index])
    assert key
    renamed = f"{LINES[index][: key.start()]}zz{suffix}{LINES[index][key.end() :]}"
    at = f"x.yaml:{index + 1}:{key.start() + 1} "
    assert any(p.startswith(at) and "unknown key" in p for p in mutated(index, renamed))


@given(st.sampled_from([i for i, line in enumerate(LINES) if not line.endswith(":")]))
def test_a_value_of_the_wrong_kind_is_refused_at_its_line(index: int) -> None:
    start = re.match(r"[ -]*(?:[a-z_]+: )?", LINES[index])
    assert start
    found = mutated(index, f"{start[0]}[[]]")
    assert any(p.startswith(f"x.yaml:{index + 1}:{start.end() + 1} ") for p in found)


@given(st.sampled_from(REQUIRED))
def test_a_deleted_required_key_is_missing_at_its_mapping(index: int) -> None:
    key = re.search(r"[a-z_]+", LINES[index])
    assert key
    indent = key.start()
    lines = list(LINES)
    if "-" in LINES[index][:indent]:  # the dash that begins an entry stays, before the next key
        lines[index : index + 2] = [LINES[index][:indent] + LINES[index + 1].strip()]
        first = index
    else:
        del lines[index]
        entry = [i for i in range(index) if re.match(rf" {{{indent - 2}}}- ", LINES[i])] if indent else [0]
        first = entry[-1]
    found = problems("\n".join(lines) + "\n")
    assert any(
        p.startswith(f"x.yaml:{first + 1}:{indent + 1} ") and f"{key[0]}: is missing" in p for p in found
    )
