"""The letter as its readers get it: both parts, headers, size, harmless whatever a title holds."""

from __future__ import annotations

import email
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from matcher.config.models import DecidingBody, DigestSchedule, MailSettings
from matcher.digest.message import build_message, message_id_for
from matcher.digest.render import MOST_HTML_BYTES, render
from matcher.domain import (
    AnswerKind,
    Call,
    Digest,
    Match,
    Money,
    Outcome,
    Reason,
    Refusal,
    Section,
    SourceHealth,
    Term,
)
from matcher.errors import ConfigError
from tests.digest.builders import (
    COMMITTEE,
    HEALTH,
    MUNICIPALITY,
    NOW,
    answer,
    call,
    match,
    on,
    plan,
    rich_digest,
    stored,
    told,
)

MAIL = MailSettings.model_validate(
    {
        "sender_name": "EU-utlysningar, Norrbacka",
        "reply_to": "eu@example.org",
        "list_domain": "letters.example.org",
    }
)
RECIPIENT = "socialnamnden@example.org"


def built(digest: Digest, **fields: Any) -> bytes:
    """The digest's message, byte for byte."""
    values: dict[str, Any] = {
        "mail_from": "utskick@example.org",
        "message_id": message_id_for(digest, RECIPIENT, MAIL),
        "now": NOW,
    }
    rendered = render(digest, list_domain=MAIL.list_domain)
    return build_message(rendered, digest, fields.pop("recipient", RECIPIENT), MAIL, **values | fields)


def parsed(message: bytes) -> EmailMessage:
    read = email.message_from_bytes(message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    assert body is not None
    return str(body.get_content())


def words_of(text: str) -> str:
    """Text with every run of white space as one space, as a reader sees it."""
    return " ".join(text.split())


def facts(digest: Digest, source_id: str) -> dict[str, str]:
    """The labelled lines of one call in the HTML."""
    soup = BeautifulSoup(render(digest).html, "lxml")
    for article in soup.find_all("article"):
        lines = [words_of(li.get_text()).partition(": ") for li in article.find_all("li")]
        found = {label: value for label, _, value in lines}
        if source_id in found.values():
            return found
    raise AssertionError(f"{source_id} is not in the letter")


# --- what it says -----------------------------------------------------------------------------


def test_the_subject_names_committee_news_nearest_day_and_week() -> None:
    digest = plan([stored(call(f"A{n}")) for n in range(3)])
    assert render(digest).subject == (
        "Socialnämnden: 3 nya EU-utlysningar, närmast sista ansökningsdag 8 januari 2027 (v.\u00a047)"
    ).replace("\u00a0", " ")


def test_a_week_without_news_says_so_in_subject_and_body() -> None:
    rendered = render(plan([]))
    assert rendered.subject == "Socialnämnden: inga nya EU-utlysningar (v. 47)"
    assert "inga nya, ändrade eller snart stängande" in words_of(rendered.text)
    assert "2 källor lästa, ESF-rådet ej läst sedan 12 november 2026." in words_of(rendered.text)
    assert rendered.ics is None


def test_each_call_answers_without_a_click() -> None:
    found = facts(rich_digest(), "HORIZON-HLTH-2027-03-STAYHEALTHY-01")
    assert found["Sista ansökningsdag"] == (
        "torsdag 4 februari 2027 kl. 17.00 (80 dagar kvar, första steget av två, "
        "därefter 16 september 2027 kl. 17.00)"
    )
    assert found["Beslut i nämnden"] == (
        "sista sammanträde före är onsdag 27 januari 2027, handlingar senast onsdag 13 januari 2027"
    )
    assert found["Får kommunen söka"] == "ja: Kommuner får söka"
    assert found["Vem kan söka"] == "alla juridiska personer"
    assert found["Stödandel"] == (
        "EU betalar 70 procent, medfinansiering 30 procent "
        "(minst cirka 21,3 miljoner kronor vid högsta bidrag, för hela projektet; "
        "1 euro = 11,05 kronor 13 november 2026)"
    )
    assert found["Utlysningens budget"] == "20 miljoner euro (cirka 221 miljoner kronor)"
    assert found["Parter som krävs"] == "minst 4 parter från minst 3 länder"
    assert found["Egna partner"].startswith("Erlangen (Tyskland) och Linz (Österrike)")
    assert found["Söks hos"] == "EU-kommissionens portal Funding & Tenders"
    assert found["Varför"].startswith(
        "stark träff på: äldreomsorg → long-term care, välfärdsteknik – mot er prioritering ”Hållbar välfärd”"
    )


def test_what_cannot_be_decided_in_time_asks_for_the_chairs_decision() -> None:
    assert facts(rich_digest(), "CERV-2026-CARE")["Beslut i nämnden"].startswith(
        "hinns inte via nämnd: ordförandebeslut?"
    )


def test_a_programmes_rule_is_marked_as_such_and_unknown_is_said() -> None:
    found = facts(rich_digest(), "CERV-2026-CARE")
    assert found["Parter som krävs"].endswith("(enligt programmets allmänna regler)")
    assert found["Ej angivet"] == "vem kan söka, stödandel, utlysningens budget, bidrag per projekt"


def test_a_change_is_shown_as_before_and_after() -> None:
    text = words_of(render(rich_digest()).text)
    assert (
        "Ändrat: sista ansökningsdag: torsdag 21 januari 2027 kl. 17.00 → torsdag 18 februari 2027 kl. 17.00"
        in text
    )
    assert "Ändrat: utlysningens budget: 8 miljoner euro → 12 miljoner euro" in text
    assert "Ändrat: läge: öppen → stängd" in text


def test_what_was_left_out_is_counted_with_its_reason() -> None:
    text = words_of(render(rich_digest()).text)
    assert "9 öppna och 1 kommande utlysningar genomgångna." in text
    assert "1 ligger för långt från nämndens prioriteringar." in text
    assert "3 passar ämnet men är uteslutna: Kräver minst 50 000 invånare (kan sökas i grupp) – 3 st." in text


def test_source_health_names_what_was_not_read() -> None:
    health = (
        *HEALTH,
        SourceHealth(source="a", title="Alfa", outcome=None, last_read=None),
        SourceHealth(source="b", title="Beta", outcome=Outcome.DEGRADED, last_read=NOW),
        SourceHealth(source="c", title="Gamma", outcome=Outcome.OK, last_read=NOW - timedelta(days=20)),
    )
    text = words_of(render(plan([], health=health)).text)
    assert (
        "3 källor lästa, ESF-rådet ej läst sedan 12 november 2026, Alfa har aldrig kunnat läsas, "
        "Beta bara delvis läst, Gamma ej läst sedan 27 oktober 2026." in text
    )


def test_an_english_committee_gets_an_english_letter() -> None:
    rendered = render(rich_digest("en"))
    assert rendered.subject.startswith("Socialnämnden: 3 new EU calls")
    assert "Who may apply: all legal entities" in words_of(rendered.text)
    assert 'lang="en"' in rendered.html
    assert "utlysning" not in rendered.text.replace("utlysning/317", "").lower()


def test_titles_in_another_language_are_marked_and_links_say_where_they_lead() -> None:
    soup = BeautifulSoup(render(rich_digest()).html, "lxml")
    titles = {h.span.get_text(): h.span.get("lang") for h in soup.find_all("h3") if h.span}
    assert titles["Youth carers exchange"] == "en"
    assert titles["Digitala tjänster i offentlig sektor"] is None
    assert {a.get_text() for a in soup.find_all("a")} == {
        f"Läs utlysningen hos {name}" for name in ("ESF-rådet", "EU-portalen", "Tillväxtverket")
    }


def test_the_html_is_semantic_and_loads_nothing() -> None:
    html = render(rich_digest()).html
    soup = BeautifulSoup(html, "lxml")
    assert [len(soup.find_all(name)) for name in ("h1", "main", "img", "script", "link", "form")] == [
        1,
        1,
        0,
        0,
        0,
        0,
    ]
    assert soup.html is not None
    assert soup.html["lang"] == "sv"
    levels = [int(h.name[1]) for h in soup.find_all(re.compile("^h[1-6]$"))]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"url\(|@import|src=", html)
    assert soup.article is not None
    assert "border-top" in soup.article["style"]  # inlined


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.example/",
        "https://",
        "//x.example/",
        "https://user:pw@x.example/",
        "",
    ],
)
def test_only_plain_web_addresses_become_links(url: str) -> None:
    rendered = render(plan([stored(call("A", url=url))]))
    assert BeautifulSoup(rendered.html, "lxml").find("a") is None
    assert "utlysaren anger ingen webbadress" in rendered.html
    assert "utlysaren anger ingen webbadress" in rendered.text


def test_a_swedish_web_address_is_percent_encoded() -> None:
    rendered = render(plan([stored(call("A", url='https://x.example/förskola?a=1&b="2"'))]))
    link = BeautifulSoup(rendered.html, "lxml").find("a")
    assert link is not None
    assert link["href"] == "https://x.example/f%C3%B6rskola?a=1&b=%222%22"


def test_a_letter_too_long_for_mail_programs_shortens_its_last_calls_and_drops_none() -> None:
    committee = COMMITTEE.model_copy(update={"digest": DigestSchedule(max_calls=30)})
    soon = [call(f"C{n}", deadlines=(on(2026, 12, 1),), title="Å" * 280) for n in range(30)]
    new = [call(f"N{n}", title="Ö" * 280, applicants_raw="ord " * 200) for n in range(30)]
    digest = plan([stored(c) for c in soon + new], tellings=[told(c) for c in soon], committee=committee)
    rendered = render(digest)
    assert len(rendered.html.encode()) <= MOST_HTML_BYTES
    soup = BeautifulSoup(rendered.html, "lxml")
    assert len(soup.find_all("article")) == len(digest.items) == 60
    assert all(a.find("a") and "Sista ansökningsdag" in a.get_text() for a in soup.find_all("article"))


# --- the message ------------------------------------------------------------------------------


def test_the_headers_are_those_of_a_polite_automatic_letter() -> None:
    message = parsed(built(rich_digest()))
    headers = {name: str(message[name]) for name in ("To", "Reply-To", "List-Id", "Message-ID", "Date")}
    assert headers["To"] == RECIPIENT
    assert headers["Reply-To"] == "eu@example.org"
    assert headers["List-Id"] == "<norrbacka-socialnamnden.calls.letters.example.org>"
    assert re.fullmatch(
        r"<2026-W47\.norrbacka-socialnamnden\.[0-9a-f]{16}@letters\.example\.org>", headers["Message-ID"]
    )
    assert headers["Date"] == "Mon, 16 Nov 2026 07:00:00 +0100"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["From"].addresses[0].display_name == "EU-utlysningar, Norrbacka"
    assert message["From"].addresses[0].addr_spec == "utskick@example.org"


def test_text_comes_first_then_html_and_the_calendar_is_attached() -> None:
    kinds = [p.get_content_type() for p in parsed(built(rich_digest())).walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"]


def test_the_same_letter_is_the_same_bytes() -> None:
    assert built(rich_digest()) == built(rich_digest())


def test_the_message_id_is_the_periods_and_the_recipients_own() -> None:
    first = message_id_for(rich_digest(), RECIPIENT, MAIL)
    assert first == message_id_for(plan([]), RECIPIENT, MAIL)
    assert first != message_id_for(rich_digest(), "other@example.org", MAIL)
    assert first != message_id_for(plan([], now=NOW + timedelta(days=7)), RECIPIENT, MAIL)


def test_a_very_long_list_id_is_neither_folded_nor_encoded() -> None:
    committee = COMMITTEE.model_copy(update={"id": "a" * 60})
    digest = plan([], committee=committee)
    long = MAIL.model_copy(update={"list_domain": "mycket.langt.domannamn." * 3 + "example.org"})
    raw = build_message(
        render(digest), digest, RECIPIENT, long,
        mail_from="utskick@example.org", message_id=message_id_for(digest, RECIPIENT, long), now=NOW,
    )  # fmt: skip
    assert f"List-Id: <{'a' * 60}.calls.{long.list_domain}>\r\n".encode() in raw
    assert f"Message-ID: {message_id_for(digest, RECIPIENT, long)}\r\n".encode() in raw


def test_a_domain_in_swedish_letters_is_sent_in_ascii_and_a_name_in_them_is_refused() -> None:
    message = parsed(built(rich_digest(), recipient="namnd@kävlinge.example"))
    assert str(message["To"]) == "namnd@xn--kvlinge-5wa.example"
    with pytest.raises(ConfigError, match="plain SMTP"):
        built(rich_digest(), recipient="nämnd@example.org")


nasty = st.one_of(
    st.text(min_size=1, max_size=80),
    st.text("åäö😀👨‍👩‍👧مرحبا\r\n\x00\x0b\x1c\u2028\x85\u202e<>&\"'{}%=?_ \t", min_size=1, max_size=60),
    st.sampled_from(
        [
            "Hej\r\nBcc: everyone@example.org",
            "=??Q?=00=0D=0ABcc: a@b.example?=",
            "x\r\n\r\n.\r\nMAIL FROM:<a@b.example>",
            "=?utf-8?q?=0D=0ABcc=3A_a=40b.example?=",
            "</h3><script>alert(1)</script>",
            "{{ 7 * 7 }}{% raw %}",
            "long " * 2000,
            "X" * 10_000,
            "\x00\r\n",
            "مرحبا بالعالم \u202eevil",
            "\ud800 half a character",
        ]
    ),
)


titles = st.lists(st.tuples(nasty, nasty), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(titles, nasty)
def test_no_title_breaks_the_letter(drawn: list[tuple[str, str]], name: str) -> None:
    assert_it_holds_together(drawn, name)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(titles, nasty)
def test_no_title_breaks_any_of_three_hundred_letters(drawn: list[tuple[str, str]], name: str) -> None:
    assert_it_holds_together(drawn, name)


def assert_it_holds_together(drawn: list[tuple[str, str]], name: str) -> None:
    """Whatever titles, programmes and committee are called: harmless headers, whole parts, the same calls."""
    calls = [
        stored(call(f"{n}-{source_id}", url=f"https://x.example/{n}", title=title, programme_name=title))
        for n, (title, source_id) in enumerate(drawn)
    ]
    digest = replace(plan(calls, programmes={}), committee_name=name)
    raw = built(digest)
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    message = parsed(raw)
    assert sorted(message.keys()) == sorted(parsed(built(plan([]))).keys())
    assert not any(part_.defects for part_ in message.walk())
    text, html = part(message, "plain"), part(message, "html")
    soup = BeautifulSoup(html, "lxml")
    assert soup.find("script") is None
    assert len(html.encode()) <= MOST_HTML_BYTES
    articles = soup.find_all("article")
    assert len(articles) == len(digest.items) == len(calls)
    for number, article in enumerate(articles, start=1):
        heading = words_of(article.h3.get_text())
        assert heading.startswith(f"{number}. ")
        assert heading in words_of(text)
        assert article.a["href"] in text
    (calendar,) = (p for p in message.walk() if p.get_content_type() == "text/calendar")
    entries = Calendar.from_ical(calendar.get_payload(decode=True)).walk("VEVENT")
    assert len(entries) == 2 * len(calls)  # the last day to apply and the meeting before it


def test_a_match_that_is_gone_is_said_so() -> None:
    over = call("A", deadlines=(on(2026, 12, 1),))
    digest = plan([stored(over)], [], [told(over)])
    assert [i.section for i in digest.items] == [Section.CLOSING]
    assert facts(digest, "A")["Varför"] == "ingår inte längre bland nämndens träffar"


def test_at_full_eu_rate_no_own_contribution_is_claimed() -> None:
    full = call("A", rate_minimum=Decimal(1), rate_maximum=Decimal(1))
    assert facts(plan([stored(full)], [match(full)]), "A")["Stödandel"] == (
        "EU betalar 100 procent, ingen medfinansiering krävs"
    )


# --- what a committee needs to act ------------------------------------------------------------


def test_other_committees_and_the_proposed_lead_are_named() -> None:
    a = call("A")
    other = ("Kulturnämnden", "Socialnämnden")
    assert facts(plan([stored(a)], concerned={a.key: other}), "A")["Också till"] == (
        "Kulturnämnden; föreslagen ansvarig: Kulturnämnden"
    )
    assert facts(plan([stored(a)], concerned={a.key: other[::-1]}), "A")["Också till"] == (
        "Kulturnämnden; föreslagen ansvarig: er nämnd"
    )


def test_both_meetings_are_said_when_the_executive_must_decide_too() -> None:
    executive = DecidingBody(
        name="Kommunstyrelsen", meetings=(date(2027, 1, 6), date(2027, 1, 13)), paper_days=7
    )
    municipality = MUNICIPALITY.model_copy(update={"executive": executive})
    assert facts(plan([stored(call("A"))], municipality=municipality), "A")["Beslut i nämnden"] == (
        "sista sammanträde före är onsdag 16 december 2026, handlingar senast onsdag 2 december 2026; "
        "om även Kommunstyrelsen ska besluta: nämnden senast onsdag 16 december 2026 "
        "(handlingar senast onsdag 2 december 2026), Kommunstyrelsen senast onsdag 6 januari 2027"
    )


def test_an_answer_is_receipted_with_its_reason_day_and_who_gave_it() -> None:
    a = call("A")
    given_answer = answer(a, AnswerKind.NOT_FOR_US, reason=Refusal.CO_FINANCING, who="kansliet")
    digest = plan([stored(a)], tellings=[told(a)], answers={a.key: given_answer})
    found = facts(digest, "A")
    assert found["Nämndens svar"] == "inte för oss (medfinansiering saknas; 15 november 2026; kansliet)"
    assert "Varför" not in found
    assert "Besvarade sedan sist" in render(digest).text


def test_the_own_share_is_counted_on_the_smallest_grant_when_the_largest_is_not_stated() -> None:
    a = call(
        "A",
        rate_minimum=Decimal("0.4"),
        rate_maximum=Decimal("0.4"),
        grant_minimum=Money(amount=Decimal(2_000_000), currency="SEK"),
    )
    assert facts(plan([stored(a)]), "A")["Stödandel"] == (
        "EU betalar 40 procent, medfinansiering 60 procent "
        "(minst cirka 3 miljoner kronor vid minsta bidrag, för hela projektet)"
    )


@pytest.mark.parametrize(
    ("low", "high", "currency", "sv", "en"),
    [
        (70_000, 6_000_000, "SEK", "minst 70 000 kronor, högst 6 miljoner kronor",
         "at least 70,000 Swedish kronor, at most 6 million Swedish kronor"),
        (1_000_000, 20_000_000, "SEK", "minst 1 miljon kronor, högst 20 miljoner kronor",
         "at least 1 million Swedish kronor, at most 20 million Swedish kronor"),
        (500_000, 500_000, "SEK", "500 000 kronor", "500,000 Swedish kronor"),
        (1_500_000, None, "SEK", "minst 1,5 miljoner kronor", "at least 1.5 million Swedish kronor"),
        (None, 999_999, "SEK", "högst 999 999 kronor", "at most 999,999 Swedish kronor"),
        (70_000, 6_000_000, "EUR",
         "minst 70 000 euro (cirka 774 000 kronor), högst 6 miljoner euro (cirka 66,3 miljoner kronor)",
         "at least 70,000 euros (about 774,000 Swedish kronor), "
         "at most 6 million euros (about 66.3 million Swedish kronor)"),
        (60_000, 60_000, "EUR", "60 000 euro (cirka 663 000 kronor)",
         "60,000 euros (about 663,000 Swedish kronor)"),
        (None, 90_000, "EUR", "högst 90 000 euro (cirka 994 000 kronor)",
         "at most 90,000 euros (about 994,000 Swedish kronor)"),
    ],
)  # fmt: skip
def test_each_end_of_a_grant_has_the_unit_that_suits_it(
    low: int | None, high: int | None, currency: str, sv: str, en: str
) -> None:
    ends = {
        f"grant_{end}": Money(amount=Decimal(amount), currency=currency)
        for end, amount in (("minimum", low), ("maximum", high))
        if amount
    }
    for language, label, text in (("sv", "Bidrag per projekt", sv), ("en", "Grant per project", en)):
        committee = COMMITTEE.model_copy(update={"language": language})
        assert facts(plan([stored(call("A", **ends))], committee=committee), "A")[label] == text


def test_the_same_call_on_another_site_has_a_link_of_its_own_in_both_parts() -> None:
    a = call("A")
    twin = call("A", source="se_esf", url="https://esf.example.se/a")
    rendered = render(plan([stored(a)], twins={a.key: [twin]}))
    links = {link.get_text(): link["href"] for link in BeautifulSoup(rendered.html, "lxml").find_all("a")}
    assert links["Samma utlysning hos ESF-rådet"] == "https://esf.example.se/a"
    assert "Samma utlysning hos ESF-rådet:\n   https://esf.example.se/a" in rendered.text


def test_an_address_longer_than_a_letter_bears_is_no_link_and_that_is_said() -> None:
    rendered = render(plan([stored(call("A", url="https://x.example/?q=" + "a" * 10_000))]))
    assert BeautifulSoup(rendered.html, "lxml").find("a") is None
    assert "Adressen hos EU-portalen är för lång för ett brev." in rendered.text
    assert len(rendered.html) < MOST_HTML_BYTES


def test_calls_that_find_no_room_are_counted_and_stay_untold() -> None:
    committee = COMMITTEE.model_copy(update={"digest": DigestSchedule(max_calls=30)})
    wide = "&" * 400  # five bytes each in HTML
    soon = [call(f"C{n}", deadlines=(on(2026, 12, 1),), title=wide) for n in range(30)]
    new = [call(f"N{n}", title=wide, url=f"https://x.example/{n}?{'b' * 1900}") for n in range(30)]
    digest = plan([stored(c) for c in soon + new], tellings=[told(c) for c in soon], committee=committee)
    rendered = render(digest)
    assert rendered.left_out > 0
    assert len(rendered.html.encode()) <= MOST_HTML_BYTES
    shown = digest.without_last(rendered.left_out)
    assert len(BeautifulSoup(rendered.html, "lxml").find_all("article")) == len(shown.items)
    assert f"{rendered.left_out} passande utlysningar fick inte plats" in words_of(rendered.text)


def test_a_first_letter_says_what_it_is() -> None:
    text = words_of(render(plan([stored(call("A"))], first=True)).text)
    assert "Detta är nämndens första brev. Det tar upp de bäst passande" in text
    assert "Detta är nämndens första brev" not in words_of(render(plan([stored(call("A"))])).text)


def test_every_link_leads_straight_to_a_publisher_so_that_a_scanner_that_follows_it_changes_nothing() -> None:
    digest = rich_digest()
    soup = BeautifulSoup(render(digest).html, "lxml")
    assert {a["href"] for a in soup.find_all("a")} == {item.call.url for item in digest.items}
    assert soup.find("form") is None


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_letter_is_the_same_bytes_in_every_process(seed: str) -> None:
    code = (
        "import hashlib; from tests.digest.test_render import built, rich_digest; "
        "print(hashlib.sha256(built(rich_digest())).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert done.stdout.strip() == hashlib.sha256(built(rich_digest())).hexdigest()


def test_two_calls_on_the_same_priority_are_explained_by_their_own_words() -> None:
    def because(given: Call, word: str) -> Match:
        term = Term(query=word, document=word, route="same", weight=0.5)
        reason = Reason(priority_id="valfard", priority="Hållbar välfärd", score=0.9, terms=(term,))
        return match(given, reasons=(reason,))

    a, b = call("A"), call("B")
    digest = plan([stored(a), stored(b)], [because(a, "hemtjänst"), because(b, "demens")])
    assert [facts(digest, name)["Varför"] for name in ("A", "B")] == [
        f"stark träff på: {word} – mot er prioritering ”Hållbar välfärd”" for word in ("hemtjänst", "demens")
    ]
