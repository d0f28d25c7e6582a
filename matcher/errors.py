"""The exceptions that are raised on purpose; each message says what, where and what to do.

MatcherError
├── ConfigError            a YAML file or an environment variable is wrong
├── SourceError            this source is broken, the others carry on
│   ├── FetchError         a page could not be fetched
│   └── ParseError         a page or a record does not look as expected
├── StorageError           the database is missing, locked or newer than the code
└── DeliveryError          a letter could not be handed to the mail server
    ├── RefusedError       the server said no for good
    │   └── UnknownRecipientError   … because it knows no such recipient
    ├── DeferredError      the server said not now
    │   └── UnreachableError   no connection, no TLS or no login: no letter could go through
    └── UncertainError     the connection broke after the letter had been sent off
SkipRecord                 a signal, not an error: this record is not a call
"""

from typing import Any


class MatcherError(Exception):
    """Anything that went wrong for a reason a person can do something about."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Out of a worker process with its text and fields: Exception would call __init__ with the text alone.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class ConfigError(MatcherError):
    """The configuration is wrong; ``problems`` holds one line per fault, all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceError(MatcherError):
    """A source is broken; nothing of this run is stored and the other sources carry on."""


class FetchError(SourceError):
    """A page could not be fetched: ``url`` says which, ``status`` what the publisher answered, if it did."""

    def __init__(self, message: str, *, url: str, status: int | None = None) -> None:
        super().__init__(message)
        self.url = url
        self.status = status


class ParseError(SourceError):
    """A page or a record does not look as expected."""


class StorageError(MatcherError):
    """The database is missing, locked, or was written by a newer version."""


class DeliveryError(MatcherError):
    """A letter could not be handed to the mail server."""


class RefusedError(DeliveryError):
    """The server refused the letter for good (5xx); sending it again is pointless."""


class UnknownRecipientError(RefusedError):
    """The server knows no such recipient: the address will not work next time either."""


class DeferredError(DeliveryError):
    """The server could not be reached or said "not now" (4xx); surely not accepted."""


class UnreachableError(DeferredError):
    """No letter could have gone through: no connection, no TLS, no login. Says nothing about the letter."""


class UncertainError(DeliveryError):
    """The connection broke after the letter's bytes had begun to flow: accepted or not is unknown."""


class SkipRecord(Exception):  # noqa: N818 (a signal, not an error)
    """Raised by ``parse`` for a record that is not a call, such as a list of results."""
