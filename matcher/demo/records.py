"""The fictitious calls of the demo as strict models, and the calendar that dates them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

#: days from the world's first day; 0 is left out so that no call changes its status during the day
Offset = int


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PortalCall(_Strict):
    """An entry of the Funding & Tenders Portal."""

    id: str
    kind: Literal["topic", "cascade", "prospect"] = "topic"
    call: str | None = None
    call_title: str | None = None
    title: str
    programme: str = Field(pattern=r"^\d+$")
    action: str | None = None
    model: Literal["single-stage", "two-stage", "multiple cut-off"] = "single-stage"
    opens: Offset
    closes: list[Offset] = Field(min_length=1)
    #: clock time of the deadlines; topics carry none
    time: str | None = Field(None, pattern=r"^\d\d:\d\d$")
    budget: int | None = None
    grant_minimum: int | None = None
    grant_maximum: int | None = None
    grants: int | None = None
    keywords: list[str] = []
    text: str
    conditions: str = ""
    own_id: str | None = None
    number: str | None = None
    project: str | None = None
    amount: int | None = None


class Portal(_Strict):
    """portal.yaml."""

    calls: list[PortalCall]
    stubs: list[str]
    stale: list[str]


class GrowthCall(_Strict):
    """A call of Tillväxtverket, field by field in the order of its page."""

    slug: str = Field(pattern="^[a-z]+$")
    number: int
    title: str
    opens: Offset
    closes: Offset
    places: list[str] = Field(min_length=1)
    lead: str
    who: str
    what: str
    money: str
    about: list[str]


class GrowthPlanned(_Strict):
    """An entry of Tillväxtverket's timetable; ``month``: only the month of opening is known."""

    goal: str
    opens: Offset
    closes: Offset | None = None
    month: bool = False
    text: str


class GrowthPlan(_Strict):
    """The timetable of one programme."""

    slug: str
    number: int
    title: str
    entries: list[GrowthPlanned]


class Growth(_Strict):
    """tillvaxtverket.yaml."""

    calls: list[GrowthCall]
    plan: GrowthPlan


class EsfCall(_Strict):
    """A call of ESF-rådet; ``form`` says where the page states the period."""

    slug: str = Field(pattern="^[a-z-]+$")
    reference: str
    title: str
    area: str
    region: str
    form: Literal["labels", "period", "sentence", "coming"]
    opens: Offset
    closes: Offset | None = None
    time: str | None = Field(None, pattern=r"^\d\d:\d\d$")
    focus: str
    lead: str
    who: str
    about: list[str]
    money: str


class EsfPlanned(_Strict):
    """An entry of ESF-rådet's two-year plan; ``months``: only months are known."""

    area: str
    region: str
    opens: Offset
    closes: Offset
    months: bool = False
    focus: str
    who: str
    amount: str


class Esf(_Strict):
    """esf.yaml."""

    calls: list[EsfCall]
    plan: list[EsfPlanned]


class InterregCall(_Strict):
    """A call of an Interreg programme as the search index holds it."""

    page: int
    title: str
    programme: str
    opens: Offset
    closes: Offset
    themes: list[str]
    countries: list[str]
    #: NUTS3 code → name
    regions: dict[str, str]
    rate: str | None = None
    amount: str | None = None
    text: str


class Interreg(_Strict):
    """interreg.yaml."""

    calls: list[InterregCall]


class Records(_Strict):
    """Everything the demo's publishers know."""

    portal: Portal
    tillvaxtverket: Growth
    esf: Esf
    interreg: Interreg


@lru_cache(maxsize=1)
def records() -> Records:
    """Read the YAML files beside this module.

    Raises:
        pydantic.ValidationError: a file does not fit its model.
    """
    folder = resources.files("matcher.demo") / "calls"
    names = ("portal", "tillvaxtverket", "esf", "interreg")
    reader = YAML(typ="safe")
    return Records.model_validate({n: reader.load((folder / f"{n}.yaml").read_text("utf-8")) for n in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Turns offsets into days: ``start`` is day 0 of the world, ``today`` the day it is seen."""

    start: date
    today: date

    def day(self, offset: Offset) -> date:
        """The day of an offset, moved off the weekend and away from ``start``: no call changes side."""
        day = self.start + timedelta(days=offset)
        if day.weekday() < 5:
            return day
        return day + timedelta(days=7 - day.weekday() if offset > 0 else 4 - day.weekday())

    def fill(self, text: str) -> str:
        """Put the world's year and the year before in place of ``{year}`` and ``{previous}``."""
        return text.replace("{year}", str(self.start.year)).replace("{previous}", str(self.start.year - 1))
