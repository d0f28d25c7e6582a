"""Publishers' words as codes: places, kinds of applicant, and how many partners a call asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from matcher.domain import ActionType, Applicant, Consortium

_ABBREVIATED = re.compile(
    r"(?:\b(?:kl|ca|prel|dvs|bl|max|min|jan|feb|mar|apr|aug|sept?|okt|oct|nov|dec|st|nr|no|e\.g|i\.e|t\.ex|m\.m|o\.m)\.|\.\.)$",
    re.I,
)


def sentences(text: str) -> Iterator[str]:
    """Sentences and lines of a text; " | " separates like a new line, "kl. 12" and "max. 5" do not."""
    for line in re.split(r"\n|\s\|\s", text):
        part = ""
        for piece in re.split(r"(?<=[.!?;])\s+(?=[A-ZÅÄÖ0-9(€])", line.strip()):
            part = f"{part} {piece}" if part else piece
            if not (part.endswith(".") and _ABBREVIATED.search(part[-10:])):
                yield part
                part = ""
        if part:
            yield part


def planned_id(path: str, title: str, number: int = 1) -> str:
    """Identity of a plan page's entry, which has none: a hash of path and title, numbered if they repeat."""
    raw = f"{path}|{title}" + (f"|{number}" if number > 1 else "")
    return "plan-" + hashlib.sha256(raw.encode()).hexdigest()[:16]


# --- places --------------------------------------------------------------------------------------

_HALF_A_NAME = re.compile(
    r"\b(norra|östra|mellersta|övre)(?=\s*(?:,|/|&|och|samt)\s*"
    r"(?:norra|östra|mellersta|övre)\s+(mellansverige|norrland))",
    re.I,
)


@lru_cache(maxsize=1)
def _places() -> tuple[dict[str, str], re.Pattern[str], dict[str, set[str]]]:
    """Alias → code, a pattern of all aliases (longest first), and the counties of each area."""
    table: dict[str, Any] = YAML(typ="safe").load(
        resources.files("matcher.scrapers").joinpath("places.yaml").read_text("utf-8")
    )
    codes = dict.fromkeys(table["country"], "SE")
    for group in ("areas", "counties"):
        codes |= {alias: code for code, aliases in table[group].items() for alias in aliases}
    counties = {area: {c for c in table["counties"] if c.startswith(area)} for area in table["areas"]}
    names = "|".join(re.escape(a) for a in sorted(codes, key=len, reverse=True))
    return (
        codes,
        re.compile(rf"(?<![\wåäö])(?:region(?:en)?\s+)?({names})s?(?:\s+län)?(?![\wåäö])", re.I),
        counties,
    )


def _in_full(text: str) -> str:
    """Areas that share a word get one each: "Mellersta Norrland och Övre Norrland"."""
    return _HALF_A_NAME.sub(r"\1 \2", text)


def places(text: str) -> tuple[str, ...]:
    """NUTS codes of the places that a text names, in order.

    Counties that make up a whole area, and counties named beside their area, become the area's code;
    all of Sweden is ``SE``.
    """
    codes, pattern, counties = _places()
    found = list(dict.fromkeys(codes[m[1].lower()] for m in pattern.finditer(_in_full(text))))
    if "SE" in found:
        return ("SE",)
    for area, members in counties.items():
        if area in found or members <= set(found):
            at = min(i for i, code in enumerate(found) if code.startswith(area))
            found = (
                [c for c in found[:at] if not c.startswith(area)]
                + [area]
                + [c for c in found[at:] if not c.startswith(area)]
            )
    return ("SE",) if set(counties) <= set(found) else tuple(found)


def place_names(text: str) -> tuple[str, ...]:
    """The places that a text names, in its own words."""
    return tuple(m[0] for m in _places()[1].finditer(_in_full(text)))


def whole_country_or(text: str) -> dict[str, Any]:
    """The two geography fields of a national body's call: the country, unless a text names parts of it."""
    return {"geography": places(text) or ("SE",), "geography_raw": ", ".join(place_names(text)) or None}


def only_places(text: str) -> bool:
    """Whether a text is nothing but a list of places."""
    _, pattern, _ = _places()
    rest, count = pattern.subn(" ", _in_full(text))
    return count > 0 and not re.sub(
        r"\b(?:och|samt|and|län|region(?:erna)?)\b|[\s,;/|&()·•.:–-]", "", rest, flags=re.I
    )


def area_of(codes: tuple[str, ...]) -> str | None:
    """The one area (NUTS 2) that all codes lie in, or ``None``."""
    areas = {code[:4] for code in codes}
    area = next(iter(areas)) if len(areas) == 1 else ""
    return area if len(area) == 4 else None


# --- applicants ----------------------------------------------------------------------------------

_APPLICANTS = tuple(
    (code, re.compile(pattern, re.I))
    for code, pattern in (
        (
            Applicant.MUNICIPALITY,
            r"\bkommun(?:en|er|erna|ers|s)?\b|\bprimärkommun|huvudmän\b|huvudman\b|\bkommunal\w*\s+(?:(?:och|eller)\s+\w+\s+)?fastighetsägare|\blokala?\s+(?:och\s+regionala?\s+)?aktör|\bmunicipalit|\blocal\s+(?:public\s+)?authorit",
        ),
        (
            Applicant.REGION,
            r"\bregion(?:en|er|erna)?\b(?!\s+(?-i:[A-ZÅÄÖ]))"
            r"|\bregional\s+(?:public\s+)?authorit|regionalt utvecklingsansvar",
        ),
        (
            Applicant.STATE_AGENCY,
            r"\b(?:statlig\w*\s+)?myndighet(?:en|er|erna)?\b|\bnational\s+(?:public\s+)?authorit|arbetsförmedlingen|försäkringskassan"
            r"|\bmigrationsverket\b|\blänsstyrelser(?:na)?\b",
        ),
        (
            Applicant.PUBLIC_BODY,
            r"\boffentlig(?:a|t)?(?:\s*,?\s*(?:och|eller|samt)\s+\w+)*\s+(?:sektor|aktör|organisation|verksamhet|myndighet)"
            r"|\boffentlig\b[^.]{0,30}\bsektor"
            r"|\boffentliga,?[^.]{0,40}\borganisationer|offentligrättslig"
            r"|(?<!local )(?<!regional )(?<!national )\bpublic\s+(?:body|bodies|authorit|sector)",
        ),
        (Applicant.MUNICIPAL_COMPANY, r"kommunal\w*\s+(?:\w*bolag)|municipal(?:ly)?[ -](?:owned\s+)?compan"),
        (Applicant.SCHOOL, r"\bskol(?:a|or|an|huvudm\w+)\b|gymnasieskol|förskol|\bschools?\b"),
        (
            Applicant.UNIVERSITY,
            r"universitet|(?<!yrkes)(?<!folk)högskol|lärosäte|\bhigher education|\buniversit"
            r"|forskningsinstitut|research organi",
        ),
        (
            Applicant.COMPANY,
            r"\bföretag(?:et|en)?\b|\bnäringsliv|privata?\b[^.]{0,40}\b(?:sektor|organisation|aktör)|\bcompan(?:y|ies)\b|\bSMEs?\b|\benterprise",
        ),
        (
            Applicant.NON_PROFIT,
            r"idébur|ideell|civilsamhäll|\bförening(?:en|ar|s)?\b|\bNGOs?\b"
            r"|non-profit|civil society|folkbildning",
        ),
        (Applicant.LEGAL_ENTITY, r"juridisk\w*\s+person|\blegal\s+(?:entit|person)"),
        (Applicant.INDIVIDUAL, r"privatperson|enskilda?\s+(?:person|närings)|\bindividuals\b"),
    )
)
_NOT = re.compile(
    r"(?:kan|får|kunna)\s+(?:\w+\s+)?inte\b|\binte\s+(?:söka|äga|ge)|\bger\s+inte\b|\bej\s+söka"
    r"|(?:cannot|can not|may not|not eligible)",
    re.I,
)
_PARTNER_ONLY = re.compile(
    r"samverkanspart|som\s+(?:med)?part(?:er|ner)?\b(?!skap)|delta(?:r|ga)?\s+som|as\s+(?:a\s+)?partners?\b"
    r"|(?:kan|får)\s+(?:bara\s+|endast\s+)?vara\s+(?:med)?part(?:er|ner)?\b(?!skap)|stå\s+som\s+ansvarig",
    re.I,
)
_CONDITIONAL = re.compile(
    r"(?:bara|endast|enbart)\s+[^.]{0,60}(?:pågående|beviljade?)\s+projekt|omnämnd|utpekad"
    r"|har ett pågående projekt|tidigare (?:beviljat|fått) stöd",
    re.I,
)
_MUNICIPAL = {Applicant.MUNICIPALITY, Applicant.PUBLIC_BODY, Applicant.LEGAL_ENTITY}


def applicants(text: str) -> tuple[Applicant, ...]:
    """The kinds of applicant that may apply themselves.

    A sentence that says who may *not* apply, or who may only take part, adds nobody. Where only holders
    of an earlier decision may apply, the kinds say too little: nothing is returned, and the words stay in
    ``Call.applicants_raw``.
    """
    if _CONDITIONAL.search(text):
        return ()
    found = {}
    for sentence in sentences(text):
        if _NOT.search(sentence) or _PARTNER_ONLY.search(sentence):
            continue
        for code, pattern in _APPLICANTS:
            for m in pattern.finditer(sentence):
                # "stöd till företag", "företag som målgrupp": what it is about, not who applies
                ahead = sentence[m.end() : m.end() + 40]
                behind = sentence[max(0, m.start() - 60) : m.start()]
                if code is Applicant.COMPANY and (
                    re.search(r"målgrupp", ahead) or re.search(r"\btill\s+(?:\w+\s+)?$|\bett\s+$", behind)
                ):
                    continue
                if code is Applicant.STATE_AGENCY and re.search(r"offentlig\w*\s+$", behind):
                    continue
                found[code] = True
    return tuple(code for code, _ in _APPLICANTS if code in found)


def open_to_municipalities(codes: tuple[Applicant, ...]) -> bool:
    """Whether the kinds of applicant include municipalities, by name or by a wider word."""
    return bool(_MUNICIPAL & set(codes))


# --- what for, and whether still ---------------------------------------------------------------------

_RUNNING_COSTS = re.compile(r"verksamhetsbidrag|organisationsbidrag|driftstöd|driftbidrag", re.I)
_CLOSED = re.compile(
    r"\b(?:ansökan|utlysningen|ansökningsomgången|omgången)\s+(?:är|har)\s+(?:nu\s+|redan\s+)?(?:stängd|stängt|avslutad)"
    r"|^\W*stängd\b|\b(?:du|ni|man)\s+kunde\s+(?:an)?söka\b|går\s+inte\s+(?:längre\s+)?att\s+söka"
    r"|\bthe\s+call\s+(?:is|has)\s+(?:now\s+)?closed\b",
    re.I | re.M,
)


def action(title: str, what: str) -> ActionType:
    """What the money is for, by the title and by how the text about it begins; else a project."""
    studies = re.search(r"förstudi", title, re.I) and not re.search(r"\bprojekt(?!idé)", title, re.I)
    if studies or re.match(r"förstudie\w*\b(?!\s+(?:och|samt|eller)\b)", what, re.I):
        return ActionType.PRE_STUDY
    if _RUNNING_COSTS.search(title):
        return ActionType.OPERATING_GRANT
    return (
        ActionType.INVESTMENT if re.match(r"(?:stöd till )?investering", what, re.I) else ActionType.PROJECT
    )


def says_closed(text: str) -> bool:
    """Whether the publisher says that one can no longer apply, be it by the tense ("du kunde söka")."""
    return bool(_CLOSED.search(text))


# --- partners -------------------------------------------------------------------------------------

_NUMBERS = {
    word: n
    for n, words in enumerate(
        (
            "två two",
            "tre three",
            "fyra four",
            "fem five",
            "sex six",
            "sju seven",
            "åtta eight",
            "nio nine",
            "tio ten",
        ),
        2,
    )
    for word in words.split()
}
_N = rf"(\d{{1,2}}|{'|'.join(_NUMBERS)})(?:\s*\(\d+\))?"
_LEAST = r"(?:at\s+least|a?\s*minimum(?:\s+of)?|no\s+fewer\s+than|minst)"
_PARTNERS = re.compile(
    rf"{_LEAST}\s+{_N}\s+(?:\w+\s+){{0,2}}?(?:applicants|entities|organi[sz]ations|partners|beneficiaries|participants|municipalities|(?:\w+)?parter|partner|aktörer|(?:\w+)?organisationer|sökande|kommuner)\b",
    re.I,
)
_COUNTRIES = re.compile(
    rf"(?:(?:from|in|established\s+in|från|i)\s+(?:{_LEAST}\s+)?|{_LEAST}\s+){_N}\s+(?P<other>andra\s+|other\s+)?"
    rf"(?:(?:different|eligible|programme|participating|olika)\s+|EU\s+)*(?:member\s+states|countries|länder)",
    re.I,
)
_EACH_DIFFERENT = re.compile(
    r"each\s+established\s+in\s+(?:a\s+)?different|each\s+from\s+a\s+different", re.I
)
#: one of them is in whatever the two patterns above find
_COUNTING = ("least", "minimum", "fewer", "minst", "member", "countries", "länder")
_CONSORTIUM = re.compile(
    r"[ck]onsorti|submitted\s+by|applicants?|proposals?\s+must|parter|partners?\b|aktörer|legal\s+entit|independent\s+entit|samverka|organisationer|grupper|ska\s+vara\s+med",
    re.I,
)


def consortium(text: str) -> Consortium | None:
    """The least number of partners and countries, where a text states them; English and Swedish."""
    partners = countries = None
    for sentence in sentences(text):
        lowered = sentence.lower()
        if not any(word in lowered for word in _COUNTING):  # most sentences, and sooner than by patterns
            continue
        if "in addition to the minimum" in lowered or not _CONSORTIUM.search(sentence):
            continue
        if partners is None and (m := _PARTNERS.search(sentence)):
            partners = _count(m[1])
            if _EACH_DIFFERENT.search(sentence):
                countries = partners
        if countries is None and (m := _COUNTRIES.search(sentence)):
            countries = _count(m[1]) + bool(m["other"])  # other countries than the applicant's own
    return Consortium(partners=partners, countries=countries) if partners or countries else None


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
