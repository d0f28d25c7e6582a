"""The configuration as validated, immutable values: what an administrator may write in YAML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from matcher.domain import ActionType, Applicant, Family

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
#: one line of text: goes into headers and headings
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")
]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Terms = Annotated[tuple[Term, ...], Field(max_length=500)]
Nuts = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z0-9]{0,3}$")]
#: ISO 3166 country code, or EU for all Member States
Countries = tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _iso(code: str) -> str:
    if code in ("EL", "UK"):  # the Union's own codes, which ISO 3166 and our tables do not have
        raise ValueError(f"write {'GR' if code == 'EL' else 'GB'}, the ISO 3166 code")
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_iso)]


def _local(value: time) -> time:
    if value.tzinfo is not None or value.microsecond or value.second:
        raise ValueError("give hours and minutes of Swedish local time, without a zone")
    return value


#: Hours and minutes in Europe/Stockholm. The pattern replaces JSON Schema's "time", which demands a zone.
LocalTime = Annotated[
    time,
    AfterValidator(_local),
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}),
]


class Model(BaseModel):
    """Frozen, and strict about unknown keys and NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# --- municipalities/*.yaml -------------------------------------------------------------------


class Priority(Model):
    """One area a committee has registered."""

    id: Identifier
    text: Text = Field(description="The priority in the committee's own words.")
    keywords: Terms = Field((), description="Words that say what the priority means in practice.")
    exclude: Terms = Field((), description="Words that push a call down for this priority.")
    weight: float = Field(1.0, gt=0, le=10)
    valid_until: date | None = Field(None, description="Last day the priority counts.")

    def counts_on(self, day: date) -> bool:
        """Whether the priority is still in force."""
        return self.valid_until is None or day <= self.valid_until


class DigestSchedule(Model):
    """When a committee's letter goes out, in Swedish local time, and how long it may be."""

    weekday: Weekday = "monday"
    time: LocalTime = Field(time(7, 0), description='Local time in Europe/Stockholm, quoted: "07:00".')
    every: Literal["week", "fortnight", "month"] = "week"
    max_calls: int = Field(8, ge=1, le=30, description="Most new calls in one letter.")
    when_empty: Literal["send", "silence"] = Field(
        "send", description='Whether a letter that says "no new calls" is sent.'
    )
    paused: bool = False
    paused_until: date | None = Field(None, description="No letter up to and including this day.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A committee's meeting and the day its papers are due."""

    day: date
    papers_due: date


class DecidingBody(Model):
    """A body that decides at meetings and wants its papers some days before."""

    name: Line
    meetings: tuple[date, ...] = Field((), description="Days it meets.")
    paper_days: int = Field(14, ge=0, le=60, description="Days before a meeting that papers are due.")

    def meeting_before(self, day: date, now_day: date) -> Meeting | None:
        """The last meeting before ``day`` whose papers can still be handed in on ``now_day``.

        ``None`` means that no registered meeting will do; ``calendar_reaches`` tells whether that is a
        fact about the body or only a gap in its calendar.
        """
        notice = timedelta(days=self.paper_days)
        last = max((m for m in self.meetings if now_day + notice <= m < day), default=None)
        return Meeting(day=last, papers_due=last - notice) if last else None

    def calendar_reaches(self, day: date) -> bool:
        """Whether the registered meetings go on to ``day`` or beyond, so that a gap before it is a fact."""
        return any(m >= day for m in self.meetings)


class Committee(DecidingBody):
    """A committee (nämnd) and what it wants to hear about."""

    id: Identifier
    responsibility: Text = Field(description="What the committee runs; carries vague priorities.")
    language: Literal["sv", "en"] = "sv"
    recipients: Annotated[tuple[EmailStr, ...], Field(max_length=50)] = ()
    digest: DigestSchedule = DigestSchedule()
    priorities: Annotated[tuple[Priority, ...], Field(min_length=1, max_length=100)]


class Partner(Model):
    """A twin town or friend that could join a consortium."""

    name: Line
    country: Country = Field(description="ISO 3166 code: DE, FI, GR.")


class Municipality(Model):
    """One municipality: facts that decide what it may apply for, and its committees."""

    municipality: Line = Field(description="Name, e.g. Eskilstuna kommun.")
    id: Identifier
    code: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] = Field(
        description='SCB code, quoted: "0484".'
    )
    county: Text = Field(description="County or an alias: Södermanlands län, Sörmland.")
    population: int = Field(gt=0, lt=3_000_000)
    networks: tuple[Text, ...] = ()
    coordinator: Annotated[tuple[EmailStr, ...], Field(max_length=50)] = Field(
        (), description="Gets an overview of all committees' letters."
    )
    executive: DecidingBody | None = Field(
        None,
        description="Kommunstyrelsen, where it has to decide after the committee; letters name both days.",
    )
    partners: tuple[Partner, ...] = ()
    council_priorities: tuple[Priority, ...] = ()
    emphasis: Terms = ()
    committees: Annotated[tuple[Committee, ...], Field(min_length=1, max_length=60)]


# --- matcher.yaml ----------------------------------------------------------------------------


class HttpSettings(Model):
    """How we present ourselves to publishers and how patient we are."""

    contact: Line = Field("https://example.org/matcher", description="In the User-Agent: a page or address.")
    delay_seconds: float = Field(1.0, ge=0, le=60, description="Least pause between two requests to a host.")


class ScheduleSettings(Model):
    """When the scheduler reads the publishers, in Swedish local time."""

    scrape_at: tuple[LocalTime, ...] = Field((time(4, 30),), min_length=1, description="Local times, quoted.")


class MailSettings(Model):
    """The letter's sender; where the mail server is comes from SMTP_URL."""

    sender_name: Line = "EU-utlysningar"
    reply_to: EmailStr | None = Field(None, description="A person or functional mailbox that answers.")
    operators: tuple[EmailStr, ...] = Field((), description="Told when a source or the sending breaks.")
    list_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$")] = Field(
        "matcher.invalid", description="Domain in List-Id and Message-ID."
    )
    return_path: EmailStr | None = Field(
        None, description="Where letters that cannot be delivered come back to; MAIL_FROM if not given."
    )
    archive: EmailStr | None = Field(
        None, description="Gets a blind copy of each letter; with ARCHIVE_URL it proves that one was taken."
    )
    mail_log: tuple[Line, ...] = Field(
        (), description="Logs of this machine's Postfix or Exim, as paths or patterns: mail.log* and so on."
    )
    uncertain: Literal["resend", "hold"] = Field(
        "resend",
        description="What becomes of a letter when neither log nor archive can tell whether it was taken: "
        "sent once more after an hour, or held for a person.",
    )
    most_letters: int = Field(
        50, ge=1, description="So many letters at a time are never held back, however unusual."
    )
    most_calls: int = Field(
        300, ge=1, description="So many new or changed calls at a time are never held back, however unusual."
    )


class CurrencySettings(Model):
    """What a euro is in kronor; the letter names rate and date."""

    sek_per_eur: Decimal = Field(Decimal("11.00"), gt=5, lt=25)
    rate_date: date = date(2026, 11, 20)


class RetentionSettings(Model):
    """How long things are kept; ``None`` keeps for ever, which public-records law makes the default."""

    letters_days: int | None = Field(
        None, ge=30, description="Then a letter that is done loses its text; that it was sent stays known."
    )
    pages_days: int | None = Field(
        None,
        ge=7,
        description="Then a publisher's page goes, unless a call that is not over was read from it.",
    )


class Settings(Model):
    """matcher.yaml: one installation."""

    sources: dict[str, bool] = Field(
        default_factory=dict, description="Source: false switches it off; sources not named are on."
    )
    permissions: dict[str, Line] = Field(
        default_factory=dict,
        description="Source: who has allowed us in writing, and when, to read what its robots.txt forbids.",
    )
    http: HttpSettings = HttpSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    mail: MailSettings = MailSettings()
    currency: CurrencySettings = CurrencySettings()
    retention: RetentionSettings = RetentionSettings()


# --- programmes.yaml and geography.yaml ------------------------------------------------------


class Bilingual(Model):
    """A text in both languages of the product."""

    sv: Text
    en: Text


class Programme(Model):
    """What holds for every call of a programme unless the call says otherwise."""

    code: Identifier
    name: Bilingual
    family: Family
    fund: Identifier | None = None
    where_to_apply: Bilingual | None = None
    applicants: tuple[Applicant, ...] = Field((), description="Empty: not known.")
    municipality: Literal["yes", "partner", "conditional", "no", "unknown"] = "unknown"
    municipality_note: Bilingual | None = None
    partners: int | None = Field(None, ge=1, description="Least number of parties, applicant included.")
    countries: int | None = Field(None, ge=1, description="Least number of countries, Sweden included.")
    partner_countries: Countries = Field(
        (),
        description="ISO 3166 codes of the countries that parties may come from; EU stands for all Member "
        "States; empty: not known.",
    )
    rate_minimum: Decimal | None = Field(None, ge=0, le=1)
    rate_maximum: Decimal | None = Field(None, ge=0, le=1)
    geography: tuple[Nuts, ...] = Field(
        (), description="NUTS codes of the programme area; empty: not limited."
    )
    geography_check: tuple[Nuts, ...] = Field(
        (), description="NUTS codes that are only partly in the area, or where our facts disagree."
    )
    population: int | None = Field(None, ge=1, description="Least number of inhabitants.")
    population_in_group: bool = Field(False, description="Several municipalities may add up to it.")
    grant: Bilingual | None = Field(None, description="Typical size, in words.")
    action: ActionType | None = None
    sources: tuple[Text, ...] = Field((), description="Where the facts come from.")
    confidence: Literal["high", "medium", "low"] = "medium"


class ProgrammeFile(Model):
    """programmes.yaml: what is known about each programme."""

    programmes: Annotated[tuple[Programme, ...], Field(min_length=1)]


class Area(Model):
    """A part of Sweden, by its NUTS code; the areas of ESF+ and ERDF are those of NUTS 2."""

    nuts: Nuts
    name: Text


class County(Area):
    """A county (NUTS 3), with the other names that ``county:`` in a municipality's file may have."""

    aliases: tuple[Text, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether the county goes by this name, letter case and spaces at the ends apart."""
        return name.strip().casefold() in {n.casefold() for n in (self.name, *self.aliases)}


class Geography(Model):
    """geography.yaml: counties (NUTS 3) and the areas they lie in (NUTS 1 and 2)."""

    counties: tuple[County, ...] = Field(min_length=21, max_length=21)
    areas: tuple[Area, ...]

    def county(self, name: str) -> County | None:
        """The county with this name or alias, or ``None``."""
        return next((c for c in self.counties if c.is_called(name)), None)

    def name_of(self, nuts: str) -> str:
        """Swedish name of a NUTS code; the code itself when it is not a Swedish one."""
        return next((a.name for a in (*self.areas, *self.counties) if a.nuts == nuts), nuts)


# --- scoring.yaml ----------------------------------------------------------------------------


class Bands(Model):
    """Least score of each band, on the model's fixed scale: 1 is the typical best hit of a subject."""

    strong: float = Field(0.6, gt=0)
    possible: float = Field(0.4, gt=0)


class QueryWeights(Model):
    """How the parts of a committee's query weigh."""

    priority: float = Field(1.0, gt=0, description="A priority's own text.")
    keywords: float = Field(1.0, ge=0, description="A priority's keywords, together.")
    responsibility: float = Field(0.8, ge=0, description="Added to every priority: what vague ones lean on.")
    council: float = Field(0.3, ge=0, description="The best of the council's priorities.")
    emphasis: float = Field(0.2, ge=0, description="The municipality's emphasis.")
    audience: float = Field(0.35, ge=0, description="Calls that speak of municipalities and their like.")
    exclude: float = Field(0.5, ge=0, description="Taken off for a priority's excluded words.")
    breadth: float = Field(0.5, ge=0, le=1, description="Share of the mean beside the best priority.")


class ChannelWeights(Model):
    """How the word, character and latent channels add up; scaled to sum to 1."""

    word: float = Field(0.5, ge=0)
    char: float = Field(0.35, ge=0)
    latent: float = Field(0.15, ge=0)


class FeedbackWeights(Model):
    """How answers and judgements move a committee's query (Rocchio); the stored text stays."""

    relevant: float = Field(1.0, ge=0, description="Mean of the wanted calls, beside the committee's words.")
    irrelevant: float = Field(0.25, ge=0, description="Taken off: mean of the calls not for the committee.")
    terms: int = Field(100, ge=1, le=1000, description="Heaviest words kept.")


class Audience(Model):
    """Whom a call that concerns municipalities speaks of; the same for every committee."""

    sv: Text = "kommuner, regioner, städer, offentlig sektor, lokala aktörer, civilsamhälle, invånare"
    en: Text = (
        "municipalities, local and regional authorities, cities, towns, local communities, "
        "public authorities, public services, citizens, residents"
    )


class Scoring(Model):
    """scoring.yaml: every parameter of the model."""

    title_weight: float = Field(2.0, gt=0, le=10, description="A word in the title counts so many times.")
    programme_weight: float = Field(1.0, ge=0, le=10, description="The same for programme and call title.")
    slope: float = Field(0.9, ge=0, le=1, description="Pivoted length normalisation: 1 = full cosine.")
    idf_floor: float = Field(
        0.3, gt=0, le=1, description="What a word that every call has still weighs; the rarest weigh about 7."
    )
    char_ngrams: tuple[int, int] = (3, 5)
    latent_dimensions: int = Field(200, ge=0, le=1000, description="0 switches the latent channel off.")
    compound_weight: float = Field(0.8, ge=0, le=1, description="Parts of a compound against the whole.")
    phrase_weight: float = Field(1.0, ge=0, le=5, description="A lexicon phrase found word for word.")
    cognate_weight: float = Field(0.6, ge=0, le=1, description="Words that only look alike.")
    noise_weight: float = Field(
        0.3, ge=0, le=1, description="Words of administration, in calls of the committee's own language."
    )
    channels: ChannelWeights = ChannelWeights()
    query: QueryWeights = QueryWeights()
    audience: Audience = Audience()
    feedback: FeedbackWeights = FeedbackWeights()
    bands: Bands = Bands()
    chosen_by: str | None = Field(None, description="The evaluation that chose these values.")


# --- lexicon/*.yaml --------------------------------------------------------------------------


class LexiconEntry(Model):
    """A Swedish headword or phrase and the English that calls use for it."""

    sv: Term
    en: tuple[Term, ...] = ()
    synonyms: Terms = Field((), description="Other Swedish words for the same, abbreviations too.")
    noise: bool = Field(False, description="A word of administration that says nothing about the subject.")


class LexiconFile(Model):
    """One field of municipal life."""

    field: Identifier
    generated: bool = Field(False, description="Made by `matcher lexicon build`; the other files win.")
    terms: Annotated[tuple[LexiconEntry, ...], Field(min_length=1)]


# --- the whole -------------------------------------------------------------------------------


class Configuration(Model):
    """Everything under config/, validated together; ``version`` is the hash of all its files."""

    settings: Settings
    scoring: Scoring
    programmes: dict[str, Programme]
    geography: Geography
    lexicon: tuple[LexiconFile, ...]
    municipalities: tuple[Municipality, ...]
    version: str

    def committees(self) -> list[tuple[Municipality, Committee]]:
        """Every committee with its municipality, in the order of the files."""
        return [(m, c) for m in self.municipalities for c in m.committees]
