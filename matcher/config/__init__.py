"""The administrator's YAML and the environment as validated values."""

from matcher.config.models import (
    Area,
    Bands,
    Committee,
    Configuration,
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
    "Area",
    "Bands",
    "Committee",
    "Configuration",
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
