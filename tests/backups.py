"""Homes that are kept and made anew, for tests."""

from __future__ import annotations

from pathlib import Path

from metahuman.home import Home
from metahuman.keeping.reading import open_archive
from metahuman.keeping.restoring import Restored, restore


def no_passphrase() -> str:
    raise AssertionError("it is not sealed")


def restored(archive: Path, into: Path) -> Restored:
    with open_archive(archive, no_passphrase) as one:
        return restore(one, into, lambda _done, _total: None)


def small_home(root: Path) -> Home:
    """Make a home of a few files, none of which a program wrote."""
    for place, text in {"etc/memory.json": "{}", "memory/episodic/2026/a.json": '{"id": "a"}', "files/x": "x"}.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text)
    return Home(root)
