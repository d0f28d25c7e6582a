"""All facts about one call that its row in the letter needs; the programme's where the call is silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from matcher.config.models import (
    Bilingual,
    Committee,
    CurrencySettings,
    DecidingBody,
    Municipality,
    Programme,
)
from matcher.domain import (
    STOCKHOLM,
    Amount,
    Call,
    Deadline,
    Decision,
    DigestItem,
    ExecutiveDecision,
    Family,
    Friend,
    Link,
    Money,
    Need,
    Origin,
    Precision,
    Rate,
    Section,
    StoredCall,
    Timing,
)

#: the Member States as two-letter ISO 3166 codes
# fmt: off
EU27 = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on
#: NUTS says EL and UK where ISO 3166 says GR and GB
_ISO = {"EL": "GR", "UK": "GB"}


def describe(
    stored: StoredCall,
    section: Section,
    *,
    municipality: Municipality,
    committee: Committee,
    programme: Programme | None,
    publisher: str,
    currency: CurrencySettings,
    now: datetime,
    elsewhere: Sequence[Link] = (),
) -> DigestItem:
    """A call as values for its row; what depends on the committee's ledger is left out."""
    call = stored.call
    deadline = call.next_deadline(now)
    rate = rate_of(call, programme)
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
        publisher=publisher,
        deadline=deadline,
        days_left=(local_day(deadline) - now.astimezone(STOCKHOLM).date()).days if deadline else None,
        later_deadlines=tuple(d for d in call.deadlines if deadline and d.at > deadline.at),
        decision=_decision(committee, municipality.executive, deadline, now),
        programme=in_words(programme.name if programme else None) or call.programme_name,
        where_to_apply=in_words(programme.where_to_apply if programme else None),
        applicants=call.applicants if stated or programme is None else programme.applicants,
        applicants_origin=Origin.CALL if stated else Origin.PROGRAMME,
        rate=rate,
        budget=_amount(call.budget, currency),
        grant_minimum=_amount(call.grant_minimum, currency),
        grant_maximum=_amount(call.grant_maximum, currency),
        grant_words=in_words(programme.grant if programme else None),
        own_contribution=_own_contribution(call.grant_maximum or call.grant_minimum, rate, currency),
        need=need,
        friends=_friends(municipality, call, programme) if wants_partners else (),
        networks=municipality.networks if wants_partners else (),
        elsewhere=tuple(elsewhere),
    )


def local_day(deadline: Deadline) -> date:
    """The day a Swedish reader calls the deadline's: a day given without a time is not moved by zones."""
    return deadline.at.astimezone(STOCKHOLM).date() if deadline.precision is Precision.TIME else deadline.day


def rate_of(call: Call, programme: Programme | None) -> Rate | None:
    """The EU's share as the call states it, else as its programme's rules do; ``None`` = not known."""
    for facts, origin in ((call, Origin.CALL), (programme, Origin.PROGRAMME)):
        if facts is None:
            continue
        known = [r for r in (facts.rate_minimum, facts.rate_maximum) if r is not None]
        if known:
            return Rate(lowest=min(known), highest=max(known), origin=origin)
    return None


# --- can it be decided in time? --------------------------------------------------------------


def _decision(
    committee: Committee, executive: DecidingBody | None, deadline: Deadline | None, now: datetime
) -> Decision | None:
    if deadline is None:
        return None
    day, today = local_day(deadline), now.astimezone(STOCKHOLM).date()
    if deadline.precision in (Precision.MONTH, Precision.MONTH_WITHOUT_YEAR):
        day = day.replace(day=1)  # it may be any day of the month: the first is the safe one
    reaches = committee.calendar_reaches(day)
    ends = None if reaches else max(committee.meetings, default=None)
    if meeting := committee.meeting_before(day, today):
        return Decision(
            timing=Timing.IN_TIME,
            meeting=meeting.day,
            papers_due=meeting.papers_due,
            calendar_ends=ends,
            executive=_executive_decision(committee, executive, day, today),
        )
    if not reaches:
        return Decision(timing=Timing.UNKNOWN, calendar_ends=ends)
    missed = max((m for m in committee.meetings if today <= m < day), default=None)
    due = missed - timedelta(days=committee.paper_days) if missed else None
    return Decision(timing=Timing.TOO_LATE, meeting=missed, papers_due=due)


def _executive_decision(
    committee: Committee, executive: DecidingBody | None, day: date, today: date
) -> ExecutiveDecision | None:
    """Both meetings, when a decision of the committee goes on to the executive: the committee's comes first,
    and not after the day the executive wants its papers.
    """
    if executive is None or not executive.meetings or executive.name == committee.name:
        return None
    last = executive.meeting_before(day, today)
    if last is None:
        known = executive.calendar_reaches(day)
        return ExecutiveDecision(name=executive.name, timing=Timing.TOO_LATE if known else Timing.UNKNOWN)
    first = committee.meeting_before(last.papers_due + timedelta(days=1), today)
    return ExecutiveDecision(
        name=executive.name,
        timing=Timing.IN_TIME if first else Timing.TOO_LATE,
        meeting=last.day,
        committee_meeting=first.day if first else None,
        committee_papers_due=first.papers_due if first else None,
    )


# --- with whom and for how much --------------------------------------------------------------


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
