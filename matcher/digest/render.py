"""Digest → letter: one view of texts feeds the HTML and the text part, so both hold the same calls."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import lru_cache
from urllib.parse import quote, urlsplit

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from matcher.config.models import MailSettings
from matcher.digest.calendar import calendar_of
from matcher.digest.smtp import ascii_address
from matcher.digest.words import Words, one_line, words_for
from matcher.domain import (
    STOCKHOLM,
    Amount,
    Applicant,
    Change,
    Deadline,
    DeadlineModel,
    Digest,
    DigestItem,
    Money,
    Origin,
    Outcome,
    Precision,
    Rate,
    Reason,
    Remark,
    Section,
    SourceHealth,
    Status,
    Timing,
)

#: Mail programs clip longer letters (Gmail at 102 KB).
MOST_HTML_BYTES = 100_000
LONGEST_TITLE = 300
LONGEST_VALUE = 600
#: A source not read for this long is named even when its last run was well: weekly sources fit in.
STALE = timedelta(days=8)
#: Words shown for one priority, and priorities shown for one call.
MOST_TERMS, MOST_FORMS, MOST_REASONS = 4, 2, 2
MOST_EXCLUSIONS = 4
MOST_FRIENDS = 4
#: Rules of eligibility whose open points have a line of their own in the letter.
_OWN_LINES = frozenset({"time", "consortium", "stage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A letter's content before it is addressed; ``ics`` is ``None`` when there is no date to note."""

    subject: str
    text: str
    html: str
    ics: bytes | None


@dataclass(frozen=True, slots=True)
class Part:
    """Some text of a value; ``language`` is set where it differs from the letter's."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled line of a call."""

    label: str
    parts: tuple[Part, ...]
    #: the few lines a reader looks for first
    strong: bool = False

    @property
    def text(self) -> str:
        """The value without marks of language."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call as both parts of the letter show it."""

    number: int
    title: str
    #: set where the title's language differs from the letter's
    language: str | None
    context: str
    facts: tuple[Fact, ...]
    url: str | None
    link: str


def render(digest: Digest, *, list_domain: str = "matcher.invalid") -> Rendered:
    """Render a digest in its committee's language.

    ``list_domain`` goes into the calendar entries' identifiers. Should the HTML grow beyond 100 KB, the
    last calls keep only their title, last day and link; none is left out.
    """
    words = words_for(digest.language)
    ics = calendar_of(digest, words, list_domain)
    detailed = len(digest.items)
    while True:
        view = _view(digest, words, detailed=detailed, with_calendar=ics is not None)
        html = _inliner().inline(_templates().get_template("letter.html.j2").render(view))
        if len(html.encode()) <= MOST_HTML_BYTES or detailed == 0:
            break
        detailed = detailed * 3 // 4
    text = _templates().get_template("letter.txt.j2").render(view)
    return Rendered(subject=_subject(digest, words), text=text, html=html, ics=ics)


def message_id_for(digest: Digest, recipient: str, settings: MailSettings) -> str:
    """``<2026-W47.committee.hash@domain>``: the same whenever this period's letter is made again."""
    seed = "\n".join((digest.period, digest.committee, recipient))
    short = hashlib.sha256(seed.encode()).hexdigest()[:16]
    return f"<{digest.period}.{digest.committee}.{short}@{settings.list_domain}>"


def build_message(
    rendered: Rendered,
    digest: Digest,
    recipient: str,
    settings: MailSettings,
    *,
    mail_from: str,
    message_id: str,
    now: datetime,
) -> bytes:
    """The whole message as it is sent: CRLF, 7-bit, no line over 998 bytes, the same bytes every time.

    ``mail_from`` is MAIL_FROM, with or without a name; the name shown is ``settings.sender_name``.

    Raises:
        ConfigError: an address has a local part that plain SMTP cannot carry.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(_in_header(settings.sender_name), addr_spec=ascii_address(mail_from))
    message["To"] = Address(addr_spec=ascii_address(recipient))
    if settings.reply_to:
        message["Reply-To"] = Address(addr_spec=ascii_address(settings.reply_to))
    message["Subject"] = _in_header(rendered.subject)
    message["Date"] = now.astimezone(STOCKHOLM)
    message["Message-ID"] = message_id
    message["List-Id"] = f"<{digest.committee}.calls.{settings.list_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = digest.language
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    # Boundaries of our own, so that the same letter is the same bytes.
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    message.set_boundary(f"=_{seed}_text")
    if rendered.ics is not None:
        name = words_for(digest.language)("calendar.file")
        message.add_attachment(
            rendered.ics,
            maintype="text",
            subtype="calendar",
            filename=f"{name}-{digest.period}.ics",
            params={"charset": "utf-8", "method": "PUBLISH"},
        )
        message.set_boundary(f"=_{seed}_all")
    return message.as_bytes()


def _in_header(text: str) -> str:
    """One line that the header parser takes as it stands: it would decode "=?utf-8?q?…?=" in it."""
    return one_line(text).replace("=?", "= ?")


class _LetterPolicy(EmailPolicy):
    """SMTP's policy, but identifiers are never folded or encoded: long ones would become unreadable."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in ("list-id", "message-id"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _LetterPolicy(
    message_factory=EmailMessage, linesep="\r\n", max_line_length=78, cte_type="7bit", raise_on_defect=False
)


# --- the view ---------------------------------------------------------------------------------


def _view(digest: Digest, words: Words, *, detailed: int, with_calendar: bool) -> dict[str, object]:
    year, week = digest.period[:4], int(digest.period[6:])
    committee = one_line(digest.committee_name)
    entries = {
        item.key: _entry(item, number, words, detailed=number <= detailed)
        for number, item in enumerate(digest.items, start=1)
    }
    sections = [
        (words(f"section.{section}"), [entries[item.key] for item in digest.section(section)])
        for section in Section
        if digest.section(section)
    ]
    news = _news(digest, words)
    foot = [words("foot.currency", rate=words.number(digest.sek_per_eur), date=_plain_day(digest, words))]
    if with_calendar:
        foot.append(words("foot.calendar"))
    foot += [
        words("foot.profile", version=digest.config_version[:10]),
        words("foot.privacy"),
        words("foot.reply"),
    ]
    return {
        "language": digest.language,
        "title": _subject(digest, words),
        "heading": words("letter.heading", committee=committee),
        "week": words("letter.week", municipality=one_line(digest.municipality), week=week, year=year),
        "summary": words("letter.nothing" if digest.empty else "letter.summary", news=words.listed(news)),
        "sections": sections,
        "totals_heading": words("totals.heading"),
        "totals": [*_totals(digest, words), _health(digest.health, words, digest.created_at)],
        "foot": foot,
    }


def _plain_day(digest: Digest, words: Words) -> str:
    return words.day(digest.rate_date, weekday=False)


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


def _subject(digest: Digest, words: Words) -> str:
    news = _news(digest, words)
    nearest = min(
        (i.deadline for i in digest.items if i.deadline and i.status is Status.OPEN),
        key=lambda d: d.at,
        default=None,
    )
    if nearest is not None:
        local = nearest.at.astimezone(STOCKHOLM) if nearest.precision is Precision.TIME else nearest.at
        news.append(words("subject.nearest", date=words.day(local.date(), weekday=False)))
    return one_line(
        words(
            "subject.line",
            committee=one_line(digest.committee_name, 120),
            news=", ".join(news),
            week=int(digest.period[6:]),
        )
    )


def _entry(item: DigestItem, number: int, words: Words, *, detailed: bool) -> Entry:
    call = item.call
    source_id = one_line(call.source_id, LONGEST_TITLE) or words("unknown")
    facts = list(_changes(item.changes, words))
    # What is over needs no more than what became of it.
    if item.status not in (Status.CLOSED, Status.WITHDRAWN):
        facts += _when(item, words)
        if detailed:
            facts += _facts(item, words)
    facts.append(_fact("id", source_id, words))
    url = _web_address(call.url)
    context = [item.programme, words(f"family.{call.family}")]
    if call.action is not None:
        context.append(words(f"action.{call.action}"))
    publisher = one_line(item.publisher, LONGEST_TITLE)
    return Entry(
        number=number,
        title=one_line(call.title, LONGEST_TITLE) or source_id,
        language=_foreign(call.language, words),
        context=" · ".join(one_line(c, LONGEST_TITLE) for c in context if c),
        facts=tuple(facts),
        url=url,
        link=words("link.read", publisher=publisher) if url else words("link.none"),
    )


def _fact(label: str, value: str | Iterable[Part], words: Words, *, strong: bool = False) -> Fact:
    parts = (Part(value),) if isinstance(value, str) else tuple(value)
    return Fact(label=words(f"label.{label}"), parts=parts, strong=strong)


def _changes(changes: Sequence[Change], words: Words) -> Iterator[Fact]:
    for change in changes:
        label = {"deadlines": "deadline"}.get(change.field, change.field)
        before, after = (_value(v, words) for v in (change.before, change.after))
        line = words("change.line", label=_inside(words(f"label.{label}")), before=before, after=after)
        yield _fact("change", one_line(line, LONGEST_VALUE), words, strong=True)


def _value(value: object, words: Words) -> str:
    """Either side of a change; see ``plan.changes_since`` for the types."""
    match value:
        case None | () | "":
            return words("unknown")
        case Status():
            return words(f"status.{value}")
        case Money():
            return words.money(value)
        case Rate():
            return _span(value.lowest, value.highest, words)
        case tuple():
            texts = [
                words.deadline(v) if isinstance(v, Deadline) else words(f"applicants.{v}") for v in value
            ]
            return words.listed(texts)
        case date():
            return words.day(value)
        case _:
            return str(value)


def _when(item: DigestItem, words: Words) -> Iterator[Fact]:
    call = item.call
    if item.status is Status.FORTHCOMING and call.opens is not None:
        day = datetime.combine(call.opens, time(23, 59, 59), STOCKHOLM)
        known = call.opens_precision
        # An opening is a day, whatever hour the publisher's system writes.
        opens = Deadline(at=day, precision=Precision.DAY if known in (None, Precision.TIME) else known)
        yield _fact("opens", words.deadline(opens), words, strong=True)
    if item.deadline is None:
        text = words("deadline.continuous" if call.continuous else "deadline.none")
        yield _fact("deadline", text, words, strong=True)
        return
    notes = [words("deadline.today") if item.days_left == 0 else words("deadline.days", n=item.days_left)]
    if call.deadline_model is DeadlineModel.TWO_STAGE and len(call.deadlines) > 1:
        notes.append(words("deadline.first_stage" if item.later_deadlines else "deadline.second_stage"))
    if item.later_deadlines:
        dates = [words.deadline(d, weekday=False) for d in item.later_deadlines[:4]]
        notes.append(words("deadline.later", dates=words.listed(dates)))
    yield _fact("deadline", f"{words.deadline(item.deadline)} ({', '.join(notes)})", words, strong=True)


def _facts(item: DigestItem, words: Words) -> Iterator[Fact]:
    facts = []
    if item.decision is not None:
        facts.append(_fact("decision", _decision(item, words), words, strong=True))
    facts += [
        _fact("eligibility", _eligibility(item, words), words),
        _fact("applicants", _applicants(item, words), words),
        _fact("rate", _rate(item, words), words),
        _fact("budget", words.amount(item.budget) if item.budget else words("unknown"), words),
        _fact("grant", _grant(item, words), words),
        _fact("need", _need(item, words), words),
    ]
    if item.friends or item.networks:
        facts.append(_fact("friends", _friends(item, words), words))
    facts += [
        _fact("where", item.where_to_apply or words("unknown"), words),
        _fact("why", _why(item, words), words),
    ]
    open_points = item.match.eligibility.open_points if item.match else ()
    if left := [remark for remark in open_points if remark.rule not in _OWN_LINES]:
        facts.append(_fact("open_points", _remarks(left, words), words))
    # What the publisher does not say is said in one line, instead of in many empty ones.
    unknown = [fact.label for fact in facts if fact.text == words("unknown")]
    yield from (fact for fact in facts if fact.text != words("unknown"))
    if unknown:
        yield _fact("unknown", ", ".join(map(_inside, unknown)), words)


def _inside(label: str) -> str:
    """A label in the middle of a line: small first letter, but "EU" stays."""
    return label if label[:2].isupper() else label[0].lower() + label[1:]


def _decision(item: DigestItem, words: Words) -> str:
    decision = item.decision
    assert decision is not None
    if decision.timing is Timing.UNKNOWN:
        return words("decision.unknown")
    meeting = words.day(decision.meeting) if decision.meeting else ""
    papers = words.day(decision.papers_due) if decision.papers_due else ""
    if decision.timing is Timing.IN_TIME:
        text = words("decision.in_time", meeting=meeting, papers=papers)
        if decision.calendar_ends is not None:
            ends = words.day(decision.calendar_ends, weekday=False)
            text += f" ({words('decision.may_be_later', day=ends)})"
        return text
    text = words("decision.too_late")
    if meeting:
        text += f" ({words('decision.too_late_meeting', meeting=meeting, papers=papers)})"
    return text


def _eligibility(item: DigestItem, words: Words) -> str:
    if item.match is None:
        return words("eligibility.unknown")
    found = item.match.eligibility
    reasons = _remarks(found.reasons, words)
    text = words(f"eligibility.{found.verdict}")
    return f"{text}: {reasons}" if reasons else text


def _remarks(remarks: Iterable[Remark], words: Words) -> str:
    """Sentences as one run of text, without their full stops."""
    said = dict.fromkeys(_said(remark, words) for remark in remarks)
    return one_line("; ".join(said), LONGEST_VALUE)


def _said(remark: Remark, words: Words) -> str:
    return one_line(remark.sv if words.language == "sv" else remark.en).rstrip(".")


def _applicants(item: DigestItem, words: Words) -> Iterator[Part]:
    call = item.call
    if call.invited_only:
        yield Part(words("applicants.invited_only"))
    elif item.applicants:
        yield Part(words.listed([words(f"applicants.{a}") for a in sorted(item.applicants, key=_order)]))
    elif call.applicants_raw:
        yield Part(one_line(call.applicants_raw, LONGEST_VALUE), _foreign(call.language, words))
    else:
        yield Part(words("unknown"))
        return
    if item.applicants_origin is Origin.PROGRAMME:
        yield Part(f" ({words('by_programme')})")


def _order(applicant: Applicant) -> int:
    return list(Applicant).index(applicant)


def _rate(item: DigestItem, words: Words) -> str:
    rate = item.rate
    if rate is None:
        return words("unknown")
    high = words.percent(rate.highest)
    own = _span(1 - rate.highest, 1 - rate.lowest, words)
    if rate.lowest == 1:
        text = words("rate.full", high=high)
    elif rate.lowest == rate.highest:
        text = words("rate.exact", high=high, own=own)
    else:
        text = words("rate.range", low=words.number(rate.lowest * 100), high=high, own=own)
    notes = []
    if item.own_contribution is not None:
        notes.append(words("rate.own_money", amount=words.in_kronor(item.own_contribution)))
    if rate.origin is Origin.PROGRAMME:
        notes.append(words("by_programme"))
    return f"{text} ({'; '.join(notes)})" if notes else text


def _span(low: Decimal, high: Decimal, words: Words) -> str:
    if low == high:
        return words.percent(high)
    return words("rate.span", low=words.number(low * 100), high=words.percent(high))


def _grant(item: DigestItem, words: Words) -> str:
    low, high = item.grant_minimum, item.grant_maximum
    if low and high and low != high:
        return f"{words('money.at_least', amount=words.amount(low))}, {_at_most(high, words)}"
    if high:
        return _at_most(high, words)
    if low:
        return words("money.at_least", amount=words.amount(low))
    if item.grant_words:
        return words("money.usual", words=one_line(item.grant_words, LONGEST_VALUE))
    return words("unknown")


def _at_most(amount: Amount, words: Words) -> str:
    return words("money.at_most", amount=words.amount(amount))


def _need(item: DigestItem, words: Words) -> str:
    need = item.need
    if need is None:
        return words("unknown")
    if (need.partners or 1) == 1 and (need.countries or 1) == 1:
        text = words("need.alone")
    elif need.partners and need.countries:
        text = f"{words('need.partners', n=need.partners)} {words('need.countries', n=need.countries)}"
    elif need.partners:
        text = words("need.partners", n=need.partners)
    else:
        text = words("need.countries_only", n=need.countries)
    return f"{text} ({words('by_programme')})" if need.origin is Origin.PROGRAMME else text


def _friends(item: DigestItem, words: Words) -> str:
    names = [one_line(f"{f.name} ({words.country(f.country)})", LONGEST_TITLE) for f in item.friends]
    if len(names) > MOST_FRIENDS:
        names[MOST_FRIENDS:] = [words("need.more", n=len(names) - MOST_FRIENDS)]
    texts = [words("need.friends", names=words.listed(names)) if names else words("need.none")]
    if item.networks:
        texts.append(words("need.networks", names=words.listed([one_line(n) for n in item.networks])))
    return "; ".join(texts)


def _why(item: DigestItem, words: Words) -> Iterator[Part]:
    match = item.match
    if match is None:
        yield Part(words("why.unknown"))
        return
    yield Part(words(f"why.{match.band}"))
    for position, reason in enumerate(match.reasons[:MOST_REASONS]):
        priority = one_line(reason.priority, LONGEST_TITLE)
        if position:  # one row of words is enough to see why
            yield Part(words("why.also", priority=priority))
            continue
        if terms := _terms(reason):
            yield Part(words("why.on"))
            yield from _term_parts(terms, item.call.language, words)
        yield Part(words("why.priority", priority=priority))


def _terms(reason: Reason) -> list[tuple[str, str]]:
    return [
        (one_line(query, 80), " / ".join(one_line(word, 80) for word in found[:MOST_FORMS]))
        for query, found in list(reason.words().items())[:MOST_TERMS]
    ]


def _term_parts(terms: Iterable[tuple[str, str]], language: str, words: Words) -> Iterator[Part]:
    for position, (query, document) in enumerate(terms):
        if position:
            yield Part(", ")
        yield Part(query)
        if document.casefold() != query.casefold():
            yield Part(" → ")
            yield Part(document, _foreign(language, words))


def _totals(digest: Digest, words: Words) -> Iterator[str]:
    totals = digest.totals
    yield words("totals.seen", open=words.number(totals.open), forthcoming=words.number(totals.forthcoming))
    for key, n in (("standing", totals.standing), ("waiting", totals.waiting), ("below", totals.below)):
        if n:
            yield words(f"totals.{key}", n=n)
    if totals.excluded:
        shown = totals.exclusions[:MOST_EXCLUSIONS]
        reasons = [
            words("totals.reason", reason=one_line(_said(x.remark, words), 200), count=words.number(x.calls))
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


def _foreign(language: str, words: Words) -> str | None:
    code = language.lower()
    return code if code != words.language and code.isascii() and code.isalpha() else None


def _web_address(url: str) -> str | None:
    """The address as ASCII if it is a plain http(s) one; ``None`` for anything else."""
    try:
        quoted = quote(url.strip(), safe="%/:=&?~#+!$,;'@()*[]-._")
        parts = urlsplit(quoted)
        host = parts.hostname or ""
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and host and "%" not in host and "@" not in parts.netloc
    return quoted if plain else None


# --- templates --------------------------------------------------------------------------------


def _wrap(text: str, indent: int = 0) -> str:
    """Wrapped for the text part at 76 columns; addresses are never broken."""
    return textwrap.fill(
        text,
        76,
        initial_indent="",
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("matcher.digest"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = _wrap
    return environment


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # Rules for dark mode and narrow screens cannot be inlined: at-rules stay in the head.
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
