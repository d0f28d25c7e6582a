"""Committees, calls and matches for the letter's tests; all sentences are our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from matcher.config.models import (
    Bilingual,
    Committee,
    CurrencySettings,
    DigestSchedule,
    Municipality,
    Partner,
    Priority,
    Programme,
    Settings,
)
from matcher.digest.plan import plan_digest
from matcher.digest.when import period_of
from matcher.domain import (
    BRUSSELS,
    STOCKHOLM,
    ActionType,
    Answer,
    AnswerKind,
    Applicant,
    Band,
    Call,
    Consortium,
    Deadline,
    DeadlineModel,
    Digest,
    Eligibility,
    Family,
    Match,
    Money,
    Outcome,
    Precision,
    Reason,
    Remark,
    Section,
    SourceHealth,
    StoredCall,
    Term,
    Told,
    Verdict,
)

NOW = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)  # a Monday, 07.00 in Sweden, week 47
WEEK = timedelta(days=7)

COMMITTEE = Committee(
    id="norrbacka-socialnamnden",
    name="Socialnämnden",
    responsibility="Äldreomsorg, hemtjänst, stöd till funktionsnedsatta, individ- och familjeomsorg.",
    recipients=("socialnamnden@example.org",),
    digest=DigestSchedule(max_calls=5),
    meetings=(
        date(2026, 11, 25),
        date(2026, 12, 16),
        date(2027, 1, 27),
        date(2027, 2, 24),
        date(2027, 3, 24),
    ),
    priorities=(
        Priority(id="valfard", text="Hållbar välfärd"),
        Priority(id="delaktighet", text="Alla ska vara delaktiga"),
    ),
)
MUNICIPALITY = Municipality(
    municipality="Norrbacka kommun",
    id="norrbacka",
    code="0499",
    county="Södermanlands län",
    population=41_000,
    networks=("ENSA", "Eurotowns"),
    partners=(Partner(name="Erlangen", country="DE"), Partner(name="Linz", country="AT")),
    committees=(COMMITTEE,),
)
SETTINGS = Settings(currency=CurrencySettings(sek_per_eur=Decimal("11.05"), rate_date=date(2026, 11, 13)))
PROGRAMMES = {
    p.code: p
    for p in (
        Programme(
            code="esf",
            name=Bilingual(sv="Europeiska socialfonden+ (ESF+)", en="European Social Fund Plus (ESF+)"),
            family=Family.STRUCTURAL,
            where_to_apply=Bilingual(
                sv="Svenska ESF-rådet, e-ansökan", en="Swedish ESF Council, e-application"
            ),
            applicants=(Applicant.LEGAL_ENTITY,),
            partners=1,
            rate_minimum=Decimal("0.4"),
            rate_maximum=Decimal("0.4"),
            grant=Bilingual(sv="1–20 miljoner kronor", en="1–20 million kronor"),
        ),
        Programme(
            code="horizon-europe",
            name=Bilingual(sv="Horisont Europa", en="Horizon Europe"),
            family=Family.SECTOR,
            where_to_apply=Bilingual(
                sv="EU-kommissionens portal Funding & Tenders", en="The EU Funding & Tenders Portal"
            ),
            partners=3,
            countries=3,
            partner_countries=("EU", "NO", "IS"),
        ),
    )
}
HEALTH = (
    *(
        SourceHealth(source=s, title=t, outcome=Outcome.OK, last_read=NOW - timedelta(hours=2), calls=40)
        for s, t in (("eu_portal", "EU-portalen"), ("se_tillvaxtverket", "Tillväxtverket"))
    ),
    SourceHealth(
        source="se_esf", title="ESF-rådet", outcome=Outcome.FAILED, last_read=NOW - timedelta(days=4)
    ),
)
PUBLISHERS = {"eu_portal": "EU-portalen", "se_esf": "ESF-rådet", "se_tillvaxtverket": "Tillväxtverket"}


def at(year: int, month: int, day: int, hour: int = 17) -> Deadline:
    """A deadline with a time, Brussels."""
    return Deadline(at=datetime(year, month, day, hour, tzinfo=BRUSSELS), precision=Precision.TIME)


def on(year: int, month: int, day: int) -> Deadline:
    """A deadline known to the day, Sweden."""
    return Deadline(at=datetime(year, month, day, 23, 59, 59, tzinfo=STOCKHOLM))


def call(source_id: str = "CARE-2027-01", **fields: Any) -> Call:
    """An open English portal call unless told otherwise."""
    given: dict[str, Any] = {
        "source": "eu_portal",
        "source_id": source_id,
        "url": f"https://portal.example.eu/topic/{source_id}",
        "title": f"Integrated long-term care close to home ({source_id})",
        "language": "en",
        "family": Family.SECTOR,
        "programme": "horizon-europe",
        "opens": date(2026, 9, 1),
        "deadlines": (at(2027, 1, 8),),
    }
    return Call(**given | fields)


def stored(given: Call, **fields: Any) -> StoredCall:
    """The call as first seen and last changed ten days ago."""
    seen = NOW - timedelta(days=10)
    values: dict[str, Any] = {"first_seen": seen, "last_seen": NOW, "last_changed": seen}
    return StoredCall(call=given, **values | fields)


def match(given: Call, score: float = 0.9, band: Band | None = None, **fields: Any) -> Match:
    """A strong match on one priority; the municipality may apply."""
    values: dict[str, Any] = {
        "source": given.source,
        "source_id": given.source_id,
        "committee": COMMITTEE.id,
        "score": score,
        "band": band or (Band.STRONG if score >= 0.8 else Band.POSSIBLE if score >= 0.5 else Band.WEAK),
        "eligibility": Eligibility(
            verdict=Verdict.ELIGIBLE,
            reasons=(Remark(rule="applicants", sv="Kommuner får söka.", en="Municipalities may apply."),),
        ),
        "reasons": (
            Reason(
                priority_id="valfard",
                priority="Hållbar välfärd",
                score=score,
                terms=(
                    Term(query="äldreomsorg", document="long-term care", route="lexicon", weight=0.5),
                    Term(query="välfärdsteknik", document="välfärdsteknik", route="same", weight=0.2),
                ),
            ),
        ),
    }
    return Match(**values | fields)


def told(given: Call, section: Section = Section.NEW, days_ago: int = 14, now: datetime = NOW) -> Told:
    """What the ledger says when the call was told some days ago, as it is given here."""
    moment = now - timedelta(days=days_ago)
    return Told(
        source=given.source,
        source_id=given.source_id,
        section=section,
        period=period_of(moment),
        told_at=moment,
        call=given,
    )


def answer(given: Call, kind: AnswerKind = AnswerKind.INTERESTED, days_ago: int = 1, **fields: Any) -> Answer:
    """What the committee answered some days ago."""
    values: dict[str, Any] = {
        "committee": COMMITTEE.id,
        "source": given.source,
        "source_id": given.source_id,
        "kind": kind,
        "at": NOW - timedelta(days=days_ago),
    }
    return Answer(**values | fields)


def plan(
    calls: list[StoredCall],
    matches: list[Match] | None = None,
    tellings: list[Told] | None = None,
    *,
    now: datetime = NOW,
    committee: Committee = COMMITTEE,
    **fields: Any,
) -> Digest:
    """Plan for the test's committee; every call matches strongly unless matches are given."""
    values: dict[str, Any] = {
        "municipality": MUNICIPALITY,
        "health": HEALTH,
        "settings": SETTINGS,
        "programmes": PROGRAMMES,
        "config_version": "5e1f0c9a77",
        "publishers": PUBLISHERS,
    }
    return plan_digest(
        committee=committee,
        calls={c.key: c for c in calls},
        matches=[match(c.call) for c in calls] if matches is None else matches,
        told={t.key: t for t in tellings or []},
        period=period_of(now),
        now=now,
        **values | fields,
    )


def keys(digest: Digest, section: Section) -> list[str]:
    """Identifiers of a section's calls in reading order."""
    return [item.call.source_id for item in digest.section(section)]


def rich_digest(language: str = "sv") -> Digest:
    """A letter with something in every section and every kind of fact."""
    esf = call(
        "2026/00317",
        source="se_esf",
        url="https://esf.example.se/utlysning/317",
        title="Stärkt kompetens och minskad sjukfrånvaro inom vård och omsorg i Östra Mellansverige",
        language="sv",
        family=Family.STRUCTURAL,
        programme="esf",
        fund="esf",
        deadlines=(Deadline(at=datetime(2026, 12, 3, 16, tzinfo=STOCKHOLM), precision=Precision.TIME),),
        budget=Money(amount=Decimal(60_000_000), currency="SEK"),
        grant_minimum=Money(amount=Decimal(2_000_000), currency="SEK"),
        rate_minimum=Decimal("0.4"),
        rate_maximum=Decimal("0.4"),
        applicants=(Applicant.PUBLIC_BODY, Applicant.NON_PROFIT),
        action=ActionType.PROJECT,
    )
    moved = call(
        "LIFE-2026-CET-HEAT",
        title="Cooling homes for frail residents during heatwaves",
        deadlines=(at(2027, 2, 18),),
        budget=Money(amount=Decimal(12_000_000), currency="EUR"),
    )
    two_stage = call(
        "HORIZON-HLTH-2027-03-STAYHEALTHY-01",
        title="Municipal care models that keep older people independent at home with assistive technology",
        deadlines=(at(2027, 2, 4), at(2027, 9, 16)),
        deadline_model=DeadlineModel.TWO_STAGE,
        budget=Money(amount=Decimal(20_000_000), currency="EUR"),
        grant_minimum=Money(amount=Decimal(4_000_000), currency="EUR"),
        grant_maximum=Money(amount=Decimal("4500000"), currency="EUR"),
        rate_minimum=Decimal("0.7"),
        rate_maximum=Decimal("0.7"),
        consortium=Consortium(partners=4, countries=3),
        applicants=(Applicant.LEGAL_ENTITY,),
        action=ActionType.PROJECT,
    )
    short = call(
        "CERV-2026-CARE", title="Town networks on violence in close relations", deadlines=(on(2026, 11, 30),)
    )
    vague = call(
        "I3-2027-OPEN",
        title="Assistance to care start-ups",
        deadlines=(),
        continuous=True,
        programme=None,
        programme_name="Interregional Innovation Investments",
    )
    later = call(
        "plan-2027-02",
        source="se_tillvaxtverket",
        url="https://tillvaxtverket.example.se/planerad/2",
        title="Digitala tjänster i offentlig sektor",
        language="sv",
        family=Family.STRUCTURAL,
        programme=None,
        programme_name="Regionalfonden, Östra Mellansverige",
        planned=True,
        opens=date(2027, 2, 28),
        opens_precision=Precision.MONTH,
        deadlines=(),
    )
    gone = call("ERASMUS-2026-X", title="Youth carers exchange", deadlines=(at(2026, 11, 10),))
    far = call("FAR-1", title="Fusion neutronics")
    check = Eligibility(
        verdict=Verdict.CHECK,
        reasons=(
            Remark(
                rule="applicants",
                sv="Utlysaren säger inte vem som kan söka.",
                en="The publisher does not say who may apply.",
            ),
        ),
        open_points=(
            Remark(
                rule="staff",
                sv="Kontrollera om kommunala bolag räknas som part.",
                en="Check whether municipal companies count as a party.",
            ),
        ),
    )
    no = Eligibility(
        verdict=Verdict.EXCLUDED,
        reasons=(
            Remark(
                rule="population",
                sv="Kräver minst 50 000 invånare (kan sökas i grupp).",
                en="Needs at least 50,000 inhabitants (a group may apply).",
            ),
        ),
    )
    excluded = [call(f"EUI-{n}") for n in range(3)]
    two = (
        *match(two_stage).reasons,
        Reason(
            priority_id="delaktighet",
            priority="Alla ska vara delaktiga",
            score=0.4,
            terms=(Term(query="funktionsnedsättning", document="disability", route="lexicon", weight=0.2),),
        ),
    )
    everything = [esf, moved, two_stage, short, vague, later, gone, far, *excluded]
    return plan(
        [stored(c) for c in everything],
        [
            match(esf, 0.95),
            match(moved, 0.6),
            match(two_stage, 0.93, reasons=two),
            match(short, 0.7),
            match(vague, 0.55, eligibility=check),
            match(later, 0.8),
            match(gone, 0.8),
            match(far, 0.01),
            *(match(c, 0.8, eligibility=no) for c in excluded),
        ],
        [
            told(esf, days_ago=30),
            told(
                replace(
                    moved,
                    deadlines=(at(2027, 1, 21),),
                    budget=Money(amount=Decimal(8_000_000), currency="EUR"),
                )
            ),
            told(gone, days_ago=14),
        ],
        committee=COMMITTEE.model_copy(update={"language": language}),
    )
