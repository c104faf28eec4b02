"""Episodic memories: one JSON file each, `memory/episodic/YYYY/<id>.json`, for the owner to read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from metahuman.state.errors import MetaHumanError, StoreError
from metahuman.state.files import read_json, store_errors, write_json

#: Ids become file names, so they hold nothing that could lead out of the folder.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_YEAR = re.compile(r"\d{4}")


class EpisodicStore:
    """The memories of one home.

    Args:
        folder: `memory/episodic` of the home.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, memory: Mapping[str, Any]) -> Path:
        """Write a memory and return its file. One whose id is already there is left as it is.

        Args:
            memory: At least `id`, `timestamp` (ISO 8601) and `content`.

        Raises:
            StoreError: If it cannot be written, or its id or timestamp cannot name a file.
        """
        memory_id, year = str(memory["id"]), str(memory["timestamp"])[:4]
        if not _ID.fullmatch(memory_id) or not _YEAR.fullmatch(year):
            raise StoreError(self._folder, f"no file can be named after {memory_id!r}", "use letters, digits, - _ .")
        path = self._folder / year / f"{memory_id}.json"
        if not path.exists():
            write_json(path, dict(memory))
        return path

    def newest(self) -> Iterator[dict[str, Any]]:
        """Yield the memories, newest first by file name, as they are read; files that hold none are passed over."""
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
        return sum(1 for _ in self._files())

    def _files(self) -> Iterator[Path]:
        """Yield every memory file, newest first; older homes have folders for months and days below the year's."""
        if not self._folder.is_dir():
            return
        with store_errors(self._folder, "check that the folder can be read"):
            years = sorted((path for path in self._folder.iterdir() if path.is_dir()), reverse=True)
            for year in years:
                yield from sorted(year.rglob("[!.]*.json"), key=lambda path: path.name, reverse=True)
