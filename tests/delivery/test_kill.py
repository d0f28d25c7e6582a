"""kill -9 at any point loses no letter, and sends one twice only where nobody can know better."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.domain import Letter, LetterState
from matcher.storage import repository
from matcher.storage.engine import Database, open_database
from tests.delivery.sink import STEPS, Sink
from tests.delivery.worker import OWN_STEPS, Workers

NOW = datetime(2027, 3, 8, 6, 0, tzinfo=UTC)
#: longer than a claim's lease and than the patience with an uncertain letter
LATER = timedelta(hours=2)


def queue(database: Database, count: int) -> dict[str, bytes]:
    """So many committees with a letter each; gives recipient → bytes."""
    letters = {}
    with database.write() as session:
        for n in range(count):
            message_id = f"<2027-W10.c{n}@kommun.example>"
            body = f"Message-ID: {message_id}\r\nSubject: {n}\r\n\r\n.hej {n}\r\n".encode()
            letter = Letter(
                committee=f"c{n}",
                period="2027-W10",
                recipient=f"c{n}@kommun.example",
                subject=str(n),
                message_id=message_id,
                body=body,
                created_at=NOW - timedelta(minutes=1),
            )
            repository.queue_letters(session, [letter], [])
            letters[letter.recipient] = body
    return letters


def states(database: Database) -> Counter[LetterState]:
    with database.read() as session:
        return Counter(repository.count_letters(session))


class Killer:
    """Kills the sender at the n-th step the server sees, a moment later, when it may be in the database."""

    def __init__(self, sink: Sink) -> None:
        sink.hear = self.hear
        self.pid, self.left, self.delay = 0, -1, 0.0

    def hear(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            time.sleep(self.delay)  # the only pause: the point where it dies, not a wait for anything
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[] if n == 0 else [pytest.mark.slow]) for n in range(11)]
)
@pytest.mark.parametrize("reconciler", [True, False], ids=["with mail log", "without"])
def test_twenty_kills_lose_nothing_and_copy_nothing_that_could_be_known(
    database_url: str, workers: Workers, tmp_path: Path, reconciler: bool, seed: int
) -> None:
    count, kills = (200, 20) if seed else (40, 4)
    database = open_database(database_url)
    letters = queue(database, count)
    dice = random.Random(f"{seed} {reconciler} {database.sqlite}")
    sink = Sink(log=tmp_path / "mail.log", now=NOW)
    order = {"database": database_url, "mail": {"mail_log": [str(sink.log)] if reconciler else []}}
    killer, killed, moment = Killer(sink), 0, NOW

    with sink.running() as port:
        while killed < kills or set(states(database)) != {LetterState.SENT}:
            sink.now = moment
            alive = killed < kills
            killer.left = dice.randint(1, 8 * len(STEPS)) if alive else -1
            killer.delay = dice.choice((0.0, dice.uniform(0, 0.006)))

            def born(pid: int) -> None:
                killer.pid = pid

            ended = workers.run(born, port=port, now=moment.isoformat(), **order)
            assert ended in (0, -signal.SIGKILL)
            killed += ended != 0
            moment += LATER
            assert moment < NOW + 100 * LATER, f"letters are stuck: {states(database)}"
            if ended == 0 and not states(database).keys() - {LetterState.SENT}:
                break

    copies = Counter(recipient for recipient, _ in sink.accepted)
    assert killed == kills
    assert states(database) == {LetterState.SENT: count}
    assert set(copies) == set(letters)  # none lost
    assert all(letters[recipient] == message for recipient, message in sink.accepted)  # the same bytes
    extra = len(sink.accepted) - count
    assert extra == 0 if reconciler else extra <= kills
    database.close()


@pytest.mark.slow
@pytest.mark.parametrize("step", [*OWN_STEPS, *STEPS])
def test_a_sender_that_dies_at_any_step_leaves_one_letter_per_recipient(
    database_url: str, workers: Workers, tmp_path: Path, step: str
) -> None:
    database = open_database(database_url)
    sink = Sink(log=tmp_path / "mail.log", now=NOW)
    order = {"database": database_url, "plan": True, "mail": {"mail_log": [str(sink.log)]}}
    victim = 0
    seen: Counter[str] = Counter()

    def hear(heard: str) -> None:
        seen[heard] += 1
        # the probe says connect, EHLO and QUIT once before the first letter
        if heard == step and seen[heard] == (3 if step in ("connect", "EHLO", "QUIT") else 2):
            os.kill(victim, signal.SIGKILL)

    def born(pid: int) -> None:
        nonlocal victim
        victim = pid

    with sink.running() as port:
        sink.hear = hear
        dying = {"die_at": step, "after": 1 if step in ("claimed", "committed", "rendered") else 0}
        now = datetime(2027, 3, 10, 9, 0, tzinfo=UTC)
        sink.now = now
        assert workers.run(born, port=port, now=now.isoformat(), **order, **dying) == -signal.SIGKILL
        sink.hear = lambda _: None
        for turn in (1, 2):
            sink.now = now + turn * LATER
            assert workers.run(port=port, now=sink.now.isoformat(), **order) == 0

    with database.read() as session:
        stored = repository.letters(session)
    assert len(stored) >= 5
    assert {letter.state for letter in stored} == {LetterState.SENT}
    arrived = Counter(recipient for recipient, _ in sink.accepted)
    assert arrived == Counter(letter.recipient for letter in stored)
    database.close()
