"""What the rows of a dataset hang on: the home's memories, as they are now."""

from __future__ import annotations

from metahuman.memory.curation.preparing import source_hash
from metahuman.memory.dataset.lineage import Look, Source
from metahuman.memory.keeper import MemoryKeeper
from metahuman.state.errors import BadChoice, SettingError


def look_in(keeper: MemoryKeeper) -> Look:
    """Return what tells a row's memory as it is now."""

    def look(memory_id: str) -> Source | None:
        try:
            found = keeper.read(memory_id)
        except (BadChoice, SettingError):  # gone, or no memory any more
            return None
        return Source(source_hash(found), found.metadata.training_consent, found.type)

    return look
