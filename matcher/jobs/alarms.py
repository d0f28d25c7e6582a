"""What the operators are told by mail: once for each trouble, not daily."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from matcher.digest.alarm import Alarm, alarm_letters
from matcher.domain import STOCKHOLM, Outcome, Rule, Violation
from matcher.jobs import freshness
from matcher.jobs.installation import Installation
from matcher.jobs.letters import overdue
from matcher.jobs.outbox import delivery_alarms
from matcher.jobs.sending import sender_address
from matcher.jobs.sources import enabled_sources
from matcher.scrapers.source import Source
from matcher.storage import repository

#: a trouble that stays away for longer is a new one when it comes back: some come and go with the hour
_PAUSE = {"daily": timedelta(days=3), "weekly": timedelta(days=15)}
#: the service's round, from its beginning to its end
ROUND = "round"
#: none takes so long
_LONGEST_ROUND = timedelta(hours=2)
_ONCE = "You get no second letter about this for as long as it lasts."


def raise_alarms(installation: Installation, now: datetime) -> int:
    """Queue letters to the operators about what went wrong; the same trouble is queued once.

    Returns:
        How many letters were new.
    """
    mail = installation.configuration.settings.mail
    new = 0
    alarms = (
        *_round_alarms(installation, now),
        *_source_alarms(installation, now),
        *_planning_alarms(installation, now),
        *delivery_alarms(installation, now),
    )
    for alarm in alarms:
        letters = alarm_letters(alarm, mail, mail_from=sender_address(installation), now=now)
        with installation.database.write() as session:
            new += repository.queue_letters(session, letters, [])
    return new


def _round_alarms(installation: Installation, now: datetime) -> Iterator[Alarm]:
    with installation.database.read() as session:
        since = repository.last_beat(session, ROUND)
    if since is not None and now - since > _LONGEST_ROUND:
        yield Alarm(
            key=f"no round since {since:%Y-%m-%dT%H:%M}",
            subject="the service does not come to the end of its rounds",
            lines=(
                f"Since {since.astimezone(STOCKHOLM):%Y-%m-%d %H:%M} each round has broken off: publishers "
                "may not be read, calls not be ranked and letters not be made.",
                "The service's log says why; if it says nothing, the process was killed: see whether the "
                "memory suffices. `matcher run` shows where it breaks off.",
                _ONCE,
            ),
        )


def _planning_alarms(installation: Installation, now: datetime) -> Iterator[Alarm]:
    for committee, period in overdue(installation, now):
        yield Alarm(
            key=f"{committee} {period} overdue",
            subject=f"the letter to {committee} could not be made",
            lines=(
                f"The letter of {period} to {committee} is due and cannot be made; it is tried each minute.",
                f"The service's log says why; `matcher digest preview {committee}` shows it too.",
                _ONCE,
            ),
        )


def _source_alarms(installation: Installation, now: datetime) -> Iterator[Alarm]:
    """What is wrong with the sources now; the key of each says since when, so that a new trouble is new."""
    untried: dict[str, datetime] = {}
    with installation.database.read() as session:
        records = repository.last_runs(session)
        arrivals = repository.arrivals(session)
        for source in enabled_sources(installation):
            record = records.get(source.key)
            if record is None:
                continue
            for violation in record.last.violations:
                since = repository.broken_since(session, source.key, violation.name, _PAUSE[source.frequency])
                yield _broken(source, record, violation, since or record.last.ended_at)
            silent = freshness.quiet(arrivals.get(source.key, ()), now)
            if silent:
                yield Alarm(
                    key=f"{source.key} quiet since {arrivals[source.key][-1]:%Y-%m-%d}",
                    subject=f"{source.title} has had nothing new for long",
                    lines=(f"{source.key}: {silent}.", f"The list: {source.url}", _ONCE),
                )
            old = freshness.stale(source, record, now)
            if old and record.last.outcome in (Outcome.OK, Outcome.DEGRADED):  # else its failure was told
                untried[f"{source.title} ({source.key}): {old}."] = record.last.ended_at
    if untried:  # one trouble however many sources: nobody reads them
        yield Alarm(
            key=f"not read since {min(untried.values()):%Y-%m-%dT%H:%M}",
            subject="sources have not been read in time",
            lines=(*untried, "See whether the service runs: `matcher status`.", _ONCE),
        )


def _broken(source: Source, record: repository.SourceRecord, violation: Violation, since: datetime) -> Alarm:
    read = (
        f"{record.last_read.ended_at.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}" if record.last_read else "never"
    )
    key = f"{source.key} {violation.name} since {since.astimezone(STOCKHOLM):%Y-%m-%dT%H:%M}"
    sentence = violation.sentence[:1].upper() + violation.sentence[1:]
    if not violation.fatal:
        return Alarm(
            key=key,
            subject=f"{source.title} was read, but not wholly",
            lines=(f"{sentence}.", f"What could be read is stored. {_advice(source, violation)}", _ONCE),
        )
    return Alarm(
        key=key,
        subject=f"{source.title} could not be read",
        lines=(
            f"{sentence}.",
            f"Last read: {read}. Nothing of this run was stored: yesterday's calls stand, and the letters "
            "say that this source has not been read.",
            f"It is tried again by itself. {_advice(source, violation)}",
            _ONCE,
        ),
    )


def _advice(source: Source, violation: Violation) -> str:
    """What to do, and how to let it be when the publisher means it."""
    match violation.rule:
        case Rule.SURVIVAL | Rule.FIELDS | Rule.FILL:
            return (
                f"Compare with {source.url}. If the publisher means it, "
                f"`matcher scrape {source.key} --accept` takes the list as it is; otherwise the module needs "
                "mending: see docs/operations.md."
            )
        case Rule.RECORDS:
            return f"`matcher scrape {source.key}` shows the odd records."
        case Rule.SOUND:
            return f"This is our own bug; `matcher scrape {source.key}` shows where."
        case _:
            return (
                f"If the publisher has changed its site, the module of {source.key} needs mending: "
                "see docs/operations.md."
            )
