"""How the listing of Interreg's index is proved to be complete."""

from __future__ import annotations

import json as encoding
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from matcher.domain import Fetched, Unread
from matcher.errors import ParseError
from matcher.scrapers.source import Page, load_sources
from matcher.scrapers.sources import interreg_eu

START = (
    b"<html><head><script>var search = {applicationId: 'APP', apiKey: 'k', indexName: 'calls'}</script>"
    b"</head><body><h1>Calls</h1></body></html>"
)
AT = datetime(2027, 1, 1, tzinfo=UTC)


class Index:
    """Answers searches with the pages that a test gives, the last one ever after; call pages are gone."""

    pages: tuple[Fetched, ...] = ()
    failures: tuple[Unread, ...] = ()

    def __init__(self, *answers: tuple[int, list[int]]) -> None:
        self.answers = answers

    def __call__(self, url: str, *, json: Any = None, **_: Any) -> Page:
        if json is None:
            return Page(url, START, AT)
        total, numbers = self.answers[min(json["page"], len(self.answers) - 1)]
        hits = [{"objectID": str(n), "contentUrl": f"/call/{n}", "title": f"Call {n}"} for n in numbers]
        return Page(url, encoding.dumps({"nbHits": total, "hits": hits}).encode(), AT)

    def each(self, pages: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Page]:
        return iter(())


def numbers(index: Index) -> list[str]:
    pages = interreg_eu.crawl(load_sources()["interreg_eu"], index)
    return [record["objectID"] for page in pages for record in interreg_eu.split(page)]


def test_all_pages_are_read_and_a_call_on_two_of_them_counts_once() -> None:
    assert numbers(Index((4, [1, 2]), (4, [2, 3]), (4, [4]))) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(4, [1, 2]), (4, [])], "4 calls reported, fetched 2"),
        ([(4, [1, 2]), (4, [1, 2])], "4 calls reported, fetched 2"),  # page one once more
        ([(4, [1, 2]), (5, [3, 4])], "nbHits was 4 and is 5"),
    ],
)
def test_a_first_page_is_not_taken_for_all(answers: list[tuple[int, list[int]]], message: str) -> None:
    with pytest.raises(ParseError, match=message):
        numbers(Index(*answers))
