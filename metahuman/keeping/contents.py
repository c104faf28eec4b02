"""What of a home goes into its backup, in which order it is read, and why the rest stays out."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from metahuman.state.files import store_errors

#: The folders of a home that are this program's; whatever else lies beside them is somebody else's.
FOLDERS = (
    *("etc", "files", "logs/audit", "memory", "out/adapters", "out/datasets", "out/state"),
    *("persona", "routing", "state", "trash"),
)
#: The one file of this program's that is in none of them: where the audit's chain ends.
HEAD = "logs/audit.head"
#: What may be left out by its name.
PARTS: Mapping[str, tuple[str, ...]] = {
    "voices": ("out/adapters",),
    "datasets": ("out/datasets",),
    "files": ("files",),
    "trash": ("trash",),
    "audit": ("logs/audit",),
}
#: Folders whose files the owner or a tool put there: nothing in them is told by its name, and no link is followed.
OWN = ("files", "trash")
_INDEX = "an index; it is made anew"
_LEFT: Mapping[str, str] = {
    "state/memory.sqlite": _INDEX,
    "state/curation.sqlite": _INDEX,
    "state/curated-pairs.json": _INDEX,
    "state/vectors": "meanings of memories; they are made anew",
    "state/server-token": "a token; `metahuman serve --new-token` makes another",
    "state/sessions": "browsers that have signed in; they sign in again",
}
#: What only coordinates running programs, is half written, or goes with the database beside it.
_PASSING = (
    *("state/locks", "state/turns", "*.lock", "*/.*.tmp", "*/.*.checked"),
    *("*.sqlite-wal", "*.sqlite-shm", "*.sqlite-journal"),
)
_NO_NAME = "its name is no text"


class Source(NamedTuple):
    """A file that is kept.

    Args:
        place: Its path inside the home, with slashes.
        path: Where it is read.
        size: How much of it at most, in bytes; None for all that it holds when it is opened.
    """

    place: str
    path: Path
    size: int | None = None


@dataclass
class Contents:
    """What of a home is kept.

    Args:
        sources: The files, in the order in which they are to be read.
        left: Why each of the others is not, by its path inside the home.
    """

    sources: list[Source] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def contents_of(root: Path, without: Collection[str] = ()) -> Contents:
    """Return what of a home is kept.

    Args:
        root: The home.
        without: Parts that stay out, of `PARTS`.

    Raises:
        StoreError: If a folder cannot be read.
    """
    found = Contents()
    out = {folder: f"--without {name}" for name in without for folder in PARTS[name]}
    for place, why in _others(root):
        found.left[place] = why
    for folder in FOLDERS:
        if folder in out:
            found.left |= {folder: out[folder]} if (root / folder).exists() else {}
        elif (root / folder).is_dir():
            _Walk(found, set()).into(root / folder, folder)
    found.sources.sort(key=lambda source: (_rank(source.place), source.place))
    return found


def sources_in(root: Path, folder: str) -> list[Source]:
    """Return the files of one of a home's folders that are kept; none where it is not there.

    Raises:
        StoreError: If a folder cannot be read.
    """
    found = Contents()
    if (root / folder).is_dir():
        _Walk(found, set()).into(root / folder, folder)
    return found.sources


def _rank(place: str) -> int:
    """Return when a file is read.

    Threads come first: what they tell of as done was done before, so it is in what is read after them.
    """
    first = ("state/checkpoints.sqlite", "state/actions.sqlite", "state/changes/changes.jsonl")
    return first.index(place) if place in first else len(first)


def _others(root: Path) -> Iterator[tuple[str, str]]:
    """Yield what lies beside the folders of this program."""
    inner = {folder.partition("/")[0] for folder in FOLDERS if "/" in folder}
    for above in ("", *sorted(inner)):
        with store_errors(root / above):
            names = sorted(path.name for path in (root / above).iterdir()) if (root / above).is_dir() else []
        for name in names:
            place = f"{above}/{name}" if above else name
            if place not in (*FOLDERS, *inner, HEAD) and not _is_passing(place):
                yield _shown(place), "not of this program"


class _Walk:
    """A walk through one folder of the home.

    Args:
        found: What is found goes there.
        seen: The folders that were walked through: links may lead in circles.
    """

    def __init__(self, found: Contents, seen: set[tuple[int, int]]) -> None:
        self._found, self._seen = found, seen

    def into(self, folder: Path, place: str) -> None:
        """Take what is in a folder."""
        with store_errors(folder, "make it readable"):
            about = folder.stat()
            names = sorted(path.name for path in folder.iterdir())
        if (about.st_dev, about.st_ino) in self._seen:
            self._found.left[place] = "a link that leads in a circle"
            return
        self._seen.add((about.st_dev, about.st_ino))
        for name in names:
            self._take(folder / name, f"{place}/{name}")

    def _take(self, path: Path, place: str) -> None:
        why = _why_not(path, place)
        if why is None and path.is_dir():
            self.into(path, place)
        elif why is None and path.is_file():
            self._found.sources.append(Source(place, path))
        elif why:
            self._found.left[_shown(place)] = why


def _why_not(path: Path, place: str) -> str | None:
    """Return why a file or folder stays out: "" for what is not worth telling, None for what is kept."""
    if not _is_text(place):
        return _NO_NAME
    own = place.startswith(tuple(f"{folder}/" for folder in OWN))
    if path.is_symlink() and (own or not path.exists()):
        return "a link" if own else "a link that leads nowhere"
    if not own and _is_passing(place):
        return ""
    if _is_special(path):
        return "no file"
    return None if own else _LEFT.get(place)


def _is_passing(place: str) -> bool:
    return any(fnmatchcase(f"/{place}" if "/" not in place else place, pattern) for pattern in _PASSING)


def _is_special(path: Path) -> bool:
    """Tell whether it is a pipe, a socket or a device, which nobody can read to its end."""
    try:
        mode = path.stat().st_mode
    except OSError:  # it went, or may not be looked at: whoever opens it says so
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_text(place: str) -> bool:
    try:
        return bool(place.encode())
    except UnicodeEncodeError:
        return False


def _shown(place: str) -> str:
    return place.encode(errors="replace").decode()


def is_made_anew(place: str) -> bool:
    """Tell whether what is left out at a place of the home is no loss: it is made anew, or asked for again."""
    return place in _LEFT


def is_place(place: str) -> bool:
    """Tell whether a path leads to a file in one of a home's folders, and nowhere else."""
    parts = place.split("/")
    plain = "\0" not in place and _is_text(place) and not {"", ".", ".."} & set(parts)
    return plain and (place == HEAD or any(PurePosixPath(one) in PurePosixPath(place).parents for one in FOLDERS))
