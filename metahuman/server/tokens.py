"""What a client must know: the server's token, and the sessions of browsers that have shown it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from metahuman.home import Home
from metahuman.server.settings import is_loopback
from metahuman.state.errors import SettingError
from metahuman.state.files import make_folder, store_errors, write_atomic

#: The environment's variable that holds the token.
VARIABLE = "METAHUMAN_TOKEN"
#: Fewer characters could be guessed; a token that is made has 43.
SHORTEST = 16
#: Seconds that a browser stays signed in, and how many browsers are at once.
SESSION_SECONDS, SESSIONS = 7 * 86_400, 100
COOKIE = "metahuman-session"


def token_file(home: Home) -> Path:
    """Return where a home keeps a token that was made for it."""
    return home.root / "state" / "server-token"


def find_token(home: Home, host: str, file: Path | None = None, *, new: bool = False) -> str | None:
    """Return the token that clients must know; None on this machine alone, where nobody asks for one.

    Args:
        home: The home.
        host: The address that the server listens at.
        file: A file that holds the token.
        new: Whether to make one, and keep it in the home.

    Raises:
        SettingError: If one is needed and there is none, or it is too short.
        StoreError: If a file cannot be read or written.
    """
    if new:
        token = secrets.token_urlsafe(32)
        write_atomic(token_file(home), f"{token}\n".encode())
        return token
    if given := os.environ.get(VARIABLE):
        return _checked(given.strip(), VARIABLE)
    if file:
        return _read(file)
    if is_loopback(host):
        return None
    if token_file(home).exists():
        return _read(token_file(home))
    problem = "anybody on the network could talk with your twin, and read its memories"
    raise SettingError(f"--host {host}", "", problem, f"set {VARIABLE}, or have a token made with --new-token")


def session_folder(home: Home) -> Path:
    """Return where a home keeps which browsers have signed in."""
    return home.root / "state" / "sessions"


def same(given: str, token: str) -> bool:
    """Tell whether two tokens are one, in a time that does not tell how far they are."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _read(file: Path) -> str:
    with store_errors(file, "check that the file exists and can be read"):
        return _checked(file.read_text("utf-8", "replace").strip(), str(file))


def _checked(token: str, place: str) -> str:
    if len(token) < SHORTEST or not token.isascii() or any(one.isspace() for one in token):
        problem = f"the token must have {SHORTEST} characters or more, and no blanks"
        raise SettingError(place, "", problem, "take a longer one, or have one made with --new-token")
    return token


class Sessions:
    """The browsers that have signed in: a file for each, so that all workers know them, and a restart keeps them.

    Args:
        folder: Where the files are.
        token: The server's; another one ends all sessions.
        clock: Returns seconds since 1970.
    """

    def __init__(self, folder: Path, token: str | None, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._key, self._clock = folder, (token or "").encode(), clock

    def begin(self) -> str:
        """Return the secret of a new session, for the browser's cookie; the oldest ends where there are too many.

        Raises:
            StoreError: If it cannot be written down.
        """
        secret, until = secrets.token_urlsafe(32), self._clock() + SESSION_SECONDS
        path = make_folder(self._folder) / self._name(secret)
        with store_errors(path):
            path.touch(0o600)
            os.utime(path, (until, until))
            self._sweep()
        return secret

    def holds(self, secret: str) -> bool:
        """Tell whether a session with this secret is under way."""
        return _until(self._folder / self._name(secret)) > self._clock()

    def end(self, secret: str) -> None:
        """End a session."""
        with store_errors(self._folder):
            (self._folder / self._name(secret)).unlink(missing_ok=True)

    def _name(self, secret: str) -> str:
        """Return what a secret is kept by, which tells neither the secret nor, by the time it takes, how far off."""
        return hmac.new(self._key, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _sweep(self) -> None:
        """Delete the sessions that have ended, and the oldest of too many."""
        known = sorted(self._folder.iterdir(), key=_until, reverse=True)
        now = self._clock()
        for number, path in enumerate(known):
            if number >= SESSIONS or _until(path) <= now:
                path.unlink(missing_ok=True)


def _until(path: Path) -> float:
    """Return until when a session lasts, in seconds since 1970: its file says so by when it was changed."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
