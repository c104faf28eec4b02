"""What `pip` installs over there: the versions that are installed here, of what training needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

#: What training and its rooms use of the product's own dependencies.
NEEDED = ("filelock", "numpy", "pydantic", "typing-extensions", "xllamacpp")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements(needed: Iterable[str] = NEEDED) -> str:
    """Return the lines of a requirements.txt. What is not installed here is asked for as the product asks for it."""
    wanted = {_named(line): line.partition(";")[0].strip() for line in _asked()}
    extra = [_named(line) for line in _asked() if 'extra == "train"' in line]
    return "".join(f"{_pinned(name, wanted)}\n" for name in sorted({*needed, *extra}))


def _asked() -> list[str]:
    return metadata.requires("metahuman") or []


def _named(line: str) -> str:
    found = _NAME.match(line)
    return found[0].lower() if found else line


def _pinned(name: str, wanted: dict[str, str]) -> str:
    try:
        # "+cpu" and the like name a build for this machine, and another one may have a GPU.
        return f"{name}=={metadata.version(name).partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return wanted.get(name, name)
