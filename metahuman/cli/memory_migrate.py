"""`metahuman memory migrate`: memories and threads into PostgreSQL, or back into files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from metahuman.home import Home
    from metahuman.memory.postgres.database import Database
    from metahuman.memory.postgres.migration import Moved

FILES = "files"
#: So many ids of what differs are named.
NAMED = 10
Progress = Callable[[int, int], None]
T = TypeVar("T")


@click.command(short_help="Copy memories and threads into PostgreSQL, or back.")
@click.option("--to", "target", metavar="URL|files", required=True, help="A postgresql:// address, or the word files.")
@click.option("--overwrite", is_flag=True, help="Let memories take the place of those that differ there.")
@click.pass_obj
def migrate(home: Home, target: str, *, overwrite: bool) -> None:
    """Copy the home's memories and threads into a database, or from there into its files.

    Nothing is deleted where it comes from. Broken off, it goes on when it is started again. Back into files, they come
    from where METAHUMAN_DATABASE_URL says. Everything is compared at the end; what does not agree is named, and the
    exit code is then 1.
    """
    import contextlib

    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.state.background import background
    from metahuman.state.events import memories_migrated

    home.create()
    with contextlib.closing(_database(home, target)) as database:
        moved = {
            "memories": _memories(home, database, target, overwrite=overwrite),
            "threads": background.run(_threads(home, database, target)),
        }
        place = FILES if target == FILES else database.address.shown
    counts = {name: _counts(of) for name, of in moved.items()}
    AuditLog(home.audit, SystemClock()).record(memories_migrated(place, counts))
    for name, of in moved.items():
        _tell(name, of)
    if not all(of.complete for of in moved.values()):
        raise click.exceptions.Exit(1)
    click.echo(_what_now(target))


def _database(home: Home, target: str) -> Database:
    """Return the database that is copied to or from."""
    from metahuman.database import URL, database_of
    from metahuman.state.errors import BadChoice

    database = database_of(home, None if target == FILES else target)
    if database is None:
        raise BadChoice(f"which database they are in is not known: set {URL} to its address")
    return database


def _memories(home: Home, database: Database, target: str, *, overwrite: bool) -> Moved:
    from metahuman.memory.postgres.memories import PostgresMemories
    from metahuman.memory.postgres.migration import to_files, to_postgres
    from metahuman.memory.store.file_keeper import files_of

    keeper, there = files_of(home.root), PostgresMemories(database)
    if target != FILES:
        return _shown("memories", lambda told: to_postgres(keeper.files, there, told, overwrite=overwrite))
    moved = _shown("memories", lambda told: to_files(there, keeper.files, told, overwrite=overwrite))
    try:
        _shown("index", keeper.sync)
    finally:
        keeper.close()
    return moved


async def _threads(home: Home, database: Database, target: str) -> Moved:
    from metahuman.database import open_threads
    from metahuman.memory.postgres.migration import move_threads

    async with open_threads(home, None) as here, open_threads(home, database) as there:
        return await (move_threads(there, here) if target == FILES else move_threads(here, there))


def _shown(what: str, job: Callable[[Progress], T]) -> T:
    """Do a job and show how far it is."""
    from metahuman.cli.memory_home import shown_progress

    with shown_progress(what) as progress:
        return job(progress)


def _counts(moved: Moved) -> dict[str, int]:
    differing, left = len(moved.differing), len(moved.left)
    return {"found": moved.found, "new": moved.new, "same": moved.same, "differing": differing, "left": left}


def _tell(name: str, moved: Moved) -> None:
    from metahuman.cli.text import plain

    click.echo(f"{name}: {moved.found:,} found, {moved.new:,} new there, {moved.same:,} the same there")
    for _, why in moved.left:
        click.echo(plain(f"left as it is: {why}"), err=True)
    if moved.differing:
        named = ", ".join(moved.differing[:NAMED]) + (", …" if len(moved.differing) > NAMED else "")
        remedy = "; --overwrite replaces them" if name == "memories" else ""
        click.echo(plain(f"{len(moved.differing):,} {name} are otherwise there: {named}{remedy}"), err=True)


def _what_now(target: str) -> str:
    from metahuman.database import URL

    if target == FILES:
        return f"unset {URL} to use the files; what is in the database stays there"
    return f"set {URL} to that address to use the database; the files stay as they are"
