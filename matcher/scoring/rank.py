"""From a committee's priorities to a ranked list of calls with reasons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Self, TypeVar

import numpy as np

from matcher.config.models import Bands, Committee, Geography, Municipality, Priority, Programme, Scoring
from matcher.domain import STOCKHOLM, Band, Call, Eligibility, Match, Reason, Status
from matcher.scoring.feedback import Learnt
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Ask, Document, Query, Scores, TfidfModel
from matcher.scoring.text import LANGUAGES, language_of

T = TypeVar("T")
Judge = Callable[
    [Call, Municipality, Committee, Mapping[str, Programme], Geography, datetime],
    Eligibility,
]
#: reasons of a match: more priorities than this explain nothing
_MOST_REASONS = 3
#: digits of a score: what lies behind them differs between processors
_DIGITS = 6
#: committees scored at once
_TOGETHER = 50
#: what stands for a priority when answers are the reason
_ANSWERED = {"sv": "Liknar vad ni har svarat ja till", "en": "Like what you said yes to"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A document in a committee's list."""

    id: str
    score: float
    band: Band
    #: best priority first; each one's terms sum to the word channel's part of its score
    reasons: tuple[Reason, ...] = ()
    #: the score by origin: "priority", "breadth", "council", "emphasis", "audience", "feedback"
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartScore:
    """What one priority gives one document: the channels, times its weight, less what it excludes."""

    priority: str
    word: float
    char: float
    latent: float
    excluded: float
    score: float


@dataclass(frozen=True, slots=True)
class _Part:
    """A query of a committee: a priority and what it leans on."""

    id: str
    text: str
    weight: float
    query: Query
    exclude: Query | None = None


def documents_of(calls: Iterable[Call]) -> list[Document]:
    """What is matched of calls: title, text, keywords, and the names they belong to; no conditions."""
    return [
        Document(
            id=id_of(call),
            title=call.title,
            text="\n".join(filter(None, (call.text, ", ".join(call.keywords)))),
            language=call.language,
            context=tuple(filter(None, (call.programme_name, call.call_title))),
        )
        for call in calls
    ]


def id_of(call: Call) -> str:
    """The id of a call's document: SOURCE/ID."""
    return f"{call.source}/{call.source_id}"


def band_of(score: float, bands: Bands) -> Band:
    """What a score means."""
    if score >= bands.strong:
        return Band.STRONG
    return Band.POSSIBLE if score >= bands.possible else Band.WEAK


class Ranker:
    """Ranks documents for committees and for plain queries with one model and one lexicon."""

    def __init__(self, scoring: Scoring, lexicon: Lexicon) -> None:
        self.scoring = scoring
        self.lexicon = lexicon
        self.model = TfidfModel.of(scoring, lexicon)

    def fit(self, documents: Iterable[Document]) -> Self:
        """Index the documents."""
        self.model.fit(documents)
        self._ids = [document.id for document in self.model.documents_]
        self._alphabetical = np.argsort(np.argsort(np.array(self._ids, dtype=object)))
        weights, audience = self.scoring.query, self.scoring.audience
        self._audience = np.zeros(len(self._ids))
        if weights.audience and self._ids:
            texts = [Ask(audience.sv, 1.0, "sv"), Ask(audience.en, 1.0, "en")]
            self._audience = self.model.score([self.model.ask([text]) for text in texts]).max(axis=0)
        return self

    # --- committees --------------------------------------------------------------------------

    def rank(
        self,
        municipality: Municipality,
        committee: Committee,
        *,
        now: datetime,
        candidates: Collection[str] | None = None,
        depth: int | None = None,
        explained: int = 30,
        learnt: Learnt | None = None,
    ) -> list[Ranked]:
        """Documents for a committee, best first, ties by id; only those in ``candidates`` if given.

        ``learnt`` is what this committee's own answers and judgements move (:func:`feedback.learn`).

        Priorities past ``valid_until`` do not count. The list is empty when no word of the committee
        says anything to the index: a random order would be worse. The first ``explained`` carry reasons.
        """
        own, council = self._parts(municipality, committee, now)
        if not self._ids or not own:
            return []
        scores = self._weighed([*own, *council])
        return self._listed(
            municipality, committee, own, council, scores, candidates, depth, explained, learnt
        )

    def rank_many(
        self, committees: Iterable[tuple[Municipality, Committee]], *, now: datetime, depth: int = 20
    ) -> Iterator[list[Ranked]]:
        """The best ``depth`` documents for each committee, all with reasons, as :meth:`rank` gives them.

        Many at once are quicker: words that several committees share are compared once.
        """
        for some in batched(committees, _TOGETHER):
            parts = [self._parts(municipality, committee, now) for municipality, committee in some]
            scores = self._weighed([part for own, council in parts for part in (*own, *council)])
            start = 0
            for (municipality, committee), (own, council) in zip(some, parts, strict=True):
                stop = start + len(own) + len(council)
                if self._ids and own:
                    yield self._listed(
                        municipality, committee, own, council, scores[start:stop], None, depth, depth, None
                    )
                else:
                    yield []
                start = stop

    def _listed(
        self,
        municipality: Municipality,
        committee: Committee,
        own: Sequence[_Part],
        council: Sequence[_Part],
        scores: Scores,
        candidates: Collection[str] | None,
        depth: int | None,
        explained: int,
        learnt: Learnt | None,
    ) -> list[Ranked]:
        total, parts = self._score(own, scores, municipality, learnt)
        asked = [*own, *council]
        if learnt is not None and learnt.wanted is not None:
            asked.append(_Part("feedback", _ANSWERED[committee.language], 1.0, learnt.wanted))
            scores = np.vstack([scores, self.model.score([learnt.wanted])])
        rounded = np.round(total, _DIGITS)
        order = np.lexsort((self._alphabetical, -rounded)).tolist()
        if candidates is not None:
            allowed = set(candidates)
            order = [i for i in order if self._ids[i] in allowed]
        return [
            Ranked(
                id=self._ids[i],
                score=float(rounded[i]),
                band=band_of(float(rounded[i]), self.scoring.bands),
                reasons=self._reasons(asked, scores[:, i], i) if place < explained else (),
                parts={name: float(values[i]) for name, values in parts.items()},
            )
            for place, i in enumerate(order[:depth])
        ]

    def part_scores(
        self, municipality: Municipality, committee: Committee, document: str, *, now: datetime
    ) -> list[PartScore]:
        """What each of the committee's and the council's priorities gives one document, best first.

        Raises:
            KeyError: the document is not indexed.
        """
        place = {name: i for i, name in enumerate(self._ids)}[document]
        own, council = self._parts(municipality, committee, now)
        parts = [*own, *council]
        scores = self._weighed(parts)[:, place].tolist() if parts else []
        found = []
        for part, score in zip(parts, scores, strict=True):
            channels = {k: v * part.weight for k, v in self.model.channels_of(part.query, place).items()}
            found.append(
                PartScore(
                    priority=part.text,
                    **channels,
                    excluded=max(sum(channels.values()) - float(score), 0.0) if part.exclude else 0.0,
                    score=float(score),
                )
            )
        return sorted(found, key=lambda part: -part.score)

    def _parts(
        self, municipality: Municipality, committee: Committee, now: datetime
    ) -> tuple[list[_Part], list[_Part]]:
        day = now.astimezone(STOCKHOLM).date()
        lean = self._say(committee.responsibility, self.scoring.query.responsibility)
        own = [p for p in committee.priorities if p.counts_on(day)]
        council = [p for p in municipality.council_priorities if p.counts_on(day)]
        mine, ours = self._queries(own, lean), self._queries(council, lean)
        if len(mine) < len(own) or not own:
            # what says nothing leans on the responsibility, and is not named as the reason
            query = self.model.ask([replace(lean, weight=1.0)])
            if query.subject:
                mine.append(_Part("responsibility", committee.responsibility, 1.0, query))
        return mine, ours

    def _say(self, text: str, weight: float = 1.0) -> Ask:
        return Ask(text, weight, self.language(text))

    def _ask(self, terms: Sequence[str]) -> Query:
        return self.model.ask([self._say(", ".join(terms))])

    def language(self, text: str) -> str:
        """Language of a committee's text, often a few words: the lexicon knows better than their letters."""
        if set("åäö") & set(text.lower()):
            return "sv"
        unknown = {language: len(self.lexicon.uncovered(text, language)) for language in LANGUAGES}
        if unknown["sv"] == unknown["en"]:
            return language_of(text)
        return min(LANGUAGES, key=lambda language: unknown[language])

    def _queries(self, priorities: Sequence[Priority], lean: Ask) -> list[_Part]:
        """A query for each priority of which a word is known; the others say nothing."""
        weights = self.scoring.query
        heaviest = max((p.weight for p in priorities), default=1.0)
        parts = []
        for priority in priorities:
            said = [
                self._say(priority.text, weights.priority),
                self._say(", ".join(priority.keywords), weights.keywords),
            ]
            if self.model.ask(said).subject:
                query = self.model.ask([*said, lean])
                exclude = self._ask(priority.exclude) if priority.exclude else None
                parts.append(_Part(priority.id, priority.text, priority.weight / heaviest, query, exclude))
        return parts

    def _score(
        self,
        own: Sequence[_Part],
        scores: Scores,
        municipality: Municipality,
        learnt: Learnt | None,
    ) -> tuple[Scores, dict[str, Scores]]:
        """The total, and the total by origin, of the scores of own and council priorities."""
        weights = self.scoring.query
        mine, ours = scores[: len(own)], scores[len(own) :]
        importance = np.array([part.weight for part in own])
        parts = {
            "priority": (1 - weights.breadth) * mine.max(axis=0),
            "breadth": weights.breadth * mine.sum(axis=0) / importance.sum(),
        }
        whole = np.ones(len(self._ids))
        if len(ours) and weights.council:
            parts["council"] = weights.council * ours.max(axis=0)
            whole += weights.council
        if municipality.emphasis and weights.emphasis:
            query = self._ask(municipality.emphasis)
            parts["emphasis"] = weights.emphasis * self.model.score([query])[0]
            whole += weights.emphasis
        if weights.audience:
            parts["audience"] = weights.audience * self._audience
            whole += weights.audience
        if learnt is not None:
            moved, added = self._moved(learnt, len(own))
            # a call that nothing learnt speaks of keeps what it has
            parts["feedback"] = np.maximum(moved, -np.sum(list(parts.values()), axis=0))
            whole += added
        parts = {name: values / whole for name, values in parts.items()}
        total: Scores = np.sum(list(parts.values()), axis=0)
        return total, parts

    def _moved(self, learnt: Learnt, subjects: int) -> tuple[Scores, Scores]:
        """What answers add and take off, and how much weight they add, per document.

        A wanted call speaks of one of the committee's subjects: the more it has, the less of the others.
        """
        weights = self.scoring.feedback
        relevant = weights.relevant / subjects
        moved, added = np.zeros(len(self._ids)), np.zeros(len(self._ids))
        if learnt.wanted is not None:
            moved += relevant * self.model.score([learnt.wanted])[0]
            for language, index in self.model.indexes_.items():
                if len(learnt.wanted.word[language][0]):
                    added[index.rows] = relevant
        if learnt.unwanted is not None:
            moved -= weights.irrelevant * self.model.score([learnt.unwanted])[0]
        return moved, added

    def _weighed(self, parts: Sequence[_Part]) -> Scores:
        scores = self.model.score([part.query for part in parts])
        scores *= np.array([[part.weight] for part in parts])
        for row, part in enumerate(parts):
            if part.exclude is not None:
                against = self.model.score([part.exclude])[0]
                scores[row] = np.maximum(scores[row] - self.scoring.query.exclude * against, 0)
        return scores

    def _reasons(self, parts: Sequence[_Part], scores: Scores, document: int) -> tuple[Reason, ...]:
        order = sorted(range(len(parts)), key=lambda p: (-scores[p], p))
        best = scores[order[0]]
        return tuple(
            Reason(
                priority_id=parts[p].id,
                priority=parts[p].text,
                score=round(float(scores[p]), _DIGITS),
                terms=self.model.explain(parts[p].query, document, parts[p].weight),
            )
            for p in order[:_MOST_REASONS]
            if scores[p] > 0 and scores[p] >= 0.5 * best
        )

    # --- plain queries -----------------------------------------------------------------------

    def rank_queries(
        self,
        queries: Sequence[tuple[str, str | None]],
        *,
        depth: int = 100,
        learnt: Sequence[Learnt | None] = (),
    ) -> list[list[tuple[str, float]]]:
        """For each (text, language or ``None``) the best documents with their scores, zeros left out.

        ``learnt`` is what judgements move, query by query (:func:`feedback.learn`).
        """
        scores = self.model.score([self.model.query(*query) for query in queries])
        for row, moves in enumerate(learnt):
            if moves is not None:
                moved, added = self._moved(moves, 1)
                scores[row] = np.maximum(scores[row] + moved, 0) / (1 + added)
        scores = np.round(scores, _DIGITS)
        found = []
        for row in scores:
            order = sorted(np.flatnonzero(row > 0), key=lambda i: (-row[i], self._ids[i]))
            found.append([(self._ids[i], float(row[i])) for i in order[:depth]])
        return found

    def uncovered(self, text: str, language: str = "sv") -> list[str]:
        """Words of a text that carry a subject and for which the lexicon has no English."""
        return self.lexicon.uncovered(text, "sv" if language == "sv" else "en")


def batched(found: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size``, the last one shorter."""
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some


def match_committee(
    ranker: Ranker,
    calls: Iterable[Call],
    municipality: Municipality,
    committee: Committee,
    programmes: Mapping[str, Programme],
    geography: Geography,
    now: datetime,
    judge: Judge,
    learnt: Learnt | None = None,
) -> list[Match]:
    """Matches of a committee, best first: closed calls are dropped, excluded ones kept with their reason.

    ``ranker`` has been fitted on :func:`documents_of` these calls (or of more).
    """
    open_calls = {id_of(call): call for call in calls if call.status(now) is not Status.CLOSED}
    matches = []
    for ranked in ranker.rank(municipality, committee, now=now, candidates=open_calls, learnt=learnt):
        call = open_calls[ranked.id]
        matches.append(
            Match(
                source=call.source,
                source_id=call.source_id,
                committee=committee.id,
                score=ranked.score,
                band=ranked.band,
                eligibility=judge(call, municipality, committee, programmes, geography, now),
                reasons=ranked.reasons,
            )
        )
    return matches
