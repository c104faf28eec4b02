"""Stands before every route: who asks, from where, how often and how much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metahuman.server.errors import Refused, told
from metahuman.server.limits import Buckets, too_often
from metahuman.server.requests import SESSION, check_host, check_origin, check_type, knows_token, shows_token
from metahuman.server.settings import Settings, is_loopback
from metahuman.server.signin import form
from metahuman.server.tokens import Sessions

#: Seconds until a client that gave wrong tokens may try one more.
ATTEMPT_SECONDS = 6.0
#: Of a body that is not read to its end, the rest must not be taken for the next request.
CLOSING = {"Connection": "close"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets through what may pass, with the headers that keep browsers from harm.

    Args:
        app: What stands behind it.
        settings: How the server is run.
        sessions: The browsers that have signed in.
    """

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions) -> None:
        self._app, self._settings, self._sessions = app, settings, sessions
        limits = settings.limits
        self._requests = Buckets(limits.rate, limits.burst)
        self.attempts = Buckets(1 / ATTEMPT_SECONDS, limits.attempts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge a request, and hand it on or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        guarded = _with_headers(scope["path"], send)
        try:
            self._judge(scope)
            body = Body(receive, self._settings, Headers(scope=scope))
        except Refused as error:
            await _refusal(scope, error)(scope, receive, guarded)
            return
        scope.setdefault("state", {})["attempts"] = self.attempts
        await self._app(scope, body, guarded)

    def _judge(self, scope: Scope) -> None:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        client = scope["client"][0] if scope.get("client") else ""
        check_host(headers, self._settings)
        if wait := self._requests.take(client):
            raise too_often(wait)
        check_origin(method, path, headers, self._settings.origins)
        signs_in = path == SESSION and method == "POST"
        if self._settings.token is None and client and not is_loopback(client):
            raise unknown()  # another program may have bound this application to more than loopback
        if not signs_in:
            self._identify(headers, client)
        check_type(method, path, headers)

    def _identify(self, headers: Headers, client: str) -> None:
        """See that a request shows the token; who tries many is made to wait.

        Raises:
            Refused: If it does not.
        """
        wait = self.attempts.empty(client) if shows_token(headers) and self._settings.token else 0.0
        if wait:
            raise too_often(wait)
        if not knows_token(headers, self._settings, self._sessions):
            if shows_token(headers):
                self.attempts.take(client)
            raise unknown()


class Body:
    """Hands on the body of a request, as long as it is neither too long nor too slow.

    Args:
        receive: Where it comes from.
        settings: How long it may be, and how slow.
        headers: The request's.

    Raises:
        Refused: If its head says that it is too long.
    """

    def __init__(self, receive: Receive, settings: Settings, headers: Headers) -> None:
        self._receive, self._limits = receive, settings.limits
        self._seen, self._whole = 0, False
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._limits.body:
            raise self._too_long()

    async def __call__(self) -> Message:
        """Return the next part; after the last, wait for the client's leaving."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, "too_slow", "the request's body took too long to arrive", headers=CLOSING) from None
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._seen > self._limits.body:
            raise self._too_long()
        return message

    def _too_long(self) -> Refused:
        told = f"the body of a request may have {self._limits.body:,} bytes"
        return Refused(413, "too_long", told, headers=CLOSING)


def unknown() -> Refused:
    """Return what somebody is told who does not show the token: nothing else."""
    headers = {"WWW-Authenticate": 'Bearer realm="metahuman"'}
    return Refused(401, "unauthorized", "show the token: Authorization: Bearer TOKEN", headers=headers)


def _refusal(scope: Scope, error: Refused) -> Response:
    """Return the answer to a refused request; a person who is not signed in gets the form to sign in with."""
    accepts = Headers(scope=scope).get("accept", "")
    if error.status == 401 and scope["method"] == "GET" and "text/html" in accepts and scope["path"] != SESSION:
        return HTMLResponse(form(), 401, error.headers)
    return told(error).response()


def _with_headers(path: str, send: Send) -> Callable[[Message], Awaitable[None]]:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            cached = path.startswith("/page/")
            headers.setdefault("Cache-Control", "no-cache" if cached else "no-store")
        await send(message)

    return guarded
