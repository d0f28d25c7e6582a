"""Planning letters on a real database: once per period, whatever the clock and the processes do."""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.policy
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from matcher import jobs
from matcher.config.environment import Environment
from matcher.demo.configuration import demo_sources, write_config
from matcher.demo.inbox import Inbox
from matcher.digest.overview import MunicipalOverview
from matcher.domain import STOCKHOLM, AnswerKind, Band, Call, Digest, Match, Section, SourceRun
from matcher.errors import StorageError
from matcher.jobs import letters as planning
from matcher.storage import repository
from tests.digest import builders

pytestmark = pytest.mark.slow_on_postgresql

TODAY = date(2027, 3, 10)  # a Wednesday
DUE = datetime(2027, 3, 10, 0, 0, tzinfo=STOCKHOLM)  # every committee of the demo, Wednesdays at midnight
NOW = DUE + timedelta(hours=9)
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
SN, AVN, BUN = "norrbacka-sn", "norrbacka-avn", "norrbacka-bun"
LETTERS = 7  # five committees, two coordinators


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(tmp_path / "letters") as inbox:
        yield inbox


@pytest.fixture
def start(database_url: str, inbox: Inbox, tmp_path: Path) -> Iterator[Any]:
    """Opens the installation as a new process would; call it again for a restart."""
    write_config(tmp_path / "config", TODAY)
    environment = Environment(
        database_url=database_url,
        smtp_url=SecretStr(inbox.url),
        mail_from="eu@kommun.example",
        matcher_config=tmp_path / "config",
    )
    opened: list[jobs.Installation] = []

    def begin() -> jobs.Installation:
        installation = jobs.open_installation(environment=environment)
        opened.append(dataclasses.replace(installation, sources=demo_sources()))
        return opened[-1]

    yield begin
    for installation in opened:
        installation.close()


def call(source_id: str, source: str = "eu_portal", **fields: Any) -> Call:
    deadline = builders.at(2027, 6, 1)
    return builders.call(source_id, **{"source": source, "deadlines": (deadline,)} | fields)


def known(
    installation: jobs.Installation, calls: Sequence[Call], matches: Sequence[Match], now: datetime
) -> None:
    """Store calls as read at ``now``, and what they are to the committees."""
    with installation.database.write() as session:
        for source in sorted({c.source for c in calls}):
            run = SourceRun(
                source=source,
                outcome=builders.Outcome.OK,
                started_at=now,
                ended_at=now,
                calls=tuple(c for c in calls if c.source == source),
            )
            repository.save_source_run(session, run, now)
        for committee in sorted({m.committee for m in matches}):
            mine = [m for m in matches if m.committee == committee]
            repository.save_matches(session, committee, mine, "v1", now)


def digest_of(installation: jobs.Installation, committee: str, now: datetime) -> Digest:
    digest = jobs.preview(installation, committee, now).digest
    assert isinstance(digest, Digest)
    return digest


def text_of(message: bytes) -> str:
    parsed: Any = email.message_from_bytes(message, policy=email.policy.default)
    return " ".join(str(parsed.get_body(("plain",)).get_content()).split())


# --- when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [MINUTE, 3 * HOUR, 3 * DAY])
def test_a_machine_off_at_the_due_minute_sends_once_soon_after_it_starts(start, inbox, late) -> None:
    before = start()
    assert jobs.plan(before, DUE - WEEK + HOUR)
    jobs.send(before, lambda: DUE - WEEK + HOUR)
    assert jobs.plan(before, DUE - MINUTE) == []
    sent = len(inbox.messages)
    after = start()
    jobs.plan(after, DUE + late)
    assert jobs.send(after, lambda: DUE + late).sent == LETTERS
    assert jobs.plan(after, DUE + late + MINUTE) == []
    assert len(inbox.messages) == sent + LETTERS


def test_a_clock_that_jumps_two_hours_either_way_makes_no_second_letter(start, inbox) -> None:
    installation = start()
    for moment in (DUE, DUE - 2 * HOUR, DUE + MINUTE, DUE + 2 * HOUR, DUE - 2 * HOUR, DUE + 3 * HOUR):
        jobs.plan(installation, moment)
        jobs.send(installation, lambda at=moment: at)
    assert len(inbox.messages) == LETTERS


def test_twenty_restarts_send_each_letter_once(start, inbox) -> None:
    for restart in range(20):
        installation, now = start(), DUE + restart * MINUTE
        jobs.plan(installation, now)
        jobs.send(installation, lambda at=now: at)
        installation.close()
    assert len(inbox.messages) == LETTERS
    assert max(Counter(to[0] for to in inbox.recipients).values()) == 1


@pytest.mark.slow
def test_four_schedulers_at_once_send_each_letter_once(start, inbox) -> None:
    installations = [start() for _ in range(4)]
    barrier = threading.Barrier(4)

    def tick(installation: jobs.Installation) -> None:
        barrier.wait(30)
        for _ in range(20):  # a tick that finds the database locked for long fails, and the next one goes on
            with contextlib.suppress(StorageError):
                jobs.plan(installation, NOW)
                jobs.send(installation, lambda: NOW)
                return

    threads = [threading.Thread(target=tick, args=(installation,)) for installation in installations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert len(inbox.messages) == LETTERS
    assert max(Counter(to[0] for to in inbox.recipients).values()) == 1


def test_a_committee_that_wants_silence_is_asked_once_a_period_and_keeps_its_hour(start) -> None:
    installation = with_digest(start(), SN, when_empty="silence")
    known(installation, [], [], NOW)
    jobs.plan(installation, NOW)
    assert planning.last_period(installation, installation.committee(SN)[1]) == "2027-W10"
    # what is found on Thursday waits for the next Wednesday
    a = call("A")
    known(installation, [a], [builders.match(a, committee=SN)], NOW + DAY)
    assert jobs.plan(installation, NOW + DAY) == []
    (planned,) = (p for p in jobs.plan(installation, NOW + WEEK) if p.digest.committee == SN)
    assert planned.calls == 1


def with_digest(installation: jobs.Installation, committee: str, **settings: Any) -> jobs.Installation:
    """The same installation with other settings for one committee's letter."""
    _, known_as = installation.committee(committee)
    return with_committee(installation, committee, digest=known_as.digest.model_copy(update=settings))


def with_committee(installation: jobs.Installation, committee: str, **fields: Any) -> jobs.Installation:
    """The same installation with other fields of one committee."""
    configuration = installation.configuration
    municipalities = tuple(
        m.model_copy(
            update={
                "committees": tuple(
                    c.model_copy(update=fields) if c.id == committee else c for c in m.committees
                )
            }
        )
        for m in configuration.municipalities
    )
    return dataclasses.replace(
        installation, configuration=configuration.model_copy(update={"municipalities": municipalities})
    )


# --- what ---------------------------------------------------------------------------------------


def test_the_first_letter_is_a_digest_of_what_is_open_and_says_so(start, inbox) -> None:
    installation = start()
    calls = [call(f"C{n}") for n in range(30)]
    known(installation, calls, [builders.match(c, committee=SN) for c in calls], NOW)
    jobs.plan(installation, NOW)
    jobs.send(installation, lambda: NOW)
    first = text_of(
        inbox.messages[[to[0] for to in inbox.recipients].index("socialnamnden@norrbacka.example.org")]
    )
    assert "Detta är nämndens första brev." in first
    assert "22 passande utlysningar fick inte plats" in first
    assert not digest_of(installation, SN, NOW + WEEK).first


def test_calls_found_while_letters_were_missed_or_full_are_each_told_once_in_the_next_ones(start) -> None:
    installation = start()
    jobs.plan(installation, NOW - 4 * WEEK)
    calls = [call(f"C{n}", opens=date(2026, 1, 1)) for n in range(20)]
    known(installation, calls, [builders.match(c, committee=SN) for c in calls], NOW - 3 * WEEK)
    rows, waiting = list[str](), []
    for week in range(4):
        (planned,) = (p for p in jobs.plan(installation, NOW + week * WEEK) if p.digest.committee == SN)
        assert isinstance(planned.digest, Digest)
        rows += [item.call.source_id for item in planned.digest.items]
        waiting.append(planned.digest.totals.waiting)
    assert sorted(rows) == sorted(c.source_id for c in calls)
    assert waiting == [12, 4, 0, 0]


def test_one_committees_broken_letter_costs_the_others_nothing_and_is_overdue(start, monkeypatch) -> None:
    installation = start()
    wrong = dataclasses.replace(installation)
    rendered = planning.render

    def render(digest: Digest, **options: Any) -> Any:
        if digest.committee == SN:
            raise ZeroDivisionError
        return rendered(digest, **options)

    monkeypatch.setattr(planning, "render", render)
    planned = {p.digest.committee for p in jobs.plan(wrong, NOW)}
    assert SN not in planned
    assert len(planned) == LETTERS - 1
    assert planning.overdue(installation, NOW) == [(SN, "2027-W10")]
    monkeypatch.undo()
    assert [p.digest.committee for p in jobs.plan(installation, NOW + HOUR)] == [SN]
    assert planning.overdue(installation, NOW + HOUR) == []


def test_the_same_call_at_a_second_publisher_is_linked_and_not_told_again(start) -> None:
    installation = start()
    there = call("2027-00123", "se_tillvaxtverket", reference="2027-00123", title="Vård nära hemmet")
    known(installation, [there], [builders.match(there, committee=SN)], NOW)
    jobs.plan(installation, NOW)
    # the other publisher's copy comes first by name from now on, and is what is ranked
    here = call(
        "esf-9", "se_esf", reference="2027-00123", title="Vård nära hemmet", url="https://esf.example/9"
    )
    known(installation, [here], [builders.match(here, committee=SN)], NOW + DAY)
    assert jobs.plan(installation, NOW + DAY) == []
    digest = digest_of(installation, SN, NOW + WEEK)
    assert digest.empty
    assert digest.totals.standing == 1
    (item,) = digest_of(installation, AVN, NOW + DAY).items or digest_of_untold(installation, here).items
    assert (item.key, [link.url for link in item.elsewhere]) == (here.key, [there.url])


def digest_of_untold(installation: jobs.Installation, given: Call) -> Digest:
    """What a committee is told that has not heard of the call yet."""
    known(installation, [], [builders.match(given, committee=BUN)], NOW + DAY)
    return digest_of(installation, BUN, NOW + DAY)


def test_a_call_for_two_committees_says_so_in_both_letters_and_an_answer_takes_one_out(start) -> None:
    installation = start()
    a = call("A")
    known(
        installation, [a], [builders.match(a, 0.9, committee=AVN), builders.match(a, 0.8, committee=SN)], NOW
    )
    for committee, others in ((SN, "Arbetsmarknads- och vuxenutbildningsnämnden"), (AVN, "Socialnämnden")):
        (item,) = digest_of(installation, committee, NOW).items
        assert (item.also, item.lead) == ((others,), "Arbetsmarknads- och vuxenutbildningsnämnden")
    jobs.answer(installation, AVN, *a.key, AnswerKind.NOT_FOR_US, NOW)
    (item,) = digest_of(installation, SN, NOW).items
    assert (item.also, item.lead) == ((), None)


def test_the_coordinator_gets_one_overview_a_period_of_what_went_to_whom(start, inbox) -> None:
    installation = start()
    a, untold = call("A"), call("UNTOLD")
    known(
        installation,
        [a, untold],
        [builders.match(a, 0.9, committee=SN), builders.match(untold, 0.1, committee=SN)],
        NOW,
    )
    jobs.answer(installation, AVN, *untold.key, AnswerKind.WATCH, NOW - HOUR)
    for moment in (NOW, NOW + HOUR, NOW + DAY):
        jobs.plan(installation, moment)
        jobs.send(installation, lambda at=moment: at)
    (overview,) = (
        text_of(message)
        for message, to in zip(inbox.messages, inbox.recipients, strict=True)
        if to[0] == "eu@norrbacka.example.org"
    )
    assert "Socialnämnden 1 utlysning, till 1 mottagare" in overview
    assert "close to home (A)" in overview
    assert "passade någon nämnd" in overview
    assert "close to home (UNTOLD)" in overview
    assert "Arbetsmarknads- och vuxenutbildningsnämnden: bevakas" in overview
    kinds = Counter(p.digest.__class__ for p in jobs.plan(installation, NOW + WEEK))
    assert kinds == {Digest: 5, MunicipalOverview: 2}


def test_an_overview_waits_for_the_last_committees_hour(start) -> None:
    installation = with_digest(start(), SN, weekday="friday")
    jobs.plan(installation, DUE - 4 * DAY)  # the week before, all of it
    wednesday = {p.digest.committee for p in jobs.plan(installation, NOW)}
    assert "vasterhamn.overview" in wednesday
    assert "norrbacka.overview" not in wednesday
    friday = {p.digest.committee for p in jobs.plan(installation, NOW + 2 * DAY)}
    assert friday == {SN, "norrbacka.overview"}


def test_an_answer_is_told_once_and_ends_the_reminders(start) -> None:
    installation = start()
    soon = call("A", deadlines=(builders.on(2027, 3, 30),))
    known(installation, [soon], [builders.match(soon, committee=SN)], NOW)
    jobs.plan(installation, NOW)
    jobs.answer(installation, SN, *soon.key, AnswerKind.INTERESTED, NOW + DAY, who="kansliet")
    week_later = digest_of(installation, SN, NOW + WEEK)
    assert [i.section for i in week_later.items] == [Section.ANSWERED]
    jobs.plan(installation, NOW + WEEK)
    assert digest_of(installation, SN, NOW + 2 * WEEK).empty


def test_utc_and_swedish_clocks_plan_the_same_period(start) -> None:
    assert len(jobs.plan(start(), DUE.astimezone(UTC))) == LETTERS


def test_the_preview_is_the_letter_that_is_sent(start) -> None:
    installation = start()
    calls = [call(f"C{n}") for n in range(12)]
    known(
        installation,
        calls,
        [builders.match(c, 0.9 - n / 100, committee=SN) for n, c in enumerate(calls)],
        NOW,
    )
    shown = jobs.preview(installation, SN, NOW)
    (planned,) = (p for p in jobs.plan(installation, NOW) if p.digest.committee == SN)
    assert planned.rendered == shown.rendered
    assert planned.letters[0].body == shown.letters[0].body


def test_an_excluded_word_counts_alike_in_letter_preview_list_and_explanation(start) -> None:
    installation = start()
    prose = "Projekten prövar {} och hur anhöriga får stöd. Ansökan beskriver mål, målgrupp och personal."
    a, b = (
        call(name, title="Stöd till äldreomsorg i hemmet", language="sv", text=prose.format(what))
        for name, what in (("A", "måltider"), ("B", "kvantsensorer"))
    )
    known(installation, [a, b], [], NOW)
    _, committee = installation.committee(SN)
    care = committee.priorities[0].model_copy(update={"text": "Äldreomsorg", "keywords": ()})
    scores = []
    for words in ((), ("kvantsensorer",)):
        chosen = with_committee(installation, SN, priorities=(care.model_copy(update={"exclude": words}),))
        jobs.match(chosen, NOW)
        with chosen.database.read() as session:
            listed = {m.key: m for m in repository.load_matches(session, SN)}
        (planned,) = (p for p in jobs.plan(chosen, NOW, store=False) if p.digest.committee == SN)
        assert planned.digest == digest_of(chosen, SN, NOW)
        assert isinstance(planned.digest, Digest)
        assert all(item.match == listed[item.key] for item in planned.digest.items)
        assert {m.key for m in listed.values() if m.band is not Band.WEAK} == {
            item.key for item in planned.digest.items
        }
        for given in (a, b):
            assert jobs.explain(chosen, SN, given.source_id, NOW).match == listed[given.key]
        scores.append({key[1]: match.score for key, match in listed.items()})
    plain, without = scores
    assert without["B"] < 0.8 * plain["B"]
    assert without["A"] > 0.9 * plain["A"]


def test_the_operators_hear_once_of_a_letter_that_cannot_be_made(start, monkeypatch) -> None:
    installation = start()
    settings = installation.configuration.settings
    mail = settings.mail.model_copy(update={"operators": ("it@kommun.example",)})
    installation = dataclasses.replace(
        installation,
        configuration=installation.configuration.model_copy(
            update={"settings": settings.model_copy(update={"mail": mail})}
        ),
    )

    def compose(*arguments: Any, **options: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(planning, "compose", compose)
    for minute in range(3):
        jobs.plan(installation, NOW + minute * MINUTE)
        jobs.raise_alarms(installation, NOW + minute * MINUTE)
    with installation.database.read() as session:
        subjects = [letter.subject for letter in repository.letters(session) if letter.kind == "alarm"]
    assert sum("could not be made" in subject for subject in subjects) == 5
