"""Plan the letters that are due: compose, freeze and queue them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType

import structlog

from matcher.config import Committee, Municipality
from matcher.digest.message import build_message, message_id_for
from matcher.digest.overview import CommitteeLetter, MunicipalOverview, outbox_name, plan_overview
from matcher.digest.plan import concerned_by, plan_digest
from matcher.digest.render import Rendered, render, render_overview
from matcher.digest.when import is_paused, letter_due, overview_due, period_of, slot
from matcher.domain import (
    Answer,
    AnswerKind,
    Call,
    Digest,
    Letter,
    Match,
    SourceHealth,
    Status,
    StoredCall,
    Told,
)
from matcher.errors import StorageError
from matcher.jobs.duplicates import twins
from matcher.jobs.installation import Installation
from matcher.jobs.sending import deliverable, sender_address
from matcher.jobs.sources import source_health
from matcher.jobs.subscriptions import unsubscribe_links
from matcher.storage import repository

log = structlog.get_logger(__name__)

Key = tuple[str, str]
DIGEST, OVERVIEW = "digest", "overview"
#: A letter that is not planned so long after it fell due needs a person.
OVERDUE = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What one period tells a committee or a coordinator, rendered, and the letters it became."""

    digest: Digest | MunicipalOverview
    rendered: Rendered
    letters: tuple[Letter, ...] = ()

    @property
    def calls(self) -> int:
        """How many calls it tells of."""
        if isinstance(self.digest, Digest):
            return len(self.digest.items)
        return len({told.key for letter in self.digest.letters for told in letter.told})


@dataclass(frozen=True)
class Material:
    """What the letters of one round are made from, each read at most once."""

    installation: Installation
    now: datetime
    _concerned: dict[str, dict[Key, tuple[str, ...]]] = field(default_factory=dict)
    _matches: dict[str, list[Match]] = field(default_factory=dict)

    @cached_property
    def _groups(self) -> list[list[StoredCall]]:
        """Stored calls, the same call of several publishers together, the one that is told first."""
        with self.installation.database.read() as session:
            stored = {call.key: call for call in repository.stored_calls(session)}
        status = {key: call.status(self.now) for key, call in stored.items()}
        checks = self.installation.cross_checks
        together = twins(
            (call.call for key, call in stored.items() if status[key] is not Status.CLOSED),
            last=checks,
            gone={key for key in stored if status[key] is Status.WITHDRAWN},
        )
        alone = [[call] for key, call in stored.items() if status[key] is Status.CLOSED]
        groups = [*alone, *([stored[call.key] for call in group] for group in together)]
        return [group for group in groups if group[0].call.source not in checks]

    @cached_property
    def calls(self) -> dict[Key, StoredCall]:
        """The calls one may be told of, by key."""
        return {first.key: first for first, *_ in self._groups}

    @cached_property
    def twins(self) -> dict[Key, list[Call]]:
        """The same call as other publishers have it."""
        return {first.key: [other.call for other in others] for first, *others in self._groups if others}

    @cached_property
    def _kept(self) -> dict[Key, Key]:
        """Under which key the call of each key is told now."""
        return {call.key: group[0].key for group in self._groups for call in group}

    @cached_property
    def health(self) -> list[SourceHealth]:
        """How the sources are."""
        return source_health(self.installation, self.now)

    @cached_property
    def publishers(self) -> dict[str, str]:
        """The organisation's name by source."""
        return {key: source.title for key, source in self.installation.sources.items()}

    @cached_property
    def answers(self) -> list[Answer]:
        """The answers of all committees that count, oldest first."""
        with self.installation.database.read() as session:
            given = repository.answers(session)
        return [self._renamed(answer) for answer in given]

    def _renamed(self, answer: Answer) -> Answer:
        source, source_id = self._kept.get(answer.key, answer.key)
        return replace(answer, source=source, source_id=source_id)

    def matches(self, committee: Committee) -> list[Match]:
        """A committee's ranking."""
        if committee.id not in self._matches:
            with self.installation.database.read() as session:
                self._matches[committee.id] = repository.load_matches(session, committee.id)
        return self._matches[committee.id]

    def concerned(self, municipality: Municipality) -> dict[Key, tuple[str, ...]]:
        """Names of the committees that a call concerns, best match first, those apart that declined it."""
        if municipality.id not in self._concerned:
            declined = {(a.committee, a.key) for a in self.answers if a.kind is AnswerKind.NOT_FOR_US}
            names = {committee.id: committee.name for committee in municipality.committees}
            by_id = concerned_by(m for committee in municipality.committees for m in self.matches(committee))
            self._concerned[municipality.id] = {
                key: tuple(names[i] for i in ids if (i, key) not in declined) for key, ids in by_id.items()
            }
        return self._concerned[municipality.id]

    def told(self, committee: Committee) -> dict[Key, Told]:
        """The last time a committee was told of each call.

        A call told under another publisher's name counts as told under the present one, and as it is now:
        what two publishers write differently is no change.
        """
        with self.installation.database.read() as session:
            ledger = repository.told(session, committee.id)
        found: dict[Key, Told] = {}
        for key, told in ledger.items():
            kept = self._kept.get(key, key)
            if kept == key or kept not in ledger:
                call = told.call if kept == key else self.calls[kept].call
                found[kept] = replace(told, source=kept[0], source_id=kept[1], call=call)
        return found


def compose(
    material: Material, municipality: Municipality, committee: Committee, period: str, *, first: bool
) -> Planned:
    """The digest a committee would get now, without storing anything."""
    configuration = material.installation.configuration
    digest = plan_digest(
        municipality=municipality,
        committee=committee,
        calls=material.calls,
        matches=material.matches(committee),
        told=material.told(committee),
        health=material.health,
        settings=configuration.settings,
        programmes=configuration.programmes,
        config_version=configuration.version,
        period=period,
        now=material.now,
        publishers=material.publishers,
        answers={a.key: a for a in material.answers if a.committee == committee.id},
        concerned=material.concerned(municipality),
        twins=material.twins,
        first=first,
    )
    rendered = render(digest, list_domain=configuration.settings.mail.list_domain)
    return Planned(digest=digest.without_last(rendered.left_out), rendered=rendered)


def preview(installation: Installation, committee_id: str, now: datetime) -> Planned:
    """The letter a committee would get now, whether or not one is due; nothing is stored."""
    municipality, committee = installation.committee(committee_id)
    first = last_period(installation, committee) is None
    planned = compose(Material(installation, now), municipality, committee, period_of(now), first=first)
    mail = installation.configuration.settings.mail
    recipients = committee.recipients or (f"{committee.id}@{mail.list_domain}",)
    return replace(planned, letters=_letters(installation, planned, recipients[:1], DIGEST, now))


def preview_overview(installation: Installation, municipality_id: str, now: datetime) -> Planned:
    """The overview a municipality's coordinator would get now; nothing is stored.

    Raises:
        ConfigError: there is no such municipality.
    """
    municipality = installation.municipality(municipality_id)
    planned = _compose_overview(Material(installation, now), municipality, period_of(now))
    mail = installation.configuration.settings.mail
    recipients = municipality.coordinator or (f"{municipality.id}@{mail.list_domain}",)
    return replace(planned, letters=_letters(installation, planned, recipients[:1], OVERVIEW, now))


def plan(installation: Installation, now: datetime, *, store: bool = True) -> list[Planned]:
    """Compose and freeze the letters that are due; planning again does nothing.

    Each committee is one transaction. A committee without recipients, or with none that is not suspended,
    is planned for nobody, so nothing is marked as told to it. A municipality's overview is due with the
    last of its committees' letters.
    """
    configuration = installation.configuration
    material = Material(installation, now)
    with installation.database.read() as session:
        digests, overviews = (repository.last_periods(session, kind) for kind in (DIGEST, OVERVIEW))
    planned_all: list[Planned] = []

    def queue(planned: Planned, recipients: Sequence[str], kind: str, told: Sequence[Told] = ()) -> None:
        links = unsubscribe_links(installation, planned.digest.committee, recipients) if store else {}
        letters = _letters(installation, planned, recipients, kind, now, links)
        if store:
            with installation.database.write() as session:
                if not repository.queue_letters(session, letters, told):
                    return
        planned_all.append(replace(planned, letters=letters))

    for municipality, committee in configuration.committees():
        last = digests.get(committee.id)
        period = letter_due(committee.digest, now=now, last_period=last)
        if period is None or not (
            recipients := deliverable(installation, committee.id, committee.recipients)
        ):
            continue
        with _sparing_others(committee.id, period):
            planned = compose(material, municipality, committee, period, first=last is None)
            assert isinstance(planned.digest, Digest)
            if planned.digest.empty and committee.digest.when_empty == "silence":
                if store:
                    with installation.database.write() as session:
                        repository.keep_silent(session, committee.id, period, now)
                continue
            queue(planned, recipients, DIGEST, planned.digest.told)
    for municipality in configuration.municipalities:
        last = overviews.get(outbox_name(municipality))
        schedules = [committee.digest for committee in municipality.committees if committee.recipients]
        period = overview_due(schedules, now=now, last_period=last)
        if period is None or not (
            recipients := deliverable(installation, outbox_name(municipality), municipality.coordinator)
        ):
            continue
        with _sparing_others(outbox_name(municipality), period):
            planned = _compose_overview(material, municipality, period)
            queue(planned, recipients, OVERVIEW)
    return planned_all


@contextmanager
def _sparing_others(committee: str, period: str) -> Iterator[None]:
    """A letter that cannot be made costs the others nothing; it stays due and is overdue two hours later."""
    try:
        yield
    except StorageError:
        raise  # the same for all
    except Exception as error:  # noqa: BLE001 (the boundary of one letter)
        log.error(
            "letter not planned",
            committee=committee,
            period=period,
            problem=repr(error),
            traceback=traceback.format_exc(),
        )


def overdue(installation: Installation, now: datetime) -> list[tuple[str, str]]:
    """Committees, with the period, whose letter fell due two hours ago and could not be planned."""
    with installation.database.read() as session:
        planned = repository.last_periods(session, DIGEST)
    return [
        (committee.id, period)
        for _, committee in installation.configuration.committees()
        if deliverable(installation, committee.id, committee.recipients)
        and (period := letter_due(committee.digest, now=now, last_period=planned.get(committee.id)))
        and (due := slot(committee.digest, period)) is not None
        and now - due > OVERDUE
    ]


def last_period(installation: Installation, committee: Committee) -> str | None:
    """The latest period planned for a committee, or ``None``."""
    with installation.database.read() as session:
        return repository.last_periods(session, DIGEST).get(committee.id)


def _compose_overview(material: Material, municipality: Municipality, period: str) -> Planned:
    installation, now = material.installation, material.now
    configuration = installation.configuration
    told = {committee.id: material.told(committee) for committee in municipality.committees}
    with installation.database.read() as session:
        earlier = repository.letters(session, committee=outbox_name(municipality), limit=1)
        planned = repository.last_periods(session, DIGEST)
        letters = [
            CommitteeLetter(
                name=committee.name,
                recipients=len(deliverable(installation, committee.id, committee.recipients)),
                paused=slot(committee.digest, period) is None and is_paused(committee.digest, now),
                planned=planned.get(committee.id, "") >= period,
                told=tuple(repository.told_in(session, committee.id, period)),
            )
            for committee in municipality.committees
        ]
    overview = plan_overview(
        municipality=municipality,
        letters=letters,
        calls=material.calls,
        matches=[m for committee in municipality.committees for m in material.matches(committee)],
        concerned=material.concerned(municipality),
        told_ever=frozenset(key for each in told.values() for key in each),
        answers=material.answers,
        health=material.health,
        config_version=configuration.version,
        period=period,
        since=earlier[0].created_at if earlier else now - timedelta(weeks=1),
        now=now,
    )
    return Planned(digest=overview, rendered=render_overview(overview))


def _letters(
    installation: Installation,
    planned: Planned,
    recipients: Sequence[str],
    kind: str,
    now: datetime,
    links: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Letter, ...]:
    mail = installation.configuration.settings.mail
    sender = sender_address(installation)
    letters = []
    for recipient in recipients:
        message_id = message_id_for(planned.digest, recipient, mail)
        body = build_message(
            planned.rendered,
            planned.digest,
            recipient,
            mail,
            mail_from=sender,
            message_id=message_id,
            now=now,
            unsubscribe_url=links.get(recipient),
        )
        letters.append(
            Letter(
                committee=planned.digest.committee,
                period=planned.digest.period,
                kind=kind,
                recipient=recipient,
                subject=planned.rendered.subject,
                message_id=message_id,
                body=body,
                created_at=now,
            )
        )
    return tuple(letters)
