"""What each behaviour of a mail server means, against real sockets."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from matcher.digest.smtp import SmtpServer, ascii_address
from matcher.errors import (
    ConfigError,
    DeferredError,
    RefusedError,
    UncertainError,
    UnknownRecipientError,
    UnreachableError,
)
from tests.digest.servers import PASSWORD, USER, Inbox, RawServer, certificate, free_port, real_server

MESSAGE = b"Subject: Hej\r\n\r\n.en punkt f\xc3\xb6rst\r\n..tv\xc3\xa5\r\nslut\r\n"
SENDER, RECIPIENT = "letters@example.org", "namnd@example.org"
ENCODED = "letters%40example.org:p%40ss%3Aw%C3%B6rd%2F1"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(keys: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*keys)
    return context


# --- a well-behaved server --------------------------------------------------------------------


def test_a_letter_arrives_byte_for_byte_with_its_leading_dots() -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        SmtpServer.from_url(f"smtp://127.0.0.1:{port}").send(MESSAGE, SENDER, RECIPIENT)
    assert inbox.accepted == [(SENDER, [RECIPIENT], MESSAGE)]


def test_a_message_without_a_last_line_end_gets_one() -> None:
    with RawServer() as server:
        server.client().send(b"Subject: x\r\n\r\nslut", SENDER, RECIPIENT)
        assert server.accepted == [b"Subject: x\r\n\r\nslut\r\n"]


def test_starttls_and_login_work_with_a_trusted_certificate(
    tls: ssl.SSLContext, keys: tuple[Path, Path]
) -> None:
    inbox = Inbox()
    with real_server(inbox, tls=tls, auth=True) as port:
        url = f"smtp+starttls://{ENCODED}@localhost:{port}"
        server = SmtpServer.from_url(url, ca_file=str(keys[0]))
        assert (server.user, server.password) == (USER, PASSWORD)
        server.send(MESSAGE, SENDER, RECIPIENT)
    assert len(inbox.accepted) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_implicit_tls_and_login_work_with_a_trusted_certificate(
    tls: ssl.SSLContext, keys: tuple[Path, Path]
) -> None:
    inbox = Inbox()
    with real_server(inbox, tls=tls, implicit=True, auth=True) as port:
        url = f"smtps://{ENCODED}@localhost:{port}"
        SmtpServer.from_url(url, ca_file=str(keys[0])).send(MESSAGE, SENDER, RECIPIENT)
    assert len(inbox.accepted) == 1


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_an_unknown_certificate_is_refused_and_nothing_is_sent(scheme: str, tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with (
        real_server(inbox, tls=tls, implicit=scheme == "smtps") as port,
        pytest.raises(UnreachableError, match=r"(?i)certificate"),
    ):
        SmtpServer.from_url(f"{scheme}://localhost:{port}").send(MESSAGE, SENDER, RECIPIENT)
    assert inbox.accepted == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "mail.example.org")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    inbox = Inbox()
    with real_server(inbox, tls=context) as port:
        server = SmtpServer.from_url(f"smtp+starttls://localhost:{port}", ca_file=str(cert))
        with pytest.raises(UnreachableError, match=r"(?i)hostname"):
            server.send(MESSAGE, SENDER, RECIPIENT)
    assert inbox.accepted == []


def test_encryption_asked_for_but_not_offered_sends_nothing() -> None:
    with RawServer() as server:
        with pytest.raises(UnreachableError, match="STARTTLS"):
            server.client(security="starttls").send(MESSAGE, SENDER, RECIPIENT)
        assert not any(c.startswith("MAIL") for c in server.commands)


def test_a_wrong_password_fails_no_letter_and_is_not_shown(
    tls: ssl.SSLContext, keys: tuple[Path, Path]
) -> None:
    with real_server(Inbox(), tls=tls, auth=True) as port:
        url = f"smtp+starttls://{USER.replace('@', '%40')}:hemlighet@localhost:{port}"
        server = SmtpServer.from_url(url, ca_file=str(keys[0]))
        with pytest.raises(UnreachableError, match="535") as caught:
            server.send(MESSAGE, SENDER, RECIPIENT)
    assert "hemlighet" not in f"{caught.value!r} {caught.value} {server!r}"


def test_a_server_that_repeats_the_password_does_not_get_it_into_our_error() -> None:
    with RawServer({"MAIL": "550 no mail for hemlighet today", "AUTH": "235 ok"}) as server:
        server.answers["EHLO"] = "250-raw\r\n250 AUTH PLAIN"
        with pytest.raises(RefusedError) as caught:
            server.client(user="u", password="hemlighet").send(MESSAGE, SENDER, RECIPIENT)
    assert "hemlighet" not in str(caught.value)
    assert "550" in str(caught.value)


@pytest.mark.parametrize("answer", ["250 ok", "550 5.1.1 no archive", "452 full"])
def test_the_archive_gets_a_blind_copy_and_its_refusal_does_not_stop_the_letter(answer: str) -> None:
    class Archive(RawServer):
        def _answer(self, connection: object, step: str) -> bool:
            self.answers["RCPT"] = answer if "arkiv@" in str(self.commands[-1:]) else "250 ok"
            return super()._answer(connection, step)  # type: ignore[arg-type]

    with Archive() as server:
        server.client().send(MESSAGE, SENDER, RECIPIENT, "arkiv@example.org")
        assert [c for c in server.commands if c.startswith("RCPT")] == [
            f"RCPT TO:<{RECIPIENT}>",
            "RCPT TO:<arkiv@example.org>",
        ]
        assert len(server.accepted) == 1


# --- misbehaviour -----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["421 tired", "drop", "hang", "554 never heard"])
def test_trouble_at_quit_after_the_letter_was_taken_is_no_trouble(answer: str) -> None:
    with RawServer({"QUIT": answer}) as server:
        server.client().send(MESSAGE, SENDER, RECIPIENT)
        assert len(server.accepted) == 1


@pytest.mark.parametrize("answer", ["drop", "hang", "drop in the middle", "199 what", "gibberish"])
def test_no_readable_answer_after_the_letter_began_to_flow_is_uncertain(answer: str) -> None:
    with RawServer({"dot": answer}) as server, pytest.raises(UncertainError):
        server.client().send(MESSAGE, SENDER, RECIPIENT)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no", RefusedError), ("552 too big", RefusedError), ("451 later", DeferredError)],
)
def test_a_spoken_no_means_surely_not_accepted(step: str, answer: str, error: type[Exception]) -> None:
    with RawServer({step: answer}) as server:
        with pytest.raises(error, match=answer) as caught:
            server.client().send(MESSAGE, SENDER, RECIPIENT)
        assert type(caught.value) is error
        assert server.accepted == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["drop", "hang", "421 shutting down"])
def test_a_break_before_the_letter_flows_is_put_off(step: str, answer: str) -> None:
    with RawServer({step: answer}) as server:
        with pytest.raises(DeferredError) as caught:
            server.client().send(MESSAGE, SENDER, RECIPIENT)
        assert type(caught.value) is DeferredError
        assert server.accepted == []


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        ("550 5.1.1 nobody here", True),
        ("550 5.1.10 recipient not found", True),
        ("550 5.2.1 mailbox disabled", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 not allowed", False),
        ("550 nobody, or something else", False),
    ],
)
def test_only_a_server_that_says_so_makes_an_address_unknown(answer: str, unknown: bool) -> None:
    with RawServer({"RCPT": answer}) as server, pytest.raises(RefusedError) as caught:
        server.client().send(MESSAGE, SENDER, RECIPIENT)
    assert isinstance(caught.value, UnknownRecipientError) == unknown


@pytest.mark.parametrize("answer", ["drop", "hang", "421 tired"])
def test_trouble_at_rset_cannot_happen_since_each_letter_has_its_own_connection(answer: str) -> None:
    with RawServer({"RSET": answer}) as server:
        for _ in range(3):
            server.client().send(MESSAGE, SENDER, RECIPIENT)
        assert (server.connections, len(server.accepted)) == (3, 3)
        assert "RSET" not in server.commands


@pytest.mark.parametrize("step", ["connect", "EHLO"])
@pytest.mark.parametrize("answer", ["drop", "hang", "421 busy", "554 go away", "hello?"])
def test_a_break_before_the_letter_is_mentioned_says_nothing_about_it(step: str, answer: str) -> None:
    with RawServer({step: answer, "HELO": answer}) as server:
        client = server.client(connect_seconds=0.4)
        with pytest.raises(UnreachableError):
            client.send(MESSAGE, SENDER, RECIPIENT)
        with pytest.raises(UnreachableError):
            client.probe()


def test_a_server_that_wants_a_login_first_fails_no_letter() -> None:
    answers = {"MAIL": "530 5.7.0 authentication required"}
    with RawServer(answers) as server, pytest.raises(UnreachableError, match="530"):
        server.client().send(MESSAGE, SENDER, RECIPIENT)


def test_no_server_at_all_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match=r"mail server 127\.0\.0\.1"):
        SmtpServer(host="127.0.0.1", port=free_port()).send(MESSAGE, SENDER, RECIPIENT)


def test_a_healthy_server_passes_the_probe_without_a_letter() -> None:
    with RawServer() as server:
        server.client().probe()
        assert [c.split(" ")[0].upper() for c in server.commands] == ["EHLO", "QUIT"]


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nRCPT TO:<c@d.example>", "å@example.org", "nobody", "@x.se"]
)
def test_an_address_that_smtp_cannot_carry_is_refused_before_connecting(address: str) -> None:
    with RawServer() as server:
        with pytest.raises(RefusedError):
            server.client().send(MESSAGE, SENDER, address)
        assert server.connections == 0


def test_a_swedish_domain_becomes_ascii() -> None:
    assert ascii_address("Nämnden <namnd@kävlinge.example>") == "namnd@xn--kvlinge-5wa.example"


# --- the address of the server ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtp://relay.example.org", 25, "none"),
        ("smtp+starttls://relay.example.org", 587, "starttls"),
        ("smtps://relay.example.org", 465, "tls"),
        ("smtp://relay.example.org:2525", 2525, "none"),
        ("smtp://[::1]:1025", 1025, "none"),
    ],
)
def test_the_url_says_port_and_encryption(url: str, port: int, security: str) -> None:
    server = SmtpServer.from_url(url)
    assert (server.port, server.security) == (port, security)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example.org",
        "http://relay.example.org",
        "smtp://",
        "smtps://u:hemlighet@relay.example.org:port",
        "smtps://u:hemlighet/1@relay.example.org",
        "smtps://u:hemlighet@relay.example.org?x=1",
        "smtp://u:hemlighet@relay.example.org",
        "smtps://u@relay.example.org",
        "smtps://u:hemlighet@[::1",
    ],
)
def test_a_wrong_url_is_refused_in_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^SMTP_URL: ") as caught:
        SmtpServer.from_url(url)
    assert "hemlighet" not in str(caught.value)


def test_a_password_may_go_unencrypted_to_this_machine_only() -> None:
    assert SmtpServer.from_url("smtp://u:p@127.0.0.1:1025").password == "p"
    with pytest.raises(ConfigError, match="unencrypted"):
        SmtpServer.from_url("smtp://u:p@relay.example.org")
