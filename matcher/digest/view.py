"""What both parts of a letter show, as texts: one view of a digest or an overview, no mark-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from matcher.digest.facts import local_day
from matcher.digest.overview import AnsweredCall, CommitteeLetter, MunicipalOverview
from matcher.digest.rows import (
    LONGEST_TITLE,
    LONGEST_URL,
    Entry,
    answer_text,
    entry_of,
    foreign,
    said,
    web_address,
)
from matcher.digest.words import Words, one_line
from matcher.domain import STOCKHOLM, Call, Digest, Outcome, Section, SourceHealth, Status

#: A source not read for this long is named even when its last run was well: weekly sources fit in.
STALE = timedelta(days=8)
MOST_EXCLUSIONS = 4

View = dict[str, object]


def letter_view(digest: Digest, words: Words, *, detailed: int, with_calendar: bool) -> View:
    """What templates/letter.* show; the first ``detailed`` calls with all their facts."""
    rate, day = words.number(digest.sek_per_eur), words.day(digest.rate_date, weekday=False)
    conversion = words("rate.conversion", rate=rate, date=day)
    entries = {
        item.key: entry_of(item, number, words, detailed=number <= detailed, conversion=conversion)
        for number, item in enumerate(digest.items, start=1)
    }
    sections: list[tuple[str, list[Entry]]] = [
        (words(f"section.{section}"), [entries[item.key] for item in digest.section(section)])
        for section in Section
        if digest.section(section)
    ]
    kind = "nothing" if digest.empty else "first" if digest.first else "summary"
    foot = [words("foot.currency", rate=rate, date=day)]
    if with_calendar:
        foot.append(words("foot.calendar"))
    if not digest.empty:
        foot.append(words("foot.answer"))
    foot += [
        words("foot.profile", version=digest.config_version[:10]),
        words("foot.privacy"),
        words("foot.reply"),
    ]
    return {
        **_frame(digest.language, letter_subject(digest, words)),
        "heading": words("letter.heading", committee=one_line(digest.committee_name)),
        "week": _week(digest.municipality, digest.period, words),
        "summary": words(f"letter.{kind}", news=words.listed(_news(digest, words))),
        "sections": sections,
        "totals_heading": words("totals.heading"),
        "totals": [*_totals(digest, words), _health(digest.health, words, digest.created_at)],
        "foot": foot,
    }


def letter_subject(digest: Digest, words: Words) -> str:
    """Committee, what is new, the nearest last day to apply, the week."""
    news = _news(digest, words)
    nearest = min(
        (i.deadline for i in digest.items if i.deadline and i.status is Status.OPEN),
        key=lambda d: d.at,
        default=None,
    )
    if nearest is not None:
        news.append(words("subject.nearest", date=words.day(local_day(nearest), weekday=False)))
    return _subject(digest.committee_name, ", ".join(news), digest.period, words)


def overview_view(overview: MunicipalOverview, words: Words, *, most: int) -> View:
    """What templates/overview.* show; at most ``most`` calls are named for each committee."""
    letters = [_letter_lines(letter, words, most) for letter in overview.letters]
    nobody = [_call_line(call, overview.created_at, words) for call in overview.nobody]
    if overview.nobody_more:
        nobody.append(Line(note=words("overview.more", n=overview.nobody_more)))
    sections = [
        (words("overview.nobody"), nobody or [Line(note=words("overview.nobody_none"))]),
        (
            words("overview.answered"),
            [_answer_line(answered, words) for answered in overview.answered]
            or [Line(note=words("overview.answered_none"))],
        ),
    ]
    totals = [words("overview.waiting", n=overview.waiting)] if overview.waiting else []
    return {
        **_frame(overview.language, overview_subject(overview, words)),
        "heading": words("overview.heading", municipality=one_line(overview.municipality)),
        "week": _week(overview.municipality, overview.period, words),
        "letters_heading": words("overview.letters"),
        "letters": letters,
        "sections": sections,
        "totals_heading": words("overview.sources"),
        "totals": [*totals, _health(overview.health, words, overview.created_at)],
        "foot": [
            words("overview.profile", version=overview.config_version[:10]),
            words("foot.privacy"),
            words("foot.reply"),
        ],
    }


def overview_subject(overview: MunicipalOverview, words: Words) -> str:
    """Municipality, how many letters and calls, the week."""
    sent = sum(letter.planned and letter.recipients > 0 for letter in overview.letters)
    told = len({t.key for letter in overview.letters for t in letter.told})
    news = words("overview.subject", n=sent, calls=words("overview.calls", n=told))
    return _subject(overview.municipality, news, overview.period, words)


def _frame(language: str, title: str) -> View:
    return {"language": language, "title": title}


def _week(municipality: str, period: str, words: Words) -> str:
    return words("letter.week", municipality=one_line(municipality), week=int(period[6:]), year=period[:4])


def _subject(name: str, news: str, period: str, words: Words) -> str:
    return one_line(words("subject.line", committee=one_line(name, 120), news=news, week=int(period[6:])))


def _news(digest: Digest, words: Words) -> list[str]:
    counts = [
        (key, len(digest.section(section)))
        for key, section in (
            ("new", Section.NEW),
            ("changed", Section.CHANGED),
            ("closing", Section.CLOSING),
            ("forthcoming", Section.FORTHCOMING),
        )
    ]
    news = [words(f"subject.{key}", n=n) for key, n in counts if n]
    return news if digest.section(Section.NEW) else [words("subject.none"), *news]


def _totals(digest: Digest, words: Words) -> Iterator[str]:
    totals = digest.totals
    yield words("totals.seen", open=words.number(totals.open), forthcoming=words.number(totals.forthcoming))
    for key, n in (("standing", totals.standing), ("waiting", totals.waiting), ("below", totals.below)):
        if n:
            yield words(f"totals.{key}", n=n)
    if totals.excluded:
        shown = totals.exclusions[:MOST_EXCLUSIONS]
        reasons = [
            words("totals.reason", reason=one_line(said(x.remark, words), 200), count=words.number(x.calls))
            for x in shown
        ]
        if rest := totals.excluded - sum(x.calls for x in shown):
            reasons.append(words("totals.other_reasons", n=rest))
        yield words("totals.excluded", n=totals.excluded, reasons="; ".join(reasons))


def _health(health: Sequence[SourceHealth], words: Words, now: datetime) -> str:
    """``12 källor lästa, ESF-rådet ej läst sedan 12 november 2026.``"""
    if not health:
        return words("health.none")
    well, notes = 0, []
    for source in health:
        name = one_line(source.title, 100)
        if source.last_read is None:
            notes.append(words("health.never", source=name))
        elif source.outcome not in (Outcome.OK, Outcome.DEGRADED) or now - source.last_read > STALE:
            day = source.last_read.astimezone(STOCKHOLM).date()
            notes.append(words("health.since", source=name, date=words.day(day, weekday=False)))
        else:
            well += 1
            if source.outcome is Outcome.DEGRADED:
                notes.append(words("health.partly", source=name))
    return ", ".join((words("health.read", n=well), *notes)) + "."


# --- the overview's lines --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A call in one line of the overview; without a title only the note."""

    title: str = ""
    #: set where the title's language differs from the letter's
    language: str | None = None
    url: str | None = None
    note: str


def _letter_lines(letter: CommitteeLetter, words: Words, most: int) -> tuple[str, str, list[Line]]:
    """A committee's name, what became of its letter, and the calls it held."""
    name = one_line(letter.name, LONGEST_TITLE)
    if letter.told:
        state = words("overview.sent", n=letter.recipients, calls=words("overview.calls", n=len(letter.told)))
    elif letter.planned:
        state = words("overview.empty")
    elif letter.paused:
        state = words("overview.paused")
    else:
        state = words("overview.no_letter" if letter.recipients else "overview.no_recipients")
    lines = [
        _call_line(told.call, told.told_at, words, words(f"overview.section.{told.section}"))
        for told in letter.told[:most]
    ]
    if (rest := len(letter.told) - most) > 0:
        lines.append(Line(note=words("overview.more", n=rest)))
    return name, state, lines


def _answer_line(answered: AnsweredCall, words: Words) -> Line:
    committee = one_line(answered.committee_name, LONGEST_TITLE)
    note = f"{committee}: {answer_text(answered.answer, words)}"
    return _call_line(answered.call, None, words, note)


def _call_line(call: Call, now: datetime | None, words: Words, note: str = "") -> Line:
    """Title and last day to apply as seen at ``now``; ``None``: without the day."""
    notes = [note] if note else []
    if now is not None and (deadline := call.next_deadline(now)) is not None:
        notes.append(words("overview.deadline", date=words.deadline(deadline, weekday=False)))
    url = web_address(call.url)
    return Line(
        title=one_line(call.title, LONGEST_TITLE) or one_line(call.source_id, LONGEST_TITLE),
        language=foreign(call.language, words),
        url=url if url and len(url) <= LONGEST_URL else None,
        note=", ".join(notes),
    )
