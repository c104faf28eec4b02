"""Keeps a home sealed while nobody needs it: one file beside where it was, and nothing in plain text."""

from __future__ import annotations

import shutil
from pathlib import Path

from metahuman.database import database_of
from metahuman.home import Home, locked_file
from metahuman.keeping.at_work import see_that_nobody_works
from metahuman.keeping.contents import contents_of, is_made_anew
from metahuman.keeping.manifest import Manifest
from metahuman.keeping.reading import open_archive
from metahuman.keeping.restoring import name_of_before, restore
from metahuman.keeping.writing import Progress, back_up, see_that_there_is_one
from metahuman.state.errors import BadChoice
from metahuman.state.files import store_errors, sync_folder


def lock(home: Home, passphrase: str, progress: Progress) -> Manifest | None:
    """Seal a home into one file, which is read to its end before the home is deleted.

    A crash at any point leaves the home or the file, each whole. One that was cut short while the home was being
    deleted goes on when it is called again.

    Args:
        home: The home.
        passphrase: What it is sealed with.
        progress: Told the bytes that are read, and how many there are; then those of the file.

    Returns:
        What is in the file; None if the home was locked, and only what was left of it was deleted.

    Raises:
        BadChoice: If there is nothing to lock, a program is at work in it, or something would stay behind.
        SettingError: If sealing needs a package that is not installed.
        StoreError: If something cannot be read or written.
    """
    root = home.root.resolve()
    if home.is_locked:
        _delete(_leaving(root))
        return None
    see_that_nobody_works(root)
    _see_that_all_goes(home)
    target = locked_file(root)
    if target.exists():  # of a home that was here before: nobody's to delete
        with store_errors(target):
            target.replace(name_of_before(target))
    manifest = back_up(home, target, passphrase=passphrase, progress=progress)
    with open_archive(target, lambda: passphrase) as archive:
        archive.verify(progress)
    see_that_nobody_works(root)
    with store_errors(root):
        root.replace(_leaving(root))
        sync_folder(root.parent)
    _delete(_leaving(root))
    return manifest


def unlock(home: Home, passphrase: str, progress: Progress) -> Manifest:
    """Make a home from the file that it was sealed into, and delete that.

    Args:
        home: The home.
        passphrase: What it was sealed with.
        progress: Told the bytes that are written, and how many there are.

    Raises:
        BadChoice: If it is not locked, or the passphrase is another.
        StoreError: If the file is broken, or something cannot be written.
    """
    root = home.root.resolve()
    if not home.is_locked:
        raise BadChoice(f"{root}: is not locked")
    with open_archive(locked_file(root), lambda: passphrase) as archive:
        restore(archive, root, progress)
        manifest = archive.manifest
    with store_errors(root.parent):
        locked_file(root).unlink()
    return manifest


def _see_that_all_goes(home: Home) -> None:
    """See that nothing stays behind in plain text, and nothing is lost."""
    see_that_there_is_one(home)
    if database_of(home):
        raise BadChoice("its memories and threads are in PostgreSQL: encrypt them there; `metahuman lock` is for files")
    left = [f"{place} ({why})" for place, why in contents_of(home.root).left.items() if not is_made_anew(place)]
    if left:
        told = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        raise BadChoice(f"{home.root}: this would not be locked with it: {told}; move it out of the home first")


def _leaving(root: Path) -> Path:
    """Return what a home is called while it is being deleted."""
    return root.with_name(f".{root.name}.leaving")


def _delete(folder: Path) -> None:
    with store_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)
