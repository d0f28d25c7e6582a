"""What a healthy run looks like: against the source's bounds, the calls we know, and its own history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import median
from typing import Any

from matcher.domain import Call, Deadline, Rule, Status, StoredCall, Unread, Violation
from matcher.scrapers.source import Expect

#: what a reader relies on: by field of ``SourceRun.fill``, the words for it and how to see it in a call
_FACTS: dict[str, tuple[str, Callable[[Call], Any]]] = {
    "deadlines": ("deadline", lambda c: c.deadlines),
    "opens": ("opening date", lambda c: c.opens),
    "budget": ("budget", lambda c: c.budget or c.grant_maximum or c.grant_minimum),
    "rate": ("EU rate", lambda c: c.rate_maximum),
    "applicants": ("applicants", lambda c: c.applicants),
    "geography": ("geography", lambda c: c.geography),
    "programme": ("programme", lambda c: c.programme),
    "text": ("text", lambda c: c.text),
}
#: one or two calls come and go by themselves; three at once is a site that changed
_FEW = 2
#: the share of known calls that must still have a fact, and the drop of a fill rate that is no chance
_LEAST_KEPT = 0.8
_DROP = 0.2
#: publishers take a call down on its last day, some hours before we count it as closed
_LAST_DAY = timedelta(days=1)
#: so many planned calls do not become calls on one day
_PLANNED = 3


def broken_bounds(expect: Expect, calls: Sequence[Call], unread: Sequence[Unread]) -> Violation | None:
    """The bound of the source's YAML that makes a run worthless, with the most telling sentence."""

    def fatal(rule: Rule, sentence: str) -> Violation:
        return Violation(rule=rule, sentence=sentence, fatal=True)

    if unread and len(unread) / (len(calls) + len(unread)) > expect.max_unread_share:
        return fatal(
            Rule.RECORDS,
            f"{len(unread)} of {len(calls) + len(unread)} records could not be read "
            f"(at most {expect.max_unread_share:.0%} may); the first: {unread[0].why} ({unread[0].url})",
        )
    if not calls:
        return fatal(Rule.NUMBER, "no calls at all; the list is empty or its shape has changed")
    if len(calls) < expect.min_calls:
        return fatal(
            Rule.NUMBER,
            f"only {len(calls)} calls, at least {expect.min_calls} expected; see whether all pages were read",
        )
    dated = [bool(call.deadlines) for call in calls if not call.planned and not call.continuous]
    if dated and sum(dated) / len(dated) < expect.min_deadline_share:
        return fatal(
            Rule.FIELDS,
            f"only {sum(dated)} of {len(dated)} calls have a deadline "
            f"(at least {expect.min_deadline_share:.0%} expected); see whether its label or format changed",
        )
    return None


def odd_records(expect: Expect, found: int, unread: Sequence[Unread]) -> Iterator[Violation]:
    """What a person should look at although the calls can be stored."""
    if unread:
        yield Violation(
            rule=Rule.RECORDS,
            sentence=f"{len(unread)} of {found + len(unread)} records could not be read; "
            f"the first: {unread[0].why} ({unread[0].url})",
        )
    if found > expect.max_calls:
        yield Violation(
            rule=Rule.NUMBER,
            sentence=f"{found} calls, at most {expect.max_calls} expected; see whether a filter is ignored",
        )


# --- known calls -----------------------------------------------------------------------------


def is_ahead(stored: StoredCall, now: datetime) -> bool:
    """Whether the publisher should still list the call: more than a day before it opens or closes.

    Entries of a plan are left out, since they go when they become calls.
    """
    call, soon = stored.call, now + _LAST_DAY
    if call.planned or stored.status(now) not in (Status.OPEN, Status.FORTHCOMING):
        return False
    return call.next_deadline(soon) is not None or (call.opens is not None and call.opens > soon.date())


def missing_calls(
    expect: Expect, ahead: Sequence[StoredCall], missing: Mapping[str, str]
) -> Iterator[Violation]:
    """Known calls with a date ahead that are not listed, if they are more than chance takes.

    Args:
        ahead: the known calls that should be listed.
        missing: by identifier of those that are not: what their own page says.
    """
    listed = len(ahead) - len(missing)
    if not missing or listed / len(ahead) >= expect.min_survival:
        return
    if len(missing) > _FEW:
        yield Violation(
            rule=Rule.SURVIVAL,
            fatal=True,
            sentence=f"only {listed} of {len(ahead)} known calls with a date ahead are listed again "
            f"({listed / len(ahead):.0%}, at least {expect.min_survival:.0%} expected); "
            f"see whether paging or a filter has changed; the first that is not: {_named(ahead, missing)}",
        )
        return
    for stored in ahead:
        source_id = stored.call.source_id
        if source_id in missing:
            yield Violation(
                rule=Rule.SURVIVAL,
                about=source_id,
                sentence=f"{stored.call.title!r} is no longer listed although {_ahead(stored)}; "
                f"{missing[source_id]}",
            )


def _named(ahead: Sequence[StoredCall], missing: Mapping[str, str]) -> str:
    first = next(s.call for s in ahead if s.call.source_id in missing)
    return f"{first.title!r}, {missing[first.source_id]}"


def _ahead(stored: StoredCall) -> str:
    """The date for which the call should be listed."""
    call = stored.call
    deadline = call.next_deadline(stored.last_seen) or (call.deadlines[-1] if call.deadlines else None)
    return f"its deadline is {deadline.iso}" if deadline else f"it opens {call.opens}"


def missing_plan(calls: Sequence[Call], known: Sequence[StoredCall], now: datetime) -> Violation | None:
    """The plan of coming calls is gone as a whole, when none of its known entries is left."""
    planned = {k.call.source_id for k in known if k.call.planned and k.status(now) is Status.FORTHCOMING}
    if len(planned) < _PLANNED or any(c.planned or c.source_id in planned for c in calls):
        return None
    return Violation(
        rule=Rule.SURVIVAL,
        about="plan",
        fatal=True,
        sentence=f"none of {len(planned)} planned calls is listed again; see whether the plan has moved",
    )


def lost_facts(calls: Sequence[Call], known: Sequence[StoredCall], now: datetime) -> Violation | None:
    """A fact that known calls had and that too many have no more: storing the run would forget it."""
    before = {k.call.source_id: k.call for k in known if is_ahead(k, now)}
    pairs = [(before[c.source_id], c) for c in calls if c.source_id in before]
    for field, (words, fact) in _FACTS.items():
        had = [(old, new) for old, new in pairs if fact(old) and not _may_go(field, old, new, now)]
        lost = sum(not fact(new) for _, new in had)
        if lost > _FEW and 1 - lost / len(had) < _LEAST_KEPT:
            return Violation(
                rule=Rule.FIELDS,
                about=field,
                fatal=True,
                sentence=f"{lost} of {len(had)} known calls have lost their {words}; "
                "see whether its label or format changed",
            )
    return _other_dates(pairs, now)


def _other_dates(pairs: Sequence[tuple[Call, Call]], now: datetime) -> Violation | None:
    """Day and month changed places, or the wrong date is read: publishers prolong one call, or all alike."""
    both = [(old, new) for old, new in pairs if new.deadlines and old.next_deadline(now)]
    steps = [_last(new).day - _last(old).day for old, new in both if _last(new).day != _last(old).day]
    days = {_last(new).day for old, new in both if _last(new).day != _last(old).day}
    if len(steps) <= _FEW or len(steps) <= len(both) / 2 or len(set(steps)) == 1 or len(days) == 1:
        return None
    return Violation(
        rule=Rule.FIELDS,
        about="other dates",
        fatal=True,
        sentence=f"{len(steps)} of {len(both)} known calls have other deadlines at once; "
        "see whether the format of dates changed",
    )


def _last(call: Call) -> Deadline:
    return max(call.deadlines, key=lambda d: d.at)


def _may_go(field: str, old: Call, new: Call, now: datetime) -> bool:
    """Whether a call may lose a fact in the ordinary course of things."""
    if field == "opens":  # many pages name it only beforehand
        return old.opens is not None and old.opens <= now.date()
    if field == "deadlines":  # put off, or open until further notice
        put_off = new.opens is not None and new.opens > now.date() and new.opens != old.opens
        return new.continuous or put_off
    return False


def forgotten_deadline(old: StoredCall, new: Call, now: datetime) -> str | None:
    """Why a call must not be stored as it was read: its known deadline is ahead, and the page has none."""
    deadline = old.call.next_deadline(now)
    if new.deadlines or not deadline or not is_ahead(old, now) or _may_go("deadlines", old.call, new, now):
        return None
    return (
        f"{new.title!r} had the deadline {deadline.iso}, and now no deadline can be read; "
        "see whether its label or format changed"
    )


# --- the source's own history ----------------------------------------------------------------


def fill_rates(calls: Sequence[Call], now: datetime) -> dict[str, float]:
    """By field, the share of the calls that have it, and the median number of words of their texts.

    Entries of a plan say little and are left out; calls without a deadline by nature do not count for it.
    """
    published = [c for c in calls if not c.planned]
    dated = [
        c for c in published if not c.continuous and (c.opens is None or c.opens <= now.date() or c.deadlines)
    ]
    rates = {}
    for field, (_, fact) in _FACTS.items():
        judged = dated if field == "deadlines" else published
        if judged:
            rates[field] = round(sum(bool(fact(c)) for c in judged) / len(judged), 4)
    if published:
        rates["calls"] = len(published)
        rates["words"] = median(len(c.text.split()) for c in published)
    return rates


def fallen_rates(rates: Mapping[str, float], history: Sequence[Mapping[str, float]]) -> Iterator[Violation]:
    """Fields that fewer calls have than in the source's earlier runs, by more than chance.

    Args:
        history: ``fill_rates`` of the latest runs that were stored; nothing is said before there are three.
    """
    calls = rates.get("calls", 0)
    for field, (words, _) in _FACTS.items():
        before = [h[field] for h in history if field in h]
        if field not in rates or len(before) < 3:
            continue
        usual = median(before)
        if usual - rates[field] > max(_DROP, _chance(usual, calls)):
            yield Violation(
                rule=Rule.FILL,
                about=field,
                sentence=f"{rates[field]:.0%} of the calls have a {words}, usually {usual:.0%}; "
                "see whether its label has changed on newer pages",
            )
    lengths = [h["words"] for h in history if "words" in h]
    if len(lengths) >= 3 and calls > _FEW and rates["words"] < median(lengths) / 2:
        yield Violation(
            rule=Rule.FILL,
            about="words",
            sentence=f"the calls' texts have {rates['words']:.0f} words, usually {median(lengths):.0f}; "
            "see whether the text has moved to another part of the page",
        )


def _chance(share: float, calls: float) -> float:
    """How far the share of so few calls may fall when all of them are replaced: four standard deviations."""
    likely = (share * calls + 1) / (calls + 2)  # all of five so far does not mean all for ever
    return 4 * sqrt(likely * (1 - likely) / calls) if calls else 1.0
