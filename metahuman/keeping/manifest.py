"""What a backup says of itself: `manifest.json`, its last file. Sizes and digests, never a word of what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from metahuman.keeping.contents import is_place
from metahuman.state.errors import StoreError
from metahuman.state.written import Written

NAME = "manifest.json"
VERSION = 1
#: Bytes that a manifest may have: enough for a million files.
MOST = 256_000_000


class Kept(Written):
    """A file in a backup.

    Args:
        size: Its bytes.
        sha256: Their digest.
        modified: When it was changed last, in seconds since 1970.
        runs: Whether its owner may run it.
    """

    size: Annotated[int, Field(ge=0, alias="bytes")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    modified: Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)] = 0.0
    runs: bool = False


class Manifest(Written):
    """What is in a backup.

    Args:
        format: That it is one.
        version: Of the format.
        program: The version of the program that wrote it.
        made_at: When that was.
        home: Which folder the home was.
        source: Where the memories and threads came from.
        files: The files, by their path inside the home.
        left_out: Why others are not in it, by theirs.
        damaged: Databases that were damaged; they are in it as they were found.
    """

    format: Literal["metahuman-backup"] = "metahuman-backup"
    version: int = VERSION
    program: str = ""
    made_at: str = ""
    home: str = ""
    source: Literal["files", "postgresql"] = "files"
    files: dict[str, Kept] = Field(default_factory=dict)
    left_out: dict[str, str] = Field(default_factory=dict)
    damaged: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(kept.size for kept in self.files.values())

    def count(self, folder: str) -> int:
        """Return how many files are in a folder of the home."""
        return sum(place.startswith(f"{folder}/") for place in self.files)


def read_manifest(path: Path, data: bytes) -> Manifest:
    """Return the manifest of the backup at `path`.

    Raises:
        StoreError: If it is none, is of a newer program, or names a file that would not be in a home.
    """
    try:
        found = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise StoreError(path, "is no backup of a home, or a damaged one", "take another file") from error
    if found.version > VERSION:
        raise StoreError(path, f"a newer program ({found.program}) wrote it", "update this one")
    if wrong := next((place for place in found.files if not is_place(place)), None):
        raise StoreError(path, f"names {wrong!r}, which is no place in a home", "do not trust this file")
    return found
