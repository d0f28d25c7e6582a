"""May the municipality apply for a call? Rules that each give a sentence and never guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date
from babel.numbers import format_decimal

from matcher.config import Committee, County, Geography, Municipality, Programme
from matcher.domain import (
    STOCKHOLM,
    ActionType,
    Applicant,
    Call,
    DeadlineModel,
    Eligibility,
    Family,
    Remark,
    Verdict,
)

#: worst first: the verdict of a call is the worst that any rule gives
_SEVERITY = (Verdict.EXCLUDED, Verdict.CHECK, Verdict.AS_PARTNER, Verdict.ELIGIBLE)

#: kinds of applicant that a municipality is
_OURS = {
    Applicant.MUNICIPALITY: ("kommuner får söka", "municipalities may apply"),
    Applicant.PUBLIC_BODY: (
        "offentliga organ får söka, och dit hör kommunen",
        "public bodies may apply, which includes the municipality",
    ),
    Applicant.LEGAL_ENTITY: (
        "alla juridiska personer får söka, och dit hör kommunen",
        "any legal entity may apply, which includes the municipality",
    ),
    Applicant.SCHOOL: (
        "skolor får söka, och kommunen är huvudman",
        "schools may apply, and the municipality runs them",
    ),
}

_OTHERS = {
    Applicant.REGION: ("regioner", "regions"),
    Applicant.STATE_AGENCY: ("statliga myndigheter", "state agencies"),
    Applicant.MUNICIPAL_COMPANY: ("kommunala bolag", "municipal companies"),
    Applicant.UNIVERSITY: ("lärosäten och forskningsinstitut", "universities and research institutes"),
    Applicant.COMPANY: ("företag", "companies"),
    Applicant.NON_PROFIT: ("ideella organisationer", "non-profit organisations"),
    Applicant.INDIVIDUAL: ("enskilda personer", "individuals"),
}

_ACTIONS = {
    ActionType.CASCADE: (
        "pengarna delas ut vidare av ett annat projekt: läs dess egna villkor",
        "the money is passed on by another project: read its own conditions",
    ),
    ActionType.PRIZE: (
        "ett pris, inte ett projektstöd: läs vem som kan utses",
        "a prize, not project funding: read who can win it",
    ),
    ActionType.OPERATING_GRANT: (
        "ett verksamhetsbidrag, inte ett projektstöd: läs vilka organisationer som avses",
        "an operating grant, not project funding: read which organisations are meant",
    ),
}

_NUMBERS_SV = ("noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv")
_NUMBERS_EN = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a rule says: a verdict with its sentence, or an open point (verdict ``None``)."""

    verdict: Verdict | None
    remark: Remark


def _say(verdict: Verdict | None, rule: str, sv: str, en: str) -> _Finding:
    return _Finding(verdict, Remark(rule=rule, sv=sv, en=en))


def judge(
    call: Call,
    municipality: Municipality,
    committee: Committee,
    programmes: Mapping[str, Programme],
    geography: Geography,
    now: datetime,
) -> Eligibility:
    """Decide whether the municipality may apply, from what the publisher says, else the programme's facts.

    The verdict is the worst that any rule gives. ``reasons`` hold the sentences of all rules, the decisive
    one first; ``open_points`` what to see to even if the call is open to the municipality. Whether the call
    is open at all is not judged here: that is its status.

    Args:
        now: aware; decides which stages and committee meetings have passed.
    """
    programme = programmes.get(call.programme or "")
    findings = [
        *_applicant(call, programme),
        *_invited(call),
        *_place(call, programme, municipality, geography),
        *_population(programme, municipality),
        *_stage(call, now),
        *_action(call),
        *_consortium(call, programme),
        *_time(call, committee, now),
    ]
    ruled = sorted(
        ((f.verdict, f.remark) for f in findings if f.verdict), key=lambda r: _SEVERITY.index(r[0])
    )
    return Eligibility(
        verdict=ruled[0][0] if ruled else Verdict.CHECK,
        reasons=tuple(remark for _, remark in ruled),
        open_points=tuple(f.remark for f in findings if f.verdict is None),
    )


# --- who -------------------------------------------------------------------------------------


def _applicant(call: Call, programme: Programme | None) -> Iterator[_Finding]:
    ours = next((a for a in _OURS if a in call.applicants), None)
    role = programme.municipality if programme else "unknown"
    if ours is not None:
        # A call that names municipalities overrules what we believe about its programme; a wide category
        # such as "any legal entity" does not.
        named = ours is Applicant.MUNICIPALITY
        if role == "no" and not named:
            yield _say(
                Verdict.CHECK,
                "applicant",
                f"{_OURS[ours][0]}, men programmet är normalt inte avsett för kommuner",
                f"{_OURS[ours][1]}, but the programme is not normally meant for municipalities",
            )
            return
        yield _say(Verdict.ELIGIBLE, "applicant", *_OURS[ours])
        if programme and role == "partner" and not named and call.action is not ActionType.CASCADE:
            yield _as_partner(programme)
    elif Applicant.MUNICIPAL_COMPANY in call.applicants:
        yield _say(
            Verdict.CHECK,
            "applicant",
            "kommunala bolag får söka men kommunen nämns inte: kan ett av kommunens bolag söka?",
            "municipal companies may apply but the municipality is not named: can one of its companies?",
        )
    elif call.applicants:
        sv = _listing([_OTHERS[a][0] for a in call.applicants], "och")
        en = _listing([_OTHERS[a][1] for a in call.applicants], "and")
        yield _say(Verdict.EXCLUDED, "applicant", f"bara {sv} får söka", f"only {en} may apply")
    elif call.applicants_raw:
        words = _excerpt(call.applicants_raw)
        yield _say(Verdict.CHECK, "applicant", f"vem som får söka: ”{words}”", f"who may apply: “{words}”")
    elif call.action is not ActionType.CASCADE:  # those have conditions of their own: see _action
        yield from _programme_applicant(programme)
    if programme and role == "conditional" and call.applicants:
        yield _noted(programme)


def _programme_applicant(programme: Programme | None) -> Iterator[_Finding]:
    """The call does not say who may apply: what is known about its programme."""
    if programme is None:
        yield _say(
            Verdict.CHECK,
            "applicant",
            "utlysningen anger inte vem som får söka, och programmet är inte känt",
            "the call does not say who may apply, and its programme is not known",
        )
    elif programme.municipality == "yes":
        yield _say(
            Verdict.ELIGIBLE,
            "applicant",
            f"{programme.name.sv} är öppet för kommuner (utlysningen anger inte vem som får söka)",
            f"{programme.name.en} is open to municipalities (the call does not say who may apply)",
        )
    elif programme.municipality == "partner":
        yield _as_partner(programme)
    elif programme.municipality == "no":
        note = programme.municipality_note
        yield _say(
            Verdict.EXCLUDED,
            "applicant",
            _clause(note.sv) if note else f"{programme.name.sv} är inte öppet för kommuner",
            _clause(note.en) if note else f"{programme.name.en} is not open to municipalities",
        )
    else:
        yield _noted(programme)


def _as_partner(programme: Programme) -> _Finding:
    note = programme.municipality_note
    return _say(
        Verdict.AS_PARTNER,
        "applicant",
        _clause(note.sv) if note else f"som part i {programme.name.sv}",
        _clause(note.en) if note else f"as a partner in {programme.name.en}",
    )


def _noted(programme: Programme) -> _Finding:
    note = programme.municipality_note
    return _say(
        Verdict.CHECK,
        "programme",
        _clause(note.sv) if note else f"om kommuner får söka ur {programme.name.sv} är inte känt",
        _clause(note.en)
        if note
        else f"whether municipalities may apply for {programme.name.en} is not known",
    )


def _invited(call: Call) -> Iterator[_Finding]:
    if call.invited_only:
        yield _say(
            Verdict.EXCLUDED,
            "invited",
            "bara parter som utgivaren har valt i förväg får söka",
            "only parties that the publisher has chosen beforehand may apply",
        )


# --- where -----------------------------------------------------------------------------------


def _place(
    call: Call, programme: Programme | None, municipality: Municipality, geography: Geography
) -> Iterator[_Finding]:
    county = geography.county(municipality.county)
    if county is None:
        yield _say(
            Verdict.CHECK,
            "geography",
            f"länet {municipality.county} är inte känt",
            f"the county {municipality.county} is not known",
        )
        return
    # "Partly" concerns the programme's map, so it holds although the call lists the whole county.
    partly = programme is not None and _covers(programme.geography_check, county.nuts)
    if partly and (not call.geography or _covers(call.geography, county.nuts)):
        assert programme is not None
        yield _say(
            Verdict.CHECK,
            "geography",
            f"{county.name} ingår bara delvis eller osäkert i {programme.name.sv}",
            f"{county.name} belongs only in part, or not certainly, to {programme.name.en}",
        )
    elif call.geography:
        yield _within(call.geography, county, call.family, geography)
    elif call.geography_raw:
        words = _excerpt(call.geography_raw)
        yield _say(Verdict.CHECK, "geography", f"vilket område: ”{words}”", f"which area: “{words}”")
    elif programme and programme.geography:
        yield _within(programme.geography, county, programme.family, geography)


def _covers(codes: Iterable[str], nuts: str) -> bool:
    """Whether any code is the county, a part of it or an area around it."""
    return any(nuts.startswith(code) or code.startswith(nuts) for code in codes)


def _within(codes: tuple[str, ...], county: County, family: Family, geography: Geography) -> _Finding:
    if around := next((code for code in codes if _covers((code,), county.nuts)), None):
        area = geography.name_of(around)
        if around == "SE":
            sv, en = "gäller hela Sverige", "covers all of Sweden"
        elif len(around) < len(county.nuts) and area != county.name:
            sv, en = f"gäller {area}, dit {county.name} hör", f"covers {area}, which includes {county.name}"
        else:
            sv, en = f"gäller {county.name}", f"covers {county.name}"
        return _say(Verdict.ELIGIBLE, "geography", sv, en)
    if swedish := [code for code in codes if code.startswith("SE")]:
        # a call for an area is answered with the municipality's area, one that names a county with its county
        own = geography.name_of(county.nuts[: max(map(len, swedish))])
        places = [geography.name_of(code) for code in swedish]
        return _say(
            Verdict.EXCLUDED,
            "geography",
            f"gäller {_listing(places, 'och')}, men kommunen ligger i {own}",
            f"covers {_listing(places, 'and')}, but the municipality lies in {own}",
        )
    if family is Family.STRUCTURAL:
        return _say(Verdict.EXCLUDED, "geography", "gäller inte Sverige", "does not cover Sweden")
    countries = sorted({code[:2] for code in codes})
    return _say(
        Verdict.CHECK,
        "geography",
        f"gäller {_listing(countries, 'och')}; kan en svensk part delta?",
        f"covers {_listing(countries, 'and')}; can a Swedish party take part?",
    )


def _population(programme: Programme | None, municipality: Municipality) -> Iterator[_Finding]:
    if programme is None or programme.population is None:
        return
    least, own = programme.population, municipality.population
    sv, en = format_decimal(least, locale="sv"), format_decimal(least, locale="en")
    if own >= least:
        yield _say(
            Verdict.ELIGIBLE,
            "population",
            f"minst {sv} invånare krävs; kommunen har {format_decimal(own, locale='sv')}",
            f"at least {en} inhabitants required; the municipality has {format_decimal(own, locale='en')}",
        )
    elif programme.population_in_group:
        yield _say(
            Verdict.AS_PARTNER,
            "population",
            f"inte ensam: kräver minst {sv} invånare (kan sökas i grupp)",
            f"not alone: requires at least {en} inhabitants (a group may apply)",
        )
    else:
        yield _say(
            Verdict.EXCLUDED,
            "population",
            f"kräver minst {sv} invånare",
            f"requires at least {en} inhabitants",
        )


# --- how and when ----------------------------------------------------------------------------


def _stage(call: Call, now: datetime) -> Iterator[_Finding]:
    if call.deadline_model is not DeadlineModel.TWO_STAGE:
        return
    stages = sorted(call.deadlines, key=lambda d: d.at)
    if len(stages) > 1 and stages[0].at < now <= stages[-1].at:
        sv, en = _day(stages[0].day)
        yield _say(
            Verdict.EXCLUDED,
            "stage",
            f"första steget stängde {sv}; bara de som gått vidare får söka i det andra",
            f"the first stage closed on {en}; only those who passed it may apply in the second",
        )
    else:
        yield _say(
            None,
            "stage",
            "söks i två steg: först en kortare ansökan",
            "two stages: a shorter application first",
        )


def _action(call: Call) -> Iterator[_Finding]:
    if call.action in _ACTIONS:
        yield _say(Verdict.CHECK, "action", *_ACTIONS[call.action])


def _consortium(call: Call, programme: Programme | None) -> Iterator[_Finding]:
    stated = call.consortium
    if stated is not None and (stated.partners or stated.countries):
        partners, countries, usual = stated.partners, stated.countries, False
    elif programme is not None and call.action is not ActionType.CASCADE:
        partners, countries, usual = programme.partners, programme.countries, True
    else:
        return
    several = countries is not None and countries > 1
    from_sv = f"från {_count(countries or 0, _NUMBERS_SV)} länder" if several else ""
    from_en = f"from {_count(countries or 0, _NUMBERS_EN)} countries" if several else ""
    if partners is not None and partners > 1:
        sv = f"minst {_count(partners, _NUMBERS_SV)} parter {from_sv}"
        en = f"at least {_count(partners, _NUMBERS_EN)} parties {from_en}"
    elif several:
        sv = f"parter {from_sv.replace('från', 'från minst')}"
        en = f"parties {from_en.replace('from', 'from at least')}"
    else:
        return
    yield _say(
        None,
        "consortium",
        f"{'programmet kräver normalt' if usual else 'kräver'} {sv.rstrip()}",
        f"{'the programme normally requires' if usual else 'requires'} {en.rstrip()}",
    )


def _time(call: Call, committee: Committee, now: datetime) -> Iterator[_Finding]:
    """Can the committee decide before the next deadline? Says nothing when it can."""
    deadline = call.next_deadline(now)
    today = now.astimezone(STOCKHOLM).date()
    if deadline is None or not committee.meetings or committee.meeting_before(deadline.day, today):
        return
    if not committee.calendar_reaches(deadline.day):
        yield _say(
            None,
            "time",
            "nämndens möten fram till sista ansökningsdag är inte inlagda",
            "the committee's meetings up to the deadline are not registered",
        )
        return
    missed = max((m for m in committee.meetings if today <= m < deadline.day), default=None)
    if missed is None:
        yield _say(
            None,
            "time",
            "hinns inte via nämnd: inget möte före sista ansökningsdag",
            "too late for the committee: no meeting before the deadline",
        )
    else:
        sv, en = _day(missed)
        yield _say(
            None,
            "time",
            f"hinns inte via nämnd: handlingarna till mötet {sv} skulle ha lämnats "
            f"{_count(committee.paper_days, _NUMBERS_SV)} dagar före",
            f"too late for the committee: the papers for its meeting on {en} were due "
            f"{_count(committee.paper_days, _NUMBERS_EN)} days before",
        )


# --- words -----------------------------------------------------------------------------------


def _listing(names: list[str], last: str) -> str:
    unique = list(dict.fromkeys(names))
    return f" {last} ".join([", ".join(unique[:-1]), unique[-1]]) if len(unique) > 1 else "".join(unique)


def _count(number: int, words: tuple[str, ...]) -> str:
    return words[number] if number < len(words) else str(number)


def _day(day: date) -> tuple[str, str]:
    return format_date(day, "d MMMM y", locale="sv"), format_date(day, "d MMMM y", locale="en")


def _clause(sentence: str) -> str:
    """A note as the rest of a sentence: no full stop, and a small letter unless it begins with a name."""
    text = sentence.rstrip(".")
    first = text.split()[0]
    return text if any(c.isupper() for c in first[1:]) else text[0].lower() + text[1:]


def _excerpt(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0] + " …"
