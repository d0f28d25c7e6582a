"""Dates as publishers write them, in Swedish and English: what is not said is not invented.

``read`` finds every date in a text and tells openings, deadlines, windows and the many dates that are
none of these apart. ``window`` makes a call's opening and deadlines of that, with a year from the page
around it where the text has none. The forms were collected from publishers' pages.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from matcher.domain import BRUSSELS, STOCKHOLM, Deadline, Precision
from matcher.errors import ParseError
from matcher.scrapers.wording import sentences

END_OF_DAY = time(23, 59, 59)
_ZONES = {
    "svensk": STOCKHOLM,
    "swedish": STOCKHOLM,
    "brussels": BRUSSELS,
    "bryssel": BRUSSELS,
    "cet": BRUSSELS,  # publishers write CET all year round and mean local time
    "cest": BRUSSELS,
    "eet": ZoneInfo("Europe/Helsinki"),
    "helsinki": ZoneInfo("Europe/Helsinki"),
    "utc": UTC,
    "gmt": UTC,
}
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_NUMBER = {name: n for n, name in enumerate(_MONTHS, 1)} | {"may": 5, "oct": 10}
_ORDINALS = """
    första andra tredje fjärde femte sjätte sjunde åttonde nionde tionde elfte tolfte trettonde fjortonde
    femtonde sextonde sjuttonde artonde nittonde tjugonde tjugoförsta tjugoandra tjugotredje tjugofjärde
    tjugofemte tjugosjätte tjugosjunde tjugoåttonde tjugonionde trettionde trettioförsta
""".split()  # noqa: SIM905 (thirty-one quotes would not read better)

_FULL = (
    r"(?:januari|january|februari|february|mars|march|april|maj|may|juni|june|juli|july|augusti|august"
    r"|september|oktober|october|november|december)"
)
_MON = rf"(?P<mon>{_FULL}\b|(?:jan|feb|mar|apr|jun|jul|aug|sept?|okt|oct|nov|dec)\b\.?)"
_YEAR = r"(?P<y>(?:19|20)\d\d)(?!\d)"
_SUFFIX = r"(?::?[ae]\b|st\b|nd\b|rd\b|th\b)?"
_DASH = r"(?:–|—|--?)"
# In order of priority: a later form never reads what an earlier one has taken.
_FORMS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "iso",
            r"(?<![\d/])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:[T ](?P<hh>\d\d):(?P<mm>\d\d)"
            r"(?::\d\d(?:\.\d+)?)?(?P<off>Z|[+-]\d\d:?\d\d)?)?(?!\d)",
        ),
        ("number", r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})(?!\d)"),
        ("number", r"(?<![\d/])(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})(?!\d)"),
        ("ambiguous", r"(?<![\d/])\d{1,2}/\d{1,2}/\d\d(?![\d/])"),
        ("number", rf"(?<![\d/])(?P<d>\d{{1,2}})/(?P<m>\d{{1,2}})\s*{_DASH}?\s*{_YEAR}"),
        ("words", rf"(?<![\d-])(?P<d>\d{{1,2}})-{_MON}-(?P<y>\d{{4}}|\d\d)(?!\d)"),
        ("words", rf"\b{_MON}\s+(?P<d>\d{{1,2}}){_SUFFIX},?\s+{_YEAR}"),
        (
            "span",
            rf"(?<![\d.,:/])(?P<d1>\d{{1,2}}){_SUFFIX}\s*(?P<gap>{_DASH}|och|till|and|to)\s*(?:den\s+)?"
            rf"(?P<d>\d{{1,2}}){_SUFFIX}\s+{_MON}(?:,?\s+{_YEAR})?",
        ),
        ("words", rf"(?<![\d.,:/])(?P<d>\d{{1,2}}){_SUFFIX}\.?\s+(?:of\s+)?{_MON}(?:,?\s+{_YEAR})?"),
        ("words", rf"\b(?P<word>{'|'.join(reversed(_ORDINALS))})\s+{_MON}(?:,?\s+{_YEAR})?"),
        ("month", rf"\b{_MON}\s+{_YEAR}"),
        ("month", r"(?<![\d-])(?P<y>20\d\d)-(?P<m>0[1-9]|1[0-2])(?![\d-])"),
        ("day/month", r"(?<![\d/])(?P<d>\d{1,2})/(?P<m>\d{1,2})(?![\d/])"),
        # A month alone, in Swedish ("may" and "march" are words) or in a stretch of months.
        ("month", rf"(?<![\w-])(?P<mon>(?!may|march){_FULL})\b"),
    )
)
_CLOCK = r"(?P<hh>[01]?\d|2[0-4])[.:](?P<mm>[0-5]\d)(?:[.:]\d\d)?(?![\d%])\s*(?P<half>[AP]M\b)?"
_ZONE = r"(?:\s*\((?P<zone>[^)]{2,30})\))?"
_CLOCK_AFTER = re.compile(
    rf"\s*,?\s*(?:(?:kl\b\.?|klockan|at)\s*)?{_CLOCK}{_ZONE}"
    rf"|\s*,?\s*(?:kl\b\.?|klockan)\s*(?P<h>[01]?\d|2[0-4])\b{_ZONE.replace('zone', 'zone2')}",
    re.IGNORECASE,
)
_CLOCK_BEFORE = re.compile(
    rf"(?:kl\b\.?|klockan|at)\s*{_CLOCK}{_ZONE}\s*,?\s*(?:den\s+|on\s+)?$", re.IGNORECASE
)
_TO = re.compile(
    rf"\s*(?:{_DASH}|till\s+och\s+med|t\.?\s?o\.?\s?m\.?|till|to|until|through)\s*(?:den\s+|the\s+)?", re.I
)
_AND = re.compile(r"\s*(?:,|och|samt|eller|respektive|and|or|,\s*and)\s*(?:den\s+|the\s+)?", re.I)
_BETWEEN = re.compile(r"\b(?:mellan|between)\s+(?:den\s+|the\s+)?$", re.I)
_YEAR_BEFORE = re.compile(r"\b(20\d\d)\s*(?:var|är|blir|:)?\s*(?:den\s+)?$")

_OTHER = re.compile(
    r"gransk|publicera|uppdatera|\bedited|\bupdated|\bpublished|\breviewed|redovis|klardatum|projekt(?:et|en)?\s+(?:ska\s+)?pågår?\b|åtgärda|informationsmöte"
    r"|webbinari|webinar|seminari|dialogmöte|info(?:rmation)? (?:day|session)|\banmäl|projekt(?:en)?s?\s?"
    r"(?:kan\s)?(?:start|period|tid)|beslut(?!somgång)|besked|prioritering|newsletter|nyhetsbrev|resultat"
    r"|utvärder|genomför",
    re.I,
)
_OPENS = re.compile(
    r"öppna(?:r|s|de)|öppning|första\s+(?:ansöknings)?dag|startdatum|\bopen(?:s|ed|ing)\b|start\s+date"
    r"|(?:från|from|fr\.?\s?o\.?\s?m\.?|från\s+och\s+med)\s*(?:den\s+)?$|launch",
    re.I,
)
_CLOSES = re.compile(
    r"stäng|sista\s+(?:ansöknings|inlämnings)?(?:dag|datum)|senast|slutdatum|deadline|\bclos(?:es?d?|ing)\b"
    r"|gått\s+ut|tillhanda|no\s+later\s+than|latest|(?:till(?:\s+och\s+med)?|t\.?\s?o\.?\s?m\.?|until|by|före)\s*(?:den\s+)?$",
    re.I,
)
_PERIOD = re.compile(
    r"ansök|utlysning|söka?\b|öppe[nt]|\bopen\b|applic|\bcall\b|\bapply|^\s*(?:tid|period)\b|pågår|dates",
    re.I,
)
_PRELIMINARY = re.compile(r"\bprel\b|preliminär|beräkna|tentative|planned", re.I)
_UNDECIDED = re.compile(
    r"\b(?:ej|inte|ännu inte)\s+(?:bestämt|bestämd|fastställ\w+|klart)"
    r"|to be (?:announced|confirmed|decided)|\bt\.?b\.?[acd]\b",
    re.I,
)
_CONTINUOUS = re.compile(
    r"(?:sök|ansök)\w*\s[^.\n]{0,40}\blöpande|löpande\s+ansök"
    r"|\bappl\w+[^.\n]{0,40}(?:at any time|continuous)"
    r"|(?<!inte )\böppe[nt]\s+tills\s+vidare|(?<!not )\bopen\s+until\s+further\s+notice",
    re.I,
)
_STAMP = re.compile(r"(?:senast\s+)?(?:publicerad|publiceringsdatum|uppdaterad|granskad)\b", re.I)
_EACH_YEAR = re.compile(r"\bvarje\s+år\b|\bårligen\b|\b(?:each|every)\s+year\b|\bannually\b", re.I)
#: how long after its last day a page about a call may still be edited
_SLACK = timedelta(days=60)
_CLOCK_OF_CLOSE = re.compile(
    r"(?:stänger|senast|sista (?:ansöknings)?dag\w*|deadline|closes)\b[^.\n]{0,40}?\b"
    r"(?:kl\b\.?|klockan|at)\s*(?P<h>[01]?\d|2[0-4])(?:[.:](?P<m>[0-5]\d))?",
    re.I,
)


class Kind(StrEnum):
    """What a date is said to be."""

    OPENS = "opens"
    CLOSES = "closes"
    RANGE = "range"
    OTHER = "other"  # reviewed, published, decided, an information meeting …: never a deadline
    BARE = "bare"  # no word tells


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """One date as written; ``year`` or ``day`` is ``None`` where the text does not say."""

    month: int
    day: int | None = None
    year: int | None = None
    clock: time | None = None
    #: the zone the text names
    zone: tzinfo | None = None
    #: the year was taken from the page around the text
    borrowed: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """Place within a year."""
        return self.month, self.day or 1

    @property
    def precision(self) -> Precision:
        """How much the publisher gave."""
        if self.day is None:
            return Precision.MONTH_WITHOUT_YEAR if self.borrowed else Precision.MONTH
        if self.borrowed:
            return Precision.DAY_WITHOUT_YEAR
        return Precision.TIME if self.clock else Precision.DAY

    def last(self) -> date:
        """The day, or the last of the month. The year must be known."""
        assert self.year is not None
        return date(self.year, self.month, self.day or calendar.monthrange(self.year, self.month)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A date or a stretch of dates with what the words around it make of it.

    ``start`` is set for openings and ranges, ``end`` for everything but a plain opening. An opening with
    an ``end`` is one of two months ("december 2026/januari 2027").
    """

    kind: Kind
    start: When | None = None
    end: When | None = None
    #: the words say that this is about applying, not only that it is a stretch of time
    cued: bool = False
    preliminary: bool = False
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the page around a text says about the year: a heading, else the newest date of publishing."""

    year: int | None = None
    published: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When one can apply, as far as a text says."""

    opens: date | None = None
    opens_precision: Precision | None = None
    deadlines: tuple[Deadline, ...] = ()
    #: the publisher says that dates are not set yet
    undecided: bool = False
    continuous: bool = False

    @property
    def stated(self) -> bool:
        """Whether the text says anything about when one can apply."""
        return bool(self.opens or self.deadlines or self.undecided or self.continuous)


@dataclass(frozen=True, slots=True)
class _Atom:
    start: int
    end: int
    when: tuple[When, ...]
    form: str


#: begin and end in the sentence, one date or two, and whether it is one of the two
_Unit = tuple[int, int, tuple[When, ...], bool]


def read(text: str, *, label: str = "") -> tuple[Reading, ...]:
    """Every date of a text in order, with its kind.

    ``label`` is the visible label or heading the text stands under. A line without a date and without a
    full stop counts as the label of the line after it; where that decides nothing, as the label of the
    line before it ("24 mars 2027 | Sista ansökningsdag").

    Raises:
        ParseError: something is written like a date but is none, or day and month cannot be told apart.
    """
    out: list[Reading] = []
    segments = list(sentences(text))
    atoms = [_atoms(s) for s in segments]
    for i, segment in enumerate(segments):
        if not atoms[i]:
            continue
        above = segments[i - 1] if i and not atoms[i - 1] and _is_label(segments[i - 1]) else ""
        below = ""
        if i + 1 < len(segments) and not atoms[i + 1] and _is_label(segments[i + 1]):
            below = segments[i + 1]
        out += _readings(segment, atoms[i], (above, below, label))
    return tuple(out)


def window(
    text: str,
    *,
    context: Context | None = None,
    zone: ZoneInfo = STOCKHOLM,
    label: str = "",
    bare: Kind = Kind.BARE,
) -> Window:
    """The opening and the deadlines that a text states.

    Deadlines without a clock time are at 23:59:59 of the (last possible) day in ``zone``. A date without
    a year gets it from ``context`` and a precision that says so; without context it is left out.
    An opening of which only the month is known is put on the last day of the month, so that no call is
    open before its time. Of several windows without a year the one that ends first counts. ``bare`` says
    what a date is that no word explains, for texts of nothing else.

    Raises:
        ParseError: see ``read``.
    """
    context = context or Context()
    opens: When | None = None
    ends: list[tuple[When, Reading]] = []
    yearly: list[tuple[When, When]] = []
    told_label = bool(label and _PERIOD.search(label))
    for r in read(text, label=label):
        if r.kind is Kind.OTHER or (
            r.kind is Kind.RANGE and not (r.cued or told_label or bare is not Kind.BARE)
        ):
            continue
        kind = bare if r.kind is Kind.BARE else r.kind
        if kind is Kind.BARE:
            continue
        returns = any(r.raw in s and _EACH_YEAR.search(s) for s in sentences(text))
        start, end = _with_year(r.start, r.end, context, slack=timedelta(0) if returns else _SLACK)
        if kind is Kind.OPENS:
            opens = opens or start or end
        else:
            opens = opens or (start if kind is Kind.RANGE else None)
            if end is not None:
                ends.append((end, r))
                if kind is Kind.RANGE and start is not None and end.borrowed:
                    yearly.append((end, start))
    if len(yearly) > 1:  # windows that return each year: the next one counts
        last, opens = min(yearly, key=lambda y: y[0].last())
        returning = [e for e, _ in yearly]
        ends = [(e, r) for e, r in ends if e == last or e not in returning]
    # "till 23 september" beside "stänger 23 september 2027": one day, written once with its year
    exact = {w.order for w, _ in ends if not w.borrowed}
    ends = [(w, r) for w, r in ends if not w.borrowed or w.order not in exact]
    clock = None
    if found := _CLOCK_OF_CLOSE.search("\n".join(s for s in sentences(text) if not _atoms(s))):
        clock = _time(found["h"], found["m"] or "0")
    deadlines: dict[date, Deadline] = {}
    for when, r in ends:
        if when.clock is None and when.day is not None and clock is not None:
            when = replace(when, clock=clock)  # noqa: PLW2901 (the sentence beside it gives the time)
        new = _deadline(when, r, zone)
        old = deadlines.get(new.day)
        if old is None or (old.precision is not Precision.TIME and new.precision is Precision.TIME):
            deadlines[new.day] = new
    return Window(
        opens=opens.last() if opens else None,
        opens_precision=opens.precision
        if opens and opens.precision is not Precision.TIME
        else (Precision.DAY if opens else None),
        deadlines=tuple(deadlines[d] for d in sorted(deadlines)),
        undecided=bool(_UNDECIDED.search(text)),
        continuous=bool(_CONTINUOUS.search(text)),
    )


def published(text: str) -> date | None:
    """The newest day on which a page says it was published, updated or reviewed."""
    days = []
    for segment in sentences(text):
        if re.search(r"public|uppdat|gransk|updated|published|edited", segment, re.I):
            days += [
                r.end.last()
                for r in read(segment)
                if r.kind is Kind.OTHER and r.end and r.end.year and r.end.day
            ]
    return max(days, default=None)


def is_stamp(text: str) -> bool:
    """Whether a line begins by saying when the page was published, updated or reviewed."""
    return bool(_STAMP.match(text))


def day(text: str) -> date:
    """The calendar day of an ISO date or time stamp, as written, without conversion between zones.

    Raises:
        ParseError: it is not an ISO date.
    """
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d.*)?", text.strip())
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ParseError(f"{text!r} is not a date of the form 2027-01-31") from None


def end_of(when: date, zone: ZoneInfo) -> Deadline:
    """A deadline of which only the day is known."""
    return Deadline(at=datetime.combine(when, END_OF_DAY, zone))


# --- from text to readings ---------------------------------------------------------------------


def _is_label(segment: str) -> bool:
    return len(segment) <= 60 and not segment.endswith(".")


def _atoms(text: str) -> list[_Atom]:
    """The dates of one sentence, without overlaps, in order."""
    found: list[_Atom] = []
    for form, pattern in _FORMS:
        for m in pattern.finditer(text):
            if any(m.start() < a.end and a.start < m.end() for a in found):
                continue
            if form == "ambiguous":
                raise ParseError(f"cannot tell day from month in {m[0]!r}: {text[:120]!r}")
            if (when := _whens(form, m)) is not None:
                found.append(_Atom(m.start(), m.end(), when, form))
    return sorted(found, key=lambda a: a.start)


def _whens(form: str, m: re.Match[str]) -> tuple[When, ...] | None:
    """The one or two dates of a match; none for something that only looks like one (50/50, 1900-01-01)."""
    parts = m.groupdict()
    month = int(parts["m"]) if parts.get("m") else _NUMBER[parts["mon"][:3].lower()]
    year = int(parts["y"]) if parts.get("y") else None
    if year is not None and year < 100:
        year += 2000
    if year == 1900:  # how databases write "no date"
        return None
    if form == "month":
        return (When(month=month, year=year),)
    number = int(parts["d"]) if parts.get("d") else _ORDINALS.index(parts["word"].lower()) + 1
    days = [int(parts["d1"])] if form == "span" else []
    for one in (*days, number):
        try:
            date(year or 2024, month, one)
        except ValueError:
            if form == "day/month":
                return None
            raise ParseError(f"{m[0]!r} is not a date") from None
    clock, zone = None, None
    if parts.get("hh"):
        clock = _time(parts["hh"], parts["mm"])
        if parts.get("off") in ("Z", "+0000", "+00:00"):
            zone = UTC
            if clock == time(0):  # midnight UTC is how indexes write a day
                clock, zone = None, None
    return tuple(When(month=month, day=one, year=year, clock=clock, zone=zone) for one in (*days, number))


def _time(hour: str, minute: str, half: str | None = None) -> time:
    h = int(hour)
    if half:
        h = h % 12 + (12 if half.upper() == "PM" else 0)
    return time(23, 59) if h == 24 else time(h, int(minute))


def _readings(segment: str, atoms: list[_Atom], labels: tuple[str, str, str]) -> Iterator[Reading]:
    """Put the dates of a sentence together to windows and lists, and tell their kind."""
    # 1. clock times, and where each date really ends
    spots: list[tuple[int, int, tuple[When, ...], str]] = []
    for i, atom in enumerate(atoms):
        begin, end, whens = atom.start, atom.end, atom.when
        limit = atoms[i + 1].start if i + 1 < len(atoms) else len(segment)
        if whens[-1].day and whens[-1].clock is None:
            m = _CLOCK_AFTER.match(segment, end, limit)
            if m:
                clock = _time(m["hh"] or m["h"], m["mm"] or "0", m["half"])
                end = m.end()
            else:
                m = _CLOCK_BEFORE.search(segment[spots[-1][1] if spots else 0 : begin])
                if m:
                    clock = _time(m["hh"], m["mm"], m["half"])
                    begin -= len(m[0])
            if m:
                name = (m["zone"] or m.groupdict().get("zone2") or "").lower()
                zone = next((z for word, z in _ZONES.items() if word in name), None)
                whens = (*whens[:-1], replace(whens[-1], clock=clock, zone=zone))
        elif whens[-1].clock and (m := re.compile(r"\s*\(([^)]{2,30})\)").match(segment, end)):
            end = m.end()
        spots.append((begin, end, whens, atom.form))
    # 2. ranges and lists
    groups: list[list[_Unit]] = []
    i = 0
    while i < len(spots):
        begin, end, whens, form = spots[i]
        either = False
        between = bool(_BETWEEN.search(segment[:begin]))
        if form == "span":
            gap = segment[begin:end]
            if not between and re.search(r"\d\W+(?:och|and)\s", gap):
                form = "list"
        elif i + 1 < len(spots) and spots[i + 1][3] != "span":
            gap = segment[end : spots[i + 1][0]]
            slash = gap.strip() == "/" and whens[0].day is None
            if (
                _TO.fullmatch(gap)
                or slash
                or (between and re.fullmatch(r"\s*(?:och|and)\s*(?:den\s+|the\s+)?", gap))
            ):
                whens = (whens[-1], spots[i + 1][2][0])
                end, either, form = spots[i + 1][1], slash, "span"
                i += 1
        unit: list[_Unit] = [(begin, end, whens, either)]
        if form == "list":
            unit = [(begin, end, (w,), False) for w in whens]
        last = groups[-1][-1] if groups else None
        if last and _AND.fullmatch(segment[last[1] : begin]) and len(last[2]) == len(unit[0][2]):
            groups[-1] += unit
        else:
            groups.append(unit)
        i += 1
    # 3. years and kinds
    done = 0
    for n, group in enumerate(groups):
        before = segment[done : group[0][0]]
        stop = groups[n + 1][0][0] if n + 1 < len(groups) else len(segment)
        after = segment[group[-1][1] : stop]
        done = group[-1][1]
        whens_of = _shared_years([u[2] for u in group], segment[: group[0][0]])
        single = len(group[0][2]) == 1 or group[0][3]
        kind = _kind(before, after, labels, single=single)
        cued = kind is not Kind.BARE and (not single or kind in (Kind.OPENS, Kind.CLOSES))
        if kind is Kind.RANGE:
            cued = bool(_PERIOD.search(before) or _PERIOD.search(after) or any(map(_PERIOD.search, labels)))
        for (begin, end, _, either), pair in zip(group, whens_of, strict=True):
            start = pair[0] if len(pair) == 2 or kind is Kind.OPENS else None
            final = pair[-1] if kind is not Kind.OPENS or either else None
            yield Reading(
                kind=kind,
                start=start,
                end=final,
                cued=cued,
                preliminary=bool(_PRELIMINARY.search(segment)),
                raw=segment[begin:end] if len(segment) > 120 else segment,
            )


def _shared_years(units: list[tuple[When, ...]], before: str) -> list[tuple[When, ...]]:
    """Give dates the year that a range or list states only once."""
    years = [next((w.year for w in reversed(u) if w.year), None) for u in units]
    fallback = next((y for y in years if y), None)
    if fallback is None and (m := _YEAR_BEFORE.search(before)):
        fallback = int(m[1])
    out: list[tuple[When, ...]] = []
    for n, unit in enumerate(units):
        year = next((y for y in years[n:] if y), None) or fallback
        out.append(_ordered(unit, year))
    return out


def _ordered(unit: tuple[When, ...], year: int | None) -> tuple[When, ...]:
    """A window's ends with their years, across New Year where needed."""
    if year is None:
        return unit
    if len(unit) == 1:
        return (replace(unit[0], year=unit[0].year or year),)
    first, last = unit
    over = first.order > last.order
    if first.year is None and last.year is None:
        first, last = replace(first, year=year - over), replace(last, year=year)
    elif first.year is None:
        assert last.year is not None
        first = replace(first, year=last.year - over)
    elif last.year is None:
        last = replace(last, year=first.year + over)
    return first, last


def _kind(before: str, after: str, labels: tuple[str, str, str], *, single: bool) -> Kind:
    """What the words make of a date: those before it, then those after it, then its labels."""
    if _OTHER.search(before):
        return Kind.OTHER
    if not single:
        above_other = not _PERIOD.search(before) and any(_OTHER.search(t) for t in labels[:1])
        return Kind.OTHER if above_other else Kind.RANGE
    if kind := _last_cue(before):
        return kind
    near = re.match(r"\s*(?:månad\s+)?(?:är\s+|is\s+)?(?:den\s+|the\s+)?[^.,\d]{0,40}", after)
    if near and (m := _first_cue(near[0])):
        return m
    above, below, label = labels
    for text in (above, below, label):
        if text and _OTHER.search(text):
            return Kind.OTHER
        if text and (kind := _last_cue(text) or (Kind.CLOSES if _PERIOD.search(text) else None)):
            return kind
    return Kind.BARE


def _last_cue(text: str) -> Kind | None:
    opens = max((m.end() for m in _OPENS.finditer(text)), default=-1)
    closes = max((m.end() for m in _CLOSES.finditer(text)), default=-1)
    if opens == closes:
        return None
    return Kind.OPENS if opens > closes else Kind.CLOSES


def _first_cue(text: str) -> Kind | None:
    found: Iterable[tuple[int, Kind]] = (
        (m.start(), kind)
        for pattern, kind in ((_OTHER, Kind.OTHER), (_OPENS, Kind.OPENS), (_CLOSES, Kind.CLOSES))
        if (m := pattern.search(text))
    )
    return min(found, default=(0, None), key=lambda f: f[0])[1]


# --- from readings to dates --------------------------------------------------------------------


def _with_year(
    start: When | None, end: When | None, context: Context, *, slack: timedelta
) -> tuple[When | None, When | None]:
    """Take missing years from the context; what stays without a year is dropped."""
    if all(w is None or w.year for w in (start, end)):
        return start, end
    units = tuple(w for w in (start, end) if w is not None)
    year = context.year
    if year is None and context.published is not None:
        # The text was true when the page was published or soon after: the next such day counts.
        floor = context.published - slack
        year = next(y for y in range(floor.year, floor.year + 9) if _exists_after(units[-1], y, floor))
    if year is None:
        return (start if start and start.year else None), (end if end and end.year else None)
    filled = iter(
        replace(new, borrowed=True) if old.year is None else new
        for old, new in zip(units, _ordered(units, year), strict=True)
    )
    return (next(filled) if start else None), (next(filled) if end else None)


def _exists_after(when: When, year: int, floor: date) -> bool:
    try:
        return replace(when, year=year).last() >= floor
    except ValueError:  # 29 February
        return False


def _deadline(when: When, reading: Reading, zone: ZoneInfo) -> Deadline:
    own = when.zone or zone
    try:
        at = datetime.combine(when.last(), when.clock or END_OF_DAY, own)
    except ValueError:
        raise ParseError(f"{reading.raw!r} is not a date in {when.year}") from None
    if own is not zone and when.clock:
        at = at.astimezone(zone)
    precision = when.precision
    if precision is Precision.DAY and reading.preliminary:
        precision = Precision.PRELIMINARY
    return Deadline(at=at, precision=precision, raw=reading.raw)
