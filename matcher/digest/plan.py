"""What a committee is told: matches, ledger, answers and clock in, a Digest out; no I/O and no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from matcher.config.models import Committee, Municipality, Programme, Settings
from matcher.digest.facts import describe, rate_of
from matcher.domain import (
    STOCKHOLM,
    Answer,
    AnswerKind,
    Band,
    Call,
    Change,
    Deadline,
    Digest,
    DigestItem,
    Exclusion,
    Link,
    Match,
    Section,
    SourceHealth,
    Status,
    StoredCall,
    Told,
    Totals,
    Verdict,
)

#: A told call is reminded of once when its deadline is this near; a month's letter looks on to the next.
REMINDER = {"week": timedelta(days=21), "fortnight": timedelta(days=21), "month": timedelta(days=35)}
#: Nobody is reminded of what the last weekly letter told.
TOO_SOON = timedelta(days=6)
#: A call that closed longer ago is no news; covers a committee with a letter a month.
OLD_NEWS = timedelta(days=35)
#: Most rows in each section besides the new ones; the rest stays untold and comes next time.
MOST_ROWS = 30
#: Addresses of the same call on other sites.
MOST_LINKS = 2
#: After these answers nothing about the call is news any more.
_SETTLED = frozenset({AnswerKind.NOT_FOR_US, AnswerKind.GRANTED, AnswerKind.REFUSED})

Key = tuple[str, str]


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
    answers: Mapping[Key, Answer] | None = None,
    concerned: Mapping[Key, Sequence[str]] | None = None,
    twins: Mapping[Key, Sequence[Call]] | None = None,
    first: bool = False,
) -> Digest:
    """Choose and order what a committee is told.

    Args:
        calls: all stored calls by key, the same call of several publishers under one key.
        matches: this committee's, excluded ones included.
        told: the last time it was told of each call.
        publishers: the organisation's name by source.
        answers: the committee's latest answer by call.
        concerned: names of the municipality's committees that a call concerns, best match first.
        twins: the same call as other publishers have it.
        first: nothing was ever sent to this committee.

    Each call is in at most one section: closing (told before, not answered, deadline near, not reminded of
    yet), else changed (told before and differs in what a reader cares about), else answered (since it was
    last told), else new or forthcoming (never told, relevant, not excluded; best first up to the limit,
    the rest waits untold).
    """
    by_key = {match.key: match for match in matches}
    publishers, answers, concerned, twins = publishers or {}, answers or {}, concerned or {}, twins or {}

    def published_by(call: Call) -> str:
        return publishers.get(call.source) or urlsplit(call.url).hostname or call.source

    def item(key: Key, section: Section, changes: tuple[Change, ...] = ()) -> DigestItem:
        stored = calls[key]
        names = concerned.get(key, ())
        also = tuple(name for name in names if name != committee.name)
        built = describe(
            stored,
            section,
            municipality=municipality,
            committee=committee,
            programme=programmes.get(stored.call.programme or ""),
            publisher=published_by(stored.call),
            currency=settings.currency,
            now=now,
            elsewhere=[
                Link(publisher=published_by(twin), url=twin.url) for twin in twins.get(key, ())[:MOST_LINKS]
            ],
        )
        return replace(
            built,
            match=by_key.get(key),
            changes=changes,
            before=told.get(key),
            answer=answers.get(key),
            also=also,
            lead=names[0] if also else None,
        )

    closing: list[DigestItem] = []
    changed: list[DigestItem] = []
    standing = 0
    reminder = REMINDER[committee.digest.every]
    for key, before in told.items():
        stored = calls.get(key)
        answer = answers.get(key)
        if stored is None or (answer is not None and answer.kind in _SETTLED):
            continue
        match = by_key.get(key)
        changes = changes_since(before, stored, now)
        if answer is None and _remind(before, stored, match, now, reminder):
            closing.append(item(key, Section.CLOSING, changes))
        elif changes:
            changed.append(item(key, Section.CHANGED, changes))
        elif match is not None and _relevant(match) and stored.status(now) in (Status.OPEN, Status.UNKNOWN):
            standing += 1
    shown = {i.key for i in (*closing, *changed)}
    answered = [
        item(key, Section.ANSWERED)
        for key, answer in answers.items()
        if key in calls and key not in shown and (key not in told or told[key].told_at < answer.at)
    ]

    untold: dict[Section, list[DigestItem]] = {Section.NEW: [], Section.FORTHCOMING: []}
    in_view = {key: call.status(now) for key, call in calls.items()}
    for match in sorted(matches, key=lambda m: (-m.score, m.key)):
        status = in_view.get(match.key)
        if match.key in told or match.key in answers or not _relevant(match):
            continue
        if status in (Status.OPEN, Status.UNKNOWN):
            untold[Section.NEW].append(item(match.key, Section.NEW))
        elif status is Status.FORTHCOMING:
            untold[Section.FORTHCOMING].append(item(match.key, Section.FORTHCOMING))

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
        *answered[:MOST_ROWS],
    )
    waiting = sum(map(len, (closing, changed, answered, *untold.values()))) - len(kept)
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
        first=first,
    )


def concerned_by(matches: Iterable[Match]) -> dict[Key, tuple[str, ...]]:
    """Ids of the committees that each call concerns, best match first, given a municipality's matches."""
    found: dict[Key, list[Match]] = {}
    for match in matches:
        if _relevant(match):
            found.setdefault(match.key, []).append(match)
    return {
        key: tuple(m.committee for m in sorted(each, key=lambda m: -m.score)) for key, each in found.items()
    }


def changes_since(before: Told, stored: StoredCall, now: datetime) -> tuple[Change, ...]:
    """What moved since the committee was told, in the fields a reader cares about and no others.

    Values keep their types: tuples of Deadline or Applicant, date, Money, Status,
    Rate, text for geography; ``None`` or empty is "not stated".
    """
    old, new = before.call, stored.call
    moved: list[tuple[str, object, object]] = []
    was, status = before.status or old.status(before.told_at), stored.status(now)
    if status is Status.WITHDRAWN:
        # What the ledger holds from older versions does not say so: told after it vanished means told that.
        gone = stored.withdrawn_at
        news = was is not Status.WITHDRAWN and gone is not None and gone > before.told_at
    elif status is Status.CLOSED:
        # closed without a date: it is over since the publisher said so
        last = max((d.at for d in new.deadlines), default=stored.last_changed)
        # Told that it was withdrawn, the reader has left it already.
        news = was not in (Status.CLOSED, Status.WITHDRAWN) and now - last <= OLD_NEWS
    elif was is Status.WITHDRAWN:
        news = True  # it is back
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
        moved.append(("rate", rate_of(old, None), rate_of(new, None)))
    if set(old.applicants) != set(new.applicants):
        moved.append(("applicants", old.applicants, new.applicants))
    if set(old.geography) != set(new.geography):
        moved.append(("geography", _places(old), _places(new)))
    return _changes(moved, stored)


def _relevant(match: Match) -> bool:
    return match.band is not Band.WEAK and match.eligibility.verdict is not Verdict.EXCLUDED


def _remind(
    before: Told, stored: StoredCall, match: Match | None, now: datetime, reminder: timedelta
) -> bool:
    deadline = stored.call.next_deadline(now)
    if deadline is None or stored.status(now) is not Status.OPEN or deadline.at - now > reminder:
        return False
    if match is not None and not _relevant(match):
        return False
    then = before.call.next_deadline(before.told_at)
    same = then is not None and then.at == deadline.at
    # Told of a change within the reminder's days, the reader has seen this deadline and its days left;
    # the same holds for what was told only some days ago.
    seen = (
        before.section is Section.CLOSING
        or (before.section is Section.CHANGED and deadline.at - before.told_at <= reminder)
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
