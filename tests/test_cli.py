"""The command line: what is printed, what is exit 0, 1 and 2."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import app, main
from matcher.cli.options import clock_of
from matcher.demo.configuration import demo_sources, write_config
from matcher.demo.inbox import Inbox
from matcher.demo.server import DemoServer
from matcher.demo.world import DemoWorld
from matcher.domain import STOCKHOLM

NOW = "2027-03-10T09:00"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def matcher(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in this process, in an empty folder with an empty environment of its own."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "DATABASE_URL",
        "SMTP_URL",
        "MAIL_FROM",
        "PUBLIC_URL",
        "MATCHER_CONFIG",
        "MATCHER_REPLAY_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("matcher.jobs.installation.known_sources", demo_sources)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["matcher", *words])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, matcher: Run, tmp_path: Path) -> Iterator[tuple[str, Inbox]]:
    """The demo's publishers, configuration and inbox, for commands to work on."""
    write_config(tmp_path / "config", date(2027, 3, 10))
    with DemoServer(DemoWorld(date(2027, 3, 10))) as server, Inbox(tmp_path / "letters") as inbox:
        monkeypatch.setenv("SMTP_URL", inbox.url)
        monkeypatch.setenv("MAIL_FROM", "eu@kommun.example")
        yield server.url, inbox


def test_a_wrong_argument_is_exit_2_and_a_sentence(matcher):
    for words in (["scrapee"], ["calls", "--format", "xml"], ["calls", "--now", "soon"], ["rank"]):
        code, _, error = matcher(*words)
        assert code == 2
        assert error.strip()


def test_init_writes_a_configuration_that_check_accepts_and_never_overwrites(matcher):
    assert matcher("init")[0] == 0
    code, out, error = matcher("check")
    assert (code, error) == (0, "")
    assert re.search(
        r"config is fine: 1 municipalities, 2 committees, \d+ programmes, \d{4} lexicon entries", out
    )
    code, _, error = matcher("init")
    assert code == 2
    assert "is there already; nothing was written" in error


def test_check_names_every_fault_at_its_line_and_column(matcher):
    matcher("init")
    (Path("config") / "matcher.yaml").write_text('http: {delay_seconds: "slow"}\nsorces: {}\n')
    code, _, error = matcher("check")
    assert code == 2
    assert re.search(r"matcher\.yaml:1:\d+ http\.delay_seconds: ", error)
    assert re.search(r"matcher\.yaml:2:1 .*sources", error)
    report = json.loads(matcher("check", "--json")[1])
    assert (report["ok"], len(report["errors"])) == (False, 2)


def test_the_schema_covers_every_kind_of_file(matcher):
    code, out, _ = matcher("schema")
    assert code == 0
    assert {"municipality", "matcher", "scoring", "programmes", "geography", "lexicon"} <= {
        name.removesuffix(".schema.json") for name in json.loads(out)
    }


def test_the_main_job_from_the_command_line(matcher, world):
    replay, inbox = world
    code, out, error = matcher("run", "--replay", replay, "--now", NOW)
    assert (code, error) == (0, "")
    assert "7 letters sent." in out
    assert len(inbox.messages) == 7

    code, out, _ = matcher("run", "--replay", replay, "--now", NOW)
    assert code == 0
    assert "No letter is due." in out
    assert "Nothing new was sent." in out
    assert len(inbox.messages) == 7

    rows = [json.loads(line) for line in matcher("calls", "--format", "jsonl", "--now", NOW)[1].splitlines()]
    assert {r["status"] for r in rows} == {"open", "forthcoming", "closed"}
    a_row = next(r for r in rows if r["source"] == "se_esf" and r["status"] == "open")
    assert {
        "source",
        "source_id",
        "url",
        "title",
        "status",
        "opens",
        "deadlines",
        "programme",
        "language",
    } <= set(a_row)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d\+0[12]:00)?", a_row["deadlines"][0]["at"])
    assert {
        r["status"] for r in json.loads(matcher("calls", "--json", "--status", "open", "--now", NOW)[1])
    } == {"open"}

    assert [h["outcome"] for h in json.loads(matcher("sources", "--json", "--now", NOW)[1])] == ["ok"] * 4
    listed = json.loads(matcher("matches", "norrbacka-sn", "--json", "--now", NOW)[1])
    assert listed[0]["match"]["reasons"][0]["terms"]
    assert listed[0]["call"]["title"] in matcher("matches", "norrbacka-sn", "--now", NOW)[1]
    best = listed[0]["match"]["source_id"]
    assert "part of the score" in matcher("explain", "norrbacka-sn", best, "--now", NOW)[1]
    state = json.loads(matcher("status", "--json", "--now", NOW)[1])
    assert state["outbox"] == {"sent": 7}
    assert matcher("status", "--alive", "--now", NOW)[0] == 1


def test_a_preview_stores_and_sends_nothing(matcher, world):
    replay, inbox = world
    matcher("scrape", "--replay", replay, "--now", NOW)
    matcher("match", "--now", NOW)
    text = matcher("digest", "preview", "norrbacka-sn", "--now", NOW)[1]
    assert text.startswith("EU-utlysningar för Socialnämnden")
    assert "<h1" in matcher("digest", "preview", "norrbacka-sn", "--format", "html", "--now", NOW)[1]
    planned = json.loads(matcher("send", "--dry-run", "--json", "--now", NOW)[1])
    assert (len(planned["would_plan"]), planned["queued"]) == (7, 0)
    assert inbox.messages == []


def test_one_source_can_be_read_alone_and_a_failure_is_exit_1(matcher, world):
    replay, _ = world
    code, out, _ = matcher("scrape", "interreg_eu", "--replay", replay, "--now", NOW, "--json")
    assert (code, [r["outcome"] for r in json.loads(out)]) == (0, ["ok"])
    code, out, _ = matcher("scrape", "interreg_eu", "--replay", "http://127.0.0.1:1", "--now", NOW)
    assert code == 1
    assert "failed" in out
    code, _, error = matcher("scrape", "interreg", "--replay", replay)
    assert code == 2
    assert "interreg_eu" in error


def test_a_list_is_accepted_only_by_the_name_of_its_source(matcher, world):
    replay, _ = world
    code, _, error = matcher("scrape", "--accept", "--replay", replay, "--now", NOW)
    assert (code, "name the sources" in error) == (2, True)
    code, out, _ = matcher("scrape", "interreg_eu", "--accept", "--replay", replay, "--now", NOW, "--json")
    assert (code, [r["outcome"] for r in json.loads(out)]) == (0, ["ok"])


def test_a_refusing_mail_server_is_exit_1_and_the_letters_wait(matcher, world, monkeypatch):
    replay, _ = world
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    code, out, _ = matcher("run", "--replay", replay, "--now", NOW)
    assert code == 1
    assert "127.0.0.1:1" in out
    assert json.loads(matcher("status", "--json", "--now", NOW)[1])["outbox"] == {"queued": 7}


def test_ranking_a_file_and_measuring_it_needs_no_database(matcher, tmp_path):
    calls = tmp_path / "calls.jsonl"
    texts = {
        "A": "Public libraries and reading",
        "B": "Urban wastewater and sewage treatment",
        "C": "Äldreomsorg och hemtjänst",
    }
    calls.write_text("".join(json.dumps({"id": k, "title": v, "text": v}) + "\n" for k, v in texts.items()))
    queries = tmp_path / "queries.tsv"
    queries.write_text("q1\tsv\tbibliotek\nq2\tsv\tavlopp\n")
    code, out, error = matcher(
        "rank", "--calls", str(calls), "--queries", str(queries), "--run", str(tmp_path / "a.run")
    )
    assert (code, error) == (0, "")
    (tmp_path / "qrels").write_text("q1 0 A 1\nq2 0 B 1\n")
    code, out, _ = matcher(
        "evaluate", "--qrels", str(tmp_path / "qrels"), "--run", str(tmp_path / "a.run"), "--json"
    )
    assert code == 0
    (measured,) = json.loads(out)["runs"].values()
    assert measured["nDCG@10"]["mean"] == 1.0


def test_a_folder_of_sets_is_measured_and_compared_with_the_runs_before(matcher, tmp_path):
    for folder in ("docs", "sets/own"):
        (tmp_path / folder).mkdir(parents=True)
    with gzip.open(tmp_path / "docs" / "calls.jsonl.gz", "wt", encoding="utf-8") as calls:
        for name, title in (("A", "Public libraries and reading"), ("B", "Urban wastewater treatment")):
            calls.write(json.dumps({"id": name, "title": title, "language": "en"}) + "\n")
    (tmp_path / "sets" / "own" / "queries.tsv").write_text("q1\tsv\tbibliotek\nq2\tsv\tavlopp\n")
    (tmp_path / "sets" / "own" / "qrels.txt").write_text("q1 0 A 1\nq2 0 B 1\n")
    (tmp_path / "sets.tsv").write_text("set\tdocs\nown\tcalls\n")
    plain, ours = str(tmp_path / "plain"), str(tmp_path / "ours")
    code, out, _ = matcher("evaluate", "--sets", str(tmp_path), "--method", "tfidf", "--runs", plain)
    assert code == 0
    assert "0.000" in out
    code, out, _ = matcher(
        "evaluate", "--sets", str(tmp_path), "--baseline", plain, "--runs", ours, "--feedback", "1", "--json"
    )
    assert code == 0
    (found,) = json.loads(out).values()
    assert found["nDCG@10"]["mean"] == 1.0
    assert found["difference"]["mean"] == 1.0
    assert found["feedback"] is None  # each query has one document
    code, _, error = matcher("evaluate", "--sets", str(tmp_path), "--only", "theirs")
    assert code != 0
    assert "no set 'theirs'; there are own" in error
    assert matcher("evaluate", "--sets", str(tmp_path), "--run", "x")[0] != 0
    assert matcher("evaluate")[0] != 0


def test_every_command_has_help(matcher):
    def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for command in group.registered_commands:
            yield (*path, command.name or command.callback.__name__)
        for below in group.registered_groups:
            yield from commands(below.typer_instance, (*path, below.name))

    found = list(commands(app))
    assert len(found) >= 17
    for words in found:
        code, out, _ = matcher(*words, "--help")
        assert code == 0
        assert len(out.splitlines()) > 3


def test_a_day_without_a_time_is_noon_in_sweden():
    assert clock_of("2026-08-10")() == datetime(2026, 8, 10, 12, tzinfo=STOCKHOLM)
    assert clock_of("2026-08-10T08:00")() == datetime(2026, 8, 10, 8, tzinfo=STOCKHOLM)
    assert clock_of("2026-08-10T08:00Z")() == datetime(2026, 8, 10, 10, tzinfo=STOCKHOLM)


def test_an_answer_is_taken_down_listed_and_refused_when_it_makes_no_sense(matcher, world):
    assert matcher("scrape", "--now", NOW, "--replay", world[0])[0] == 0
    chosen = json.loads(matcher("calls", "--json", "--status", "open", "--now", NOW)[1])[0]
    key = (chosen["source"], chosen["source_id"])
    code, out, _ = matcher(
        "answer", "norrbacka-sn", *key, "not_for_us", "--reason", "staff", "--by", "kansliet"
    )
    assert (code, "is answered: not_for_us" in out) == (0, True)
    (listed,) = json.loads(matcher("answers", "norrbacka-sn", "--json")[1])
    assert (listed["kind"], listed["reason"], listed["who"]) == ("not_for_us", "staff", "kansliet")
    assert chosen["title"] in matcher("answers")[1]
    code, _, err = matcher("answer", "norrbacka-sn", *key, "interested", "--reason", "staff")
    assert (code, "a reason goes with not_for_us alone" in err) == (1, True)
    code, _, err = matcher("answer", "norrbacka-sn", "eu_portal", "NO-SUCH", "interested")
    assert (code, "There is no call eu_portal/NO-SUCH" in err) == (1, True)
    assert matcher("answer", "nobody", *key, "interested")[0] == 2
    code, out, _ = matcher("digest", "overview", "norrbacka", "--now", NOW)
    assert (code, "Norrbacka kommun: översikt" in out) == (0, True)
