"""The way of a home's memories and threads into PostgreSQL and back: to be broken off and begun again at any point."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from metahuman.memory.checkpoints import ThreadSaver
from metahuman.memory.postgres.checkpoints import PostgresThreadSaver
from metahuman.memory.postgres.memories import BATCH, PostgresMemories, Progress, Stored, text_of
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import read_json, write_json

#: The checkpointers: both know their threads.
Threads = ThreadSaver | PostgresThreadSaver
#: Places that lead nowhere but into the folder: folders for years, then perhaps months and days, then the file.
_PLACE = re.compile(r"\d{4}(/[A-Za-z0-9][A-Za-z0-9._-]*)*/[^./][^/]*\.json")


@dataclass
class Moved:
    """What came over.

    Args:
        found: How many there were to move.
        new: How many were not there before.
        same: How many are there now as they were here, checked one by one.
        differing: Those that are there otherwise, and were left so: ids, or threads that have gone on there.
        left: Those that cannot be moved, and why.
    """

    found: int = 0
    new: int = 0
    same: int = 0
    differing: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything is there as it was here."""
        return self.same == self.found


def to_postgres(
    store: EpisodicStore, memories: PostgresMemories, progress: Progress, *, overwrite: bool = False
) -> Moved:
    """Copy the memories of files into PostgreSQL. The files stay.

    Args:
        store: The files.
        memories: Where they go; their index is made on the way.
        progress: Is told how many files were taken, and of how many.
        overwrite: Whether the files' memories replace those of the same id that differ.

    Raises:
        StoreError: If the database or the folder cannot be used. What was copied by then is not copied again.
    """
    moved, digests, batch = Moved(), dict[str, bytes](), list[Stored]()
    for kept in _files(store, moved, progress):
        digests[kept.memory.id] = _digest(kept)
        batch.append(kept)
        if len(batch) == BATCH:
            moved.new += memories.save_all(batch)
            batch.clear()
    moved.new += memories.save_all(batch)
    if overwrite and (changed := _differing(digests, memories)):
        for kept in _files(store, Moved(), progress):
            if kept.memory.id in changed:
                memories.replace(kept)
    moved.differing = _differing(digests, memories)
    moved.same = len(digests) - len(moved.differing)
    return moved


def to_files(memories: PostgresMemories, store: EpisodicStore, progress: Progress, *, overwrite: bool = False) -> Moved:
    """Copy the memories of PostgreSQL into files. They stay in the database.

    Args:
        memories: Where they come from.
        store: Where they go; an index over the files takes them in the next time it is brought up to date.
        progress: Is told how many were written, and of how many.
        overwrite: Whether the database's memories replace those of the same file that differ.

    Raises:
        StoreError: If the database or the folder cannot be used. What was copied by then is not copied again.
    """
    moved, total = Moved(), memories.count()
    for kept in memories.kept():
        moved.found += 1
        path = store.folder / _place(store, kept)
        with store.alone():
            new = not path.exists()
            if new or (overwrite and not _is(path, kept)):
                write_json(path, kept.value)
        moved.new += new
        if _is(path, kept):
            moved.same += 1
        else:
            moved.differing.append(kept.memory.id)
        progress(moved.found, total)
    return moved


async def move_threads(source: Threads, target: Threads, progress: Progress = lambda done, total: None) -> Moved:
    """Copy the threads' states from one checkpointer into another, in either direction.

    A thread that has gone on in the target is left as it is there.

    Args:
        source: Where they come from; it is only read.
        target: Where they go.
        progress: Is told how many threads were copied, and of how many.

    Raises:
        StoreError: If the database cannot be used. What was copied by then does no harm when it is copied again.
    """
    moved, names = Moved(), await source.threads()
    for thread in names:
        moved.found += 1
        config = RunnableConfig(configurable={"thread_id": thread})
        here, before = await _states(source, config), await _states(target, config)
        if not _newest(before) > _newest(here):
            moved.new += not before
            for state in reversed(here):
                await _copy(state, target)
        after = {_name(state): state for state in await _states(target, config)}
        if all(_same(state, after.get(_name(state))) for state in here):
            moved.same += 1
        else:
            moved.differing.append(thread)
        progress(moved.found, len(names))
    return moved


async def _states(saver: Threads, config: RunnableConfig) -> list[CheckpointTuple]:
    """Return a thread's checkpoints, the newest first."""
    return [state async for state in saver.alist(config)]


def _newest(states: list[CheckpointTuple]) -> str:
    """Return the newest checkpoint's id: ids grow with time."""
    return max((state.checkpoint["id"] for state in states), default="")


def _name(state: CheckpointTuple) -> tuple[str, str]:
    return state.config["configurable"].get("checkpoint_ns", ""), state.checkpoint["id"]


async def _copy(state: CheckpointTuple, target: Threads) -> None:
    """Put a checkpoint, and the writes that wait on it, into another checkpointer."""
    parent = (state.parent_config or {}).get("configurable", {}).get("checkpoint_id")
    config = RunnableConfig(configurable={**state.config["configurable"], "checkpoint_id": parent})
    await target.aput(config, state.checkpoint, state.metadata, state.checkpoint["channel_versions"])
    for task, writes in groupby(state.pending_writes or [], key=lambda write: write[0]):
        await target.aput_writes(state.config, [(channel, value) for _, channel, value in writes], task)


def _same(state: CheckpointTuple, other: CheckpointTuple | None) -> bool:
    """Tell whether a checkpoint came over with its values and with what waits on it."""
    if other is None:
        return False
    values = state.checkpoint["channel_values"] == other.checkpoint["channel_values"]
    waiting, there = (sorted(map(repr, one.pending_writes or [])) for one in (state, other))
    return values and waiting == there


def _files(store: EpisodicStore, moved: Moved, progress: Progress) -> Iterator[Stored]:
    """Yield the memories of files that can be kept, and note down the others."""
    places = sorted(place for place, _ in store.places())
    for done, place in enumerate(places, 1):
        moved.found += 1
        try:
            kept = Stored(place, read_json(store.folder / place))
            _digest(kept)
        except (SettingError, StoreError) as error:
            moved.left.append((place, str(error)))
        else:
            yield kept
        progress(done, len(places))


def _differing(digests: Mapping[str, bytes], memories: PostgresMemories) -> list[str]:
    there = memories.digests()
    return [name for name, digest in digests.items() if there.get(name) != digest]


def _digest(kept: Stored) -> bytes:
    """Return a digest of a memory's JSON; see that it is a memory, too."""
    kept.memory  # noqa: B018
    return hashlib.sha256(text_of(kept).encode()).digest()


def _place(store: EpisodicStore, kept: Stored) -> str:
    """Return the place of a memory's file: the one it came from, if that is one inside the folder."""
    return kept.place if _PLACE.fullmatch(kept.place) else store.place(kept.value)


def _is(path: Path, kept: Stored) -> bool:
    """Tell whether a file holds this memory."""
    try:
        return read_json(path) == kept.value
    except SettingError:
        return False
