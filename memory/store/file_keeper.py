"""The keeper of a home whose memories are files: `Keeper`, and all that is done with many memories at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metahuman.memory.store import bulk, forgetting, syncing, verifying
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.memory.store.keeping import Keeper, Progress
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.memories import Memory


class FileKeeper(Keeper):
    """The memories of one home in files; see `metahuman.memory.keeper.MemoryKeeper`."""

    def save_all(self, memories: Iterable[Memory], progress: Progress | None = None) -> bulk.Saved:
        """Keep many memories; see `bulk.save_all`."""
        return bulk.save_all(self, memories, progress)

    def forget(self, root: Path, memory_id: str, progress: Progress | None = None) -> forgetting.Forgotten:
        """Delete a memory and what was made from it; see `forgetting.forget`."""
        return forgetting.forget(self, root, memory_id, progress)

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        return self.files.latest(containing, limit)

    def sync(self, progress: Progress | None = None) -> syncing.Synced:
        """Take in what was changed by hand; see `syncing.sync`."""
        return syncing.sync(self, progress)

    def reindex(self, progress: Progress | None = None) -> syncing.Synced:
        """Make the index anew from the files; see `syncing.reindex`."""
        return syncing.reindex(self, progress)

    def verify(self, progress: Progress | None = None) -> verifying.Verified:
        """Read every memory and compare it with the index; see `verifying.verify`."""
        return verifying.verify(self, progress)


def files_of(root: Path) -> FileKeeper:
    """Return what keeps memories in the files of the home at `root`."""
    return FileKeeper(EpisodicStore(root / "memory" / "episodic"), SqliteIndex(root / "state" / "memory.sqlite"))
