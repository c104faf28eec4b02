"""What a home has in PostgreSQL, written as files for its backup: memories and threads."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metahuman.database import database_of, open_threads
from metahuman.home import Home
from metahuman.keeping.contents import Source, contents_of
from metahuman.state.background import background
from metahuman.state.errors import StoreError

if TYPE_CHECKING:  # an extra
    from metahuman.memory.postgres.database import Database
    from metahuman.memory.postgres.migration import Moved

#: What is in the database where a home has one; files of these names are from before it had.
THERE = ("memory/episodic/", "state/checkpoints.sqlite")


@dataclass(frozen=True)
class Exported:
    """What came out of the database.

    Args:
        kind: Where memories and threads are: files or postgresql.
        sources: Those of the database, as files.
    """

    kind: str = "files"
    sources: tuple[Source, ...] = ()

    def instead_of(self, sources: Sequence[Source]) -> list[Source]:
        """Return a home's files with those of the database in the place of its own, threads first."""
        if self.kind == "files":
            return list(sources)
        return [*self.sources, *(source for source in sources if not source.place.startswith(THERE))]


def with_database(home: Home, stage: Path) -> Exported:
    """Return what a home has in a database, written as files into `stage`.

    Raises:
        SettingError: If the database's address cannot be used.
        StoreError: If it cannot be read, or not all of it became files.
    """
    database = database_of(home)
    if database is None:
        return Exported()
    with contextlib.closing(database):
        _export(database, Home(stage))
    return Exported("postgresql", tuple(contents_of(stage).sources))


def _export(database: Database, there: Home) -> None:
    """Write threads and then memories: what a thread tells of as remembered is among the memories."""
    from metahuman.memory.postgres.memories import PostgresMemories
    from metahuman.memory.postgres.migration import move_threads, to_files
    from metahuman.memory.store.episodic import EpisodicStore

    async def threads() -> Moved:
        async with open_threads(there, database) as source, open_threads(there, None) as target:
            return await move_threads(source, target)

    memories = EpisodicStore(there.root / "memory" / "episodic")
    for moved in (
        background.run(threads()),
        to_files(PostgresMemories(database), memories, lambda _done, _total: None),
    ):
        if moved.left or moved.new < moved.found:
            problem, remedy = "not all of it could be written as files", "try again, or back it up with pg_dump"
            raise StoreError(database.address.shown, problem, remedy)
