"""One call as both parts of the letter show it: labelled lines of text, from the values of a DigestItem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from urllib.parse import quote, urlsplit

from matcher.digest.words import Words, one_line
from matcher.domain import (
    STOCKHOLM,
    Amount,
    Answer,
    Applicant,
    Change,
    Deadline,
    DeadlineModel,
    Decision,
    DigestItem,
    ExecutiveDecision,
    Money,
    Origin,
    Precision,
    Rate,
    Reason,
    Remark,
    Section,
    Status,
    Timing,
)

LONGEST_TITLE = 300
LONGEST_VALUE = 600
#: A longer address is not one that a mail program opens.
LONGEST_URL = 2000
#: Words shown for one priority, and priorities shown for one call.
MOST_TERMS, MOST_FORMS, MOST_REASONS = 4, 2, 2
MOST_FRIENDS = 4
#: Rules of eligibility whose open points have a line of their own in the letter.
_OWN_LINES = frozenset({"time", "consortium", "stage"})


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
    #: text and address; an address that is no link is ``None``
    links: tuple[tuple[str, str | None], ...]


def entry_of(item: DigestItem, number: int, words: Words, *, detailed: bool, conversion: str) -> Entry:
    """The row of a call.

    Unless ``detailed``, only title, dates and links; ``conversion`` says at which rate kronor are counted.
    """
    call = item.call
    source_id = one_line(call.source_id, LONGEST_TITLE) or words("unknown")
    facts = list(_changes(item.changes, words))
    if item.answer is not None:
        facts.append(_fact("answer", answer_text(item.answer, words), words, strong=True))
    # What is over needs no more than what became of it.
    if item.status not in (Status.CLOSED, Status.WITHDRAWN):
        facts += _when(item, words)
        if detailed:
            facts += _committees(item, words)
        # What a committee has answered it knows; the row is a receipt.
        if detailed and item.section is not Section.ANSWERED:
            facts += _facts(item, words, conversion)
    facts.append(_fact("id", source_id, words))
    context = [item.programme, words(f"family.{call.family}")]
    if call.action is not None:
        context.append(words(f"action.{call.action}"))
    return Entry(
        number=number,
        title=one_line(call.title, LONGEST_TITLE) or source_id,
        language=foreign(call.language, words),
        context=" · ".join(one_line(c, LONGEST_TITLE) for c in context if c),
        facts=tuple(facts),
        links=tuple(_links(item, words)),
    )


def _links(item: DigestItem, words: Words) -> Iterator[tuple[str, str | None]]:
    publisher = one_line(item.publisher, LONGEST_TITLE)
    url = web_address(item.call.url)
    if url is None:
        yield words("link.none"), None
    elif len(url) > LONGEST_URL:
        yield words("link.too_long", publisher=publisher), None
    else:
        yield words("link.read", publisher=publisher), url
    for other in item.elsewhere:
        address = web_address(other.url)
        if address and len(address) <= LONGEST_URL:
            yield words("link.also", publisher=one_line(other.publisher, LONGEST_TITLE)), address


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


def _committees(item: DigestItem, words: Words) -> Iterator[Fact]:
    if item.decision is not None:
        yield _fact("decision", _decision(item.decision, words), words, strong=True)
    if item.also:
        yield _fact("also", _also(item, words), words)


def _facts(item: DigestItem, words: Words, conversion: str) -> Iterator[Fact]:
    facts = [
        _fact("eligibility", _eligibility(item, words), words),
        _fact("applicants", _applicants(item, words), words),
        _fact("rate", _rate(item, words, conversion), words),
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


def _decision(decision: Decision, words: Words) -> str:
    meeting = words.day(decision.meeting) if decision.meeting else ""
    papers = words.day(decision.papers_due) if decision.papers_due else ""
    if decision.timing is Timing.UNKNOWN:
        return words("decision.unknown")
    if decision.timing is Timing.TOO_LATE:
        text = words("decision.too_late")
        missed = words("decision.too_late_meeting", meeting=meeting, papers=papers)
        return f"{text} ({missed})" if meeting else text
    text = words("decision.in_time", meeting=meeting, papers=papers)
    if decision.calendar_ends is not None:
        ends = words.day(decision.calendar_ends, weekday=False)
        text += f" ({words('decision.may_be_later', day=ends)})"
    if decision.executive is not None:
        text += f"; {_executive(decision.executive, words)}"
    return text


def _executive(decision: ExecutiveDecision, words: Words) -> str:
    body = one_line(decision.name, LONGEST_TITLE)
    if decision.timing is not Timing.IN_TIME:
        return words(f"decision.executive_{decision.timing}", body=body)
    assert decision.meeting is not None
    assert decision.committee_meeting is not None
    assert decision.committee_papers_due is not None
    return words(
        "decision.executive_in_time",
        body=body,
        meeting=words.day(decision.meeting),
        first=words.day(decision.committee_meeting),
        papers=words.day(decision.committee_papers_due),
    )


def _also(item: DigestItem, words: Words) -> str:
    names = words.listed([one_line(name, LONGEST_TITLE) for name in item.also])
    lead = words("also.you") if item.lead not in item.also else one_line(item.lead or "", LONGEST_TITLE)
    return words("also.line", names=names, lead=lead)


def answer_text(answer: Answer, words: Words) -> str:
    """An answer with its reason or role, day and who gave it."""
    text = words(f"answer.{answer.kind}")
    notes = [words(f"refusal.{answer.reason}")] if answer.reason else []
    notes += [words(f"role.{answer.role}")] if answer.role else []
    notes.append(words.day(answer.at.astimezone(STOCKHOLM).date(), weekday=False))
    notes += [one_line(note, LONGEST_TITLE) for note in (answer.who, answer.note) if note]
    return f"{text} ({'; '.join(notes)})"


def _eligibility(item: DigestItem, words: Words) -> str:
    if item.match is None:
        return words("eligibility.unknown")
    found = item.match.eligibility
    reasons = _remarks(found.reasons, words)
    text = words(f"eligibility.{found.verdict}")
    return f"{text}: {reasons}" if reasons else text


def _remarks(remarks: Iterable[Remark], words: Words) -> str:
    """Sentences as one run of text, without their full stops."""
    sentences = dict.fromkeys(said(remark, words) for remark in remarks)
    return one_line("; ".join(sentences), LONGEST_VALUE)


def said(remark: Remark, words: Words) -> str:
    """A remark in the letter's language, without its full stop."""
    return one_line(remark.sv if words.language == "sv" else remark.en).rstrip(".")


def _applicants(item: DigestItem, words: Words) -> Iterator[Part]:
    call = item.call
    if call.invited_only:
        yield Part(words("applicants.invited_only"))
    elif item.applicants:
        yield Part(words.listed([words(f"applicants.{a}") for a in sorted(item.applicants, key=_order)]))
    elif call.applicants_raw:
        yield Part(one_line(call.applicants_raw, LONGEST_VALUE), foreign(call.language, words))
    else:
        yield Part(words("unknown"))
        return
    if item.applicants_origin is Origin.PROGRAMME:
        yield Part(f" ({words('by_programme')})")


def _order(applicant: Applicant) -> int:
    return list(Applicant).index(applicant)


def _rate(item: DigestItem, words: Words, conversion: str) -> str:
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
        size = "most" if item.grant_maximum else "least"
        notes.append(words(f"rate.own_at_{size}", amount=words.in_kronor(item.own_contribution)))
        if item.own_contribution.sek is not None:
            notes.append(conversion)
    if rate.origin is Origin.PROGRAMME:
        notes.append(words("by_programme"))
    return f"{text} ({'; '.join(notes)})" if notes else text


def _span(low: Decimal, high: Decimal, words: Words) -> str:
    if low == high:
        return words.percent(high)
    return words("rate.span", low=words.number(low * 100), high=words.percent(high))


def _grant(item: DigestItem, words: Words) -> str:
    low, high = item.grant_minimum, item.grant_maximum
    if low and low == high:
        return words.amount(low)
    if low and high:
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
            yield Part(document, foreign(language, words))


def foreign(language: str, words: Words) -> str | None:
    """A text's language where it differs from the letter's, for the ``lang`` mark."""
    code = language.lower()
    return code if code != words.language and code.isascii() and code.isalpha() else None


def web_address(url: str) -> str | None:
    """The address as ASCII if it is a plain http(s) one; ``None`` for anything else."""
    try:
        quoted = quote(url.strip(), safe="%/:=&?~#+!$,;'@()*[]-._")
        parts = urlsplit(quoted)
        host = parts.hostname or ""
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and host and "%" not in host and "@" not in parts.netloc
    return quoted if plain else None
