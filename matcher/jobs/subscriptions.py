"""What a recipient does with the link in a letter: end the letters of one committee, or take that back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from matcher.digest.overview import outbox_name
from matcher.domain import Subscription
from matcher.jobs.installation import Installation
from matcher.storage import repository


@dataclass(frozen=True, kw_only=True)
class SubscriptionState:
    """What a page tells a recipient: of whose letters, in whose language, and whether they go on."""

    #: a committee's name, or a municipality's for its overview; the id when the configuration has neither
    name: str
    language: str
    address: str
    ended: bool


def unsubscribe_links(
    installation: Installation, committee: str, recipients: Sequence[str]
) -> dict[str, str]:
    """By recipient, the address that ends a committee's letters at one click (RFC 8058).

    None without a PUBLIC_URL, and none by plain http, which the RFC does not allow.
    """
    if installation.public_url is None or not installation.public_url.startswith("https://"):
        return {}
    with installation.database.write() as session:
        tokens = repository.subscription_tokens(session, committee, recipients)
    return {address: f"{installation.public_url}/unsubscribe/{token}" for address, token in tokens.items()}


def subscription(installation: Installation, token: str) -> SubscriptionState | None:
    """Whose letters a token ends; ``None`` if it is none of ours. Changes nothing."""
    with installation.database.read() as session:
        return _state(installation, repository.find_subscription(session, token))


def unsubscribe(installation: Installation, token: str, now: datetime) -> SubscriptionState | None:
    """End the letters of a token's committee to its recipient; ``None`` if it is none of ours."""
    with installation.database.write() as session:
        return _state(installation, repository.end_subscription(session, token, now))


def resubscribe(installation: Installation, token: str) -> SubscriptionState | None:
    """Take ``unsubscribe`` back; ``None`` if the token is none of ours."""
    with installation.database.write() as session:
        return _state(installation, repository.resume_subscription(session, token))


def _state(installation: Installation, found: Subscription | None) -> SubscriptionState | None:
    if found is None:
        return None
    configuration = installation.configuration
    names = {
        committee.id: (committee.name, committee.language) for _, committee in configuration.committees()
    }
    for municipality in configuration.municipalities:
        language = municipality.committees[0].language
        names[outbox_name(municipality)] = (municipality.municipality, language)
    name, language = names.get(found.committee, (found.committee, "sv"))
    return SubscriptionState(
        name=name, language=language, address=found.address, ended=found.ended_at is not None
    )
