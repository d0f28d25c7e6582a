"""The configuration as validated, immutable values: what an administrator may write in YAML."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from matcher.domain import ActionType, Applicant, Family

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Terms = Annotated[tuple[Term, ...], Field(max_length=500)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Nuts = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[A-Z0-9]{0,3}$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Model(BaseModel):
    """Frozen and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    time: time = Field(time(7, 0), description='Local time in Europe/Stockholm, quoted: "07:00".')
    every: Literal["week", "fortnight", "month"] = "week"
    max_calls: int = Field(8, ge=1, le=30, description="Most new calls in one letter.")
    when_empty: Literal["send", "silence"] = Field(
        "send", description='Whether a letter that says "no new calls" is sent.'
    )
    paused: bool = False


class Committee(Model):
    """A committee (nämnd) and what it wants to hear about."""

    id: Identifier
    name: Text
    responsibility: Text = Field(description="What the committee runs; carries vague priorities.")
    language: Literal["sv", "en"] = "sv"
    recipients: Annotated[tuple[EmailStr, ...], Field(max_length=50)] = ()
    digest: DigestSchedule = DigestSchedule()
    meetings: tuple[date, ...] = Field((), description="Days the committee meets.")
    paper_days: int = Field(14, ge=0, le=60, description="Days before a meeting that papers are due.")
    priorities: Annotated[tuple[Priority, ...], Field(min_length=1, max_length=100)]


class Partner(Model):
    """A twin town or friend that could join a consortium."""

    name: Text
    country: Country


class Municipality(Model):
    """One municipality: facts that decide what it may apply for, and its committees."""

    municipality: Text = Field(description="Name, e.g. Eskilstuna kommun.")
    id: Identifier
    code: Annotated[str, StringConstraints(pattern=r"^\d{4}$")] = Field(
        description='SCB code, quoted: "0484".'
    )
    county: Text = Field(description="County or an alias: Södermanlands län, Sörmland.")
    population: int = Field(gt=0, lt=3_000_000)
    networks: tuple[Text, ...] = ()
    coordinator: tuple[EmailStr, ...] = ()
    partners: tuple[Partner, ...] = ()
    council_priorities: tuple[Priority, ...] = ()
    emphasis: Terms = ()
    committees: Annotated[tuple[Committee, ...], Field(min_length=1, max_length=60)]


# --- matcher.yaml ----------------------------------------------------------------------------


class HttpSettings(Model):
    """How we present ourselves to publishers and how patient we are."""

    contact: Text = Field("https://example.org/matcher", description="In the User-Agent: a page or address.")
    delay_seconds: float = Field(1.0, ge=0, le=60, description="Least pause between two requests to a host.")


class ScheduleSettings(Model):
    """When the scheduler reads the publishers, in Swedish local time."""

    scrape_at: tuple[time, ...] = Field((time(4, 30),), min_length=1, description="Local times, quoted.")


class MailSettings(Model):
    """The letter's sender; where the mail server is comes from SMTP_URL."""

    sender_name: Text = "EU-utlysningar"
    reply_to: EmailStr | None = Field(None, description="A person or functional mailbox that answers.")
    operators: tuple[EmailStr, ...] = Field((), description="Told when a source or the sending breaks.")
    list_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$")] = Field(
        "matcher.invalid", description="Domain in List-Id and Message-ID."
    )


class CurrencySettings(Model):
    """What a euro is in kronor; the letter names rate and date."""

    sek_per_eur: Decimal = Field(Decimal("11.00"), gt=5, lt=25)
    rate_date: date = date(2026, 11, 20)


class RetentionSettings(Model):
    """How long things are kept; ``None`` keeps for ever, which public-records law makes the default."""

    letters_days: int | None = Field(None, ge=30)
    pages_days: int | None = Field(None, ge=7)


class Settings(Model):
    """matcher.yaml: one installation."""

    sources: dict[str, bool] = Field(
        default_factory=dict, description="Source: false switches it off; sources not named are on."
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
    countries: int | None = Field(None, ge=1)
    rate_minimum: Decimal | None = Field(None, ge=0, le=1)
    rate_maximum: Decimal | None = Field(None, ge=0, le=1)
    geography: tuple[Nuts, ...] = Field(
        (), description="NUTS codes of the programme area; empty: not limited."
    )
    population: int | None = Field(None, description="Least number of inhabitants.")
    population_in_group: bool = Field(False, description="Several municipalities may add up to it.")
    grant: Bilingual | None = Field(None, description="Typical size, in words.")
    action: ActionType | None = None
    sources: tuple[Text, ...] = Field((), description="Where the facts come from.")
    confidence: Literal["high", "medium", "low"] = "medium"


class Area(Model):
    """A county or a larger area with every name publishers use for it."""

    nuts: Nuts
    name: Text
    aliases: tuple[Text, ...] = ()
    #: for counties only
    esf_area: Text | None = None
    erdf_area: Text | None = None


class Geography(Model):
    """geography.yaml: counties (NUTS3) and areas (NUTS2, country)."""

    counties: tuple[Area, ...] = Field(min_length=21, max_length=21)
    areas: tuple[Area, ...]


# --- scoring.yaml ----------------------------------------------------------------------------


class Bands(Model):
    """Least score of each band, on the model's fixed scale."""

    strong: float = Field(0.8, gt=0)
    possible: float = Field(0.5, gt=0)


class QueryWeights(Model):
    """How the parts of a committee's query weigh."""

    priority: float = Field(1.0, gt=0)
    keywords: float = Field(1.0, ge=0)
    responsibility: float = Field(0.6, ge=0)
    council: float = Field(0.3, ge=0)
    emphasis: float = Field(0.2, ge=0)
    exclude: float = Field(0.5, ge=0)
    breadth: float = Field(0.5, ge=0, le=1, description="Share of the mean beside the best priority.")


class ChannelWeights(Model):
    """How the word, character and latent channels add up."""

    word: float = Field(0.45, ge=0)
    char: float = Field(0.30, ge=0)
    latent: float = Field(0.25, ge=0)


class Scoring(Model):
    """scoring.yaml: every parameter of the model."""

    title_weight: float = Field(2.0, gt=0, le=10)
    programme_weight: float = Field(1.0, ge=0, le=10)
    slope: float = Field(0.3, ge=0, le=1, description="Pivoted length normalisation.")
    char_ngrams: tuple[int, int] = (3, 5)
    latent_dimensions: int = Field(200, ge=0, le=1000)
    compound_weight: float = Field(0.8, ge=0, le=1)
    cognate_weight: float = Field(0.6, ge=0, le=1)
    channels: ChannelWeights = ChannelWeights()
    query: QueryWeights = QueryWeights()
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
