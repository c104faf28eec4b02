"""Episodic memories: one JSON file each, `memory/episodic/YYYY/<id>.json`, for the owner to read."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from metahuman.memory.index import Stamp
from metahuman.memory.store.documents import memory_in
from metahuman.state.errors import MetaHumanError, StoreError
from metahuman.state.files import json_object, make_folder, private_lock, read_json, store_errors, write_json
from metahuman.state.memories import Memory

#: What an edit is: keys to put in, as in `patched`, or what makes them of the memory as it stands.
Change = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]
#: Seconds that a writer waits for another process, and how often it looks whether that one is done.
WAIT, LOOK = 60.0, 0.002
_READABLE = "check that the folder can be read"
#: Ids become file names, so they hold nothing that could lead out of the folder.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_YEAR = re.compile(r"\d{4}")


class Read(NamedTuple):
    """A memory as its file has it.

    Args:
        memory: The memory.
        stamp: The file's.
    """

    memory: Memory
    stamp: Stamp


class EpisodicStore:
    """The memories of one home, for any number of threads and processes.

    Args:
        folder: `memory/episodic` of the home.
        wait: Seconds that a writer waits for another process.
    """

    def __init__(self, folder: Path, wait: float = WAIT) -> None:
        self.folder, self._wait = folder, wait
        self._locks = dict[int, FileLock]()
        self._making = threading.Lock()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer out meanwhile; whoever holds it may take it again.

        Raises:
            StoreError: If another process holds it for too long.
        """
        make_folder(self.folder.parent)
        lock = self._lock()
        with store_errors(self.folder):
            try:
                lock.acquire()
            except Timeout as error:
                problem, remedy = "another process is writing to it", "end that one, and try again"
                raise StoreError(self.folder, problem, remedy) from error
        try:
            yield
        finally:
            lock.release()

    def save(self, memory: Memory | Mapping[str, Any]) -> Path:
        """Write a memory and return its file. One whose id is already there is left as it is.

        Args:
            memory: At least `id`, `timestamp` (ISO 8601) and `content`.

        Raises:
            StoreError: If it cannot be written, or its id or timestamp cannot name a file.
        """
        value = memory.as_json() if isinstance(memory, Memory) else dict(memory)
        path = self.folder / self.place(value)
        with self.alone():
            if not path.exists():
                write_json(path, value)
        return path

    def write(self, place: str, value: Mapping[str, Any]) -> None:
        """Write a file, whole; for who keeps others out with `alone`.

        Raises:
            StoreError: If it cannot be written.
        """
        write_json(self.folder / place, dict(value))

    def place(self, memory: Mapping[str, Any]) -> str:
        """Return where a new memory's file goes, inside the folder.

        Raises:
            StoreError: If its id or timestamp cannot name a file.
        """
        memory_id, year = str(memory["id"]), str(memory["timestamp"])[:4]
        if not _ID.fullmatch(memory_id) or not _YEAR.fullmatch(year):
            raise StoreError(self.folder, f"no file can be named after {memory_id!r}", "use letters, digits, - _ .")
        return f"{year}/{memory_id}.json"

    def find(self, memory_id: str) -> str | None:
        """Return the place of the file that is called as this memory; None if there is none.

        Without an index this looks into every folder; a file that the owner called otherwise is not found.
        """
        if not _ID.fullmatch(memory_id):
            return None
        for year in self._years():
            found = next(year.rglob(f"{memory_id}.json"), None)
            if found:
                return found.relative_to(self.folder).as_posix()
        return None

    def read(self, memory_id: str) -> Memory | None:
        """Return a memory; None if no file is called as it.

        Raises:
            SettingError: If its file holds no memory.
            StoreError: If it cannot be read.
        """
        place = self.find(memory_id)
        return self.load(place).memory if place else None

    def load(self, place: str) -> Read:
        """Return the memory in a file.

        Args:
            place: The file inside the folder, with "/".

        Raises:
            SettingError: If it holds no memory.
            StoreError: If it cannot be read.
        """
        path = self.folder / place
        with store_errors(path, _READABLE), path.open("rb", buffering=0) as file:
            found = os.fstat(file.fileno())  # before its content: what is changed in between is then read again
            data = file.read()
        return Read(memory_in(path, json_object(path, data)), Stamp(found.st_mtime_ns, found.st_size))

    def edit(self, place: str, change: Change) -> Memory:
        """Change a memory and return it. Keys that this program does not know are kept; two edits are both kept.

        Args:
            place: Its file inside the folder, with "/".
            change: Keys to put in, see `patched`, or a function that makes them of the file as it stands.

        Raises:
            SettingError: If its file holds no memory, or would no longer; it is then as before.
            StoreError: If it cannot be read or written.
        """
        path = self.folder / place
        with self.alone():
            before = read_json(path)
            after = patched(before, change(before) if callable(change) else change)
            return self._rewrite(path, before, after)

    def replace(self, place: str, memory: Memory | Mapping[str, Any]) -> Memory:
        """Put a memory, whole, in the place of the one of the same id.

        Raises:
            SettingError: If it is no memory, or another one.
            StoreError: If it cannot be written.
        """
        path = self.folder / place
        with self.alone():
            after = memory.as_json() if isinstance(memory, Memory) else dict(memory)
            return self._rewrite(path, read_json(path), after)

    def remove(self, place: str) -> bool:
        """Delete a file, and what a writer that died left of it; tell whether it was there.

        Raises:
            StoreError: If it cannot be deleted.
        """
        path = self.folder / place
        with self.alone(), store_errors(path):
            self.sweep(place)
            found = path.exists()
            path.unlink(missing_ok=True)
            return found

    def sweep(self, place: str) -> None:
        """Delete what a writer that died left beside a file.

        Raises:
            StoreError: If it cannot be deleted.
        """
        path = self.folder / place
        with store_errors(path):
            for left in path.parent.glob(f".{path.name}.*.tmp"):
                left.unlink(missing_ok=True)

    def all(self) -> Iterator[Memory]:
        """Yield every memory, one at a time, newest first by file name; files that hold none are passed over."""
        for path in self._files():
            with contextlib.suppress(MetaHumanError):
                yield memory_in(path, read_json(path))

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the memories as their files have them, newest first; files that hold none are passed over."""
        for path in self._files():
            try:
                memory = read_json(path)
            except MetaHumanError:  # a file edited by hand into nonsense hides nothing but itself
                continue
            if isinstance(memory.get("content"), str) and isinstance(memory.get("timestamp"), str):
                yield memory

    def latest(self, containing: str, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` memories in whose text `containing` stands, in whatever case, newest first."""
        wanted = containing.casefold()
        found = (one for one in self.newest() if wanted in f"{one['content']} {one.get('response') or ''}".casefold())
        return list(islice(found, limit))

    def count(self) -> int:
        """Return how many memory files there are."""
        return sum(1 for _ in self.places())

    def places(self) -> Iterator[tuple[str, Stamp]]:
        """Yield the place and the stamp of every memory file, in no order.

        Raises:
            StoreError: If a folder cannot be read.
        """
        for year in self._years():
            yield from _below(year, f"{year.name}/")

    def _lock(self) -> FileLock:
        """Return this process's lock: a fork must not use the one that it inherited."""
        with self._making:
            if os.getpid() not in self._locks:
                path = self.folder.with_name(f".{self.folder.name}.lock")
                self._locks = {os.getpid(): private_lock(path, timeout=self._wait, poll_interval=LOOK)}
            return self._locks[os.getpid()]

    def _rewrite(self, path: Path, before: Mapping[str, Any], after: dict[str, Any]) -> Memory:
        if after.get("id", path.stem) != before.get("id", path.stem):
            raise StoreError(path, f"{after.get('id')!r} is another memory's id", "an edit keeps the id")
        memory = memory_in(path, after)
        if after != before:
            write_json(path, after)
        return memory

    def _years(self) -> list[Path]:
        """Return the folders of memories, the latest year first."""
        if not self.folder.is_dir():
            return []
        with store_errors(self.folder, _READABLE):
            found = [path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(found, reverse=True)

    def _files(self) -> Iterator[Path]:
        """Yield every memory file, newest first; older homes have folders for months and days below the year's."""
        with store_errors(self.folder, _READABLE):
            for year in self._years():
                yield from sorted(year.rglob("[!.]*.json"), key=lambda path: path.name, reverse=True)


def patched(value: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with a change put in, as RFC 7396 has it: objects are merged, null removes a key."""
    after = dict(value)
    for key, item in change.items():
        if item is None:
            after.pop(key, None)
        elif isinstance(item, Mapping):
            below = after.get(key)
            after[key] = patched(below if isinstance(below, dict) else {}, item)
        else:
            after[key] = item
    return after


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, Stamp]]:
    with store_errors(folder, _READABLE), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.name.endswith(".json"):
                try:
                    found = entry.stat()
                except FileNotFoundError:  # deleted this very moment
                    continue
                yield f"{prefix}{entry.name}", Stamp(found.st_mtime_ns, found.st_size)
