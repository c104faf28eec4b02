"""Whether the memories in PostgreSQL and the index over them agree: a look that changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from metahuman.memory.index import MemoryIndex
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.index import storable
from metahuman.memory.postgres.memories import BATCH, PostgresMemories, Stored, document_in
from metahuman.memory.store.keeping import Progress
from metahuman.memory.store.verifying import Verified
from metahuman.state.errors import SettingError

_GONE = "SELECT id FROM documents EXCEPT SELECT id FROM memories ORDER BY id"
_WRONG_COUNTS = """
SELECT count(*) FROM (
    SELECT stem, count(*) AS documents FROM documents, unnest(tsvector_to_array(stems)) AS stem GROUP BY stem
) AS counted FULL JOIN stems USING (stem) WHERE counted.documents IS DISTINCT FROM stems.documents
"""


def verify(
    database: Database, memories: PostgresMemories, index: MemoryIndex, progress: Progress | None = None
) -> Verified:
    """Read every memory and compare it with the index; nothing is changed, and nobody waits for it.

    Args:
        database: The home's part of the database.
        memories: The memories.
        index: The index over them.
        progress: Told how many memories have been read, of how many.

    Raises:
        StoreError: If the database cannot be used.
    """
    with database.still() as connection:
        found, total, waiting = Verified(), memories.count(), memories.kept()
        while batch := list(islice(waiting, BATCH)):
            _look(index, batch, found)
            found.files += len(batch)
            if progress:
                progress(found.files, total)
        found.gone = [name for (name,) in connection.execute(_GONE)]
        wrong = connection.execute(_WRONG_COUNTS).fetchall()[0][0]
    found.faults = [f"the counts of {wrong} stems are wrong"] if wrong else []
    return found


def _look(index: MemoryIndex, batch: Iterable[Stored], found: Verified) -> None:
    documents = {}
    for stored in batch:
        try:
            documents[stored.place] = storable(document_in(stored.memory))
        except SettingError as error:
            found.broken.append(error)
    indexed = index.find([document.id for document in documents.values()])
    for place, document in documents.items():
        other = indexed.get(document.id)
        if other is None:
            found.missing.append(place)
        elif other.document != document:
            found.differing.append(place)
