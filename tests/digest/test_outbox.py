"""The outbox's state machine and loop, against real sockets and a ledger in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from matcher.digest.outbox import (
    MOST_ATTEMPTS,
    PAUSES,
    REFUSED_IN_A_ROW,
    WEEK,
    Delivered,
    after_problem,
    deliver_due,
    too_many,
)
from matcher.digest.smtp import SmtpServer
from matcher.domain import Letter, LetterState
from matcher.errors import DeferredError, RefusedError, UncertainError, UnreachableError
from tests.digest.builders import NOW
from tests.digest.servers import Inbox, RawServer, free_port, real_server

SENDER = "letters@example.org"
LEASE = timedelta(minutes=20)


def letter(number: int = 1, **fields: object) -> Letter:
    values: dict[str, object] = {
        "committee": f"c{number}",
        "period": "2026-W47",
        "recipient": f"c{number}@example.org",
        "subject": "x",
        "message_id": f"<{number}@example.org>",
        "body": f"Subject: {number}\r\n\r\nhej\r\n".encode(),
        "created_at": NOW,
        "id": number,
    }
    return Letter(**values | fields)  # type: ignore[arg-type]


class Ledger:
    """The Outbox protocol over a dict, with the rules that storage keeps; ``log`` is what was committed."""

    def __init__(self, *letters: Letter) -> None:
        self.letters = {item.id: item for item in letters}
        self.log: list[str] = []

    def _due(self, now: datetime) -> list[Letter]:
        return [
            item
            for item in self.letters.values()
            if item.state is LetterState.QUEUED and (item.next_attempt_at or now) <= now
        ]

    def waiting(self, now: datetime) -> bool:
        return bool(self._due(now))

    def expire(self, now: datetime) -> int:
        late = [
            item
            for item in self.letters.values()
            if item.state is LetterState.SENDING and item.lease_until and item.lease_until < now
        ]
        for item in late:
            self.letters[item.id] = replace(item, state=LetterState.UNCERTAIN)
        return len(late)

    def claim(self, now: datetime) -> Letter | None:
        due = self._due(now)
        if not due:
            return None
        claimed = replace(
            due[0], state=LetterState.SENDING, attempts=due[0].attempts + 1, lease_until=now + LEASE
        )
        self.letters[claimed.id] = claimed
        self.log.append(f"claim {claimed.id}")
        return claimed

    def finish(self, result: Delivered, now: datetime) -> None:
        held = self.letters[result.letter.id]
        self.log.append(f"{result.state} {held.id}")
        self.letters[held.id] = replace(
            held,
            state=result.state,
            problem=result.problem,
            next_attempt_at=result.next_attempt_at,
            attempts=held.attempts - (not result.counted),
        )

    def states(self) -> list[LetterState]:
        return [item.state for item in self.letters.values()]


def clock() -> datetime:
    return NOW


def test_every_due_letter_is_sent_once_and_written_down_one_by_one() -> None:
    ledger, inbox, seen = Ledger(letter(1), letter(2)), Inbox(), list[Delivered]()
    with real_server(inbox) as port:
        server = SmtpServer.from_url(f"smtp://127.0.0.1:{port}")
        report = deliver_due(ledger, server, sender=SENDER, now=clock, on_result=seen.append)
        again = deliver_due(ledger, server, sender=SENDER, now=clock)
    assert ledger.log == ["claim 1", "sent 1", "claim 2", "sent 2"]
    assert [rcpt for _, rcpt, _ in inbox.accepted] == [["c1@example.org"], ["c2@example.org"]]
    assert [content for *_, content in inbox.accepted] == [letter(1).body, letter(2).body]
    assert (report.count(LetterState.SENT), report.well, tuple(seen)) == (2, True, report.results)
    assert again.results == ()


def test_the_limit_leaves_the_rest_for_the_next_round() -> None:
    ledger = Ledger(letter(1), letter(2), letter(3))
    with RawServer() as raw:
        deliver_due(ledger, raw.client(), sender=SENDER, now=clock, limit=2)
    assert ledger.states() == [LetterState.SENT, LetterState.SENT, LetterState.QUEUED]


def test_a_process_told_to_end_finishes_the_letter_in_hand_and_claims_no_more() -> None:
    ledger, done = Ledger(letter(1), letter(2)), list[Delivered]()
    with RawServer() as raw:
        deliver_due(
            ledger, raw.client(), sender=SENDER, now=clock, on_result=done.append, stop=lambda: bool(done)
        )
    assert ledger.states() == [LetterState.SENT, LetterState.QUEUED]


@pytest.mark.parametrize(
    ("answers", "state", "accepted"),
    [
        ({"QUIT": "421 tired"}, LetterState.SENT, 1),
        ({"QUIT": "drop"}, LetterState.SENT, 1),
        ({"dot": "drop"}, LetterState.UNCERTAIN, 0),
        ({"dot": "hang"}, LetterState.UNCERTAIN, 0),
        ({"dot": "drop in the middle"}, LetterState.UNCERTAIN, 0),
        ({"dot": "552 too big"}, LetterState.FAILED, 0),
        ({"RCPT": "550 nobody"}, LetterState.FAILED, 0),
        ({"RCPT": "450 greylisted"}, LetterState.QUEUED, 0),
        ({"MAIL": "drop"}, LetterState.QUEUED, 0),
        ({"DATA": "hang"}, LetterState.QUEUED, 0),
    ],
)
def test_each_behaviour_of_the_server_gives_the_right_state_and_no_second_copy(
    answers: dict[str, str], state: LetterState, accepted: int
) -> None:
    ledger = Ledger(letter())
    with RawServer(answers) as raw:
        report = deliver_due(ledger, raw.client(), sender=SENDER, now=clock)
        deliver_due(ledger, raw.client(), sender=SENDER, now=clock)  # nothing is due now
        assert len(raw.accepted) == accepted
    assert ledger.states() == [state]
    assert [r.state for r in report.results] == [state]
    assert (report.results[0].problem is None) == (state is LetterState.SENT)


def test_a_server_that_is_down_touches_no_letter_and_costs_no_attempt() -> None:
    ledger = Ledger(letter(1), letter(2))
    server = SmtpServer(host="127.0.0.1", port=free_port())
    for hour in range(6):
        report = deliver_due(ledger, server, sender=SENDER, now=lambda h=hour: NOW + timedelta(hours=h))
        assert report.unreachable is not None
        assert not report.well
    assert ledger.log == []
    with RawServer() as raw:
        deliver_due(ledger, raw.client(), sender=SENDER, now=lambda: NOW + timedelta(hours=6))
        assert len(raw.accepted) == 2
    assert ledger.states() == [LetterState.SENT, LetterState.SENT]


def test_a_server_that_goes_down_halfway_ends_the_round_and_loses_nothing() -> None:
    ledger = Ledger(letter(1), letter(2))
    with RawServer({"MAIL": "530 log in first"}) as raw:
        report = deliver_due(ledger, raw.client(), sender=SENDER, now=clock)
    assert ledger.log == ["claim 1", "queued 1"]
    assert report.unreachable is not None
    assert ledger.letters[1].attempts == 0


def test_five_letters_refused_in_a_row_end_the_round() -> None:
    ledger = Ledger(*(letter(n) for n in range(1, 9)))
    with RawServer({"RCPT": "554 5.7.1 relay access denied"}) as raw:
        report = deliver_due(ledger, raw.client(), sender=SENDER, now=clock)
        assert raw.connections == 1 + REFUSED_IN_A_ROW
    assert ledger.states() == [LetterState.FAILED] * 5 + [LetterState.QUEUED] * 3
    assert "relay access denied" in (report.unreachable or "")


def test_refusals_between_letters_that_go_through_end_nothing() -> None:
    ledger = Ledger(*(letter(n) for n in range(1, 12)))

    class EveryThird(RawServer):
        def _answer(self, connection: object, step: str) -> bool:
            self.answers["RCPT"] = "250 ok" if self.connections % 3 == 0 else "550 5.1.1 nobody"
            return super()._answer(connection, step)  # type: ignore[arg-type]

    with EveryThird() as raw:
        report = deliver_due(ledger, raw.client(), sender=SENDER, now=clock)
    assert (len(report.results), report.unreachable) == (11, None)
    assert all(r.unknown_recipient == (r.state is LetterState.FAILED) for r in report.results)


def test_one_poisonous_letter_is_set_aside_after_five_attempts_and_the_others_arrive() -> None:
    ledger = Ledger(letter(1), letter(2, body=b"Subject: 2\r\n\r\nok\r\n"))

    class Picky(RawServer):
        def _answer(self, connection: object, step: str) -> bool:
            bad = any("c1@" in c for c in self.commands[-2:]) and step == "RCPT"
            self.answers["RCPT"] = "451 not this one" if bad else "250 ok"
            return super()._answer(connection, step)  # type: ignore[arg-type]

    with Picky() as raw:
        for turn in range(MOST_ATTEMPTS + 3):
            later = NOW + turn * timedelta(hours=5)
            deliver_due(ledger, raw.client(), sender=SENDER, now=lambda at=later: at)
        assert len(raw.accepted) == 1
    assert ledger.states() == [LetterState.FAILED, LetterState.SENT]
    assert ledger.letters[1].attempts == MOST_ATTEMPTS
    assert "451 not this one" in (ledger.letters[1].problem or "")


def test_the_claim_of_a_dead_process_becomes_uncertain_and_is_not_sent_again() -> None:
    dead = letter(1, state=LetterState.SENDING, lease_until=NOW - timedelta(minutes=1))
    alive = letter(2, state=LetterState.SENDING, lease_until=NOW + timedelta(minutes=1))
    ledger = Ledger(dead, alive)
    with RawServer() as raw:
        report = deliver_due(ledger, raw.client(), sender=SENDER, now=clock)
        assert raw.connections == 0
    assert (report.expired, report.well) == (1, False)
    assert ledger.states() == [LetterState.UNCERTAIN, LetterState.SENDING]


def test_pauses_grow_and_the_fifth_refusal_to_take_it_now_is_the_last() -> None:
    later = DeferredError("451 later")
    steps = [after_problem(letter(attempts=n), later, NOW) for n in range(1, MOST_ATTEMPTS + 1)]
    assert [s.state for s in steps] == [LetterState.QUEUED] * 4 + [LetterState.FAILED]
    assert [s.next_attempt_at for s in steps[:4]] == [NOW + pause for pause in PAUSES]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (RefusedError("550"), LetterState.FAILED),
        (UncertainError("broke"), LetterState.UNCERTAIN),
        (UnreachableError("down"), LetterState.QUEUED),
    ],
)
def test_refused_uncertain_and_unreachable_do_not_depend_on_the_number_of_attempts(
    error: RefusedError | UncertainError | UnreachableError, state: LetterState
) -> None:
    assert {after_problem(letter(attempts=n), error, NOW).state for n in (1, 5, 50)} == {state}


# --- the brake --------------------------------------------------------------------------------


def weeks(*counts: int) -> list[datetime]:
    """Moments in the weeks before now, the last week first."""
    return [NOW - n * WEEK - timedelta(days=2) for n, count in enumerate(counts, 1) for _ in range(count)]


@pytest.mark.parametrize(
    ("waiting", "before", "usual"),
    [
        (1000, weeks(), None),  # a new installation knows no usual
        (1000, weeks(20, 20), None),
        (50, weeks(2, 2, 2), None),  # never held back, however unusual
        (51, weeks(2, 2, 2), 50),
        (60, weeks(20, 20, 20), None),
        (61, weeks(20, 20, 20), 60),
        (160, weeks(10, 10, 10, 110, 10, 10), None),  # monthly letters come all at once
        (166, weeks(10, 10, 10, 110, 10, 10), 165),
        (61, weeks(20, 0, 20, 0, 20), 60),  # a week without letters is not a usual week
        (1000, weeks(*[0] * 12, 20, 20, 20), None),  # too long ago to say anything
    ],
)
def test_the_brake_knows_what_is_usual(waiting: int, before: list[datetime], usual: int | None) -> None:
    assert too_many(waiting, before, least=50, now=NOW) == usual
