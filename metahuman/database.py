"""Whether a home keeps its memories and threads in PostgreSQL: where METAHUMAN_DATABASE_URL says so."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from metahuman.home import Home
from metahuman.state.errors import SettingError
from metahuman.state.files import make_folder, private_lock, store_errors, write_atomic

if TYPE_CHECKING:  # psycopg is an extra, and commands that open no memories need not wait for numpy
    from metahuman.memory.keeper import MemoryKeeper
    from metahuman.memory.postgres.database import Database
    from metahuman.threads import Saver

URL = "METAHUMAN_DATABASE_URL"
#: The home's name in the database; several machines that share a home share it.
NAME = "METAHUMAN_DATABASE_HOME"
#: Set to 1 by whoever vouches for the network that the database is reached over.
PLAINTEXT = "METAHUMAN_DATABASE_PLAINTEXT"


def database_of(home: Home, url: str | None = None) -> Database | None:
    """Return the database that the home's memories and threads are in; None where they are in files.

    It is connected to when it is first used.

    Args:
        home: The home.
        url: The database; by default METAHUMAN_DATABASE_URL's.

    Raises:
        SettingError: If the URL cannot be used, or the packages for PostgreSQL are not installed.
        StoreError: If the home cannot be written.
    """
    url = url or os.environ.get(URL)
    if not url:
        return None
    try:
        from metahuman.memory.postgres.address import address_of
        from metahuman.memory.postgres.database import Database
    except ImportError as error:
        remedy = "install metahuman[postgres]"
        raise SettingError(URL, "", f"PostgreSQL needs packages that are not installed ({error})", remedy) from error
    address = address_of(url, plaintext=os.environ.get(PLAINTEXT) == "1")
    return Database(address, os.environ.get(NAME) or _own_name(home))


def keeper_of(home: Home) -> MemoryKeeper:
    """Return what keeps the home's memories: its database, or its files. Errors as for `database_of`."""
    database = database_of(home)
    if database is None:
        from metahuman.memory.store.file_keeper import files_of

        return files_of(home.root)
    from metahuman.memory.postgres.keeping import PostgresKeeper

    return PostgresKeeper(database)


@asynccontextmanager
async def open_threads(home: Home, database: Database | None) -> AsyncIterator[Saver]:
    """Open the home's threads: those in its database, or in its file.

    Args:
        home: The home.
        database: Its database; None for its file.

    Raises:
        StoreError: If they cannot be opened.
    """
    from metahuman.memory.checkpoints import open_checkpoints

    if database is None:
        async with open_checkpoints(home.checkpoints) as saver:
            yield saver
    else:
        from metahuman.memory.postgres.checkpoints import open_postgres_checkpoints

        async with open_postgres_checkpoints(database) as saver_there:
            yield saver_there


def _own_name(home: Home) -> str:
    """Return a name for the home that no other home has; it is kept in the home."""
    path = home.root / "state" / "database-home"
    with store_errors(path), private_lock(make_folder(path.parent) / ".database-home.lock"):
        if not path.exists():  # two programs on a new home must not call it by two names
            write_atomic(path, f"{uuid.uuid4().hex}\n".encode())
        return path.read_text("utf-8").strip()
