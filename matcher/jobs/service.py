"""The whole round when it is due, and the state of everything in one view."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import structlog

from matcher.config.loading import load_configuration
from matcher.digest.when import next_letter
from matcher.domain import STOCKHOLM, SourceHealth, Suspension
from matcher.errors import ConfigError
from matcher.jobs.alarms import ROUND, raise_alarms
from matcher.jobs.evidence import carry_out_retention
from matcher.jobs.installation import Clock, Installation, Stop
from matcher.jobs.letters import last_period, plan
from matcher.jobs.outbox import bounces_due
from matcher.jobs.ranking import counted, match
from matcher.jobs.sending import Sending, brake_on, send
from matcher.jobs.sources import due_sources, scrape, source_health
from matcher.scrapers.source import load_sources
from matcher.storage import repository

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class CommitteeState:
    """A committee in the overview."""

    committee: str
    name: str
    strong: int
    possible: int
    excluded: int
    last_period: str | None
    next_letter: datetime | None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything ``matcher status`` shows."""

    sources: tuple[SourceHealth, ...]
    committees: tuple[CommitteeState, ...]
    #: number of letters by state
    outbox: dict[str, int]
    #: addresses that get no letters
    suspended: tuple[Suspension, ...]
    #: why letters are held back
    brake: str | None
    last_beat: datetime | None
    alive: bool
    config_version: str


def overview(installation: Installation, now: datetime) -> Overview:
    """The state of sources, matches and outbox."""
    states = []
    with installation.database.read() as session:
        outbox = {str(state): count for state, count in repository.count_letters(session).items()}
        suspended = tuple(repository.suspensions(session))
        beat = repository.last_beat(session)
        for _, committee in installation.configuration.committees():
            ranked = counted(committee, repository.load_matches(session, committee.id))
            latest = last_period(installation, committee)
            states.append(
                CommitteeState(
                    committee=committee.id,
                    name=committee.name,
                    strong=ranked.strong,
                    possible=ranked.possible,
                    excluded=ranked.excluded,
                    last_period=latest,
                    next_letter=next_letter(committee.digest, now=now, last_period=latest),
                )
            )
    brake = brake_on(installation, now)
    return Overview(
        sources=tuple(source_health(installation, now)),
        committees=tuple(states),
        outbox=outbox,
        suspended=suspended,
        brake=brake.sentence if brake else None,
        last_beat=beat,
        alive=beat is not None and now - beat < timedelta(minutes=5),
        config_version=installation.configuration.version,
    )


@dataclass(frozen=True, kw_only=True)
class TickReport:
    """What one tick did."""

    scraped: tuple[str, ...] = ()
    failed_sources: tuple[str, ...] = ()
    matched: bool = False
    planned: int = 0
    sent: int = 0
    unsent: int = 0
    #: why letters could not be sent, or the mailbox of those that came back not be read
    mail_problem: str | None = None
    #: the configuration on disk is wrong and the last good one stays in force
    configuration_problem: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a person should look."""
        return bool(self.failed_sources or self.unsent or self.mail_problem or self.configuration_problem)

    def sentence(self) -> str:
        """The report in one line."""
        if not (self.scraped or self.matched or self.planned or self.sent or self.failed):
            return "Nothing was due."
        said = [
            f"{len(self.scraped)} sources read"
            + (f" ({', '.join(self.failed_sources)} failed)" if self.failed_sources else ""),
            "ranked" if self.matched else "ranking up to date",
            f"{self.planned} letters planned, {self.sent} sent, {self.unsent} not sent",
        ]
        if self.mail_problem:
            said.append(self.mail_problem.rstrip("."))
        if self.configuration_problem:
            said.append(f"configuration not taken over: {self.configuration_problem}")
        return "; ".join(said) + "."


class Service:
    """What the scheduler calls each minute; holds the last good configuration."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._lock = threading.Lock()

    def tick(self, clock: Clock, stop: Stop) -> TickReport:
        """Read, rank, plan and send what is due; any number of times, by any number of processes.

        When the round before broke off, this one may too: it first tells the operators and sends what waits.
        """
        with self._lock:
            problem = self._reload()
            inst, now = self._installation, clock()
            with inst.database.write() as session:
                repository.beat(session, now)
                broken_off = repository.begin(session, ROUND, now) is not None
            waited = Sending()
            if broken_off and not stop():
                raise_alarms(inst, now)
                waited = send(inst, clock, stop=stop)
            due = due_sources(inst, now)
            runs = scrape(inst, due, clock=clock) if due and not stop() else []
            stale = self._stale(now)
            if stale and not stop():
                match(inst, clock())
            unread = bounces_due(inst, clock()) if not stop() else None
            planned = plan(inst, clock()) if not stop() else []
            if not stop():
                raise_alarms(inst, clock())
            sending = send(inst, clock, stop=stop) if not stop() else Sending()
            if not stop():
                carry_out_retention(inst, clock())
            with inst.database.write() as session:
                repository.end(session, ROUND)
            report = TickReport(
                scraped=tuple(r.source for r in runs),
                failed_sources=tuple(r.source for r in runs if not r.stores),
                matched=stale,
                planned=sum(len(p.letters) for p in planned),
                sent=waited.sent + sending.sent,
                unsent=sum(len(s.unsent) + s.expired for s in (waited, sending)),
                mail_problem=sending.problem or sending.brake or unread,
                configuration_problem=problem,
            )
            level = log.warning if report.failed else log.info
            if report != TickReport():
                level("tick", **asdict(report))
            return report

    def _reload(self) -> str | None:
        """Take over the configuration on disk when it is whole; otherwise say what is wrong."""
        try:
            configuration = load_configuration(self._installation.directory, known_sources=load_sources())
        except ConfigError as error:
            return error.problems[0] + (
                f" (and {len(error.problems) - 1} more)" if error.problems[1:] else ""
            )
        if configuration.version != self._installation.configuration.version:
            self._installation = replace(self._installation, configuration=configuration)
        return None

    def _stale(self, now: datetime) -> bool:
        """Whether the last whole ranking is older than the calls, the configuration or the day."""
        with self._installation.database.read() as session:
            state = repository.last_ranked(session)
            read = max(
                (r.last_read.ended_at for r in repository.last_runs(session).values() if r.last_read),
                default=None,
            )
        if state is None:
            return read is not None
        matched_at, version = state
        another_day = matched_at.astimezone(STOCKHOLM).date() != now.astimezone(STOCKHOLM).date()
        return (
            version != self._installation.configuration.version
            or another_day
            or (read is not None and read > matched_at)
        )
