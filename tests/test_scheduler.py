"""The clock ticks, survives a bug, and stops when asked."""

import threading

from matcher import scheduler


def test_it_ticks_at_once_and_stops_when_asked():
    stop = scheduler.Stop()
    ticked = threading.Event()

    def tick(stopping):
        ticked.set()
        stopping.set()

    assert scheduler.serve(tick, every_seconds=60, stop=stop) is True
    assert ticked.is_set()


def test_a_tick_that_raises_does_not_end_the_clock():
    stop = scheduler.Stop()
    calls = []

    def tick(stopping):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        stopping.set()

    assert scheduler.serve(tick, every_seconds=0.05, stop=stop) is True
    assert len(calls) == 2


def test_two_ticks_never_overlap():
    stop = scheduler.Stop()
    under_way = threading.Semaphore(1)
    overlaps = []
    calls = []

    def tick(stopping):
        if not under_way.acquire(blocking=False):
            overlaps.append(1)
            return
        try:
            calls.append(1)
            stopping.wait(0.12)  # longer than the interval, so that the next tick becomes due meanwhile
            if len(calls) == 3:
                stopping.set()
        finally:
            under_way.release()

    assert scheduler.serve(tick, every_seconds=0.05, stop=stop) is True
    assert overlaps == []


def test_a_tick_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr(scheduler, "PATIENCE", 0.05)
    stop = scheduler.Stop()
    release = threading.Event()

    def tick(stopping):
        stopping.set()
        release.wait(10)

    try:
        assert scheduler.serve(tick, every_seconds=60, stop=stop) is False
    finally:
        release.set()
