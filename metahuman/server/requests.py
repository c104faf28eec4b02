"""What a request says of where it comes from: judged before anything else looks at it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from metahuman.server.errors import Refused
from metahuman.server.settings import Settings, as_address
from metahuman.server.tokens import COOKIE, Sessions, same

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
#: Where a browser shows the token for a session; its form is the one body that is no JSON.
SESSION = "/api/session"
#: Where what this program serves begins; under LangGraph's server, all else is that server's.
OWN = ("/api", "/v1", "/page")
FORM = "application/x-www-form-urlencoded"


def check_host(headers: Headers, settings: Settings) -> None:
    """See that the server is called by a name of its own: a page elsewhere may have its name lead here.

    Raises:
        Refused: If it is not.
    """
    host = _host_of(headers.get("host", ""))
    address = as_address(host)
    known = {"localhost", settings.host, *settings.names}
    if address is not None:
        fine = address.is_loopback or not settings.loopback
    else:
        fine = host in known or (not settings.loopback and host == socket.gethostname().lower())
    if not fine:
        told = "this server is not called by that name; start it with --name for each name that it has"
        raise Refused(421, "wrong_host", told)


def check_origin(method: str, path: str, headers: Headers, origins: Sequence[str] = ()) -> None:
    """See that no page of another origin drives the server.

    Args:
        method: The request's.
        path: The request's.
        headers: The request's.
        origins: Those that may ask for all but what is this program's own.

    Raises:
        Refused: If one does.
    """
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if origin in origins and not path.startswith(OWN):
        return
    navigates = method == "GET" and headers.get("sec-fetch-mode") == "navigate" and not path.startswith(("/api", "/v1"))
    foreign = site not in ("none", "same-origin") and not navigates
    if origin is not None and (method not in SAFE or path.startswith(("/api", "/v1"))):
        foreign = foreign or not _same_origin(origin, headers.get("host", ""))
    if foreign:
        raise Refused(403, "foreign_origin", "a page of another site may not ask this server for anything")


def check_type(method: str, path: str, headers: Headers) -> None:
    """See that a body is JSON: a form of another site cannot send that.

    Raises:
        Refused: If it is not.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method in WITH_BODY and kind != "application/json" and not (path == SESSION and kind == FORM):
        raise Refused(415, "wrong_type", "send JSON, with Content-Type: application/json")


def knows_token(headers: Headers, settings: Settings, sessions: Sessions) -> bool:
    """Tell whether a request shows the token, or the cookie of a session; True where none is asked for."""
    if settings.token is None:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(given.strip(), settings.token):
        return True
    secret = session_of(headers)
    return secret is not None and sessions.holds(secret)


def shows_token(headers: Headers) -> bool:
    """Tell whether a request tries to show a token."""
    return "authorization" in headers or session_of(headers) is not None


def session_of(headers: Headers) -> str | None:
    """Return the secret of the request's session."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


def _host_of(header: str) -> str:
    """Return the host that a Host header names, without its port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _same_origin(origin: str, host: str) -> bool:
    """Tell whether an origin is this server; a proxy before it may speak another scheme."""
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
