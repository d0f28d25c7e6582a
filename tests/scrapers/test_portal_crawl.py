"""How the portal's listing is proved to be complete, against an index with the faults of the real one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from matcher.domain import Fetched, Unread
from matcher.errors import ParseError
from matcher.scrapers.source import Page, load_sources
from matcher.scrapers.sources import eu_portal

SOURCE = load_sources()["eu_portal"]


def topic(number: int, **fields: Any) -> dict[str, Any]:
    data = {"identifier": [f"T-{number:04d}"], "callccm2Id": [str(number)], "ccm2Id": [str(number)], **fields}
    return {"reference": f"{number}TOPICSen", "metadata": {k: v for k, v in data.items() if v}}


class Index:
    """Answers searches on records of one type like the portal does."""

    def __init__(self, records: list[dict[str, Any]], *, lose: int = 0, grow_after: int = 10**9) -> None:
        self.records, self.lose, self.grow_after = records, lose, grow_after
        self.asked: list[dict[str, Any]] = []
        self.pages: list[Fetched] = []
        self.failures: list[Unread] = []

    def __call__(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        multipart: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Page:
        assert params is not None
        assert multipart is not None
        self.asked.append({**params, **multipart})
        kind = multipart["query"]["bool"]["must"][0]["terms"]["type"]
        found = self.records if kind == ["1"] else []
        total = len(found) + (1 if len(self.asked) > self.grow_after and found else 0)
        size, number = int(params["pageSize"]), int(params["pageNumber"])
        if "sort" in multipart:
            field = multipart["sort"]["field"]
            found = [r for r in found if r["metadata"].get(field)]
            total = len(found)
        shown = found[(number - 1) * size : number * size]
        if self.lose:
            shown = shown[: -self.lose] if size > 1 else shown
        return page({"totalResults": total, "results": shown}, notes or {})

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        raise AssertionError("the portal has no pages of its own to read")


def page(answer: Any, notes: Mapping[str, Any]) -> Page:
    return Page(
        "https://api.example/search",
        json.dumps(answer).encode(),
        datetime(2027, 1, 1, tzinfo=UTC),
        None,
        notes,
    )


def references(index: Index) -> list[str]:
    return [r["reference"] for p in eu_portal.crawl(SOURCE, index) for r in eu_portal.split(p)]


def test_all_pages_are_read_and_each_record_counts_once() -> None:
    found = references(Index([topic(n) for n in range(230)]))
    assert sorted(found) == sorted(f"{n}TOPICSen" for n in range(230))


def test_records_without_the_sorted_field_are_found_all_the_same() -> None:
    records = [topic(n, identifier=None if n % 7 == 0 else [f"T-{n:04d}"]) for n in range(150)]
    assert len(references(Index(records))) == 150


def test_a_listing_that_stays_incomplete_fails_with_both_numbers() -> None:
    with pytest.raises(ParseError, match="reported 230 records, fetched 215"):
        references(Index([topic(n) for n in range(230)], lose=5))


def test_a_total_that_moves_while_reading_fails() -> None:
    with pytest.raises(ParseError, match="230 records at first and 231 at the end"):
        references(Index([topic(n) for n in range(230)], grow_after=3))


def test_of_several_documents_of_a_topic_the_newest_counts() -> None:
    old = topic(1, esDA_IngestDate=["2026-12-01T12:00:00.000+0100"])
    new = {**topic(1, esDA_IngestDate=["2027-01-05T12:00:00.000+0100"]), "reference": "2TOPICSen"}
    assert references(Index([new, old])) == ["2TOPICSen"]


def test_the_search_asks_for_english_live_current_records_type_by_type() -> None:
    index = Index([topic(1)])
    list(eu_portal.crawl(SOURCE, index))
    assert {json.dumps(a["languages"]) for a in index.asked} == {'["en"]'}
    asked = {json.dumps(a["query"]["bool"]["must"]) for a in index.asked}
    assert len(asked) == 3
    assert all('"status": ["31094501", "31094502"]' in a and '"DATASOURCE": ["SEDIA"]' in a for a in asked)


@pytest.mark.parametrize(
    "answer", [{"type": "throwable", "message": "no"}, [], {"results": [1], "totalResults": 1}, None]
)
def test_an_answer_that_is_no_result_is_refused(answer: Any) -> None:
    with pytest.raises(ParseError):
        eu_portal.split(page(answer, {}))
