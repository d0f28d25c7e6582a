"""Senders that can be killed: one warm process forks one for each round of sending."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from matcher import jobs
from matcher.config.loading import load_configuration
from matcher.jobs import sending
from matcher.storage import repository
from matcher.storage.engine import open_database

#: where a sender can be told to die by itself; all other steps are seen by the mail server
OWN_STEPS = ("rendered", "planned", "claimed", "committed")


@dataclass
class Workers:
    """The warm process, seen from the test."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, config: Path) -> Workers:
        """Begin; the first ``run`` waits until it is warm."""
        command = [sys.executable, "-m", "tests.delivery.worker", str(config)]
        root = Path(__file__).parents[2]
        return cls(
            subprocess.Popen(
                command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
        )

    def run(self, born: Callable[[int], None] = lambda _: None, **order: Any) -> int:
        """Let senders do one round; ``born`` hears the first one's pid.

        Returns:
            An exit status, that of one that did not end well if there is one; -9 when it was killed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        born(int(self.process.stdout.readline()))
        return int(self.process.stdout.readline())

    def stop(self) -> None:
        """End it."""
        self.process.communicate()


def work(configuration: Any, order: dict[str, Any]) -> None:
    """One round in a process of its own: plan if told to, then send."""
    step, count = order.get("die_at"), int(order.get("after", 0))

    def dies(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def then_dies(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            result = function(*args, **kwargs)
            if step == name:
                count -= 1
                if count < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return result

        return then_dies

    sending.StoredOutbox.claim = dies("claimed", sending.StoredOutbox.claim)  # type: ignore[method-assign]
    sending.StoredOutbox.finish = dies("committed", sending.StoredOutbox.finish)  # type: ignore[method-assign]
    repository.queue_letters = dies("rendered", repository.queue_letters)  # before its transaction commits
    now = datetime.fromisoformat(order["now"])
    settings = configuration.settings
    mail = settings.mail.model_copy(update=order.get("mail", {}))
    installation = jobs.Installation(
        configuration=configuration.model_copy(
            update={"settings": settings.model_copy(update={"mail": mail})}
        ),
        database=open_database(order["database"]),
        directory=Path(),
        smtp_url=f"smtp://127.0.0.1:{order['port']}",
        mail_from="eu@kommun.example",
    )
    if order.get("plan"):
        dies("planned", jobs.plan)(installation, now)
    result = jobs.send(installation, lambda: now, force=bool(order.get("force")))
    if result.problem:
        sys.stderr.write(f"{result.problem}\n")
    installation.close()


def main() -> None:
    """For each line on standard input fork the senders; say the first one's pid and how they ended."""
    configuration = load_configuration(Path(sys.argv[1]))
    for line in sys.stdin:
        order = json.loads(line)
        senders = [_born(configuration, order) for _ in range(order.get("senders", 1))]
        sys.stdout.write(f"{senders[0]}\n")
        sys.stdout.flush()
        ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in senders]
        sys.stdout.write(f"{min(ended, key=lambda status: (status == 0, status))}\n")
        sys.stdout.flush()


def _born(configuration: Any, order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(configuration, order)
            status = 0
        except Exception:  # noqa: BLE001 (the boundary of the process)
            traceback.print_exc()
        os._exit(status)
    return pid


if __name__ == "__main__":
    main()
