"""The connections to one home's part of a PostgreSQL database: pooled, mended when they break, errors in one line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from metahuman.memory.postgres_address import URL, Address
from metahuman.memory.postgres_schema import TAKE_TURNS, NewerSchema, prepare, schema_of
from metahuman.state.errors import StoreError

Connection = psycopg.Connection[Any]
#: Connections that one process has open at most, besides those of its threads' states.
CONNECTIONS = 8
#: Seconds that a caller waits for a connection before it is told that there is none.
PATIENCE = 10.0
REMEDY = f"see that PostgreSQL runs there and lets you in, or unset {URL}"
#: The kinds of error that say nothing of rows: connection, login, database, privileges and names, resources, operator.
_ABOUT_THE_SERVER = ("08", "28", "3D", "3F", "42", "53", "55", "57")
# What the pool would log line by line is told once, as the error of whoever asked.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)


class Database:
    """One home in a PostgreSQL database. Any thread may use it; several processes may work on one home.

    Args:
        address: The checked address.
        home: The home's name, which chooses its schema.
        patience: Seconds to wait for a connection.
    """

    def __init__(self, address: Address, home: str, *, patience: float = PATIENCE) -> None:
        self.address, self.schema, self.patience = address, schema_of(home), patience
        #: Names that are not qualified are looked up in the home's schema and nowhere else.
        self.conninfo = make_conninfo(address.conninfo, options=f"-c search_path={self.schema}")
        self._pool = ConnectionPool(
            self.conninfo,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=patience,
            reconnect_timeout=patience,  # then the next caller tries anew, without the pause that has grown by then
            check=ConnectionPool.check_connection,
            kwargs={"autocommit": True},
            open=False,
        )

    def open(self) -> None:
        """Connect, and make the home's tables or bring them up to date.

        Raises:
            StoreError: If the server cannot be reached, or its tables are of a later version.
        """
        with self.errors(), psycopg.connect(self.conninfo, autocommit=True) as connection:
            prepare(connection, self.schema)
        self._pool.open()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def scrub(self) -> None:
        """Write the tables anew, so that their files hold nothing of what was removed; nobody else gets in meanwhile.

        PostgreSQL's log of changes and the owner's backups keep it until they are recycled.
        """
        with self.connection() as connection:
            for table in ("memories", "documents", "stems"):
                connection.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))
            connection.execute("CHECKPOINT")

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection, each statement of which is a transaction of its own.

        Raises:
            StoreError: For whatever PostgreSQL says inside the block.
        """
        with self.errors(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection for a transaction that writes to the home's index; one at a time has it. As above."""
        with self.connection() as connection, connection.transaction():
            connection.execute(TAKE_TURNS)
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what PostgreSQL says into one line with a remedy.

        Raises:
            StoreError: For any error of PostgreSQL inside the block.
        """
        try:
            yield
        except psycopg.Error as error:
            raise self.failure(error) from error
        except NewerSchema as error:
            raise StoreError(self.address.shown, error, "update this program") from None

    def failure(self, error: psycopg.Error) -> StoreError:
        """Return what an error of PostgreSQL's means for the owner; it may ask the server why no connection came."""
        return StoreError(
            self.address.shown, self._why(error) if isinstance(error, PoolTimeout) else told(error), REMEDY
        )

    def _why(self, error: psycopg.Error) -> str:
        """Return why no connection came: the pool itself does not say."""
        try:
            psycopg.connect(self.conninfo).close()
        except psycopg.Error as reason:
            return told(reason)
        return f"no connection was free ({told(error)})"


def told(error: psycopg.Error) -> str:
    """Return what PostgreSQL says, in one line; of an error in the data only its kind, since it repeats the data."""
    if error.sqlstate and error.sqlstate[:2] not in _ABOUT_THE_SERVER:
        return f"{type(error).__name__} (SQLSTATE {error.sqlstate})"
    text = error.diag.message_primary or str(error) or type(error).__name__
    return text.strip().splitlines()[0]
