"""The use cases: read the publishers, rank, plan letters, send them; each takes its time from outside."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import structlog

from matcher.config import Committee, Configuration, Municipality
from matcher.config.environment import Environment, load_environment
from matcher.config.loading import defaults_directory, load_configuration
from matcher.digest.outbox import Delivered, deliver_due
from matcher.digest.plan import letter_due, next_letter, period_of, plan_digest
from matcher.digest.render import Rendered, build_message, message_id_for, render
from matcher.digest.smtp import SmtpServer
from matcher.domain import (
    STOCKHOLM,
    Band,
    Call,
    Digest,
    Letter,
    LetterState,
    Match,
    Outcome,
    SourceHealth,
    SourceRun,
    Status,
    StoredCall,
    Verdict,
    call_from_plain,
)
from matcher.errors import ConfigError, MatcherError
from matcher.scoring import files
from matcher.scoring.eligibility import judge
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.rank import PartScore, Ranker, documents_of, id_of, match_committee
from matcher.scrapers.fetch import Fetcher
from matcher.scrapers.run import run_source
from matcher.scrapers.source import Source, load_module, load_sources
from matcher.storage import repository
from matcher.storage.engine import Database, open_database

Clock = Callable[[], datetime]
Progress = Callable[[str], None]
Stop = Callable[[], bool]

log = structlog.get_logger(__name__)

#: a source that failed is tried again after this long, not only at the next scheduled time
RETRY_AFTER = timedelta(hours=2)
#: longer than connect, commands and DATA together can take (RFC 5321 §4.5.3.2)
LEASE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What every use case works on: the configuration in force, the database, where mail goes."""

    configuration: Configuration
    database: Database
    directory: Path
    smtp_url: str | None = None
    mail_from: str | None = None
    replay: str | None = None
    sources: Mapping[str, Source] = field(default_factory=lambda: load_sources())  # noqa: PLW0108 (bound late, for tests)
    #: names this process in claims; two processes never share one
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")

    def close(self) -> None:
        """Give back the database connections."""
        self.database.close()

    def committee(self, committee_id: str) -> tuple[Municipality, Committee]:
        """A committee and its municipality by the committee's id.

        Raises:
            ConfigError: there is none; the message names those there are.
        """
        known = self.configuration.committees()
        for municipality, committee in known:
            if committee.id == committee_id:
                return municipality, committee
        names = ", ".join(c.id for _, c in known)
        raise ConfigError([f"no committee has the id {committee_id!r}; there are: {names}"])


def open_installation(
    directory: Path | None = None, environment: Environment | None = None, *, fall_back: bool = False
) -> Installation:
    """Read environment and configuration, open the database and bring it up to date.

    With ``fall_back``, a wrong configuration on disk is replaced by the one last in force, which the
    database keeps, so that a service that restarts after a bad edit goes on.

    Raises:
        ConfigError: the environment or a file is wrong; all faults at once.
        StorageError: the database cannot be used.
    """
    environment = environment or load_environment()
    folder = directory or environment.matcher_config
    wrong: ConfigError | None = None
    try:
        configuration = load_configuration(folder, known_sources=load_sources())
    except ConfigError as error:
        if not fall_back:
            raise
        wrong = error
    database = open_database(environment.database_url)
    database.upgrade()
    if wrong is not None:
        configuration = _last_in_force(database, wrong)
    return Installation(
        configuration=configuration,
        database=database,
        directory=folder,
        smtp_url=environment.smtp_url.get_secret_value() if environment.smtp_url else None,
        mail_from=environment.mail_from,
        replay=environment.matcher_replay_url,
    )


def _last_in_force(database: Database, wrong: ConfigError) -> Configuration:
    with database.read() as session:
        files = repository.load_configuration(session)
    if files is None:
        raise wrong
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_configuration(Path(folder), known_sources=load_sources())


def _keep_configuration(installation: Installation, now: datetime) -> None:
    """Store the files in force, so that a ranking can be explained, and gone back to, later."""
    files = {
        str(path.relative_to(installation.directory)): path.read_text("utf-8")
        for path in sorted(installation.directory.rglob("*.yaml"))
    }
    with installation.database.write() as session:
        repository.save_configuration(session, installation.configuration.version, files, now)


# --- reading the publishers ------------------------------------------------------------------


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
    progress: Progress = lambda _: None,
    on_done: Callable[[SourceRun, repository.Stored], None] = lambda _run, _stored: None,
) -> list[SourceRun]:
    """Read sources side by side and store each in one transaction of its own.

    A source that fails costs the others nothing; its run is stored with the reason and its calls
    stay as they were.
    """
    database = installation.database

    def read(source: Source) -> SourceRun:
        with database.read() as session:
            known = repository.known_calls(session, source.key)
            cached = repository.cached_pages(session, source.key)
        with Fetcher(
            source,
            settings=installation.configuration.settings.http,
            now=clock,
            replay=installation.replay,
            cached=cached,
        ) as fetch:
            return run_source(
                source,
                load_module(source),
                fetch,
                now=clock,
                known=known,
                progress=lambda text: progress(f"{source.key}: {text}"),
            )

    runs: list[SourceRun] = []
    with ThreadPoolExecutor(max_workers=max(1, len(sources)), thread_name_prefix="source") as pool:
        for done in as_completed([pool.submit(read, source) for source in sources]):
            run = done.result()
            with database.write() as session:
                stored = repository.save_source_run(session, run, clock())
            on_done(run, stored)
            runs.append(run)
    return runs


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
        stored = repository.stored_calls(session)
    current: dict[str, int] = {}
    for call in stored:
        if call.status(now) in (Status.OPEN, Status.FORTHCOMING):
            current[call.call.source] = current.get(call.call.source, 0) + 1
    health = []
    for source in enabled_sources(installation):
        state = states.get(source.key)
        health.append(
            SourceHealth(
                source=source.key,
                title=source.title,
                outcome=state.last.outcome if state else None,
                last_read=state.last_read.ended_at if state and state.last_read else None,
                calls=current.get(source.key, 0),
                problem=state.last.problem if state else None,
            )
        )
    return health


# --- ranking ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """How many calls fell into which band for one committee, excluded ones apart."""

    committee: str
    name: str
    strong: int
    possible: int
    weak: int
    excluded: int
    best: Match | None


def current_calls(installation: Installation, now: datetime) -> dict[tuple[str, str], StoredCall]:
    """Stored calls one can still apply to, now or later."""
    with installation.database.read() as session:
        stored = repository.stored_calls(session)
    wanted = (Status.OPEN, Status.FORTHCOMING, Status.UNKNOWN)
    return {call.key: call for call in stored if call.status(now) in wanted}


def fit_ranker(installation: Installation, calls: Iterable[Call]) -> Ranker:
    """The model of the configuration, fitted to these calls."""
    configuration = installation.configuration
    return Ranker(configuration.scoring, Lexicon(configuration.lexicon)).fit(documents_of(calls))


def match(installation: Installation, now: datetime, progress: Progress = lambda _: None) -> list[Ranked]:
    """Rank the current calls for every committee and store the result."""
    configuration = installation.configuration
    _keep_configuration(installation, now)
    calls = {key: stored.call for key, stored in current_calls(installation, now).items()}
    progress(f"{len(calls)} calls are open or coming")
    ranked = []
    if calls:
        ranker = fit_ranker(installation, calls.values())
    for municipality, committee in configuration.committees():
        matches = (
            match_committee(
                ranker,
                list(calls.values()),
                municipality,
                committee,
                configuration.programmes,
                configuration.geography,
                now,
                judge,
            )
            if calls
            else []
        )
        with installation.database.write() as session:
            repository.save_matches(session, committee.id, matches, configuration.version, now)
        ranked.append(_counted(committee, matches))
        progress(f"{committee.name}: {ranked[-1].strong} strong, {ranked[-1].possible} possible")
    return ranked


def _counted(committee: Committee, matches: Sequence[Match]) -> Ranked:
    kept = [m for m in matches if m.eligibility.verdict is not Verdict.EXCLUDED]
    count = {band: sum(m.band is band for m in kept) for band in Band}
    return Ranked(
        committee=committee.id,
        name=committee.name,
        strong=count[Band.STRONG],
        possible=count[Band.POSSIBLE],
        weak=count[Band.WEAK],
        excluded=len(matches) - len(kept),
        best=kept[0] if kept else None,
    )


# --- letters ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A committee's digest for one period, rendered, and the letters it became."""

    digest: Digest
    rendered: Rendered
    letters: tuple[Letter, ...] = ()


def compose(
    installation: Installation, municipality: Municipality, committee: Committee, period: str, now: datetime
) -> Planned:
    """The digest a committee would get now, without storing anything."""
    configuration = installation.configuration
    with installation.database.read() as session:
        stored = {call.key: call for call in repository.stored_calls(session)}
        matches = repository.load_matches(session, committee.id)
        told = repository.told(session, committee.id)
    digest = plan_digest(
        municipality=municipality,
        committee=committee,
        calls=stored,
        matches=matches,
        told=told,
        health=source_health(installation, now),
        settings=configuration.settings,
        programmes=configuration.programmes,
        config_version=configuration.version,
        period=period,
        now=now,
        publishers={key: source.title for key, source in installation.sources.items()},
    )
    return Planned(
        digest=digest, rendered=render(digest, list_domain=configuration.settings.mail.list_domain)
    )


def preview(installation: Installation, committee_id: str, now: datetime) -> Planned:
    """The letter a committee would get now, whether or not one is due; nothing is stored."""
    municipality, committee = installation.committee(committee_id)
    planned = compose(installation, municipality, committee, period_of(now), now)
    recipients = committee.recipients or (
        f"{committee.id}@{installation.configuration.settings.mail.list_domain}",
    )
    return replace(planned, letters=_letters(installation, committee, planned, recipients[:1], now))


def plan(installation: Installation, now: datetime, *, store: bool = True) -> list[Planned]:
    """Compose and freeze the letters that are due; planning again does nothing.

    Each committee is one transaction. A committee without recipients is planned for nobody, so
    nothing is marked as told to it.
    """
    planned_all = []
    for municipality, committee in installation.configuration.committees():
        period = letter_due(committee.digest, now=now, last_period=_last_period(installation, committee))
        if period is None or not committee.recipients:
            continue
        planned = compose(installation, municipality, committee, period, now)
        if planned.digest.empty and committee.digest.when_empty == "silence":
            continue
        letters = _letters(installation, committee, planned, committee.recipients, now)
        if store:
            with installation.database.write() as session:
                queued = repository.queue_letters(session, letters, planned.digest.told)
            if not queued:
                continue
        planned_all.append(replace(planned, letters=letters))
    return planned_all


def _last_period(installation: Installation, committee: Committee) -> str | None:
    with installation.database.read() as session:
        periods = repository.letter_periods(session)
    return max(
        (period for name, period, kind in periods if (name, kind) == (committee.id, "digest")), default=None
    )


def _letters(
    installation: Installation,
    committee: Committee,
    planned: Planned,
    recipients: Sequence[str],
    now: datetime,
) -> tuple[Letter, ...]:
    mail = installation.configuration.settings.mail
    sender = sender_address(installation)
    letters = []
    for recipient in recipients:
        message_id = message_id_for(planned.digest, recipient, mail)
        body = build_message(
            planned.rendered,
            planned.digest,
            recipient,
            mail,
            mail_from=sender,
            message_id=message_id,
            now=now,
        )
        letters.append(
            Letter(
                committee=committee.id,
                period=planned.digest.period,
                recipient=recipient,
                subject=planned.rendered.subject,
                message_id=message_id,
                body=body,
                created_at=now,
            )
        )
    return tuple(letters)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of the letters that were tried, and why none was when none could be."""

    results: tuple[Delivered, ...] = ()
    #: letters of a process that died; whether the server has them is not known
    expired: int = 0
    problem: str | None = None

    def of(self, *states: LetterState) -> list[Delivered]:
        """The letters that ended in one of these states."""
        return [result for result in self.results if result.state in states]

    @property
    def sent(self) -> int:
        """How many letters the server accepted."""
        return len(self.of(LetterState.SENT))

    @property
    def unsent(self) -> list[Delivered]:
        """Letters that were tried and not accepted."""
        return [result for result in self.results if result.state is not LetterState.SENT]

    @property
    def failed(self) -> bool:
        """Whether a person should look."""
        return bool(self.unsent or self.expired or self.problem)


@dataclass(frozen=True)
class StoredOutbox:
    """The outbox of ``digest.outbox`` over the database: each step is a transaction of its own."""

    database: Database
    owner: str

    def waiting(self, now: datetime) -> bool:
        """Whether a queued letter may be sent now."""
        with self.database.read() as session:
            return repository.letter_waiting(session, now)

    def expire(self, now: datetime) -> int:
        """Claims whose lease has run out become uncertain."""
        with self.database.write() as session:
            return repository.expire_leases(session, now)

    def claim(self, now: datetime) -> Letter | None:
        """The next letter that may be tried, claimed for this process."""
        with self.database.write() as session:
            return repository.claim_letter(session, self.owner, now, LEASE)

    def finish(
        self,
        letter: Letter,
        state: LetterState,
        now: datetime,
        problem: str | None = None,
        next_attempt_at: datetime | None = None,
    ) -> None:
        """Write down what became of a claimed letter."""
        assert letter.id is not None
        with self.database.write() as session:
            repository.finish_letter(
                session, letter.id, self.owner, state, now, problem=problem, next_attempt_at=next_attempt_at
            )


def waiting(installation: Installation) -> int:
    """How many letters wait in the outbox."""
    with installation.database.read() as session:
        return len(repository.letters(session, state=LetterState.QUEUED))


def send(
    installation: Installation,
    clock: Clock,
    progress: Progress = lambda _: None,
    stop: Stop = lambda: False,
) -> Sending:
    """Hand every letter that may be tried to the mail server, one by one.

    Without SMTP_URL nothing is tried: the letters stay in the outbox, which is said.
    """
    if installation.smtp_url is None:
        count = waiting(installation)
        return Sending(problem=f"SMTP_URL is not set: {count} letters wait in the outbox." if count else None)

    def note(result: Delivered) -> None:
        progress(f"{result.letter.recipient}: {result.state}")

    report = deliver_due(
        StoredOutbox(installation.database, installation.owner),
        SmtpServer.from_url(installation.smtp_url),
        sender=sender_address(installation),
        now=clock,
        on_result=note,
        stop=stop,
    )
    return Sending(results=report.results, expired=report.expired, problem=report.unreachable)


def sender_address(installation: Installation) -> str:
    """MAIL_FROM, else an address in the configured list domain."""
    return installation.mail_from or f"eu-utlysningar@{installation.configuration.settings.mail.list_domain}"


# --- looking closer --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One call, one committee, every number."""

    call: Call
    match: Match
    #: the score by origin: "priority", "breadth", "council", "emphasis", "audience"; they sum to it
    origins: Mapping[str, float]
    #: what each priority gives, by channel, best first
    parts: tuple[PartScore, ...]
    config_version: str


def explain(installation: Installation, committee_id: str, call: str, now: datetime) -> Explanation:
    """Rank anew with the configuration in force and show what made one call's score.

    ``call`` is SOURCE/ID or only the publisher's id.

    Raises:
        ConfigError: no such committee.
        MatcherError: no such call, or it is closed.
    """
    municipality, committee = installation.committee(committee_id)
    current = current_calls(installation, now)
    found = [s.call for s in current.values() if call in (s.call.source_id, "/".join(s.key))]
    if not found:
        raise MatcherError(f"no open or coming call has the id {call!r}; `matcher calls` lists them")
    ranker = fit_ranker(installation, [s.call for s in current.values()])
    configuration = installation.configuration
    matches = match_committee(
        ranker,
        [s.call for s in current.values()],
        municipality,
        committee,
        configuration.programmes,
        configuration.geography,
        now,
        judge,
    )
    name = id_of(found[0])
    (ranked,) = ranker.rank(municipality, committee, now=now, candidates=[name], explained=1)
    matched = next(m for m in matches if m.key == found[0].key)
    return Explanation(
        call=found[0],
        match=replace(matched, reasons=ranked.reasons),  # beyond the first rows a match is stored without
        origins=ranked.parts,
        parts=tuple(ranker.part_scores(municipality, committee, name, now=now)),
        config_version=configuration.version,
    )


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
    last_beat: datetime | None
    alive: bool
    config_version: str


def overview(installation: Installation, now: datetime) -> Overview:
    """The state of sources, matches and outbox."""
    states = []
    with installation.database.read() as session:
        outbox: dict[str, int] = {}
        for letter in repository.letters(session):
            outbox[str(letter.state)] = outbox.get(str(letter.state), 0) + 1
        beat = repository.last_beat(session)
        for _, committee in installation.configuration.committees():
            counted = _counted(committee, repository.load_matches(session, committee.id))
            last = _last_period(installation, committee)
            states.append(
                CommitteeState(
                    committee=committee.id,
                    name=committee.name,
                    strong=counted.strong,
                    possible=counted.possible,
                    excluded=counted.excluded,
                    last_period=last,
                    next_letter=next_letter(committee.digest, now=now, last_period=last),
                )
            )
    return Overview(
        sources=tuple(source_health(installation, now)),
        committees=tuple(states),
        outbox=outbox,
        last_beat=beat,
        alive=beat is not None and now - beat < timedelta(minutes=5),
        config_version=installation.configuration.version,
    )


# --- the clock's round -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TickReport:
    """What one tick did."""

    scraped: tuple[str, ...] = ()
    failed_sources: tuple[str, ...] = ()
    matched: bool = False
    planned: int = 0
    sent: int = 0
    unsent: int = 0
    #: the configuration on disk is wrong and the last good one stays in force
    configuration_problem: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a person should look."""
        return bool(self.failed_sources or self.unsent or self.configuration_problem)

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
        if self.configuration_problem:
            said.append(f"configuration not taken over: {self.configuration_problem}")
        return "; ".join(said) + "."


class Service:
    """What the scheduler calls each minute; holds the last good configuration."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._lock = threading.Lock()

    def tick(self, clock: Clock, stop: Stop) -> TickReport:
        """Read, rank, plan and send what is due; any number of times, by any number of processes."""
        with self._lock:
            problem = self._reload()
            inst, now = self._installation, clock()
            with inst.database.write() as session:
                repository.beat(session, now)
            due = due_sources(inst, now)
            runs = scrape(inst, due, clock=clock) if due and not stop() else []
            stale = self._stale(now)
            if stale and not stop():
                match(inst, clock())
            planned = plan(inst, clock()) if not stop() else []
            sending = send(inst, clock, stop=stop) if not stop() else Sending()
            report = TickReport(
                scraped=tuple(r.source for r in runs),
                failed_sources=tuple(r.source for r in runs if not r.stores),
                matched=stale,
                planned=sum(len(p.letters) for p in planned),
                sent=sending.sent,
                unsent=len(sending.unsent) + sending.expired,
                configuration_problem=problem,
            )
            level = log.warning if report.failed else log.info
            if report != TickReport():
                level("tick", **asdict(report))
            return report

    def _reload(self) -> str | None:
        """Take over the configuration on disk when it is whole; otherwise say what is wrong."""
        try:
            configuration = load_configuration(
                self._installation.directory, known_sources=self._installation.sources
            )
        except ConfigError as error:
            return error.problems[0] + (
                f" (and {len(error.problems) - 1} more)" if error.problems[1:] else ""
            )
        if configuration.version != self._installation.configuration.version:
            self._installation = replace(self._installation, configuration=configuration)
        return None

    def _stale(self, now: datetime) -> bool:
        """Whether the stored ranking is older than the calls, the configuration or the day."""
        with self._installation.database.read() as session:
            state = repository.last_matching(session)
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


# --- ranking a file --------------------------------------------------------------------------


def rank_file(
    calls: Path,
    run: Path,
    *,
    now: datetime,
    config: Path | None = None,
    queries: Path | None = None,
    topic_only: bool = False,
    depth: int = 100,
) -> int:
    """Rank a file of calls for the committees under ``config`` or for a file of queries; write a TREC run.

    A ``config`` that holds only municipalities/ is completed with the packaged defaults. Unless
    ``topic_only``, calls that are written as ``matcher calls --format jsonl`` writes them are judged for
    eligibility too, and what a municipality may not apply for is left out.

    Returns:
        The number of queries ranked.

    Raises:
        ConfigError: the configuration is wrong.
        MatcherError: a file cannot be read.
    """
    configuration = load_configuration(config or defaults_directory())
    municipalities = configuration.municipalities if config else ()
    ranker = Ranker(configuration.scoring, Lexicon(configuration.lexicon))
    allowed = None if topic_only or not config else _allowed(calls, configuration, now)
    found = files.rank_file(
        calls,
        run,
        ranker=ranker,
        now=now,
        municipalities=municipalities,
        queries=queries,
        depth=depth,
        allowed=allowed,
    )
    return len(found)


def _allowed(calls: Path, configuration: Configuration, now: datetime) -> dict[str, set[str]]:
    """Ids of the calls in a file that each committee may apply for, alone or as a partner."""
    programmes, geography = configuration.programmes, configuration.geography
    bare: set[str] = set()  # rows that say too little to be judged stay
    known: dict[str, Call] = {}
    for row in files.read_rows(calls):
        try:
            call = call_from_plain(row)
        except ValueError:
            bare.add(row["id"])
            continue
        if call.status(now) is not Status.CLOSED:
            known[row["id"]] = call

    def may_apply(call: Call, municipality: Municipality, committee: Committee) -> bool:
        judged = judge(call, municipality, committee, programmes, geography, now)
        return judged.verdict is not Verdict.EXCLUDED

    return {
        committee.id: bare
        | {name for name, call in known.items() if may_apply(call, municipality, committee)}
        for municipality, committee in configuration.committees()
    }
