"""What a committee is told and when: matches, ledger and clock in, a Digest out; no I/O and no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from matcher.config.models import (
    Bilingual,
    Committee,
    CurrencySettings,
    DigestSchedule,
    Municipality,
    Programme,
    Settings,
)
from matcher.domain import (
    STOCKHOLM,
    Amount,
    Band,
    Call,
    Change,
    Deadline,
    Decision,
    Digest,
    DigestItem,
    Exclusion,
    Family,
    Friend,
    Match,
    Money,
    Need,
    Origin,
    Precision,
    Rate,
    Section,
    SourceHealth,
    Status,
    StoredCall,
    Timing,
    Told,
    Totals,
    Verdict,
)

#: A letter that fell due longer ago is not made up: the next one is only hours away.
MAKE_UP = timedelta(days=6, hours=18)
#: A told call is reminded of once when its deadline is this near.
REMINDER = timedelta(days=21)
#: Nobody is reminded of what the last weekly letter told.
TOO_SOON = timedelta(days=6)
#: A call that closed longer ago is no news; covers a committee with a letter a month.
OLD_NEWS = timedelta(days=35)
#: Most rows in each section besides the new ones; the rest stays untold and comes next time.
MOST_ROWS = 30

#: the Member States as two-letter ISO 3166 codes
# fmt: off
EU27 = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on
#: NUTS says EL and UK where ISO 3166 says GR and GB
_ISO = {"EL": "GR", "UK": "GB"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Key = tuple[str, str]


# --- when -------------------------------------------------------------------------------------


def period_of(moment: datetime) -> str:
    """The ISO week of an aware moment in Sweden: ``2026-W47``."""
    year, week, _ = moment.astimezone(STOCKHOLM).isocalendar()
    return f"{year:04}-W{week:02}"


def slot(schedule: DigestSchedule, period: str) -> datetime | None:
    """The moment (UTC) at which a period's letter falls due, or ``None`` when that week has none.

    A local time that the change to summer time skips is shifted forward by the hour that is missing; of
    a time that comes twice in autumn the first counts. Every other week is counted from a fixed Monday,
    so that years with 53 weeks do not break the rhythm.
    """
    year, week = int(period[:4]), int(period[6:])
    day = date.fromisocalendar(year, week, WEEKDAYS.index(schedule.weekday) + 1)
    # The ordinal of day 1 is a Monday: whole weeks since then, even for 2026-W02.
    weeks = (day.toordinal() - 1) // 7
    if schedule.every == "fortnight" and weeks % 2 != 0:
        return None
    if schedule.every == "month" and day.day > 7:
        return None
    # fold=0: zoneinfo reads a skipped time with the offset before the gap, a doubled one as the first.
    return datetime.combine(day, schedule.time, STOCKHOLM).astimezone(UTC)


def letter_due(schedule: DigestSchedule, *, now: datetime, last_period: str | None) -> str | None:
    """The period whose letter is due and not yet made, or ``None``.

    ``last_period`` is the latest period the committee has a letter for. Only the latest slot can be due:
    one that a switched-off machine missed is made up until the next is near, earlier ones are not sent
    afterwards (their calls come in this letter). A clock that went back never makes a second letter.
    """
    if schedule.paused:
        return None
    for period in (period_of(now), period_of(now - timedelta(weeks=1))):
        due = slot(schedule, period)
        if due is None or due > now:
            continue
        fresh = now - due <= MAKE_UP and (last_period is None or last_period < period)
        return period if fresh else None
    return None


def next_letter(schedule: DigestSchedule, *, now: datetime, last_period: str | None) -> datetime | None:
    """When (UTC) the next letter falls due, a moment past if it is due already; ``None`` when paused."""
    if schedule.paused:
        return None
    if period := letter_due(schedule, now=now, last_period=last_period):
        return slot(schedule, period)
    # A month's letters are at most five weeks apart; one more, since this month's may have been sent.
    for weeks in range(11):
        period = period_of(now + timedelta(weeks=weeks))
        due = slot(schedule, period)
        if due is not None and due > now and (last_period is None or period > last_period):
            return due
    return None


# --- what -------------------------------------------------------------------------------------


def plan_digest(
    *,
    municipality: Municipality,
    committee: Committee,
    calls: Mapping[Key, StoredCall],
    matches: Sequence[Match],
    told: Mapping[Key, Told],
    health: Sequence[SourceHealth],
    settings: Settings,
    programmes: Mapping[str, Programme],
    config_version: str,
    period: str,
    now: datetime,
    publishers: Mapping[str, str] | None = None,
    answered: Collection[Key] = (),
) -> Digest:
    """Choose and order what a committee is told.

    ``calls`` are all stored calls by key; ``matches`` this committee's, excluded ones included; ``told``
    the last time it was told of each call; ``publishers`` the organisation's name by source;
    ``answered`` the calls it has decided on, which are not reminded of.

    Each call is in at most one section: closing (told before, deadline within 21 days, not reminded of
    yet), else changed (told before and differs in what a reader cares about), else new or forthcoming
    (never told, relevant, not excluded; best first up to the limit, the rest waits untold).
    """
    by_key = {match.key: match for match in matches}
    publishers = publishers or {}

    def item(stored: StoredCall, section: Section, changes: tuple[Change, ...] = ()) -> DigestItem:
        programme = programmes.get(stored.call.programme or "")
        built = describe(
            stored,
            section,
            municipality=municipality,
            committee=committee,
            programme=programme,
            currency=settings.currency,
            now=now,
        )
        name = publishers.get(stored.call.source) or urlsplit(stored.call.url).hostname or stored.call.source
        return replace(built, publisher=name, match=by_key.get(stored.key), changes=changes)

    closing: list[DigestItem] = []
    changed: list[DigestItem] = []
    standing = 0
    for key, before in told.items():
        stored = calls.get(key)
        if stored is None:
            continue
        match = by_key.get(key)
        changes = changes_since(before, stored, now)
        if _remind(before, stored, match, now) and key not in answered:
            closing.append(item(stored, Section.CLOSING, changes))
        elif changes:
            changed.append(item(stored, Section.CHANGED, changes))
        elif match is not None and _relevant(match) and stored.status(now) in (Status.OPEN, Status.UNKNOWN):
            standing += 1

    untold: dict[Section, list[DigestItem]] = {Section.NEW: [], Section.FORTHCOMING: []}
    in_view = {key: call.status(now) for key, call in calls.items()}
    for match in sorted(matches, key=lambda m: (-m.score, m.key)):
        status = in_view.get(match.key)
        if match.key in told or not _relevant(match):
            continue
        if status in (Status.OPEN, Status.UNKNOWN):
            untold[Section.NEW].append(item(calls[match.key], Section.NEW))
        elif status is Status.FORTHCOMING:
            untold[Section.FORTHCOMING].append(item(calls[match.key], Section.FORTHCOMING))

    closing.sort(key=_urgency)
    # What is over goes last: it asks for nothing.
    changed.sort(key=lambda i: (i.status in (Status.CLOSED, Status.WITHDRAWN), _urgency(i)))
    most_new = committee.digest.max_calls
    most_forthcoming = max(1, most_new // 2)
    kept = (
        *closing[:MOST_ROWS],
        *changed[:MOST_ROWS],
        *untold[Section.NEW][:most_new],
        *untold[Section.FORTHCOMING][:most_forthcoming],
    )
    waiting = sum(map(len, (closing, changed, *untold.values()))) - len(kept)
    return Digest(
        municipality=municipality.municipality,
        committee=committee.id,
        committee_name=committee.name,
        language=committee.language,
        period=period,
        created_at=now,
        items=kept,
        totals=_totals(in_view, matches, standing=standing, waiting=waiting),
        health=tuple(health),
        sek_per_eur=settings.currency.sek_per_eur,
        rate_date=settings.currency.rate_date,
        config_version=config_version,
    )


def changes_since(before: Told, stored: StoredCall, now: datetime) -> tuple[Change, ...]:
    """What moved since the committee was told, in the fields a reader cares about and no others.

    Values keep their types: tuples of Deadline or Applicant, date, Money, Status,
    Rate, text for geography; ``None`` or empty is "not stated".
    """
    old, new = before.call, stored.call
    moved: list[tuple[str, object, object]] = []
    was, status = old.status(before.told_at), stored.status(now)
    if status is Status.WITHDRAWN:
        # The ledger keeps the call, not our knowledge of it: told after it vanished means told that.
        news = stored.withdrawn_at is not None and stored.withdrawn_at > before.told_at
    elif status is Status.CLOSED:
        last = max(d.at for d in new.deadlines)
        news = was is not Status.CLOSED and now - last <= OLD_NEWS
    else:
        news = status is Status.OPEN and was in (Status.FORTHCOMING, Status.CLOSED)
    if news:
        moved.append(("status", was, status))

    # A cut-off that has passed and left the publisher's page is no change.
    ahead_old, ahead_new = (tuple(d for d in c.deadlines if d.at >= now) for c in (old, new))
    if _moments(ahead_old) != _moments(ahead_new):
        moved.append(("deadlines", ahead_old or old.deadlines, ahead_new or new.deadlines))
    if status in (Status.CLOSED, Status.WITHDRAWN):
        # What is over is told once, with the date that ended it, and never taken up again.
        return _changes(moved, stored) if news else ()
    today = now.astimezone(STOCKHOLM).date()
    if old.opens != new.opens and any(day is not None and day > today for day in (old.opens, new.opens)):
        moved.append(("opens", old.opens, new.opens))
    for name in ("budget", "grant_minimum", "grant_maximum"):
        if getattr(old, name) != getattr(new, name):
            moved.append((name, getattr(old, name), getattr(new, name)))
    if (old.rate_minimum, old.rate_maximum) != (new.rate_minimum, new.rate_maximum):
        moved.append(("rate", _rate(old, None), _rate(new, None)))
    if set(old.applicants) != set(new.applicants):
        moved.append(("applicants", old.applicants, new.applicants))
    if set(old.geography) != set(new.geography):
        moved.append(("geography", _places(old), _places(new)))
    return _changes(moved, stored)


def describe(
    stored: StoredCall,
    section: Section,
    *,
    municipality: Municipality,
    committee: Committee,
    programme: Programme | None,
    currency: CurrencySettings,
    now: datetime,
) -> DigestItem:
    """All facts about one call that its row in the letter needs; the programme's where the call is silent."""
    call = stored.call
    deadline = call.next_deadline(now)
    rate = _rate(call, programme)
    need = _need(call, programme)
    wants_partners = (need is None and call.family is Family.SECTOR) or (
        need is not None and max(need.partners or 1, need.countries or 1) > 1
    )

    def in_words(text: Bilingual | None) -> str | None:
        return text.model_dump()[committee.language] if text else None

    stated = bool(call.applicants or call.applicants_raw or call.invited_only)
    return DigestItem(
        call=call,
        section=section,
        status=stored.status(now),
        version=stored.version,
        publisher=call.source,
        deadline=deadline,
        days_left=(local_day(deadline) - now.astimezone(STOCKHOLM).date()).days if deadline else None,
        later_deadlines=tuple(d for d in call.deadlines if deadline and d.at > deadline.at),
        decision=_decision(committee, deadline, now),
        programme=in_words(programme.name if programme else None) or call.programme_name,
        where_to_apply=in_words(programme.where_to_apply if programme else None),
        applicants=call.applicants if stated or programme is None else programme.applicants,
        applicants_origin=Origin.CALL if stated else Origin.PROGRAMME,
        rate=rate,
        budget=_amount(call.budget, currency),
        grant_minimum=_amount(call.grant_minimum, currency),
        grant_maximum=_amount(call.grant_maximum, currency),
        grant_words=in_words(programme.grant if programme else None),
        own_contribution=_own_contribution(call.grant_maximum, rate, currency),
        need=need,
        friends=_friends(municipality, call, programme) if wants_partners else (),
        networks=municipality.networks if wants_partners else (),
    )


def local_day(deadline: Deadline) -> date:
    """The day a Swedish reader calls the deadline's: a day given without a time is not moved by zones."""
    return deadline.at.astimezone(STOCKHOLM).date() if deadline.precision is Precision.TIME else deadline.day


def _relevant(match: Match) -> bool:
    return match.band is not Band.WEAK and match.eligibility.verdict is not Verdict.EXCLUDED


def _remind(before: Told, stored: StoredCall, match: Match | None, now: datetime) -> bool:
    deadline = stored.call.next_deadline(now)
    if deadline is None or stored.status(now) is not Status.OPEN or deadline.at - now > REMINDER:
        return False
    if match is not None and not _relevant(match):
        return False
    then = before.call.next_deadline(before.told_at)
    same = then is not None and then.at == deadline.at
    # Told of a change within the reminder's days, the reader has seen this deadline and its days left;
    # the same holds for what was told only some days ago.
    seen = (
        before.section is Section.CLOSING
        or (before.section is Section.CHANGED and deadline.at - before.told_at <= REMINDER)
        or now - before.told_at < TOO_SOON
    )
    return not (same and seen)


def _urgency(item: DigestItem) -> tuple[float, float, Key]:
    at = item.deadline.at.timestamp() if item.deadline else float("inf")
    return at, -(item.match.score if item.match else 0.0), item.key


def _changes(moved: Iterable[tuple[str, object, object]], stored: StoredCall) -> tuple[Change, ...]:
    return tuple(Change(field=f, before=b, after=a, seen_at=stored.last_changed) for f, b, a in moved)


def _places(call: Call) -> str:
    return call.geography_raw or ", ".join(call.geography)


def _moments(deadlines: Iterable[Deadline]) -> set[tuple[datetime, str]]:
    return {(d.at, d.precision) for d in deadlines}


def _decision(committee: Committee, deadline: Deadline | None, now: datetime) -> Decision | None:
    if deadline is None:
        return None
    day, today = local_day(deadline), now.astimezone(STOCKHOLM).date()
    reaches = committee.calendar_reaches(day)
    ends = None if reaches else max(committee.meetings, default=None)
    if meeting := committee.meeting_before(day, today):
        return Decision(
            timing=Timing.IN_TIME, meeting=meeting.day, papers_due=meeting.papers_due, calendar_ends=ends
        )
    if not reaches:
        return Decision(timing=Timing.UNKNOWN, calendar_ends=ends)
    missed = max((m for m in committee.meetings if today <= m < day), default=None)
    due = missed - timedelta(days=committee.paper_days) if missed else None
    return Decision(timing=Timing.TOO_LATE, meeting=missed, papers_due=due)


def _rate(call: Call, programme: Programme | None) -> Rate | None:
    for facts, origin in ((call, Origin.CALL), (programme, Origin.PROGRAMME)):
        if facts is None:
            continue
        known = [r for r in (facts.rate_minimum, facts.rate_maximum) if r is not None]
        if known:
            return Rate(lowest=min(known), highest=max(known), origin=origin)
    return None


def _need(call: Call, programme: Programme | None) -> Need | None:
    if (c := call.consortium) and (c.partners or c.countries):
        return Need(partners=c.partners, countries=c.countries, origin=Origin.CALL)
    if programme and (programme.partners or programme.countries):
        return Need(partners=programme.partners, countries=programme.countries, origin=Origin.PROGRAMME)
    return None


def _friends(municipality: Municipality, call: Call, programme: Programme | None) -> tuple[Friend, ...]:
    """Partners in countries known to take part. Any sector programme is open to all Member States."""
    # A cross-border call's own area decides; a call for Sweden alone says nothing about its partners.
    named = {_ISO.get(code[:2], code[:2]) for code in call.geography}
    if len(named) < 2:
        named = set(programme.partner_countries) if programme else set()
    if "EU" in named or (not named and call.family is Family.SECTOR):
        named |= EU27
    return tuple(Friend(name=p.name, country=p.country) for p in municipality.partners if p.country in named)


def _amount(money: Money | None, currency: CurrencySettings) -> Amount | None:
    if money is None:
        return None
    return Amount(money=money, sek=money.amount * currency.sek_per_eur if money.currency == "EUR" else None)


def _own_contribution(grant: Money | None, rate: Rate | None, currency: CurrencySettings) -> Amount | None:
    if grant is None or rate is None or rate.highest <= 0 or rate.highest >= 1:
        return None
    own = grant.amount * (1 - rate.highest) / rate.highest
    return _amount(Money(amount=own.quantize(Decimal(1)), currency=grant.currency), currency)


def _totals(
    in_view: Mapping[Key, Status], matches: Sequence[Match], *, standing: int, waiting: int
) -> Totals:
    current = {k for k, s in in_view.items() if s in (Status.OPEN, Status.UNKNOWN, Status.FORTHCOMING)}
    suits = [m for m in matches if m.key in current and m.band is not Band.WEAK]
    excluded = [m for m in suits if m.eligibility.verdict is Verdict.EXCLUDED]
    reasons = Counter(m.eligibility.reasons[0] for m in excluded if m.eligibility.reasons)
    forthcoming = sum(in_view[k] is Status.FORTHCOMING for k in current)
    return Totals(
        open=len(current) - forthcoming,
        forthcoming=forthcoming,
        standing=standing,
        waiting=waiting,
        below=len(current) - len(suits),
        excluded=len(excluded),
        exclusions=tuple(
            Exclusion(remark=r, calls=n) for r, n in sorted(reasons.items(), key=lambda x: (-x[1], x[0].sv))
        ),
    )
