"""The pages as an ASGI application: opening a page changes nothing, only a POST does."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher import jobs
from matcher.digest.words import words_for
from matcher.jobs import Clock, Installation

#: Nothing is loaded from elsewhere, framed, kept, indexed, or told where a reader came from.
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
     b"base-uri 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
]  # fmt: skip


def subscription_page(state: jobs.SubscriptionState | None, *, changed: bool = False) -> str:
    """What a recipient sees: the question, or what has become of it when it was ``changed`` just now."""
    words = words_for("sv" if state is None else state.language)
    template = _templates().get_template("unsubscribe.html.j2")
    return template.render(t=words, state=state, changed=changed)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("matcher.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def application(installation: Installation, clock: Clock) -> Starlette:
    """The pages over an installation.

    ``/unsubscribe/TOKEN`` takes RFC 8058's one-click POST: no cookie, no login, no redirect, whatever the
    body. GET shows a page with a button, since mail scanners open every link.
    """

    def page(state: jobs.SubscriptionState | None, *, changed: bool = False) -> Response:
        return HTMLResponse(subscription_page(state, changed=changed), 404 if state is None else 200)

    def show(request: Request) -> Response:
        return page(jobs.subscription(installation, request.path_params["token"]))

    def change(request: Request) -> Response:
        token = request.path_params["token"]
        if "undo" in request.query_params:
            return page(jobs.resubscribe(installation, token), changed=True)
        return page(jobs.unsubscribe(installation, token, clock()), changed=True)

    def health(_request: Request) -> Response:
        jobs.waiting(installation)  # the database answers
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[
            Route("/unsubscribe/{token}", show, methods=["GET"]),
            Route("/unsubscribe/{token}", change, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ],
        middleware=[Middleware(_Guarded)],
    )


class _Guarded:
    """Puts the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        await self._app(scope, receive, with_headers)
