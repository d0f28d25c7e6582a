"""The use cases: read the publishers, rank, plan letters, send them; each takes its time from outside."""

from matcher.jobs.alarms import raise_alarms
from matcher.jobs.answers import answer, answers
from matcher.jobs.evaluation import measure_sets, rank_file
from matcher.jobs.evidence import Proof, Reparse, Reread, carry_out_retention, proofs, reparse
from matcher.jobs.feedback import Feedback, Moved, feedback
from matcher.jobs.installation import Clock, Installation, Progress, Stop, open_installation
from matcher.jobs.letters import Planned, plan, preview, preview_overview
from matcher.jobs.lexicon import (
    LexiconBuilt,
    LexiconCheck,
    build_lexicon,
    check_lexicon,
    priorities_without_english,
)
from matcher.jobs.outbox import (
    BouncesRead,
    find_letter,
    list_letters,
    read_bounces,
    resend,
    resolve,
    suspensions,
    unsuspend,
)
from matcher.jobs.ranking import Explanation, Ranked, explain, match, says_nothing, unlisted
from matcher.jobs.sending import Sending, deliverable, reconcile, send, waiting
from matcher.jobs.service import Overview, Service, TickReport, overview
from matcher.jobs.sources import due_sources, enabled_sources, scrape, source_health, try_source
from matcher.jobs.subscriptions import SubscriptionState, resubscribe, subscription, unsubscribe

__all__ = [
    "BouncesRead",
    "Clock",
    "Explanation",
    "Feedback",
    "Installation",
    "LexiconBuilt",
    "LexiconCheck",
    "Moved",
    "Overview",
    "Planned",
    "Progress",
    "Proof",
    "Ranked",
    "Reparse",
    "Reread",
    "Sending",
    "Service",
    "Stop",
    "SubscriptionState",
    "TickReport",
    "answer",
    "answers",
    "build_lexicon",
    "carry_out_retention",
    "check_lexicon",
    "deliverable",
    "due_sources",
    "enabled_sources",
    "explain",
    "feedback",
    "find_letter",
    "list_letters",
    "match",
    "measure_sets",
    "open_installation",
    "overview",
    "plan",
    "preview",
    "preview_overview",
    "priorities_without_english",
    "proofs",
    "raise_alarms",
    "rank_file",
    "read_bounces",
    "reconcile",
    "reparse",
    "resend",
    "resolve",
    "resubscribe",
    "says_nothing",
    "scrape",
    "send",
    "source_health",
    "subscription",
    "suspensions",
    "try_source",
    "unlisted",
    "unsubscribe",
    "unsuspend",
    "waiting",
]
