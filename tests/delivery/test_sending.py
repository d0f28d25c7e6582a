"""Sending over a real database and a real mail server: brake, suspension, settling, sending anew."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher import jobs
from matcher.config.loading import load_configuration
from matcher.digest.alarm import OPERATORS
from matcher.domain import Letter, LetterState, Section, Told
from matcher.errors import ConfigError, StorageError
from matcher.jobs.outbox import bounces_due
from matcher.jobs.sending import LEASE, StoredOutbox
from matcher.storage import repository
from matcher.storage.engine import open_database
from tests.delivery.sink import Sink
from tests.digest.imap import ImapServer
from tests.digest.test_bounces import dsn
from tests.storage.builders import call

NOW = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def installation(database_url: str, config: Path, sink: Sink) -> Iterator[jobs.Installation]:
    with sink.running() as port:
        opened = jobs.Installation(
            configuration=load_configuration(config),
            database=open_database(database_url),
            directory=config,
            smtp_url=f"smtp://127.0.0.1:{port}",
            mail_from="eu@kommun.example",
        )
        yield opened
        opened.close()


def at(now: datetime) -> jobs.Clock:
    return lambda: now


def with_mail(installation: jobs.Installation, **fields: object) -> jobs.Installation:
    settings = installation.configuration.settings
    mail = settings.mail.model_copy(update=fields)
    configuration = installation.configuration.model_copy(
        update={"settings": settings.model_copy(update={"mail": mail})}
    )
    return dataclasses.replace(installation, configuration=configuration)


def without_committees(installation: jobs.Installation) -> jobs.Installation:
    """So that no letter of theirs is overdue when only queued ones are looked at."""
    configuration = installation.configuration.model_copy(update={"municipalities": ()})
    return dataclasses.replace(installation, configuration=configuration)


def queue(
    installation: jobs.Installation,
    count: int,
    now: datetime,
    *,
    calls: int = 0,
    section: Section = Section.NEW,
) -> None:
    """So many letters, with so many calls told in each, new ones unless another section is given."""
    week = f"{now.isocalendar().year}-W{now.isocalendar().week:02}"
    for n in range(count):
        letter = Letter(
            committee=f"c{n}",
            period=week,
            recipient=f"c{n}@kommun.example",
            subject=str(n),
            message_id=f"<{week}.c{n}@kommun.example>",
            body=f"Message-ID: <{week}.c{n}@kommun.example>\r\n\r\n{n}\r\n".encode(),
            created_at=now,
        )
        told = [
            Told(
                source="demo",
                source_id=f"{week}-{i}",
                section=section,
                period=week,
                told_at=now,
                call=call(),
            )
            for i in range(calls)
        ]
        with installation.database.write() as session:
            repository.queue_letters(session, [letter], told)


def alarms(installation: jobs.Installation) -> list[str]:
    return [letter.subject for letter in jobs.list_letters(installation, committee=OPERATORS)]


def usual_weeks(installation: jobs.Installation, *, letters: int, calls: int = 0) -> None:
    for n in range(4, 0, -1):
        queue(installation, letters, NOW - n * WEEK, calls=calls)
        assert jobs.send(installation, at(NOW - n * WEEK)).sent == letters


# --- the brake --------------------------------------------------------------------------------


def test_far_more_letters_than_usual_wait_for_a_person_while_the_operators_are_told_once(
    installation: jobs.Installation, sink: Sink
) -> None:
    installation = without_committees(with_mail(installation, most_letters=5))
    usual_weeks(installation, letters=2)
    queue(installation, 7, NOW)
    assert jobs.raise_alarms(installation, NOW) == 1
    held = jobs.send(installation, at(NOW))
    assert (held.sent, held.failed) == (1, True)
    assert held.brake is not None
    assert held.brake.startswith("7 letters wait, but at most 6 are usual: held back.")
    assert sink.accepted[-1][0] == installation.configuration.settings.mail.operators[0]
    assert jobs.overview(installation, NOW).brake == held.brake
    assert jobs.raise_alarms(installation, NOW + timedelta(minutes=1)) == 0
    assert alarms(installation) == ["matcher: letters are held back"]

    forced = jobs.send(installation, at(NOW + timedelta(hours=1)), force=True)
    assert (forced.sent, forced.brake) == (7, None)
    queue(installation, 2, NOW + WEEK)
    assert jobs.send(installation, at(NOW + WEEK)).sent == 2


@pytest.mark.parametrize("section", [Section.NEW, Section.CHANGED])
def test_letters_with_far_more_new_or_changed_calls_than_usual_wait_too(
    installation: jobs.Installation, section: Section
) -> None:
    installation = with_mail(installation, most_calls=10)
    usual_weeks(installation, letters=2, calls=2)
    queue(installation, 2, NOW, calls=7, section=section)
    held = jobs.send(installation, at(NOW))
    assert (held.sent, jobs.waiting(installation)) == (0, 2)
    assert (held.brake or "").startswith("14 new or changed calls in letters wait, but at most 12 are usual")


def test_a_new_installation_and_a_usual_week_are_not_braked(installation: jobs.Installation) -> None:
    installation = with_mail(installation, most_letters=1, most_calls=1)
    queue(installation, 9, NOW, calls=9)
    assert jobs.send(installation, at(NOW)).sent == 9
    for n in (1, 2, 3, 4):
        queue(installation, 9, NOW + n * WEEK, calls=9)
        assert jobs.send(installation, at(NOW + n * WEEK)).sent == 9


def test_a_server_that_refuses_everything_costs_five_letters_and_the_rest_wait(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 9, NOW)
    sink.hear = lambda step: "554 5.7.1 relay access denied" if step == "RCPT" else None
    assert len(jobs.send(installation, at(NOW)).unsent) == 5
    again = jobs.send(installation, at(NOW))
    assert (again.results, jobs.waiting(installation)) == ((), 4)
    assert "relay access denied" in (again.brake or "")

    sink.hear = lambda _: None
    assert jobs.send(installation, at(NOW), force=True).sent == 4


# --- one letter that fails --------------------------------------------------------------------


def test_a_round_that_breaks_off_at_one_letter_mails_nobody_again(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 3, NOW)
    done: list[str] = []

    def break_at_the_second(text: str) -> None:
        done.append(text)
        if len(done) == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        jobs.send(installation, at(NOW), break_at_the_second)
    for hours in (0, 2, 4):  # beyond the claim's lease and the patience with what is uncertain
        jobs.send(installation, at(NOW + timedelta(hours=hours)))
    assert [recipient for recipient, _ in sink.accepted] == [f"c{n}@kommun.example" for n in range(3)]


@pytest.mark.parametrize("answer", ["550 5.1.1 nobody", "451 4.7.1 not now"])
def test_an_address_that_never_works_keeps_nobody_elses_letter_back_week_after_week(
    installation: jobs.Installation, sink: Sink, answer: str
) -> None:
    sink.refused["c0@kommun.example"] = answer
    for n in range(3):
        queue(installation, 3, NOW + n * WEEK)
        for minute in (0, 10):
            sending = jobs.send(installation, at(NOW + n * WEEK + timedelta(minutes=minute)))
            assert sending.problem is None
    arrived = Counter(recipient for recipient, _ in sink.accepted)
    assert arrived == {"c1@kommun.example": 3, "c2@kommun.example": 3}


def test_the_claim_of_a_process_that_died_runs_out_and_holds_nobody_up_meanwhile(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 2, NOW)
    dead = StoredOutbox(installation.database, "a process that is killed now").claim(NOW)
    assert dead is not None
    assert jobs.send(installation, at(NOW)).sent == 1
    found = jobs.send(installation, at(NOW + LEASE + timedelta(seconds=1)))
    assert (found.expired, found.sent, found.failed) == (1, 0, True)
    assert jobs.send(installation, at(NOW + LEASE + timedelta(hours=1))).sent == 1
    assert sorted(recipient for recipient, _ in sink.accepted) == ["c0@kommun.example", "c1@kommun.example"]


def test_a_letter_that_was_refused_is_kept_told_of_and_sent_anew_on_request(
    installation: jobs.Installation, sink: Sink
) -> None:
    installation = without_committees(installation)
    queue(installation, 1, NOW, calls=2)
    sink.hear = lambda step: "554 5.7.1 too odd" if step == "dot" else None
    (failed,) = jobs.send(installation, at(NOW)).unsent
    assert failed.letter.id is not None
    assert jobs.raise_alarms(installation, NOW) == 1
    assert alarms(installation) == ["matcher: a letter to c0@kommun.example is failed"]
    sink.hear = lambda _: None
    jobs.resend(installation, failed.letter.id, NOW)
    assert jobs.send(installation, at(NOW)).sent == 2
    assert ("c0@kommun.example", failed.letter.body) in sink.accepted


# --- planning ---------------------------------------------------------------------------------


def test_planning_fifty_times_makes_no_new_letter(installation: jobs.Installation) -> None:
    first = jobs.plan(installation, NOW)
    before = jobs.list_letters(installation)
    assert len(first) >= 5
    for n in range(50):
        assert jobs.plan(installation, NOW + timedelta(minutes=n)) == []
    assert jobs.list_letters(installation) == before


# --- letters that come back -------------------------------------------------------------------


def recipient_of(installation: jobs.Installation) -> str:
    return installation.configuration.committees()[0][1].recipients[0]


def test_three_hard_bounces_suspend_an_address_and_say_so(
    installation: jobs.Installation, tmp_path: Path
) -> None:
    everybody = {x.recipient for p in jobs.plan(installation, NOW) for x in p.letters}
    jobs.send(installation, at(NOW))
    address = recipient_of(installation)
    letter = next(x for x in jobs.list_letters(installation) if x.recipient == address)
    for n in range(3):
        (tmp_path / "bounces").mkdir(exist_ok=True)
        report = dsn(
            "forwarded@elsewhere.example",
            name=f"<{n}@mx.example>",
            date=f"Thu, {11 + n} Mar 2027 07:00:00 +0100",
            returned=f"Message-ID: {letter.message_id}",
        )
        (tmp_path / "bounces" / f"{n}.eml").write_bytes(report)
    read = jobs.read_bounces(installation, NOW + WEEK, tmp_path / "bounces")
    assert [b.address for b in read.bounces] == [address] * 3  # not the one it is forwarded to
    assert [s.address for s in read.suspended] == [address]
    assert jobs.read_bounces(installation, NOW + WEEK, tmp_path / "bounces").suspended == []

    planned = {x.recipient for p in jobs.plan(installation, NOW + WEEK) for x in p.letters}
    assert planned == everybody - {address}
    assert jobs.raise_alarms(installation, NOW + WEEK) == 1
    assert alarms(installation) == [f"matcher: {address} gets no letters any more"]
    assert [s.address for s in jobs.overview(installation, NOW + WEEK).suspended] == [address]
    jobs.unsuspend(installation, address, NOW + WEEK)
    assert address in [x.recipient for p in jobs.plan(installation, NOW + 2 * WEEK) for x in p.letters]


def test_a_report_about_nobody_of_ours_is_left(installation: jobs.Installation, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(dsn("stranger@elsewhere.example"))
    read = jobs.read_bounces(installation, NOW, tmp_path / "a.eml")
    assert (read.bounces, read.other) == ([], 1)


def test_a_server_that_knows_no_such_recipient_counts_as_a_bounce(
    installation: jobs.Installation, sink: Sink
) -> None:
    sink.hear = lambda step: "550 5.1.1 nobody" if step == "RCPT" else None
    for n in range(3):
        queue(installation, 1, NOW + n * WEEK)
        jobs.send(installation, at(NOW + n * WEEK))
    assert [s.address for s in jobs.suspensions(installation)] == ["c0@kommun.example"]


def test_the_mailbox_of_returned_letters_is_read_once_an_hour_and_its_silence_is_told(
    installation: jobs.Installation,
) -> None:
    queue(installation, 1, NOW)
    imap = ImapServer(messages=[dsn("c0@kommun.example", returned="")])
    with imap.running() as port:
        url = f"imap://arkiv%40kommun.example:hemligt@127.0.0.1:{port}/"
        opened = dataclasses.replace(installation, bounces_url=url)
        for minutes in (0, 1, 59, 60):
            assert bounces_due(opened, NOW + timedelta(minutes=minutes)) is None
        assert sum(c.startswith("LOGIN") for c in imap.commands) == 2
    with opened.database.read() as session:
        assert [b.address for b in repository.bounces(session)] == ["c0@kommun.example"]
    assert "mailbox INBOX" in (bounces_due(opened, NOW + timedelta(hours=3)) or "")
    with pytest.raises(ConfigError, match="BOUNCES_URL"):
        jobs.read_bounces(installation, NOW)


# --- letters that are uncertain, and letters sent anew ----------------------------------------


def test_an_uncertain_letter_is_held_or_sent_once_more_as_configured(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 1, NOW)
    sink.hear = lambda step: "drop" if step == "dot" else None
    assert jobs.send(installation, at(NOW)).unsent[0].state is LetterState.UNCERTAIN
    sink.hear = lambda _: None
    held = with_mail(installation, uncertain="hold")
    assert jobs.send(held, at(NOW + timedelta(days=3))).results == ()
    assert jobs.send(installation, at(NOW + timedelta(minutes=59))).results == ()
    sending = jobs.send(installation, at(NOW + timedelta(hours=1)))
    assert (sending.sent, [s.state for s in sending.settled]) == (1, [LetterState.QUEUED])
    assert len(sink.accepted) == 1


def test_the_archive_shows_that_a_letter_was_taken_and_it_is_not_sent_again(
    installation: jobs.Installation, sink: Sink
) -> None:
    imap = ImapServer()
    queue(installation, 1, NOW)
    sink.hear = lambda step: "drop" if step == "stored" else None
    with imap.running() as port:
        url = f"imap://arkiv%40kommun.example:hemligt@127.0.0.1:{port}/"
        opened = with_mail(dataclasses.replace(installation, archive_url=url), archive="arkiv@kommun.example")
        jobs.send(opened, at(NOW))
        sink.hear = lambda _: None
        imap.messages += [message for _, message in sink.accepted]
        sending = jobs.send(opened, at(NOW + timedelta(hours=2)))
    assert [s.state for s in sending.settled] == [LetterState.SENT]
    assert [recipient for recipient, _ in sink.accepted] == ["arkiv@kommun.example"]  # the last one said
    (letter,) = jobs.list_letters(installation)
    assert (letter.state, letter.sent_at) == (LetterState.SENT, NOW)


def test_a_record_that_cannot_be_read_is_said_and_settles_nothing(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 1, NOW)
    sink.hear = lambda step: "drop" if step == "dot" else None
    opened = dataclasses.replace(installation, archive_url="imap://a:b@127.0.0.1:1/")
    jobs.send(opened, at(NOW))
    settled, problem = jobs.reconcile(opened, NOW + timedelta(minutes=30))
    assert settled == []
    assert (problem or "").startswith("mailbox INBOX on 127.0.0.1:1")


def test_a_letter_that_is_done_is_sent_anew_with_the_same_bytes_to_whom_one_likes(
    installation: jobs.Installation, sink: Sink
) -> None:
    queue(installation, 1, NOW)
    (letter,) = jobs.list_letters(installation)
    assert letter.id is not None
    with pytest.raises(StorageError, match="only one that is sent or failed"):
        jobs.resend(installation, letter.id, NOW)
    jobs.send(installation, at(NOW))
    for to in (None, None, "new@kommun.example"):
        jobs.resend(installation, letter.id, NOW, to)
    assert jobs.send(installation, at(NOW)).sent == 3
    assert [r for r, _ in sink.accepted] == ["c0@kommun.example"] * 3 + ["new@kommun.example"]
    assert len({message for _, message in sink.accepted}) == 1
    kinds = [x.kind for x in jobs.list_letters(installation)]
    assert kinds == ["digest again 1", "digest again 2", "digest again 1", "digest"]
    with pytest.raises(StorageError, match="There is no letter 99"):
        jobs.resend(installation, 99, NOW)
