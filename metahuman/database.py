"""Whether a home keeps its memories and threads in PostgreSQL: where METAHUMAN_DATABASE_URL says so."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

from metahuman.home import Home
from metahuman.state.errors import SettingError
from metahuman.state.files import store_errors, write_atomic

if TYPE_CHECKING:  # psycopg is an extra, and commands on a home of files need not wait for it
    from metahuman.memory.postgres_database import Database

URL = "METAHUMAN_DATABASE_URL"
#: The home's name in the database; several machines that share a home share it.
NAME = "METAHUMAN_DATABASE_HOME"
#: Set to 1 by whoever vouches for the network that the database is reached over.
PLAINTEXT = "METAHUMAN_DATABASE_PLAINTEXT"


def database_of(home: Home, url: str | None = None) -> Database | None:
    """Open the database that the home's memories and threads are in; None where they are in files.

    Args:
        home: The home.
        url: The database; by default METAHUMAN_DATABASE_URL's.

    Raises:
        SettingError: If the URL cannot be used, or the packages for PostgreSQL are not installed.
        StoreError: If the database cannot be reached.
    """
    url = url or os.environ.get(URL)
    if not url:
        return None
    try:
        from metahuman.memory.postgres_address import address_of
        from metahuman.memory.postgres_database import Database
    except ImportError as error:
        remedy = "install metahuman[postgres]"
        raise SettingError(URL, "", f"PostgreSQL needs packages that are not installed ({error})", remedy) from error
    address = address_of(url, plaintext=os.environ.get(PLAINTEXT) == "1")
    database = Database(address, os.environ.get(NAME) or _own_name(home))
    database.open()
    return database


def _own_name(home: Home) -> str:
    """Return a name for the home that no other home has; it is kept in the home."""
    path = home.root / "state" / "database-home"
    if not path.exists():
        write_atomic(path, f"{uuid.uuid4().hex}\n".encode())
    with store_errors(path):
        return path.read_text("utf-8").strip()
