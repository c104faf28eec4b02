"""How a browser shows the token once, and then has a cookie."""

from __future__ import annotations

import html
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from metahuman.server.errors import Refused
from metahuman.server.limits import Buckets, too_often
from metahuman.server.requests import FORM, SESSION, session_of
from metahuman.server.settings import Settings
from metahuman.server.tokens import COOKIE, SESSION_SECONDS, Sessions, same

_FORM = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Sign in</title></head>
<body>
<main>
<h1>Sign in</h1>
<p>{told}</p>
<form method="post" action="{place}">
<p><label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label></p>
<p><button>Sign in</button></p>
</form>
</main>
</body>
</html>
"""


class SignIn(BaseModel):
    """The token that the server was started with."""

    token: Annotated[str, Field(max_length=1024)]


def form(told: str = "This server asks for the token that it was started with.") -> str:
    """Return the page on which a person gives the token."""
    return _FORM.format(told=html.escape(told), place=SESSION)


def session_routes(settings: Settings, sessions: Sessions) -> APIRouter:
    """Return the routes that begin and end a browser's session.

    Args:
        settings: Which token is asked for.
        sessions: Where they are kept.
    """
    routes = APIRouter(tags=["session"])
    schema = {"content": {"application/json": {"schema": SignIn.model_json_schema()}}, "required": True}

    @routes.post(SESSION, status_code=204, openapi_extra={"requestBody": schema})
    async def sign_in(request: Request) -> Response:
        """Show the token, and get a cookie in its place."""
        given, by_form = await _given(request)
        if settings.token is None:
            return RedirectResponse("/", 303) if by_form else Response(status_code=204)
        client = request.client.host if request.client else ""
        attempts: Buckets = request.state.attempts
        if wait := attempts.empty(client):
            raise too_often(wait)
        if not same(given, settings.token):
            attempts.take(client)
            if by_form:
                return HTMLResponse(form("That is not the token."), 401)
            raise Refused(401, "unauthorized", "that is not the token")
        done = RedirectResponse("/", 303) if by_form else Response(status_code=204)
        secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
        done.set_cookie(
            COOKIE, sessions.begin(), max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure
        )
        return done

    @routes.delete(SESSION, status_code=204)
    async def sign_out(request: Request) -> Response:
        """End the browser's session."""
        if secret := session_of(request.headers):
            sessions.end(secret)
        done = Response(status_code=204)
        done.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return done

    return routes


async def _given(request: Request) -> tuple[str, bool]:
    """Return the token that a request gives, and whether a form gave it."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith(FORM):
        return parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0], True
    try:
        return SignIn.model_validate_json(body or b"{}").token, False
    except ValidationError:
        return "", False
