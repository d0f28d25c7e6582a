"""A year of weekly letters through a mail server that fails in one letter of twenty.

    python benchmarks/delivery_year.py [WEEKS [COMMITTEES]]     (52 and 200)

Real planning, database (SQLite) and SMTP over loopback; only the clock is made up. Prints letters, copies,
faults, time and the growth of memory, and ends with 1 if a letter is lost or came twice.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from matcher import jobs  # noqa: E402
from matcher.config.loading import load_configuration  # noqa: E402
from matcher.demo.configuration import write_config  # noqa: E402
from matcher.domain import STOCKHOLM, LetterState  # noqa: E402
from matcher.storage import repository  # noqa: E402
from matcher.storage.engine import Database, open_database  # noqa: E402
from tests.delivery.sink import Sink  # noqa: E402

START = date(2027, 1, 4)
#: step, what the server says instead, share of the letters
FAULTS = (
    ("MAIL", "421 tired", 0.01),
    ("RCPT", "451 greylisted", 0.02),
    ("DATA", "drop", 0.005),
    ("dot", "drop", 0.005),  # it does not have the letter
    ("stored", "drop", 0.005),  # it has the letter, but we do not hear so
    ("taken", "drop", 0.005),
)
#: when the service looks again after a round: the pauses of letters put off, and the patience with uncertain
ROUNDS = tuple(timedelta(minutes=m) for m in (0, 10, 30, 95, 200, 400, 700, 1200))


@dataclass
class Year:
    """What came of it."""

    letters: int = 0
    #: by Message-ID: how often it arrived
    arrived: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    unsettled: int = 0
    seconds: float = 0.0
    #: MiB after the first eighth and at the end
    memory: tuple[float, float] = (0.0, 0.0)

    @property
    def lost(self) -> int:
        """Letters that never arrived."""
        return self.letters - len(self.arrived)

    @property
    def copies(self) -> int:
        """Letters that came once more than they should."""
        return sum(self.arrived.values()) - len(self.arrived)


def simulate(weeks: int, committees: int, *, seed: int = 1) -> Year:
    """A letter a week for so many committees."""
    year, dice = Year(), random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = _Sink(log=folder / "mail.log")

        def hear(step: str) -> str | None:
            for at, answer, share in FAULTS:
                if at == step and dice.random() < share:
                    year.faults[step] += 1
                    return answer
            return None

        sink.hear = hear
        database = open_database(f"sqlite:///{folder / 'matcher.db'}")
        database.upgrade()
        began = time.perf_counter()
        with sink.running() as port:
            installation = _installation(folder, database, port, committees)
            for week in range(weeks):
                monday = datetime.combine(START, datetime.min.time(), STOCKHOLM) + timedelta(
                    weeks=week, hours=8
                )
                for after in ROUNDS:
                    now = sink.now = monday + after
                    jobs.plan(installation, now)
                    jobs.send(installation, lambda now=now: now)  # type: ignore[misc]
                if week == weeks // 8:
                    year.memory = (_mib(), 0.0)
        year.seconds = time.perf_counter() - began
        year.memory = (year.memory[0], _mib())
        year.arrived = sink.arrived
        with database.read() as session:
            counts = repository.count_letters(session)
        year.letters = sum(counts.values())
        year.unsettled = year.letters - counts.get(LetterState.SENT, 0)
        database.close()
    return year


class _Sink(Sink):
    """Counts Message-IDs instead of keeping the messages."""

    def __init__(self, log: Path) -> None:
        super().__init__(log=log)
        self.arrived: Counter[str] = Counter()

    def store(self, recipient: str, message: bytes) -> None:
        super().store(recipient, message)
        self.accepted.clear()
        message_id = next(x for x in message.split(b"\r\n") if x.lower().startswith(b"message-id:"))
        self.arrived[message_id.decode()] += 1


def _installation(folder: Path, database: Database, port: int, count: int) -> jobs.Installation:
    """The demo's municipality with so many committees, each with a letter every Monday."""
    write_config(folder / "config", START)
    configuration = load_configuration(folder / "config")
    municipality = configuration.municipalities[0]
    first = municipality.committees[0]
    committees = tuple(
        first.model_copy(update={"id": f"committee-{n}", "recipients": (f"c{n}@kommun.example",)})
        for n in range(count)
    )
    settings = configuration.settings
    mail = settings.mail.model_copy(update={"mail_log": (str(folder / "mail.log"),)})
    municipality = municipality.model_copy(update={"committees": committees, "coordinator": ()})
    return jobs.Installation(
        configuration=configuration.model_copy(
            update={
                "municipalities": (municipality,),
                "settings": settings.model_copy(update={"mail": mail}),
            }
        ),
        database=database,
        directory=folder,
        smtp_url=f"smtp://127.0.0.1:{port}",
        mail_from="eu@kommun.example",
    )


def _mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Run it and print the figures."""
    weeks, committees = (int(argument) for argument in (*sys.argv[1:3], *("52", "200")[len(sys.argv) - 1 :]))
    year = simulate(weeks, committees)
    before, after = year.memory
    print(
        f"{year.letters} letters, {year.lost} lost, {year.copies} copies, {year.unsettled} unsettled; "
        f"{sum(year.faults.values())} faults; {year.seconds:.0f} s "
        f"({1000 * year.seconds / max(1, year.letters):.1f} ms a letter); "
        f"memory {before:.0f} → {after:.0f} MiB"
    )
    sys.exit(bool(year.lost or year.copies or year.unsettled or year.letters != weeks * committees))


if __name__ == "__main__":
    main()
