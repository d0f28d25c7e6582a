"""The use cases: read the publishers, rank, plan letters, send them; each takes its time from outside."""

from matcher.jobs.alarms import raise_alarms
from matcher.jobs.installation import Clock, Installation, Progress, Stop, open_installation
from matcher.jobs.letters import Planned, Sending, plan, preview, send, waiting
from matcher.jobs.ranking import Explanation, Ranked, explain, match, rank_file, unlisted
from matcher.jobs.service import Overview, Service, TickReport, overview
from matcher.jobs.sources import due_sources, enabled_sources, scrape, source_health, try_source

__all__ = [
    "Clock",
    "Explanation",
    "Installation",
    "Overview",
    "Planned",
    "Progress",
    "Ranked",
    "Sending",
    "Service",
    "Stop",
    "TickReport",
    "due_sources",
    "enabled_sources",
    "explain",
    "match",
    "open_installation",
    "overview",
    "plan",
    "preview",
    "raise_alarms",
    "rank_file",
    "scrape",
    "send",
    "source_health",
    "try_source",
    "unlisted",
    "waiting",
]
