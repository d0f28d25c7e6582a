"""The demo's publishers over HTTP: every page answers, in the publishers' formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest

from matcher.demo.server import DemoServer
from matcher.demo.sites import ESF_PLAN, GROWTH_LIST, GROWTH_RSS, growth_plan_path
from matcher.demo.world import DemoWorld
from matcher.domain import Status
from tests.demo.client import SEARCH, ask, multipart, search

GROWTH = "https://tillvaxtverket.se"
ESF = "https://www.esf.se"
INTERREG = "https://www.interreg.eu/calls-for-projects/"
INDEX = "https://2e032drcns-dsn.algolia.net/1/indexes/prod_en-us_content/query"


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    return DemoWorld(date(2026, 12, 28))  # so that many dates lie across the new year


@pytest.fixture
def server(world: DemoWorld) -> Iterator[DemoServer]:
    with DemoServer(world) as running:
        yield running


def page(server: DemoServer, url: str) -> str:
    """A page's text."""
    status, _, body = ask(server.url, url)
    assert status == 200, url
    return unescape(body.decode())


def settings(server: DemoServer) -> dict[str, str]:
    """The search settings that the Interreg page carries."""
    return dict(re.findall(r'data-(\w+)="([^"]+)"', page(server, INTERREG)))


def test_every_call_of_a_web_site_has_a_page_with_its_title(server: DemoServer, world: DemoWorld) -> None:
    for call in world.published():
        if call.source != "eu_portal":
            assert call.title in page(server, call.url), call.url


def test_the_lists_show_exactly_the_calls_they_should(server: DemoServer, world: DemoWorld) -> None:
    for source, url in (("se_tillvaxtverket", GROWTH + GROWTH_LIST), ("se_esf", f"{ESF}/utlysningar/")):
        shown = page(server, url)
        for call in world.published():
            if call.source == source and not call.planned:
                assert (call.url in shown) == call.listed, call.url


def test_a_swedish_call_page_has_the_publishers_labels_in_order(server: DemoServer, world: DemoWorld) -> None:
    labels = {
        "se_tillvaxtverket": [
            "Vem kan söka?",
            "Vad kan ni söka för?",
            "Hur mycket kan ni få i stöd?",
            "Vad handlar erbjudandet om?",
        ],
        "se_esf": ["Diarienummer:", "Programområde:", "Region:", "Inriktning:", "Vem kan söka?"],
    }
    for call in world.published():
        if call.source in labels and not call.planned:
            text = page(server, call.url)
            places = [text.index(label) for label in labels[call.source]]
            assert places == sorted(places), call.url


def test_the_status_line_follows_the_dates(server: DemoServer, world: DemoWorld) -> None:
    words = {Status.OPEN: "Stänger", Status.FORTHCOMING: "Öppnar", Status.CLOSED: "Stängd"}
    for call in world.published():
        if call.source == "se_tillvaxtverket" and not call.planned:
            assert re.search(rf"<li>{words[call.status]} \d+ [a-z]+ 20\d\d</li>", page(server, call.url))


def test_plans_hold_their_entries(server: DemoServer) -> None:
    assert page(server, GROWTH + growth_plan_path()).count("Specifikt mål") == 3
    plan = page(server, ESF + ESF_PLAN)
    assert plan.count("Utlysningsperiod:") == plan.count("Möjliga stödsökanden:") == 4


def test_the_feed_names_title_link_and_day_but_no_deadline(server: DemoServer, world: DemoWorld) -> None:
    _, headers, body = ask(
        server.url, f"{GROWTH}{GROWTH_RSS}?state=rss&sv.contenttype=text/xml;charset=UTF-8"
    )
    assert headers["Content-Type"].startswith("text/xml")
    items = ElementTree.fromstring(body).findall("./channel/item")
    assert len(items) == 12
    known = {c.url for c in world.published()}
    assert {item.findtext("link") for item in items} <= known
    assert {child.tag for item in items for child in item} == {"title", "link", "guid", "pubDate"}


# --- the portal --------------------------------------------------------------------------------


def test_the_search_finds_each_type_in_full(server: DemoServer, world: DemoWorld) -> None:
    listed = {c.source_id for c in world.published() if c.source == "eu_portal" and c.listed}
    found: set[str] = set()
    for kind, field in (("1", "identifier"), ("2", "callIdentifier"), ("8", "callccm2Id")):
        answer = search(server.url, types=[kind], sort={"field": field, "order": "ASC"})
        assert answer["totalResults"] == len(answer["results"])
        key = "callccm2Id" if kind == "8" else "identifier"
        found |= {r["metadata"][key][0] for r in answer["results"]}
    assert found == listed


def test_pages_together_hold_every_document_once(server: DemoServer) -> None:
    whole = search(server.url, types=["1"], sort={"field": "identifier", "order": "ASC"})
    pages = [
        search(server.url, types=["1"], size=10, page=n, sort={"field": "identifier", "order": "ASC"})
        for n in (1, 2, 3)
    ]
    assert [r["reference"] for p in pages for r in p["results"]] == [r["reference"] for r in whole["results"]]
    assert {p["totalResults"] for p in pages} == {whole["totalResults"]}


def test_an_archive_copy_is_marked_open_and_can_be_filtered_by_its_source(server: DemoServer) -> None:
    rows = search(server.url, types=["1"])["results"]
    copies = [r for r in rows if r["metadata"]["DATASOURCE"] == ["SEDIA_PRD_CENTRICITY"]]
    (copy,) = copies
    assert copy["metadata"]["status"] == ["31094502"]
    assert copy["metadata"]["deadlineDate"][0] < "2025"
    same = [r for r in rows if r["metadata"]["identifier"] == copy["metadata"]["identifier"]]
    assert len(same) == 2


def test_a_stub_row_has_no_status_and_appears_without_the_status_filter(server: DemoServer) -> None:
    body, headers = multipart({"query": {"bool": {"must": [{"terms": {"type": ["1"]}}]}}})
    _, _, content = ask(server.url, SEARCH, body=body, headers=headers)
    stubs = [r for r in json.loads(content)["results"] if "status" not in r["metadata"]]
    assert len(stubs) == 1
    assert "descriptionByte" not in stubs[0]["metadata"]


def test_a_budget_overview_lists_the_sibling_topics_too(server: DemoServer) -> None:
    rows = search(server.url, types=["1"])["results"]
    (row,) = [r for r in rows if r["metadata"]["identifier"][0].endswith("-DEMO-HLTH-01")]
    overview = json.loads(row["metadata"]["budgetOverview"][0])["budgetTopicActionMap"]
    actions = [line["action"] for lines in overview.values() for line in lines]
    assert len(actions) == 2
    assert any(a.startswith(f"{row['metadata']['identifier'][0]} - ") for a in actions)


def test_a_cascade_call_carries_its_parents_identifier_title_and_number(
    server: DemoServer, world: DemoWorld
) -> None:
    own = {c.source_id: c for c in world.published()}
    for row in search(server.url, types=["8"])["results"]:
        data = row["metadata"]
        mine = own[data["callccm2Id"][0]]
        assert data["callTitle"] == [mine.title] != data["title"]
        assert not row["url"].endswith(data["callccm2Id"][0])


@pytest.mark.parametrize(
    ("parts", "kind", "status", "word"),
    [
        ({"query": {"bool": {}}}, "application/octet-stream", 500, "throwable"),
        ({"query": {"wildcard": {"title": "x*"}}}, "application/json", 400, "Invalid Query format"),
        ({"query": {"bool": {"should": []}}}, "application/json", 400, "businessError"),
        ({"query": []}, "application/json", 400, "Invalid Query format"),
        ({"sort": {"order": "ASC"}}, "application/json", 500, "throwable"),
    ],
)
def test_a_wrong_request_is_answered_as_the_service_answers(
    server: DemoServer, parts: dict[str, Any], kind: str, status: int, word: str
) -> None:
    body, headers = multipart(parts, kind)
    got, _, content = ask(server.url, SEARCH, body=body, headers=headers)
    assert got == status
    assert word in content.decode()


def test_a_body_that_is_not_multipart_is_ignored_with_its_filters(server: DemoServer) -> None:
    query = json.dumps({"query": {"bool": {"must": [{"terms": {"type": ["8"]}}]}}}).encode()
    _, _, content = ask(server.url, SEARCH, body=query, headers={"Content-Type": "application/json"})
    assert json.loads(content)["totalResults"] > 30


def test_a_translation_is_not_offered(server: DemoServer) -> None:
    assert search(server.url, types=["1"], languages=["sv"])["totalResults"] == 0


# --- Interreg ------------------------------------------------------------------------------------


def test_the_search_host_wants_the_key_that_the_page_carries(server: DemoServer, world: DemoWorld) -> None:
    given = settings(server)
    headers = {"x-algolia-application-id": given["appid"], "x-algolia-api-key": given["searchkey"]}
    body = json.dumps({"query": "", "hitsPerPage": 5, "page": 1}).encode()
    status, _, content = ask(server.url, INDEX, body=body, headers=headers)
    answer = json.loads(content)
    assert status == 200
    assert (answer["nbHits"], answer["nbPages"], len(answer["hits"])) == (8, 2, 3)
    known = {c.source_id for c in world.published()}
    assert {hit["objectID"] for hit in answer["hits"]} <= known
    refused, _, _ = ask(server.url, INDEX, body=body, headers={**headers, "x-algolia-api-key": "0" * 32})
    assert refused == 403


def test_hits_of_several_queries_and_a_broken_body_are_answered(server: DemoServer) -> None:
    given = settings(server)
    headers = {"x-algolia-application-id": given["appid"], "x-algolia-api-key": given["searchkey"]}
    many = "https://2e032drcns-dsn.algolia.net/1/indexes/*/queries"
    asked = {"requests": [{"indexName": given["indexname"], "params": "query=&hitsPerPage=100"}]}
    _, _, content = ask(server.url, many, body=json.dumps(asked).encode(), headers=headers)
    assert len(json.loads(content)["results"][0]["hits"]) == 8
    assert ask(server.url, INDEX, body=b"{", headers=headers)[0] == 400


# --- HTTP ------------------------------------------------------------------------------------------


def test_every_host_has_a_robots_txt_that_allows_all_without_delay(
    server: DemoServer, world: DemoWorld
) -> None:
    for host in world.hosts:
        assert ask(server.url, f"https://{host}/robots.txt")[2] == b"User-agent: *\nAllow: /\n"


def test_a_page_that_has_not_changed_is_not_sent_again(server: DemoServer) -> None:
    url = f"{ESF}/utlysningar/"
    _, headers, body = ask(server.url, url)
    status, again, nothing = ask(server.url, url, headers={"If-None-Match": headers["ETag"]})
    assert (status, again["ETag"], nothing) == (304, headers["ETag"], b"")
    assert ask(server.url, url, headers={"If-None-Match": '"other"'})[0::2] == (200, body)


def test_an_unknown_host_page_or_service_is_404_with_a_sentence(server: DemoServer) -> None:
    for url in (
        "https://www.example.org/",
        f"{ESF}/finns-inte/",
        "https://api.tech.ec.europa.eu/other",
        "https://2e032drcns-dsn.algolia.net/other",
    ):
        status, _, body = ask(server.url, url)
        assert status in (403, 404), url
        assert body


def test_requests_are_logged(server: DemoServer) -> None:
    ask(server.url, f"{ESF}/utlysningar/")
    ask(server.url, f"{ESF}/finns-inte/")
    assert [(r.method, r.host, r.path, r.status) for r in server.log] == [
        ("GET", "www.esf.se", "/utlysningar/", 200),
        ("GET", "www.esf.se", "/finns-inte/", 404),
    ]


def test_a_body_larger_than_any_search_is_refused(server: DemoServer) -> None:
    status, _, _ = ask(server.url, SEARCH, headers={"Content-Length": str(2**30)})
    assert status == 413
