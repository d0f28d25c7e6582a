"""Access tokens from an endpoint on loopback, and a login with them at a real mail server."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from matcher.digest.smtp import SmtpServer
from matcher.digest.token import EXCHANGE_SCOPE, ClientCredentials
from matcher.errors import ConfigError, UnreachableError
from tests.digest.servers import Inbox, RawServer, certificate, free_port, real_server

SECRET = "hemlig~1"
LETTER = b"Subject: Hej\r\n\r\nhej\r\n"


@dataclass
class Endpoint:
    """Answers each POST with what it was given; keeps the forms."""

    status: int = 200
    body: bytes = b'{"access_token": "t1", "expires_in": 3600}'
    headers: dict[str, str] = field(default_factory=dict)
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    @contextlib.contextmanager
    def running(self) -> Iterator[ClientCredentials]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                endpoint.forms.append(parse_qs(self.rfile.read(length).decode()))
                self.send_response(endpoint.status)
                for name, value in endpoint.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(endpoint.body)

            def do_GET(self) -> None:
                endpoint.forms.append({})
                self.send_response(404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                url = f"http://127.0.0.1:{server.server_address[1]}/tenant/oauth2/v2.0/token"
                yield ClientCredentials(url=url, client_id="app", client_secret=SECRET)
            finally:
                server.shutdown()
                thread.join(10)


def test_a_token_is_asked_for_once_while_it_holds() -> None:
    endpoint = Endpoint()
    with endpoint.running() as token:
        assert (token(), token()) == ("t1", "t1")
    assert endpoint.forms == [
        {
            "grant_type": ["client_credentials"],
            "client_id": ["app"],
            "client_secret": [SECRET],
            "scope": [EXCHANGE_SCOPE],
        }
    ]


def test_a_token_about_to_run_out_is_renewed() -> None:
    endpoint = Endpoint(body=b'{"access_token": "t1", "expires_in": 60}')
    with endpoint.running() as token:
        token()
        endpoint.body = endpoint.body.replace(b"t1", b"t2")
        assert token() == "t2"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, json.dumps({"error_description": f"AADSTS7000215: not {SECRET}"}).encode(), "AADSTS7000215"),
        (500, b"<html>", "500"),
        (200, b"<html>", "no access_token"),
        (200, b"{}", "no access_token"),
        (200, b"[]", "no access_token"),
        (400, b"[]", "400"),
    ],
)
def test_a_refusal_is_a_clear_error_without_the_secret(status: int, body: bytes, said: str) -> None:
    with Endpoint(status=status, body=body).running() as token, pytest.raises(UnreachableError) as caught:
        token()
    assert said in str(caught.value)
    assert SECRET not in f"{caught.value} {token!r}"


def test_the_secret_does_not_follow_a_redirect() -> None:
    other = Endpoint()
    with other.running() as elsewhere:
        endpoint = Endpoint(status=302, headers={"Location": elsewhere.url})
        with endpoint.running() as token, pytest.raises(UnreachableError, match="404"):
            token()
    assert other.forms == [{}]


def test_an_endpoint_that_is_down_is_unreachable() -> None:
    url = f"http://127.0.0.1:{free_port()}/token"
    with pytest.raises(UnreachableError, match=r"no access token from 127\.0\.0\.1"):
        ClientCredentials(url=url, client_id="app", client_secret=SECRET)()


@dataclass
class TokenInbox(Inbox):
    """Takes letters after a login with the right token."""

    token: str = "t1"
    logins: int = 0

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        self.logins += 1
        if said == f"user=eu@kommun.example\x01auth=Bearer {self.token}\x01\x01":
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"400"}')
        return AuthResult(success=False, handled=False)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    return certificate(tmp_path_factory.mktemp("tls"))


def test_a_letter_goes_out_after_a_login_by_token(keys: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*keys)
    inbox = TokenInbox()
    with real_server(inbox, tls=context, auth=True) as port:
        url = f"smtp+starttls://eu%40kommun.example@localhost:{port}"
        SmtpServer.from_url(url, token=lambda: "t1", ca_file=str(keys[0])).send(LETTER, "a@b.se", "c@d.se")
        wrong = SmtpServer.from_url(url, token=lambda: "t2", ca_file=str(keys[0]))
        with pytest.raises(UnreachableError, match="535"):
            wrong.send(LETTER, "a@b.se", "c@d.se")
        assert "t2" not in repr(wrong)
    assert (inbox.logins, len(inbox.accepted)) == (2, 1)


def test_a_token_that_cannot_be_had_costs_no_letter_an_attempt() -> None:
    def none() -> str:
        raise UnreachableError("no access token from x")

    with RawServer({"EHLO": "250-raw\r\n250 AUTH XOAUTH2"}) as raw:
        server = raw.client(user="u", token=none)
        with pytest.raises(UnreachableError, match="no access token"):
            server.probe()
        assert not any(c.startswith("MAIL") for c in raw.commands)


def test_a_user_alone_needs_a_token_and_encryption() -> None:
    with pytest.raises(ConfigError, match="MAIL_TOKEN_URL"):
        SmtpServer.from_url("smtps://eu%40kommun.example@smtp.example.org")
    with pytest.raises(ConfigError, match="unencrypted"):
        SmtpServer.from_url("smtp://eu%40kommun.example@smtp.example.org", token=lambda: "t")
