"""The administrator's YAML and the environment as validated values."""

from matcher.config.models import (
    Bands,
    Committee,
    Configuration,
    County,
    DigestSchedule,
    Geography,
    LexiconEntry,
    LexiconFile,
    Meeting,
    Municipality,
    Partner,
    Priority,
    Programme,
    Scoring,
    Settings,
)

__all__ = [
    "Bands",
    "Committee",
    "Configuration",
    "County",
    "DigestSchedule",
    "Geography",
    "LexiconEntry",
    "LexiconFile",
    "Meeting",
    "Municipality",
    "Partner",
    "Priority",
    "Programme",
    "Scoring",
    "Settings",
]
