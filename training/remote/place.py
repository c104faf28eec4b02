"""Where a voice is to be trained: `ssh://user@host:port/folder`."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from metahuman.state.errors import BadChoice

#: Where jobs go if the address names no folder: in the user's home over there.
FOLDER = "metahuman-training"
_FORM = "write it as ssh://user@host:port/folder; /~/folder is in the home over there"


class Place(NamedTuple):
    """A machine that is reached by SSH.

    Args:
        host: Its name, or an alias of the SSH configuration.
        user: Who logs in; None leaves it to the SSH configuration.
        port: None leaves it to the SSH configuration.
        folder: Where jobs go: absolute, or from the user's home on.
    """

    host: str
    user: str | None = None
    port: int | None = None
    folder: str = FOLDER

    def __str__(self) -> str:
        """Return it as a person writes it."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"ssh://{user}{self.host}{port}{self.folder if self.folder.startswith('/') else f'/~/{self.folder}'}"


def place_of(address: str) -> Place:
    """Return what an address names.

    Raises:
        BadChoice: If it is none, or holds a password.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise BadChoice(f"{address!r}: {error}; {_FORM}") from None
    if parts.scheme != "ssh" or not parts.hostname or parts.query or parts.fragment:
        raise BadChoice(f"{address!r} is no address of a machine; {_FORM}")
    if parts.password is not None:
        raise BadChoice("passwords are not taken: use a key, `ssh-copy-id` brings it there")
    return Place(parts.hostname, unquote(parts.username) if parts.username else None, port, _folder(parts.path))


def _folder(path: str) -> str:
    folder = unquote(path).rstrip("/")
    if folder in ("", "/~"):
        return FOLDER
    folder = folder.removeprefix("/~/")
    if ".." in folder.split("/") or not folder.isprintable():
        raise BadChoice(f"{folder!r} is no folder for jobs; {_FORM}")
    return folder
