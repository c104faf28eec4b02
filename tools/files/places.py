"""What a call names, judged once more by the tool itself, and what is passed over in folders that may be read."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from metahuman.tools.desk import Desk
from metahuman.tools.files.walking import Passed
from metahuman.tools.policy.paths import MACHINE, How, inside, resolve, secret


def place_of(path: str, desk: Desk, how: How = "read") -> Path:
    """Return where a path of a call leads.

    Args:
        path: As the call names it.
        desk: What the call has at hand.
        how: What is to be done there.

    Raises:
        ToolError: If it may not go there.
    """
    return resolve(path, desk.base, desk.folders, how, home=desk.home)


def passed_over(top: Path, desk: Desk, *, hidden: bool, secrets: bool) -> Passed:
    """Return what tells which places below a folder are passed over: the machine's own, and what is not asked for.

    Args:
        top: The folder.
        desk: What the call has at hand.
        hidden: Whether what is hidden is asked for.
        secrets: Whether names that stand for keys and passwords may come up.
    """
    machine = [folder for folder in MACHINE if inside(folder, top)]

    def passed(place: str) -> bool:
        if not hidden and place.rpartition("/")[2].startswith("."):
            return True
        if machine and top / place in machine:
            return True
        return not secrets and secret(top / place, desk.home)

    return passed


def like(glob: str) -> Callable[[str], bool]:
    """Return what tells whether a name is like a glob, in which capitals and ways to write an accent do not matter."""
    wanted = _plain(glob)
    return lambda name: not wanted or fnmatchcase(_plain(name), wanted)


def size_of(count: int) -> str:
    """Return a size in words: 812 bytes, 1.2 kB, 3.4 MB."""
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{count:,} bytes" if unit == "bytes" else f"{size:.3g} {unit}"


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
