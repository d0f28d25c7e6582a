"""Read the publishers side by side, each stored in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, time, timedelta
from functools import partial

import structlog

from matcher.domain import STOCKHOLM, Fetched, Outcome, SourceHealth, SourceRun, Status
from matcher.errors import ConfigError
from matcher.jobs import freshness
from matcher.jobs.installation import Clock, Installation, Progress
from matcher.scrapers.fetch import Fetcher
from matcher.scrapers.run import run_source
from matcher.scrapers.source import Source, load_module
from matcher.storage import repository

log = structlog.get_logger(__name__)

#: a source that failed is tried again after this long, not only at the next scheduled time
RETRY_AFTER = timedelta(hours=2)


def enabled_sources(installation: Installation, keys: Sequence[str] = ()) -> list[Source]:
    """The sources to read: those named, else all that the configuration leaves on.

    Raises:
        ConfigError: a key names no source.
    """
    sources = installation.sources
    unknown = [key for key in keys if key not in sources]
    if unknown:
        raise ConfigError([f"unknown source {key!r}; there are: {', '.join(sources)}" for key in unknown])
    if keys:
        return [sources[key] for key in keys]
    switches = installation.configuration.settings.sources
    return [source for key, source in sources.items() if switches.get(key, True)]


def scrape(
    installation: Installation,
    sources: Sequence[Source],
    *,
    clock: Clock,
    accept: bool = False,
    progress: Progress = lambda _: None,
    on_done: Callable[[SourceRun, repository.Stored], None] = lambda _run, _stored: None,
) -> list[SourceRun]:
    """Read sources side by side and store each in one transaction of its own.

    A source that fails costs the others nothing; its run is stored with the reason and its calls
    stay as they were. With ``accept`` a person vouches for the lists: what they no longer have is gone.
    """
    database = installation.database

    def read(source: Source) -> SourceRun:
        with database.read() as session:
            known = repository.known_calls(session, source.key)
            history = repository.fill_history(session, source.key)
            cached = repository.cached_pages(session, source.key)
        read_now = partial(run_source, known=known, history=history, accept=accept)
        return _run(installation, source, read_now, cached, clock=clock, progress=progress)

    runs: list[SourceRun] = []
    with ThreadPoolExecutor(max_workers=max(1, len(sources)), thread_name_prefix="source") as pool:
        for done in as_completed([pool.submit(read, source) for source in sources]):
            run = done.result()
            with database.write() as session:
                stored = repository.save_source_run(session, run, clock())
            on_done(run, stored)
            runs.append(run)
    return runs


def try_source(
    installation: Installation, source: Source, *, clock: Clock, progress: Progress = lambda _: None
) -> SourceRun:
    """Read a source as if for the first time; nothing is stored."""
    return _run(installation, source, partial(run_source, known=()), {}, clock=clock, progress=progress)


def _run(
    installation: Installation,
    source: Source,
    read_now: Callable[..., SourceRun],
    cached: Mapping[str, Fetched],
    *,
    clock: Clock,
    progress: Progress,
) -> SourceRun:
    settings = installation.configuration.settings
    if permission := settings.permissions.get(source.key):
        log.info("robots.txt set aside", source=source.key, permission=permission)
    with Fetcher(
        source,
        settings=settings.http,
        now=clock,
        replay=installation.replay,
        cached=cached,
        permitted=permission is not None,
    ) as fetch:
        return read_now(
            source,
            load_module(source),
            fetch,
            now=clock,
            progress=lambda text: progress(f"{source.key}: {text}"),
        )


def due_sources(installation: Installation, now: datetime) -> list[Source]:
    """Sources whose latest scheduled time has passed since they were last tried.

    A source that failed is due again two hours after the attempt.
    """
    with installation.database.read() as session:
        states = repository.last_runs(session)
    slot = latest_slot(installation.configuration.settings.schedule.scrape_at, now)
    due = []
    for source in enabled_sources(installation):
        state = states.get(source.key)
        if state is None:
            due.append(source)
            continue
        since = state.last.started_at
        missed = since < (slot if source.frequency == "daily" else slot - timedelta(days=6))
        failed = state.last.outcome in (Outcome.FAILED, Outcome.CRASHED) and now - since >= RETRY_AFTER
        if missed or failed:
            due.append(source)
    return due


def latest_slot(times: Iterable[time], now: datetime) -> datetime:
    """The latest moment not after ``now`` at which one of the Swedish local ``times`` came round."""
    today = now.astimezone(STOCKHOLM).date()
    slots = [
        datetime.combine(day, at, tzinfo=STOCKHOLM)
        for day in (today, today - timedelta(days=1))
        for at in times
    ]
    return max(slot for slot in slots if slot <= now)


def source_health(installation: Installation, now: datetime) -> list[SourceHealth]:
    """What the letter and ``matcher sources`` say about each source that is switched on."""
    with installation.database.read() as session:
        states = repository.last_runs(session)
        arrivals = repository.arrivals(session)
        stored = repository.stored_calls(session)
    current: dict[str, int] = {}
    for call in stored:
        if call.status(now) in (Status.OPEN, Status.FORTHCOMING):
            current[call.call.source] = current.get(call.call.source, 0) + 1
    health = []
    for source in enabled_sources(installation):
        state = states.get(source.key)
        sentences = [
            state.last.problem if state else None,
            freshness.stale(source, state, now),
            freshness.quiet(arrivals.get(source.key, ()), now),
        ]
        health.append(
            SourceHealth(
                source=source.key,
                title=source.title,
                outcome=state.last.outcome if state else None,
                last_read=state.last_read.ended_at if state and state.last_read else None,
                calls=current.get(source.key, 0),
                problem="; ".join(filter(None, sentences)) or None,
                permission=installation.configuration.settings.permissions.get(source.key),
            )
        )
    return health
