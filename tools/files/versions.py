"""What files held before tools changed them: in `state/changes/versions`, each content once, under its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from metahuman.state.files import store_errors, write_atomic

_HASH = re.compile(r"[0-9a-f]{64}")


def hash_of(content: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


class Versions:
    """The contents that are kept.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a content and return its hash; it is on the disk when this returns.

        Raises:
            StoreError: If it cannot be written.
        """
        name = hash_of(content)
        if self.read(name) is None:
            write_atomic(self._place(name), content)
        return name

    def read(self, name: str) -> bytes | None:
        """Return the content with this hash; None if it is not kept any more, or not as it was.

        Raises:
            StoreError: If it cannot be read.
        """
        if not _HASH.fullmatch(name) or not (path := self._place(name)).exists():
            return None
        with store_errors(path, "check that it can be read"):
            content = path.read_bytes()
        return content if hash_of(content) == name else None

    def keep_only(self, names: Collection[str]) -> None:
        """Delete all others.

        Raises:
            StoreError: If one cannot be deleted.
        """
        with store_errors(self._folder):
            for path in self._folder.glob("*/*"):
                if path.name not in names:
                    path.unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        return self._folder / name[:2] / name
