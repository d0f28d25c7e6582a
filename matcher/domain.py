"""What the product talks about: calls, matches, digests, as immutable values without I/O."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

STOCKHOLM = ZoneInfo("Europe/Stockholm")
BRUSSELS = ZoneInfo("Europe/Brussels")
#: the moment a deadline has when the publisher gives only a day
END_OF_DAY = time(23, 59, 59)


class Family(StrEnum):
    """The users' own first split of EU money."""

    STRUCTURAL = "structural"  # applied for in Sweden: ESF+, ERDF, JTF, EAFRD, EMFAF, Interreg
    SECTOR = "sector"  # applied for in Brussels, or through a national agency
    NATIONAL = "national"
    OTHER = "other"


class Status(StrEnum):
    """Always derived from dates and *now*, never stored."""

    FORTHCOMING = "forthcoming"
    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class Precision(StrEnum):
    """How much of a date the publisher gave."""

    TIME = "time"
    DAY = "day"
    DAY_WITHOUT_YEAR = "day_without_year"  # the year was taken from the page around it
    MONTH = "month"
    MONTH_WITHOUT_YEAR = "month_without_year"
    PRELIMINARY = "preliminary"


class Applicant(StrEnum):
    """Kinds of applicant that publishers name."""

    MUNICIPALITY = "municipality"
    REGION = "region"
    STATE_AGENCY = "state_agency"
    PUBLIC_BODY = "public_body"  # "offentlig sektor", "public authority": includes municipalities
    MUNICIPAL_COMPANY = "municipal_company"
    SCHOOL = "school"
    UNIVERSITY = "university"
    COMPANY = "company"
    NON_PROFIT = "non_profit"
    LEGAL_ENTITY = "legal_entity"  # any legal entity: includes municipalities
    INDIVIDUAL = "individual"


class ActionType(StrEnum):
    """What the money is given for."""

    PROJECT = "project"
    PRE_STUDY = "pre_study"
    MOBILITY = "mobility"
    PARTNERSHIP = "partnership"
    INVESTMENT = "investment"
    OPERATING_GRANT = "operating_grant"
    PRIZE = "prize"
    CASCADE = "cascade"


class Share(StrEnum):
    """Whose share of the cost a publisher states."""

    EU = "eu"  # or the national funder's
    APPLICANT = "applicant"


class DeadlineModel(StrEnum):
    """How several deadlines of one call relate."""

    SINGLE = "single-stage"
    TWO_STAGE = "two-stage"
    MULTIPLE = "multiple cut-off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A last moment to apply.

    ``at`` is aware, in the publisher's own zone. When only the day (or month) is known it is
    23:59:59 of the last day meant, so that a call is never closed before its time.
    """

    at: datetime
    precision: Precision = Precision.DAY
    #: the publisher's words, when they came from prose
    raw: str | None = None

    @property
    def day(self) -> date:
        """The calendar day in the publisher's zone."""
        return self.at.date()

    @property
    def iso(self) -> str:
        """``2027-01-08T17:00+01:00``, or only the day when no time was given."""
        if self.precision is Precision.TIME or self.at.time() != END_OF_DAY:
            return self.at.isoformat(timespec="minutes")
        return self.day.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """The least number of partners (applicant included) and of countries; ``None`` = not stated."""

    partners: int | None = None
    countries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing an applicant can apply to, as the publisher states it. Unknown is ``None``."""

    source: str
    #: the publisher's own identifier, raw and stable; unique within the source
    source_id: str
    url: str
    title: str
    #: ISO 639-1 code of title and text
    language: str
    family: Family
    #: code from config/programmes.yaml
    programme: str | None = None
    #: the publisher's own name for the programme or programme area
    programme_name: str | None = None
    #: code of the money behind the programme: "erdf", "esf", "jtf" …
    fund: str | None = None
    #: title of the envelope that a topic belongs to
    call_title: str | None = None
    #: what the call is about: plain text, section heads on lines of their own
    text: str = ""
    #: who may apply, admissibility, legal set-up: plain text, shown but not matched
    conditions: str | None = None
    keywords: tuple[str, ...] = ()
    opens: date | None = None
    opens_precision: Precision | None = None
    deadlines: tuple[Deadline, ...] = ()
    deadline_model: DeadlineModel | None = None
    #: announced in a timetable, not yet published as a call
    planned: bool = False
    #: the publisher says that one can apply at any time, without a deadline
    continuous: bool = False
    #: the publisher says that it is closed, without a date
    closed: bool = False
    #: of the whole call or topic
    budget: Money | None = None
    grant_minimum: Money | None = None
    grant_maximum: Money | None = None
    expected_grants: int | None = None
    #: the EU's share of eligible cost, 0–1, lowest and highest
    rate_minimum: Decimal | None = None
    rate_maximum: Decimal | None = None
    #: the words the rate was read from ("Medfinansieringen är 46 procent")
    rate_raw: str | None = None
    #: whose share the publisher wrote; the rate above is the EU's in any case
    rate_given: Share | None = None
    applicants: tuple[Applicant, ...] = ()
    applicants_raw: str | None = None
    #: only parties that the publisher has chosen beforehand may apply
    invited_only: bool = False
    #: NUTS codes (2 to 5 characters); "SE" = all Sweden; empty = not stated
    geography: tuple[str, ...] = ()
    geography_raw: str | None = None
    consortium: Consortium | None = None
    action: ActionType | None = None
    #: the publisher's words for the type of action
    action_raw: str | None = None
    #: diary number or other reference that also stands on other publishers' sites
    reference: str | None = None
    #: other pages about the same call
    links: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call: (source, source_id)."""
        return self.source, self.source_id

    def next_deadline(self, now: datetime) -> Deadline | None:
        """The first deadline that has not passed, or ``None``."""
        return min((d for d in self.deadlines if d.at >= now), key=lambda d: d.at, default=None)

    def status(self, now: datetime) -> Status:
        """Derive the status from the dates: a publisher's own word is never trusted for "open"."""
        ahead = self.next_deadline(now)
        if self.closed or (self.deadlines and ahead is None):
            return Status.CLOSED
        zone = self.deadlines[0].at.tzinfo if self.deadlines else STOCKHOLM
        today = now.astimezone(zone).date()
        if self.planned or (self.opens is not None and self.opens > today):
            return Status.FORTHCOMING
        if ahead is not None or self.continuous:
            return Status.OPEN
        return Status.UNKNOWN


class Verdict(StrEnum):
    """May the municipality apply?"""

    ELIGIBLE = "eligible"
    AS_PARTNER = "as_partner"
    CHECK = "check"  # the publisher does not say
    EXCLUDED = "excluded"


class Band(StrEnum):
    """What a score means; the cuts are published in config/scoring.yaml."""

    STRONG = "strong"
    POSSIBLE = "possible"
    WEAK = "weak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A sentence about a call in every language of the product, made by a rule."""

    #: stable name of the rule: "geography", "population" …
    rule: str
    sv: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """The verdict with the sentences that led to it, and what is still open."""

    verdict: Verdict
    reasons: tuple[Remark, ...] = ()
    open_points: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word or phrase that made a score: the committee's word and the call's."""

    #: as the committee wrote it
    query: str
    #: as the call has it; equal to ``query`` when no translation was needed
    document: str
    #: how one led to the other: "same", "lexicon", "compound", "cognate"
    route: str
    #: its part of the score
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a call matched: the priority and the words."""

    priority_id: str
    priority: str
    score: float
    terms: tuple[Term, ...] = ()

    def words(self) -> dict[str, tuple[str, ...]]:
        """The committee's words that count, heaviest first, each with the call's words that it met.

        A word that gives less than a third of what the best one gives explains nothing and is left out.
        """
        met: dict[str, dict[str, None]] = {}
        given: dict[str, float] = {}
        for term in sorted((t for t in self.terms if t.weight > 0), key=lambda t: -t.weight):
            met.setdefault(term.query, {})[term.document] = None
            given[term.query] = given.get(term.query, 0.0) + term.weight
        least = max(given.values(), default=0.0) / 3
        order = sorted(met, key=lambda query: -given[query])
        return {query: _longest(list(met[query])) for query in order if given[query] >= least}


def _longest(found: list[str]) -> tuple[str, ...]:
    """Without the words that stand inside a longer phrase of the same list."""
    whole = [f" {phrase.casefold()} " for phrase in found]
    return tuple(
        word
        for word, padded in zip(found, whole, strict=True)
        if not any(padded in other and padded != other for other in whole)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A call ranked for a committee."""

    source: str
    source_id: str
    committee: str
    score: float
    band: Band
    eligibility: Eligibility
    #: best priority first
    reasons: tuple[Reason, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call."""
        return self.source, self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field of a call that moved, as text a reader understands in any language."""

    field: str
    before: Any
    after: Any
    seen_at: datetime


class Outcome(StrEnum):
    """How a source's run ended; the last two store nothing and yesterday's calls stand."""

    OK = "ok"
    DEGRADED = "degraded"  # stored, but some records could not be read
    FAILED = "failed"  # the source is down or has changed
    CRASHED = "crashed"  # our own bug


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What the letter says about one source."""

    source: str
    title: str
    outcome: Outcome | None
    #: last run that ended ok or degraded
    last_read: datetime | None
    calls: int = 0
    problem: str | None = None
    #: who has allowed us in writing to read what robots.txt forbids, and when
    permission: str | None = None


# --- what travels between the parts ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One response as it came, for the archive and for conditional requests; made with ``of``.

    A run carries all its responses until it is stored, so their bodies are packed from the start.
    """

    url: str
    #: the decoded body, gzipped
    packed: bytes
    #: hash of the decoded body, hexadecimal
    sha256: str
    fetched_at: datetime
    #: hash of what was posted, hexadecimal; empty for GET
    request: str = ""
    status: int = 200
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    #: what crawl() told split() and parse() about the page, as plain data
    notes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, body: bytes, *, url: str, fetched_at: datetime, **facts: Any) -> Fetched:
        """The response with this decoded body."""
        sha256 = hashlib.sha256(body).hexdigest()
        packed = gzip.compress(body, compresslevel=6, mtime=0)
        return cls(url=url, packed=packed, sha256=sha256, fetched_at=fetched_at, **facts)

    @property
    def body(self) -> bytes:
        """The decoded body, unpacked at each call."""
        return gzip.decompress(self.packed)

    @property
    def revisable(self) -> bool:
        """Whether the publisher can be asked if it has changed."""
        validator = self.etag is not None or self.last_modified is not None
        return validator and self.status == 200 and not self.request


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A record or page of a source that could not be read, and why."""

    url: str
    why: str


class Rule(StrEnum):
    """What a healthy run of a source keeps."""

    READABLE = "readable"  # its pages can be fetched and have the shape we know
    SOUND = "sound"  # our own code does not fail on it
    NUMBER = "number"  # as many calls as expected, and as the publisher says there are
    RECORDS = "records"  # each record can be read
    SURVIVAL = "survival"  # known calls that should be listed are listed again
    FIELDS = "fields"  # known calls keep the facts they had
    FILL = "fill"  # as many calls have a fact as in the source's earlier runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that a run broke, and one sentence for people: what, where, what to do."""

    rule: Rule
    sentence: str
    #: which call or field, where the rule can be broken by several
    about: str = ""
    #: nothing of the run is stored
    fatal: bool = False

    @property
    def name(self) -> str:
        """The same for as long as the trouble lasts, whatever numbers the sentence holds."""
        return f"{self.rule} {self.about}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRun:
    """What came of reading one source; ``failed`` and ``crashed`` carry no calls."""

    source: str
    outcome: Outcome
    started_at: datetime
    ended_at: datetime
    calls: tuple[Call, ...] = ()
    #: every response, in the order of the requests
    pages: tuple[Fetched, ...] = ()
    #: by identifier of a call: the page it was read from
    read_from: Mapping[str, Fetched] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    violations: tuple[Violation, ...] = ()
    #: identifiers of known calls that the publisher says are gone: withdrawn at once
    gone: tuple[str, ...] = ()
    #: identifiers of known calls whose own page is not found: absent, however the run ended
    absent: tuple[str, ...] = ()
    #: by field: the share (0–1) of the calls that have it
    fill: Mapping[str, float] = field(default_factory=dict)
    #: one clear sentence when the outcome is not ok
    problem: str | None = None
    traceback: str | None = None

    @property
    def stores(self) -> bool:
        """Whether the calls of this run may be stored."""
        return self.outcome in (Outcome.OK, Outcome.DEGRADED)

    @property
    def complete(self) -> bool:
        """Whether a known call that this run does not hold is absent, and not merely unread."""
        if self.outcome is Outcome.OK:
            return True
        missing = bool(self.violations) and all(v.rule is Rule.SURVIVAL for v in self.violations)
        return self.outcome is Outcome.DEGRADED and missing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """A call as stored: what the publisher says, and what we know about it over time."""

    call: Call
    first_seen: datetime
    last_seen: datetime
    last_changed: datetime
    version: int = 1
    withdrawn_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call."""
        return self.call.key

    def status(self, now: datetime) -> Status:
        """Status with what the publisher's list has shown since: a vanished call is withdrawn."""
        status = self.call.status(now)
        if self.withdrawn_at is not None and status is not Status.CLOSED:
            return Status.WITHDRAWN
        return status


class LetterState(StrEnum):
    """Where a letter is on its way; ``sent`` and ``failed`` are final."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed by a process until lease_until
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"  # accepted or not is unknown: reconciled


class Section(StrEnum):
    """The letter's sections in their order; also why a call was told to a committee."""

    CLOSING = "closing"
    CHANGED = "changed"
    NEW = "new"
    FORTHCOMING = "forthcoming"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last time a committee was told about a call, and the call as it was then."""

    source: str
    source_id: str
    section: Section
    period: str
    told_at: datetime
    call: Call
    #: as it was told; ``None`` in what older versions wrote
    status: Status | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call."""
        return self.source, self.source_id


class AnswerKind(StrEnum):
    """What a committee decides about a call."""

    INTERESTED = "interested"
    PARTNER = "partner"  # would like to take part in somebody else's project
    WATCH = "watch"  # not now, perhaps the next round
    NOT_FOR_US = "not_for_us"
    APPLIED = "applied"
    GRANTED = "granted"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why a call is not for a committee; so that a ranking can learn from it and a year be summed up."""

    SUBJECT = "subject"  # not what the committee works with
    NOT_ELIGIBLE = "not_eligible"
    TIME = "time"  # no time to prepare or to decide
    CO_FINANCING = "co_financing"
    STAFF = "staff"
    PARTNERS = "partners"  # none found
    SIZE = "size"  # too large or too small
    ALREADY = "already"  # is done within the ordinary budget or another project
    OTHER = "other"


class Role(StrEnum):
    """As what the municipality takes part in a project."""

    OWNER = "owner"
    PARTNER = "partner"
    CO_FINANCIER = "co_financier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A committee's decision about a call; the latest one counts, earlier ones are kept."""

    committee: str
    source: str
    source_id: str
    kind: AnswerKind
    #: with ``not_for_us`` alone
    reason: Refusal | None = None
    #: with ``applied`` and ``granted`` alone
    role: Role | None = None
    #: who says so: a function ("kansliet") rather than a person
    who: str | None = None
    note: str | None = None
    at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call."""
        return self.source, self.source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A digest rendered for one recipient, frozen before it is sent."""

    committee: str
    #: ISO week the digest is for: "2026-W47"
    period: str
    kind: str = "digest"
    recipient: str
    subject: str
    message_id: str
    #: the whole RFC 5322 message, byte for byte as it is sent
    body: bytes
    created_at: datetime
    id: int | None = None
    state: LetterState = LetterState.QUEUED
    attempts: int = 0
    next_attempt_at: datetime | None = None
    lease_until: datetime | None = None
    #: when it was last claimed
    claimed_at: datetime | None = None
    sent_at: datetime | None = None
    problem: str | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 of the frozen bytes, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A report that a letter did not reach an address."""

    #: names the report itself, so that it counts once however often it is read
    report: str
    address: str
    #: the address will not work next time either
    hard: bool
    at: datetime
    #: of the letter that came back, where the report names one
    message_id: str | None = None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """An address that gets no letters, since when, and why."""

    address: str
    since: datetime
    problem: str
    #: the committee whose letters it has ended; ``None`` = letters to it came back, it gets nobody's
    committee: str | None = None

    def covers(self, committee: str, address: str) -> bool:
        """Whether it keeps a committee's letters from an address."""
        return self.address == address.lower() and self.committee in (None, committee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A recipient of a committee's letters, and since when it wants none."""

    committee: str
    address: str
    ended_at: datetime | None


# --- the digest ------------------------------------------------------------------------------


class Origin(StrEnum):
    """Who says so: the call itself, or the general rule of its programme."""

    CALL = "call"
    PROGRAMME = "programme"


class Timing(StrEnum):
    """Whether a committee can decide before a deadline by an ordinary meeting."""

    IN_TIME = "in_time"
    TOO_LATE = "too_late"  # papers for the last meeting before the deadline are already due
    UNKNOWN = "unknown"  # the registered meetings do not reach the deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutiveDecision:
    """When the executive committee must decide too: its last meeting, and the committee's before it."""

    name: str
    timing: Timing
    meeting: date | None = None
    #: the committee's last meeting that leaves time for the executive's papers, and its own papers' day
    committee_meeting: date | None = None
    committee_papers_due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The last committee meeting before a deadline, and the last day to hand in its papers."""

    timing: Timing
    meeting: date | None = None
    papers_due: date | None = None
    #: the last registered meeting, when a later one before the deadline is likely
    calendar_ends: date | None = None
    executive: ExecutiveDecision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The EU's share of eligible cost, 0–1; the rest is own contribution."""

    lowest: Decimal
    highest: Decimal
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """The publisher's amount, and what it is in kronor at the digest's rate (``None``: it is in kronor)."""

    money: Money
    sek: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How many parties and countries a project needs, the applicant included."""

    partners: int | None
    countries: int | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Friend:
    """One of the municipality's own partners in a country that may take part."""

    name: str
    #: ISO 3166-1 alpha-2
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where else a call is published."""

    publisher: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestItem:
    """One call with all that a reader needs to decide, as values; unknown is ``None`` or empty."""

    call: Call
    section: Section
    status: Status
    #: the stored call's version, which numbers the calendar entries
    version: int
    #: the organisation whose page the link leads to
    publisher: str
    deadline: Deadline | None = None
    #: calendar days from now to ``deadline``
    days_left: int | None = None
    later_deadlines: tuple[Deadline, ...] = ()
    decision: Decision | None = None
    programme: str | None = None
    where_to_apply: str | None = None
    applicants: tuple[Applicant, ...] = ()
    applicants_origin: Origin = Origin.CALL
    rate: Rate | None = None
    budget: Amount | None = None
    grant_minimum: Amount | None = None
    grant_maximum: Amount | None = None
    #: the programme's usual size in words, when the call gives none
    grant_words: str | None = None
    #: what others than the EU pay at the highest rate when the largest grant is given, else the smallest
    own_contribution: Amount | None = None
    need: Need | None = None
    friends: tuple[Friend, ...] = ()
    networks: tuple[str, ...] = ()
    match: Match | None = None
    changes: tuple[Change, ...] = ()
    #: the call as the committee was last told of it
    before: Told | None = None
    answer: Answer | None = None
    #: names of the municipality's other committees that the call concerns, best match first
    also: tuple[str, ...] = ()
    #: name of the committee it suits best, when it concerns several
    lead: str | None = None
    #: the same call on other publishers' sites
    elsewhere: tuple[Link, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the call."""
        return self.call.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """How many calls that suit a committee were left out for one reason."""

    remark: Remark
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What was looked through and what became of it, in numbers of calls."""

    open: int = 0
    forthcoming: int = 0
    #: told before, still open and still relevant, but not in this letter
    standing: int = 0
    #: relevant but over the letter's limit: they come in a later letter
    waiting: int = 0
    #: too far from the committee's priorities
    below: int = 0
    excluded: int = 0
    exclusions: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A committee's content for one period; pure values, no text of the letter."""

    municipality: str
    committee: str
    committee_name: str
    language: str
    #: ISO week: "2026-W47"
    period: str
    created_at: datetime
    items: tuple[DigestItem, ...] = ()
    totals: Totals = Totals()
    health: tuple[SourceHealth, ...] = ()
    sek_per_eur: Decimal
    rate_date: date
    config_version: str
    #: nothing was ever sent to this committee: the letter is a digest of what is open
    first: bool = False

    def section(self, section: Section) -> tuple[DigestItem, ...]:
        """The items of one section, in reading order."""
        return tuple(item for item in self.items if item.section is section)

    def without_last(self, calls: int) -> Digest:
        """The digest without its last calls, which are counted as waiting and not as told."""
        if not calls:
            return self
        totals = replace(self.totals, waiting=self.totals.waiting + calls)
        return replace(self, items=self.items[:-calls], totals=totals)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell but totals and source health."""
        return not self.items

    @property
    def told(self) -> tuple[Told, ...]:
        """What the committee has been told once this digest's letters are queued."""
        return tuple(
            Told(
                source=item.call.source,
                source_id=item.call.source_id,
                section=item.section,
                period=self.period,
                told_at=self.created_at,
                call=item.call,
                status=item.status,
            )
            for item in self.items
        )


class Bulletin(Protocol):
    """What a letter is made for, a committee's digest or a coordinator's overview: its name and place."""

    @property
    def committee(self) -> str:
        """Whose letter it is in the outbox."""

    @property
    def committee_name(self) -> str:
        """The same for people."""

    @property
    def language(self) -> str:
        """ISO 639-1 code."""

    @property
    def period(self) -> str:
        """ISO week: "2026-W47"."""


# --- values as plain data ------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Turn a value of this module into JSON types; empty fields are kept as ``None`` or ``[]``."""
    if isinstance(value, Deadline):
        return _plain_deadline(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    if isinstance(value, Set):
        return sorted(plain(v) for v in value)
    return value


def _plain_deadline(deadline: Deadline) -> dict[str, Any]:
    at, zone = deadline.at, getattr(deadline.at.tzinfo, "key", None)
    if deadline.precision is not Precision.TIME and at.time() == END_OF_DAY and zone is not None:
        moment = at.date().isoformat()
    else:
        moment = at.isoformat(timespec="auto" if at.second or at.microsecond else "minutes")
    return {"at": moment, "precision": str(deadline.precision), "raw": deadline.raw, "zone": zone}


def _deadline_from_plain(data: Mapping[str, Any]) -> Deadline:
    zone = ZoneInfo(data["zone"]) if data.get("zone") else None
    at = datetime.fromisoformat(data["at"])
    if at.tzinfo is None:  # only the day: the whole of it counts
        at = datetime.combine(at.date(), END_OF_DAY, zone)
    elif zone is not None:
        at = at.astimezone(zone)
    return Deadline(at=at, precision=Precision(data["precision"]), raw=data.get("raw"))


@lru_cache(maxsize=1)
def _call_reader() -> TypeAdapter[Call]:
    return TypeAdapter(Call)


def call_from_plain(data: Mapping[str, Any]) -> Call:
    """The call that ``plain()`` was given; keys this version does not know are passed over.

    Raises:
        pydantic.ValidationError: the data are not a call.
    """
    deadlines = [_deadline_from_plain(d) for d in data.get("deadlines") or ()]
    return _call_reader().validate_python({**data, "deadlines": deadlines})


def content_hash(value: Any, *, leave_out: frozenset[str] = frozenset()) -> str:
    """SHA-256 of a value's non-empty fields, so that a new field changes no old hash."""
    data = {k: v for k, v in plain(value).items() if k not in leave_out and v not in (None, [], "", False)}
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
