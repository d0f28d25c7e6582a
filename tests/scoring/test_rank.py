"""From committees to lists."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from ruamel.yaml import YAML

from matcher.config.models import Bands, Committee, Geography, Municipality, Programme, Scoring
from matcher.domain import Band, Call, Deadline, Eligibility, Family, Verdict
from matcher.errors import MatcherError
from matcher.scoring.evaluate import evaluate, read_qrels, read_run
from matcher.scoring.files import rank_file, read_documents, read_queries
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Document
from matcher.scoring.rank import (
    Ranked,
    Ranker,
    band_of,
    documents_of,
    match_committee,
)  # fmt: skip

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).parent / "sample"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def ranked(ranker: Ranker, municipality: Municipality, **changes: Any) -> list[Ranked]:
    committee = municipality.committees[0].model_copy(update=changes)
    return ranker.rank(municipality, committee, now=NOW)


def test_the_committees_own_subject_comes_first(ranker: Ranker, municipality: Municipality) -> None:
    found = ranked(ranker, municipality)
    assert {r.id for r in found[:3]} == {"c01", "c02", "c18"}
    assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)


def test_a_priority_past_its_last_day_does_not_count(ranker: Ranker, municipality: Municipality) -> None:
    committee = municipality.committees[0]
    place = {
        now: [r.id for r in ranker.rank(municipality, committee, now=now)].index("c13")
        for now in (NOW, datetime(2026, 6, 30, 21, tzinfo=UTC), datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    }
    late, last_evening, next_day = place.values()
    assert last_evening < late
    assert next_day == late  # 22:30 UTC is 1 July in Sweden


def test_when_all_priorities_have_expired_the_responsibility_carries_the_list(
    ranker: Ranker, municipality: Municipality
) -> None:
    old = tuple(
        p.model_copy(update={"valid_until": date(2020, 1, 1)}) for p in municipality.committees[0].priorities
    )
    found = ranked(ranker, municipality, priorities=old)
    assert found[0].reasons[0].priority_id == "responsibility"
    assert {"c01", "c18"} <= {r.id for r in found[:3]}


def test_a_priority_that_says_nothing_is_not_named_as_the_reason(
    ranker: Ranker, municipality: Municipality
) -> None:
    priorities = municipality.committees[0].priorities
    vague = priorities[0].model_copy(update={"id": "vag", "text": "Projekt", "keywords": ()})
    found = ranked(ranker, municipality, priorities=(vague, priorities[0]))
    named = {reason.priority_id for entry in found for reason in entry.reasons}
    assert "vag" not in named
    assert {"responsibility", "trygg"} <= named


def test_words_nobody_knows_give_no_list_instead_of_a_random_one(
    ranker: Ranker, municipality: Municipality
) -> None:
    priority = municipality.committees[0].priorities[0].model_copy(update={"text": "Qwzx", "keywords": ()})
    assert ranked(ranker, municipality, priorities=(priority,), responsibility="Xqwz") == []


def test_excluded_words_push_a_call_down(ranker: Ranker, municipality: Municipality) -> None:
    priority = municipality.committees[0].priorities[0]
    plain = {r.id: r.score for r in ranked(ranker, municipality, priorities=(priority,))}
    without = {
        r.id: r.score
        for r in ranked(
            ranker, municipality, priorities=(priority.model_copy(update={"exclude": ("välfärdsteknik",)}),)
        )
    }
    assert without["c18"] < plain["c18"]
    assert without["c02"] == pytest.approx(plain["c02"], abs=0.05)


def test_an_excluded_word_that_stands_only_in_the_text_counts_although_the_title_matches(
    lexicon: Lexicon, documents: list[Document], municipality: Municipality
) -> None:
    prose = "Projekten prövar {} och hur anhöriga får stöd. Ansökan beskriver mål, målgrupp och personal."
    twins = [
        Document(id=name, title="Stöd till äldreomsorg i hemmet", text=prose.format(what), language="sv")
        for name, what in (("unwanted", "kvantsensorer"), ("wanted", "måltider"))
    ]
    ranker = Ranker(Scoring(), lexicon).fit([*documents, *twins])
    (priority, *_) = municipality.committees[0].priorities
    care = priority.model_copy(update={"text": "Äldreomsorg", "keywords": ()})
    plain, without = (
        {
            r.id: r
            for r in ranked(ranker, municipality, priorities=(care.model_copy(update={"exclude": words}),))
        }
        for words in ((), ("kvantsensorer",))
    )
    assert plain["unwanted"].score == pytest.approx(plain["wanted"].score, abs=0.05)
    assert without["unwanted"].score < 0.8 * plain["unwanted"].score
    assert without["wanted"].score == pytest.approx(plain["wanted"].score, abs=0.05)


def test_only_candidates_are_listed(ranker: Ranker, municipality: Municipality) -> None:
    found = ranker.rank(municipality, municipality.committees[0], now=NOW, candidates={"c02", "c09"})
    assert {r.id for r in found} == {"c02", "c09"}


def test_the_score_is_the_sum_of_its_parts(ranker: Ranker, municipality: Municipality) -> None:
    for entry in ranked(ranker, municipality):
        assert sum(entry.parts.values()) == pytest.approx(entry.score, abs=1e-5)
    assert set(ranked(ranker, municipality)[0].parts) == {
        "priority",
        "breadth",
        "council",
        "emphasis",
        "audience",
    }


def test_reasons_name_the_priority_and_the_words(ranker: Ranker, municipality: Municipality) -> None:
    best = ranked(ranker, municipality)[0]
    (reason,) = (r for r in best.reasons if r.priority == "Trygg ålderdom")
    assert reason.terms[0].weight == max(term.weight for term in reason.terms)
    assert sum(term.weight for term in reason.terms) <= reason.score + 1e-6
    scores = [r.score for r in best.reasons]
    assert scores == sorted(scores, reverse=True)


def test_the_words_of_a_reason_stand_in_that_call_and_differ_from_call_to_call(
    ranker: Ranker, municipality: Municipality, documents: list[Document]
) -> None:
    texts = {d.id: f"{d.title} {d.text}".lower().replace("-", " ") for d in documents}
    best = ranked(ranker, municipality)[:5]
    for entry in best:
        words = [term.document.lower() for reason in entry.reasons for term in reason.terms]
        assert words
        assert [word for word in words if word not in texts[entry.id]] == []
    assert len({str(entry.reasons) for entry in best}) == len(best)


def test_an_english_priority_works_too(ranker: Ranker, municipality: Municipality) -> None:
    priority = (
        municipality.committees[0]
        .priorities[0]
        .model_copy(update={"text": "Domestic violence", "keywords": ()})
    )
    found = ranked(ranker, municipality, priorities=(priority,), responsibility="Child protection")
    assert {r.id for r in found[:5]} >= {"c03", "c04", "c25"}
    assert ranker.language("Domestic violence") == "en"
    assert ranker.language("Bibliotek") == "sv"


def test_the_same_input_gives_the_same_list(
    lexicon: Lexicon, documents: list[Document], municipality: Municipality, ranker: Ranker
) -> None:
    again = Ranker(Scoring(), lexicon).fit(documents)
    assert ranked(again, municipality) == ranked(ranker, municipality)


def test_the_order_of_the_documents_does_not_matter(
    lexicon: Lexicon, documents: list[Document], municipality: Municipality, ranker: Ranker
) -> None:
    again = Ranker(Scoring(), lexicon).fit(list(reversed(documents)))
    assert [r.id for r in ranked(again, municipality)] == [r.id for r in ranked(ranker, municipality)]


@pytest.mark.parametrize(
    ("score", "band"), [(0.8, Band.STRONG), (0.79, Band.POSSIBLE), (0.5, Band.POSSIBLE), (0.1, Band.WEAK)]
)
def test_bands_begin_at_their_cut(score: float, band: Band) -> None:
    assert band_of(score, Bands(strong=0.8, possible=0.5)) is band


def plain(found: list[Ranked]) -> list[Any]:
    """A list with its reasons and their terms, weights to six digits."""
    return [
        [e.id, e.score, e.band, {name: round(part, 6) for name, part in e.parts.items()}]
        + [[r.priority_id, r.priority, round(r.score, 5)] for r in e.reasons]
        + [[t.query, t.document, t.route, round(t.weight, 6)] for r in e.reasons for t in r.terms]
        for e in found
    ]


def test_many_committees_at_once_get_the_lists_each_gets_alone(
    ranker: Ranker, municipality: Municipality
) -> None:
    committee = municipality.committees[0]
    nothing = committee.model_copy(
        update={
            "id": "inget",
            "responsibility": "Xqwz",
            "priorities": (committee.priorities[0].model_copy(update={"text": "Qwzx", "keywords": ()}),),
        }
    )
    without = committee.model_copy(
        update={
            "id": "utan",
            "priorities": (committee.priorities[0].model_copy(update={"exclude": ("välfärdsteknik",)}),),
        }
    )
    pairs = [(municipality, one) for one in (committee, nothing, without, committee)]
    together = list(ranker.rank_many(pairs, now=NOW, depth=5))
    alone = [ranker.rank(*pair, now=NOW, depth=5) for pair in pairs]
    assert [plain(found) for found in together] == [plain(found) for found in alone]
    assert together[1] == []
    assert all(entry.reasons[0].terms for entry in together[0])


def test_two_processes_give_the_same_list_to_the_last_digit(tmp_path: Path) -> None:
    runs = [tmp_path / "1.run", tmp_path / "2.run"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "matcher", "rank", "--calls", SAMPLE / "calls.jsonl",
             "--queries", SAMPLE / "queries.tsv", "--run", run],
            env={**os.environ, "PYTHONHASHSEED": run.stem}, stdout=subprocess.DEVNULL,
        )
        for run in runs
    ]  # fmt: skip
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    found = [run.read_bytes() for run in runs]
    assert found[0] == found[1]
    assert found[0]


def test_an_empty_index_gives_empty_lists(lexicon: Lexicon, municipality: Municipality) -> None:
    empty = Ranker(Scoring(), lexicon).fit([])
    assert ranked(empty, municipality) == []
    assert empty.rank_queries([("skola", "sv")]) == [[]]


def test_uncovered_words_are_named(ranker: Ranker) -> None:
    assert ranker.uncovered("Välgång för äldreomsorgen") == ["välgång"]


def call(name: str, **changes: Any) -> Call:
    base = Call(
        source="prov",
        source_id=name,
        url="https://example.org/",
        title=f"Äldreomsorg {name}",
        language="sv",
        family=Family.STRUCTURAL,
        text="Stöd till äldreomsorg i hemmet",
        conditions="Endast kvantsensorer",
        deadlines=(Deadline(at=NOW + timedelta(days=30)),),
    )
    return replace(base, **changes)


def judge(
    call: Call,
    municipality: Municipality,
    committee: Committee,
    programmes: Mapping[str, Programme],
    geography: Geography,
    now: datetime,
) -> Eligibility:
    return Eligibility(verdict=Verdict.EXCLUDED if call.source_id == "b" else Verdict.ELIGIBLE)


def test_closed_calls_are_dropped_and_excluded_ones_kept(
    lexicon: Lexicon, municipality: Municipality
) -> None:
    calls = [call("a"), call("b"), call("c", deadlines=(Deadline(at=NOW - timedelta(days=1)),))]
    ranker = Ranker(Scoring(), lexicon).fit(documents_of(calls))
    committee = municipality.committees[0]
    geography = cast(Geography, None)  # the rule above does not look at it
    matches = match_committee(ranker, calls, municipality, committee, {}, geography, NOW, judge)
    assert {m.key: m.eligibility.verdict for m in matches} == {
        ("prov", "a"): Verdict.ELIGIBLE,
        ("prov", "b"): Verdict.EXCLUDED,
    }
    assert all(m.committee == committee.id and m.reasons for m in matches)


def test_conditions_are_shown_but_not_matched() -> None:
    (document,) = documents_of([call("a", keywords=("hemtjänst",), programme_name="ESF+", call_title="Vård")])
    assert "kvant" not in f"{document.title} {document.text}"
    assert "hemtjänst" in document.text
    assert document.context == ("ESF+", "Vård")


def test_a_file_is_ranked_for_committees_and_queries(
    tmp_path: Path, lexicon: Lexicon, municipality: Municipality
) -> None:
    packed = tmp_path / "calls.jsonl.gz"
    packed.write_bytes(gzip.compress((SAMPLE / "calls.jsonl").read_bytes()))
    found = rank_file(
        packed,
        tmp_path / "a.run",
        ranker=Ranker(Scoring(), lexicon),
        now=NOW,
        municipalities=[municipality],
        depth=5,
    )
    assert list(found) == ["omsorg"]
    assert len(found["omsorg"]) == 5
    assert read_run(tmp_path / "a.run") == found
    queries = SAMPLE / "queries.tsv"
    found = rank_file(packed, tmp_path / "b.run", ranker=Ranker(Scoring(), lexicon), now=NOW, queries=queries)
    assert list(found) == [f"q{n}" for n in range(1, 15)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", r"c\.jsonl:2: not JSON"),
        ("[]", r"c\.jsonl:2: an object with an id"),
        ('{"title": "x"}', r"c\.jsonl:2: an object with an id"),
        ('{"id": "a b"}', r"c\.jsonl:2: an object with an id without blanks"),
        ('{"id": "a"}', r"c\.jsonl:2: id 'a' comes twice"),
    ],
)
def test_a_bad_line_of_documents_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text(json.dumps({"id": "a", "title": None}) + "\n" + line + "\n", "utf-8")
    with pytest.raises(MatcherError, match=message):
        read_documents(file)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(MatcherError, match="cannot be read"):
        read_documents(tmp_path / "c.jsonl.gz")
    (tmp_path / "q.tsv").write_text("a\tsv\ttext\nb text\n", "utf-8")
    with pytest.raises(MatcherError, match=r"q\.tsv:2: id, language and text"):
        read_queries(tmp_path / "q.tsv")


def test_the_shipped_lexicon_ranks_the_judged_sample_as_well_as_when_last_measured(
    shipped_lexicon: Lexicon, tmp_path: Path
) -> None:
    run = tmp_path / "sample.run"
    found = rank_file(
        SAMPLE / "calls.jsonl",
        run,
        ranker=Ranker(Scoring(), shipped_lexicon),
        now=NOW,
        queries=SAMPLE / "queries.tsv",
    )
    result = evaluate(read_qrels(SAMPLE / "qrels.txt"), found)
    assert result.mean("nDCG@10") >= MEASURED - 0.02


#: nDCG@10 of the sample when the ranking was last changed; raise it with the change that earned it
MEASURED = 0.92


def test_the_shipped_parameters_are_the_defaults_of_the_code() -> None:
    shipped = Scoring.model_validate(
        YAML(typ="safe").load((ROOT / "config" / "scoring.yaml").read_text("utf-8"))
    )
    assert shipped.model_copy(update={"chosen_by": None}) == Scoring()


def test_stored_calls_of_two_publishers_may_have_the_same_number(tmp_path: Path) -> None:
    file = tmp_path / "stored.jsonl"
    file.write_text('{"source": "a", "source_id": "7"}\n{"source": "b", "source_id": "7"}\n')
    assert [document.id for document in read_documents(file)] == ["a/7", "b/7"]
