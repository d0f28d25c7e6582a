"""From a committee's priorities to a ranked list of calls with reasons."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice, pairwise, repeat
from typing import Self, TypeVar

import numpy as np

from matcher.config.models import Bands, Committee, Geography, Municipality, Priority, Programme, Scoring
from matcher.domain import STOCKHOLM, Band, Call, Eligibility, Match, Reason, Status
from matcher.scoring.feedback import Learnt
from matcher.scoring.lexicon import Lexicon
from matcher.scoring.model import Ask, Document, Query, Scores, TfidfModel, made
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
#: committees scored at once, times documents
_TOGETHER = 100_000
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a committee asks for, as queries: :meth:`Ranker.ask` makes it, :meth:`Ranker.best` answers."""

    language: str
    own: Sequence[_Part]
    council: Sequence[_Part]
    emphasis: Query | None


@dataclass(frozen=True, slots=True)
class _List:
    """A committee's list before its documents have reasons."""

    #: places of the documents in the index, best first, and their scores
    places: list[int]
    scores: list[float]
    #: the scores by origin
    parts: Mapping[str, list[float]]
    #: what may be a reason, and its scores, queries x documents of the list
    asked: Sequence[_Part]
    given: Scores


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
        asked = self.ask(municipality, committee, now=now)
        if not self._ids or not asked.own:
            return []
        ((scores, emphasis),) = self._scores([asked])
        listed = self._list(asked, scores, emphasis, depth, candidates, learnt)
        (ranked,) = self._explained([listed], explained)
        return ranked

    def rank_many(
        self, committees: Iterable[tuple[Municipality, Committee]], *, now: datetime, depth: int = 20
    ) -> Iterator[list[Ranked]]:
        """The best ``depth`` documents for each committee, all with reasons, as :meth:`rank` gives them.

        Many at once are quicker: they are scored and explained together.
        """
        return self.best((self.ask(*pair, now=now) for pair in committees), depth=depth)

    def ask(self, municipality: Municipality, committee: Committee, *, now: datetime) -> Asked:
        """The words of a committee and its municipality, translated, as queries."""
        weights = self.scoring.query
        day = now.astimezone(STOCKHOLM).date()
        lean = self._say(committee.responsibility, weights.responsibility)
        own = [p for p in committee.priorities if p.counts_on(day)]
        council = [p for p in municipality.council_priorities if p.counts_on(day)]
        mine, ours = self._queries(own, lean), self._queries(council, lean)
        if len(mine) < len(own) or not own:
            # what says nothing leans on the responsibility, and is not named as the reason
            query = self.model.ask([replace(lean, weight=1.0)])
            if query.subject:
                mine.append(_Part("responsibility", committee.responsibility, 1.0, query))
        emphasis = municipality.emphasis and weights.emphasis
        return Asked(committee.language, mine, ours, self._ask(municipality.emphasis) if emphasis else None)

    def best(self, asked: Iterable[Asked], *, depth: int = 20) -> Iterator[list[Ranked]]:
        """The best ``depth`` documents, all with reasons, for each committee's queries."""
        # few at once if the documents are many: what is computed of a batch should stay in the processor
        for some in batched(asked, max(1, _TOGETHER // max(1, len(self._ids)))):
            with _collecting_new_objects_only():
                lists = [
                    self._list(one, scores, emphasis, depth)
                    for one, (scores, emphasis) in zip(some, self._scores(some), strict=True)
                ]
                explained = list(self._explained(lists, depth))
            yield from explained

    def _scores(self, asked: Sequence[Asked]) -> Iterator[tuple[Scores, Scores]]:
        """For each the scores of own and council priorities, and of the emphasis, queries x documents."""
        parts = [part for one in asked for part in (*one.own, *one.council)]
        weighed = self._weighed(parts)
        emphasis = self.model.score([one.emphasis for one in asked if one.emphasis])
        start = place = 0
        for one in asked:
            stop, after = start + len(one.own) + len(one.council), place + bool(one.emphasis)
            yield weighed[start:stop], emphasis[place:after]
            start, place = stop, after

    def _list(
        self,
        asked: Asked,
        scores: Scores,
        emphasis: Scores,
        depth: int | None,
        candidates: Collection[str] | None = None,
        learnt: Learnt | None = None,
    ) -> _List:
        if not self._ids or not asked.own:
            return _List([], [], {}, [], scores[:, :0])
        parts, whole = self._score(asked, scores, emphasis, learnt)
        queries = [*asked.own, *asked.council]
        if learnt is not None and learnt.wanted is not None:
            queries.append(_Part("feedback", _ANSWERED[asked.language], 1.0, learnt.wanted))
            scores = np.vstack([scores, self.model.score([learnt.wanted])])
        rounded = np.round(sum(parts.values()) / whole, _DIGITS)
        places = np.arange(len(rounded))
        if candidates is not None:
            allowed = set(candidates)
            places = np.array([i for i, name in enumerate(self._ids) if name in allowed], dtype=np.intp)
        if depth is not None and depth < len(places):
            # those as good as the last one in the list, the rest need not be sorted
            kept = rounded[places]
            places = places[kept >= np.partition(kept, len(kept) - depth)[len(kept) - depth]]
        places = places[np.lexsort((self._alphabetical[places], -rounded[places]))][:depth]
        divided = np.broadcast_to(whole, len(rounded))[places]
        return _List(
            places.tolist(),
            rounded[places].tolist(),
            {name: (values[places] / divided).tolist() for name, values in parts.items()},
            queries,
            scores[:, places],
        )

    def _explained(self, lists: Sequence[_List], explained: int) -> Iterator[list[Ranked]]:
        """The lists with the reasons of the first ``explained`` of each."""
        bands = self.scoring.bands
        for one, reasons in zip(lists, self._reasons(lists, explained), strict=True):
            yield made(
                Ranked,
                len(one.places),
                map(self._ids.__getitem__, one.places),
                one.scores,
                (band_of(score, bands) for score in one.scores),
                chain(reasons, repeat(())),
                (dict(zip(one.parts, parts, strict=True)) for parts in zip(*one.parts.values(), strict=True)),
            )

    def part_scores(
        self, municipality: Municipality, committee: Committee, document: str, *, now: datetime
    ) -> list[PartScore]:
        """What each of the committee's and the council's priorities gives one document, best first.

        Raises:
            KeyError: the document is not indexed.
        """
        place = {name: i for i, name in enumerate(self._ids)}[document]
        asked = self.ask(municipality, committee, now=now)
        parts = [*asked.own, *asked.council]
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
            said = [self._say(priority.text, weights.priority)]
            if priority.keywords:
                said.append(self._say(", ".join(priority.keywords), weights.keywords))
            if self.model.known(said):
                query = self.model.ask([*said, lean])
                exclude = self._ask(priority.exclude) if priority.exclude else None
                parts.append(_Part(priority.id, priority.text, priority.weight / heaviest, query, exclude))
        return parts

    def _score(
        self, asked: Asked, scores: Scores, emphasis: Scores, learnt: Learnt | None
    ) -> tuple[dict[str, Scores], float | Scores]:
        """The scores by origin, and the weight that their sum is divided by."""
        weights = self.scoring.query
        mine, ours = scores[: len(asked.own)], scores[len(asked.own) :]
        importance = sum(part.weight for part in asked.own)
        parts = {
            "priority": mine.max(axis=0) * (1 - weights.breadth),
            "breadth": mine.sum(axis=0) * (weights.breadth / importance),
        }
        whole: float | Scores = 1.0
        if len(ours) and weights.council:
            parts["council"] = ours.max(axis=0) * weights.council
            whole += weights.council
        if len(emphasis):
            parts["emphasis"] = emphasis[0] * weights.emphasis
            whole += weights.emphasis
        if weights.audience:
            parts["audience"] = self._audience * weights.audience
            whole += weights.audience
        if learnt is not None:
            moved, added = self._moved(learnt, len(asked.own))
            # a call that nothing learnt speaks of keeps what it has
            parts["feedback"] = np.maximum(moved, -np.sum(list(parts.values()), axis=0))
            whole = whole + added
        return parts, whole

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
        scores *= np.array([part.weight for part in parts]).reshape(-1, 1)
        lessened = [row for row, part in enumerate(parts) if part.exclude is not None]
        if lessened:
            against = self.model.score([query for part in parts if (query := part.exclude) is not None])
            scores[lessened] = np.maximum(scores[lessened] - self.scoring.query.exclude * against, 0)
        return scores

    def _reasons(self, lists: Sequence[_List], explained: int) -> list[list[tuple[Reason, ...]]]:
        """The reasons of each document of each list; all are found at once, which is quicker."""
        parts = [part for one in lists for part in one.asked]
        firsts = np.cumsum([0, *(len(one.asked) for one in lists)])
        # lists x queries x documents; what lies outside of a list is 0 and explains nothing
        longest = max(len(one.places[:explained]) for one in lists)
        given = np.zeros((len(lists), max(len(one.asked) for one in lists), longest))
        documents = np.zeros((len(lists), longest), np.intp)
        for i, one in enumerate(lists):
            shown = len(one.places[:explained])
            given[i, : len(one.asked), :shown] = one.given[:, :shown]
            documents[i, :shown] = one.places[:shown]
        # the first of equals; those that give less than half of what the best one gives explain nothing
        order = np.argsort(-given, axis=1, kind="stable")[:, :_MOST_REASONS]
        best = np.take_along_axis(given, order, axis=1)
        kept = ((best > 0) & (best >= 0.5 * best[:, :1])).transpose(0, 2, 1)
        which, row, rank = np.nonzero(kept)
        asked = firsts[which] + order[which, rank, row]
        named = [parts[place] for place in asked.tolist()]
        reasons = made(
            Reason,
            len(named),
            (part.id for part in named),
            (part.text for part in named),
            np.round(best[which, rank, row], _DIGITS).tolist(),
            self.model.explain_all(
                [part.query for part in parts],
                asked,
                documents[which, row],
                np.array([part.weight for part in named]),
            ),
        )
        stops = np.cumsum(kept.sum(axis=2)).tolist()
        each = [tuple(reasons[start:stop]) for start, stop in pairwise([0, *stops])]
        return [each[i * longest : (i + 1) * longest] for i in range(len(lists))]

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


@contextmanager
def _collecting_new_objects_only() -> Iterator[None]:
    """Spare the garbage collector what exists already, which it looked through for a third of the time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


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
