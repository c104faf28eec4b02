"""The connections to one home's part of a PostgreSQL database: pooled, mended when they break, errors in one line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from metahuman.memory.postgres.address import URL, Address
from metahuman.memory.postgres.schema import TAKE_TURNS, NewerSchema, prepare, schema_of
from metahuman.state.errors import StoreError

Connection = psycopg.Connection[Any]
Pool = ConnectionPool[Connection]
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

    It connects when it is first used, and again after it was closed.

    Args:
        address: The checked address.
        home: The home's name, which chooses its schema.
        patience: Seconds to wait for a connection.
    """

    def __init__(self, address: Address, home: str, *, patience: float = PATIENCE) -> None:
        self.address, self.schema, self.patience = address, schema_of(home), patience
        #: Names that are not qualified are looked up in the home's schema and nowhere else.
        self.conninfo = make_conninfo(address.conninfo, options=f"-c search_path={self.schema}")
        self._pool: Pool | None = None
        self._opening = threading.Lock()
        self._of_thread = threading.local()

    def open(self) -> Pool:
        """Connect, and make the home's tables or bring them up to date, unless that is done.

        Raises:
            StoreError: If the server cannot be reached, or its tables are of a later version.
        """
        with self._opening:
            if self._pool is None:
                with self.errors(), psycopg.connect(self.conninfo, autocommit=True) as connection:
                    prepare(connection, self.schema)
                self._pool = self._new_pool()
            return self._pool

    def close(self) -> None:
        """Close the connections."""
        with self._opening:
            pool, self._pool = self._pool, None
        if pool:
            pool.close()

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
        """Lend a connection, each statement of which is a transaction of its own; in the blocks below, that block's.

        Raises:
            StoreError: For whatever PostgreSQL says inside the block.
        """
        held: Connection | None = getattr(self._of_thread, "held", None)
        with self.errors():
            if held:
                yield held
                return
            with self.open().connection() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection for a transaction that writes to the home; one worker at a time has it.

        Whoever has it may take it again: what fails inside is undone, and what is outside goes on. Errors as above.
        """
        nested = hasattr(self._of_thread, "held")
        with self.connection() as connection, connection.transaction():
            if nested:
                yield connection
                return
            connection.execute(TAKE_TURNS)
            with self._holding(connection):
                yield connection

    @contextmanager
    def still(self) -> Iterator[Connection]:
        """Lend a connection that sees the home as it is now, whatever others write meanwhile. Errors as above."""
        with self.connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with self._holding(connection):
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

    @contextmanager
    def _holding(self, connection: Connection) -> Iterator[None]:
        """Lend this thread the same connection again, whatever it asks for inside the block."""
        self._of_thread.held = connection
        try:
            yield
        finally:
            del self._of_thread.held

    def _new_pool(self) -> Pool:
        pool = ConnectionPool(
            self.conninfo,
            min_size=0,
            max_size=CONNECTIONS,
            timeout=self.patience,
            reconnect_timeout=self.patience,  # then the next caller tries anew, without the pause grown by then
            check=ConnectionPool.check_connection,
            kwargs={"autocommit": True},
            open=False,
        )
        pool.open()
        return pool

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
