"""A memory in PostgreSQL forgotten: its rows, its file where it once had one, and what was made from it."""

from __future__ import annotations

from pathlib import Path

from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.memories import PostgresMemories
from metahuman.memory.store.file_keeper import files_of
from metahuman.memory.store.forgetting import Forgotten, _drop_copies, _mentioned, _without_links, drop_traces
from metahuman.memory.store.keeping import Progress
from metahuman.state.errors import BadChoice


def forget(
    database: Database, memories: PostgresMemories, root: Path, memory_id: str, progress: Progress | None = None
) -> Forgotten:
    """Delete a memory and what was made from it. The memory itself goes last: what was interrupted can be done again.

    A home that came from files still has them: the memory goes from there, too.

    Args:
        database: The home's part of the database.
        memories: The memories.
        root: The home.
        memory_id: Which memory; it is there.
        progress: Told how many of the home's other files were looked through, of how many.

    Raises:
        StoreError: If something cannot be deleted.
    """
    of_files = _forget_file(root, memory_id, progress) or _forget_traces(root, memory_id)
    unlinked = dict.fromkeys(of_files.unlinked)
    for stored in memories.naming(memory_id):
        if change := _without_links(stored.value, memory_id):
            memories.edit(stored.memory.id, change)
            unlinked[stored.memory.id] = None
    mentions = [f"memory/episodic/{stored.place}" for stored in memories.naming(memory_id)]
    (place,) = (stored.place for stored in memories.stored([memory_id]))
    memories.remove([memory_id])
    database.scrub()
    late = _drop_copies(root, memory_id)  # a curator at work may have written one while the memory was still there
    told = list(dict.fromkeys([*of_files.mentions, *mentions]))
    curated = [*of_files.curated, *late]
    return of_files._replace(place=place, curated=curated, unlinked=list(unlinked), mentions=told)


def _forget_file(root: Path, memory_id: str, progress: Progress | None) -> Forgotten | None:
    """Forget the memory where the home has it in a file as well; return None where it has not."""
    keeper = files_of(root)
    if not keeper.files.folder.is_dir():
        return None
    try:
        return keeper.forget(root, memory_id, progress)
    except BadChoice:
        return None
    finally:
        keeper.close()


def _forget_traces(root: Path, memory_id: str) -> Forgotten:
    """Delete what the home's files have of a memory that is not in one of them."""
    gone, cache = drop_traces(root, memory_id), "persona/cache.json"
    mentions = [cache] if _mentioned(root / cache, memory_id) else []
    return Forgotten("", gone.curated, gone.rows, gone.adapters, [], mentions, gone.quotes)
