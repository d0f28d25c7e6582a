"""Sources that have not been read for too long, or have had nothing new for longer than is their way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from matcher.domain import STOCKHOLM
from matcher.scrapers.source import Source
from matcher.storage import repository

#: without a good run for longer, what the letters say is too old
_TOO_OLD = {"daily": timedelta(hours=36), "weekly": timedelta(days=9)}
#: silence is judged by a source's own gaps, once a year of seasons or this many arrivals have been seen
_A_YEAR = timedelta(days=365)
_ARRIVALS = 10
_LEAST_SILENCE = timedelta(days=60)
_GAPS = 3


def stale(source: Source, record: repository.SourceRecord | None, now: datetime) -> str | None:
    """The sentence about a source that was tried, but has not been read for 36 hours (weekly: 9 days)."""
    if record is None:
        return None
    if record.last_read is None:
        return "it has never been read"
    since = record.last_read.ended_at
    return f"not read since {_minute(since)}" if now - since > _TOO_OLD[source.frequency] else None


def quiet(arrivals: Sequence[datetime], now: datetime) -> str | None:
    """The sentence about a source without new calls for 60 days and three times its longest gap.

    Publishers with one round a year are silent for most of it: with fewer than ten arrivals nothing is said
    before the source has been read for a year.

    Args:
        arrivals: the moments at which new calls were first seen, oldest first; the first is the first run.
    """
    enough = len(arrivals) > _ARRIVALS or (len(arrivals) > 1 and now - arrivals[0] >= _A_YEAR)
    if not enough:
        return None
    longest = max(after - before for before, after in pairwise(arrivals))
    if now - arrivals[-1] <= max(_LEAST_SILENCE, _GAPS * longest):
        return None
    return (
        f"no new call since {arrivals[-1].astimezone(STOCKHOLM):%Y-%m-%d}, while there were never more than "
        f"{longest.days + 1} days between two before; see whether the publisher has moved its list"
    )


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
