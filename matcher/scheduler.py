"""The clock: once a minute it asks what is due; APScheduler does nothing else here."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger(__name__)

#: seconds a tick may go on after SIGTERM; reading a source is abandoned then, which loses nothing,
#: since a source is stored in one transaction
PATIENCE = 25.0


class Stop:
    """Set by SIGTERM and SIGINT; long work asks it between two steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def set(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask everything to stop after its current step."""
        self._event.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until asked to stop, at most ``seconds``."""
        return self._event.wait(seconds)


def serve(tick: Callable[[Stop], object], *, every_seconds: float = 60.0, stop: Stop | None = None) -> bool:
    """Call ``tick`` now and then once a minute until SIGTERM or SIGINT.

    An exception in a tick is logged and the clock goes on: this is one of the named boundaries.

    Returns:
        Whether the last tick ended by itself within ``PATIENCE``; ``False`` means that the caller
        should leave the process without waiting for its threads.
    """
    stopping = stop or Stop()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stopping.set)
        signal.signal(signal.SIGINT, stopping.set)
    idle = threading.Event()
    idle.set()

    def one_tick() -> None:
        idle.clear()
        try:
            tick(stopping)
        except Exception:  # a boundary: tomorrow's letters must not die of today's bug
            log.exception("tick failed")
        finally:
            idle.set()

    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    scheduler.add_job(
        one_tick,
        IntervalTrigger(seconds=every_seconds, timezone=UTC),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,  # the default of one second would drop a late tick
    )
    scheduler.start()
    log.info("scheduler started", every_seconds=every_seconds)
    stopping.wait()
    scheduler.pause()
    finished = idle.wait(PATIENCE)
    scheduler.shutdown(wait=finished)
    log.info("scheduler stopped", finished=finished)
    return finished
