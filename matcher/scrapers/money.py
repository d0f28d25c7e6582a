"""Amounts and shares as publishers write them, in Swedish and English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from matcher.domain import Money, Share
from matcher.errors import ParseError
from matcher.scrapers.wording import sentences

_CURRENCY = {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "kr": "SEK",
    "kronor": "SEK",
    "sek": "SEK",
}
_CURRENCY |= {"nok": "NOK", "dkk": "DKK", "usd": "USD", "$": "USD", "gbp": "GBP", "£": "GBP"}
_TIMES = {"tusen": 3, "thousand": 3, "t": 3, "k": 3, "miljon": 6, "miljoner": 6, "million": 6, "millions": 6}
_TIMES |= {"mn": 6, "m": 6, "miljard": 9, "miljarder": 9, "billion": 9, "bn": 9}
_SPACE = "[ \u00a0\u202f]"
_NUMBER = rf"\d{{1,3}}(?:(?:{_SPACE}|[.,]|')\d{{3}})+(?![\d])(?:[.,]\d{{1,2}}(?!\d))?|\d+(?:[.,]\d+)?"
_AMOUNT = re.compile(
    rf"(?:(?P<pre>€|\$|£|\b(?:EUR|SEK|NOK|DKK|USD|GBP)\b)\s?)?"
    rf"(?:(?P<low>(?<![\d.,])(?:{_NUMBER}))(?:,\s(?:{_NUMBER}))*\s*(?:–|-|till|to|eller|or)\s*)?"
    rf"(?P<number>(?<![\d.,/])(?:{_NUMBER}))"
    rf"(?:\s*(?P<times>miljarder|miljard|miljoner|miljon|millions?|billion|bn|mn|tusen|thousand)\b)?"
    rf"(?:\s*(?P<post>€|(?P<short>[tmk])?(?:kronor|kr|sek|euros?|eur|nok|dkk|usd|gbp)\b|m€))?",
    re.I,
)
_WORDS = {
    word: n
    for n, word in enumerate("en två tre fyra fem sex sju åtta nio tio elva tolv".split(), 1)  # noqa: SIM905
}
#: "tio miljoner kronor"
_SPELLED = re.compile(rf"\b(?:{'|'.join(_WORDS)})(?=\s+(?:miljoner|miljon|miljarder|miljard|tusen)\b)", re.I)
_PER_PROJECT = re.compile(
    r"per\s+(?:projekt|project|ansökan|application|network)|each\s+project|i\s+EU-stöd|för(?:studie|\s+förstudier)",
    re.I,
)
_MAXIMUM = re.compile(r"\b(?:högst|max(?:imalt|imum)?|upp\s+till|up\s+to|at\s+most|som\s+mest)\b", re.I)
_MINIMUM = re.compile(r"\b(?:minst|lägst|min(?:imum)?|at\s+least)\b", re.I)
_TOTAL = re.compile(
    r"utlys|\btotal(?:t|\s+(?:amount|budget))|\bomfattar\b|\bfinns\b|fördelas|avsatt|avsätt|\bbelopp\b|går\s+till|available"
    r"|indicative|anslå|tillgängliga|satsar|\bbudget(?:en)?\s+(?:är|på|om)\b",
    re.I,
)


class Role(StrEnum):
    """What an amount is said to be."""

    TOTAL = "total"  # of the whole call
    MAXIMUM = "maximum"  # of one grant
    MINIMUM = "minimum"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount with what its sentence says it is."""

    money: Money
    role: Role
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The EU's share of eligible cost, 0–1; ``stated`` says whose share the publisher wrote."""

    minimum: Decimal
    maximum: Decimal
    stated: Share
    raw: str


def number(text: str, *, scaled: bool = False) -> Decimal:
    """A number with thousands and decimals in any of the usual ways.

    A single separator before exactly three digits separates thousands, unless ``scaled`` ("1,250 million").

    Raises:
        ParseError: it is not a number.
    """
    plain = re.sub(rf"{_SPACE}|'", "", text.strip())
    marks = [c for c in plain if c in ".,"]
    if len(set(marks)) == 2:
        plain = plain.replace(marks[0], "").replace(marks[-1], ".")
    elif len(marks) > 1 or (marks and not scaled and re.search(r"[.,]\d{3}$", plain)):
        plain = plain.replace(marks[0], "")
    else:
        plain = plain.replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise ParseError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise ParseError(f"{text!r} is not a number")
    return value


def parse_money(text: str) -> Money:
    """The one amount of a text.

    Raises:
        ParseError: it holds no amount with a currency, or several.
    """
    found = amounts(text)
    if len(found) != 1:
        raise ParseError(f"{len(found)} amounts in {text!r}, expected one")
    return found[0].money


def amounts(text: str) -> tuple[Amount, ...]:
    """Every amount that has a currency, with its role; a stretch gives its lower end as a minimum."""
    out: list[Amount] = []
    for sentence in sentences(text):
        end = 0
        sentence = _SPELLED.sub(lambda m: str(_WORDS[m[0].lower()]), sentence)  # noqa: PLW2901
        for m in _AMOUNT.finditer(sentence):
            currency = (m["pre"] or m["post"] or "").lower()
            short = (m["short"] or "").lower()
            if not currency:
                continue
            if currency == "m€":
                currency, short = "€", "m"
            currency = currency if currency in _CURRENCY else currency[1:]
            scale = _TIMES.get((m["times"] or short).lower(), 0)
            before = re.split(r"[,;:](?=\s)", sentence[end : m.start()])[-1] or sentence[end : m.start()]
            role = _role(before, sentence[m.end() : m.end() + 30], sentence)
            end = m.end()
            if m["low"]:
                out.append(_amount(m["low"], scale, currency, Role.MINIMUM, m[0]))
                role = Role.MAXIMUM
            out.append(_amount(m["number"], scale, currency, role, m[0]))
    if (
        len(out) == 2
        and re.search(r"(?:kronor|kr|EUR|euro|€)\s*[–-]\s*\d", text)
        and out[1].role is Role.MAXIMUM
    ):
        out[0] = Amount(
            money=out[0].money, role=Role.MINIMUM, raw=out[0].raw
        )  # "250 000 kr–500 000 kr per projekt"
    return tuple(out)


def call_sums(text: str, *, unstated_is_total: bool = False) -> dict[str, Any]:
    """The fields ``budget``, ``grant_minimum`` and ``grant_maximum`` of a call, from a text about money.

    A sum that no word explains is left out, unless the label it stands under says that it is the call's.
    """
    by_role = {a.role: a.money for a in reversed(amounts(text))}
    unstated = by_role.get(Role.UNSTATED) if unstated_is_total else None
    return {
        "budget": by_role.get(Role.TOTAL) or unstated,
        "grant_minimum": by_role.get(Role.MINIMUM),
        "grant_maximum": by_role.get(Role.MAXIMUM),
    }


def _amount(digits: str, scale: int, currency: str, role: Role, raw: str) -> Amount:
    value = number(digits, scaled=bool(scale)) * 10**scale
    value = value.to_integral_value() if value == value.to_integral_value() else value
    return Amount(money=Money(amount=value, currency=_CURRENCY[currency]), role=role, raw=raw)


def _role(before: str, after: str, sentence: str) -> Role:
    near = re.split(r"[,;](?=\s)", after)[0]
    if (
        _PER_PROJECT.search(near)
        or _PER_PROJECT.search(before)
        or re.match(r"för(?:studie|\s+förstudier)", sentence, re.I)
    ):
        return Role.MINIMUM if _MINIMUM.search(before) else Role.MAXIMUM
    if _TOTAL.search(before) or _TOTAL.search(near):
        return Role.TOTAL
    if _MAXIMUM.search(before):
        return Role.MAXIMUM
    return Role.MINIMUM if _MINIMUM.search(before) else Role.UNSTATED


_PERCENT = re.compile(
    r"(?<![\d.,])(?P<low>\d{1,3}(?:[.,]\d+)?)(?:\s*(?:%|procent)?\s*(?:–|-|till|to)\s*(?P<high>\d{1,3}(?:[.,]\d+)?))?\s*"
    r"(?:%|procent\b|per\s?cent\b)",
    re.I,
)
_OWN = re.compile(
    r"(?<!EU-)(?<!EU:s )\bmedfinansiering|egenfinansiering"
    r"|egen\w*\s+(?:insats|bidrag|finansiering|medel)|självt?\s+bidra"
    r"|own\s+(?:contribution|resources|funding)|self-financing|(?:national|own)\s+co-?financing|match\s+funding",
    re.I,
)
_EU = re.compile(
    r"finansiera|\bstöd|max|högst|bidrag|\btäck|upp\s+till|up\s+to|funding\s+rate|co-?financing\s+rate|co-?financ|reimburs|\bEU\b|\bgrant\b",
    re.I,
)
_ELSE = re.compile(
    r"indirekt|schablon|beviljat|granted|lump|flat|deltagar|kvinn|arbetstid|anställda|third\s+part|management|utsläpp|minska"
    r"|budget\s+(?:for|should)|nationellt\s+offentligt|förskott|pre-?financing",
    re.I,
)


_OWN_SHARE = r"(?:egen\s+|nationell\s+|offentlig\s+)?(?:medfinansiering|egenfinansiering)"
#: the applicant pays nothing itself
_NONE_OWN = re.compile(
    rf"\bingen\s+{_OWN_SHARE}\s+(?:krävs|behövs)|\b(?:inget|inga|utan)\s+krav\s+på\s+{_OWN_SHARE}"
    rf"|(?:krävs|behövs|kräver\s+vi|kräver)\s+(?:ingen|inte\s+någon)\s+{_OWN_SHARE}"
    rf"|{_OWN_SHARE}\s+(?:krävs|behövs)\s+inte"
    r"|\bno\s+(?:co-?financing|own\s+contribution)\s+(?:is\s+)?(?:required|needed)",
    re.I,
)
_ALL_EU = re.compile(
    r"\bfull\s+(?:finansiering|kostnadstäckning)|finansieras\s+(?:till\s+)?fullt\s+ut\b|\bfully\s+(?:funded|financed)",
    re.I,
)
_NEGATION = re.compile(r"\b(?:inte|ej|aldrig|not|never|cannot)\b", re.I)


def rate_fields(found: Rate | None) -> dict[str, Any]:
    """The four rate fields of a call."""
    if found is None:
        return {}
    return {
        "rate_minimum": found.minimum,
        "rate_maximum": found.maximum,
        "rate_raw": found.raw,
        "rate_given": found.stated,
    }


def rate(text: str) -> Rate | None:
    """The EU rate of the first sentence that states one, or the applicant's share turned round.

    "Medfinansieringen är 46 procent" is what the applicant pays, so the EU rate is 0.54; "Co-financing
    rate 60 %" is what the EU pays; where no own contribution is asked for, it pays all.
    """
    for sentence in sentences(text):
        none_own = bool(_NONE_OWN.search(sentence))
        if none_own or (_ALL_EU.search(sentence) and not _NEGATION.search(sentence)):
            given = Share.APPLICANT if none_own else Share.EU
            return Rate(minimum=Decimal(1), maximum=Decimal(1), stated=given, raw=sentence.strip())
        found = list(_PERCENT.finditer(re.sub(r"\bhälften\b", "50 procent", sentence)))
        if not found or _ELSE.search(sentence):
            continue
        own = bool(_OWN.search(sentence)) and not re.search(r"co-?financing\s+rate", sentence, re.I)
        if not own and not _EU.search(sentence):
            continue
        values = [number(v) / 100 for m in found for v in (m["low"], m["high"]) if v]
        if any(not 0 <= v <= 1 for v in values):
            continue
        if own:
            values = [1 - v for v in values]
        return Rate(
            minimum=min(values),
            maximum=max(values),
            stated=Share.APPLICANT if own else Share.EU,
            raw=sentence.strip(),
        )
    return None
