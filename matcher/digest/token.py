"""Access tokens for mail servers that take no passwords (XOAUTH2), by the client-credentials grant."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException

from matcher.errors import UnreachableError

#: what Exchange Online calls "everything this application may do by IMAP and SMTP"
EXCHANGE_SCOPE = "https://outlook.office365.com/.default"
_SECONDS = 20.0
_MOST_BYTES = 65_536
#: a token is renewed this long before it runs out
_MARGIN_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class ClientCredentials:
    """Called, it gives an access token: the last one while it holds, else a new one.

    ``url`` is the token endpoint (RFC 6749 §4.4), checked where it is configured.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = EXCHANGE_SCOPE
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    def __call__(self) -> str:
        """A token that holds for some minutes yet.

        Raises:
            UnreachableError: the endpoint is down or refuses; never with the secret in it.
        """
        if time.monotonic() >= self._until:
            self._token, seconds = self._fetch()
            self._until = time.monotonic() + seconds - _MARGIN_SECONDS
        return self._token

    def _fetch(self) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": self.scope,
        }
        data = urllib.parse.urlencode(form).encode()
        try:
            # a redirect is followed without the form, so the secret goes to no other address
            with urllib.request.urlopen(self.url, data, _SECONDS) as response:  # noqa: S310 (checked)
                answer = json.loads(response.read(_MOST_BYTES))
            return str(answer["access_token"]), float(answer.get("expires_in", 0))
        except urllib.error.HTTPError as error:
            why = f"{error.code} {self._complaint(error)}"
        except (OSError, HTTPException) as error:
            why = str(getattr(error, "reason", error))
        except (ValueError, KeyError, TypeError, AttributeError):
            why = "the answer holds no access_token"
        host = urllib.parse.urlsplit(self.url).hostname
        raise UnreachableError(f"no access token from {host}: {why.strip()}")

    def _complaint(self, error: urllib.error.HTTPError) -> str:
        with error:
            try:
                answer = json.loads(error.read(_MOST_BYTES))
                said = str(answer.get("error_description") or answer.get("error") or "")
            except (OSError, ValueError, AttributeError):
                said = ""
        return " ".join(said.replace(self.client_secret, "***").split())[:200]


def xoauth2(user: str, token: str) -> str:
    """The response of SASL XOAUTH2, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"
