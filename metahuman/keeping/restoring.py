"""Makes a home from a backup: beside the place it is for, then under its name in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.keeping.at_work import see_that_nobody_works
from metahuman.keeping.exchanging import exchange
from metahuman.keeping.reading import Archive
from metahuman.keeping.writing import Progress
from metahuman.state.errors import BadChoice, StoreError
from metahuman.state.files import make_folder, store_errors
from metahuman.state.keeping_events import home_restored

#: Bytes of the disk that stay free.
SPARE = 50_000_000
#: Of these folders, every home that was used has one.
HOMELY = frozenset({"etc", "memory", "persona", "state"})
#: What says that a folder beside a home is not whole yet, so that nobody misses it.
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Restored:
    """What came of it.

    Args:
        home: The home.
        before: Where the home is that was there before; None if there was none.
    """

    home: Path
    before: Path | None


def restore(archive: Archive, target: Path, progress: Progress) -> Restored:
    """Make a home from a backup. A crash at any point leaves the home that was there, or the new one.

    Args:
        archive: The backup.
        target: Where the home is to be; what is there is kept beside it, under another name.
        progress: Told the bytes that are written, and how many there are.

    Raises:
        BadChoice: If a program is at work in the home that is there.
        StoreError: If the backup is broken, or something cannot be written.
    """
    target = target.resolve()
    holds_something(target)
    make_folder(target.parent)
    see_that_it_fits(archive, target)
    see_that_nobody_works(target)
    with _stage(target) as stage:
        made = stage / "home"
        with store_errors(made):
            made.mkdir(mode=0o700)
        archive.unpack(made, progress)
        _tell(archive, made)
        with store_errors(stage):
            os.sync()  # once for all files: a power cut must not leave a name without what it names
            (stage / UNFINISHED).unlink()
        see_that_nobody_works(target)
        return _in_place(made, target)


def holds_something(target: Path) -> bool:
    """Tell whether there is a home in a folder, which may be moved aside.

    Raises:
        BadChoice: If there is something else.
        StoreError: If it cannot be read.
    """
    with store_errors(target):
        names = {path.name for path in target.iterdir()} if target.is_dir() else set[str]()
        if target.exists() and not target.is_dir():
            raise BadChoice(f"{target}: is no folder; name another with --into")
    if names and not names & HOMELY:
        raise BadChoice(f"{target}: holds something else than a home; name an empty folder with --into")
    return bool(names)


def name_of_before(path: Path) -> Path:
    """Return where what is at a place is kept when something else takes it."""
    return path.with_name(f"{path.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")


def see_that_it_fits(archive: Archive, target: Path) -> None:
    """See that the disk has room for what the manifest promises, which is all that will be written.

    Raises:
        StoreError: If it has not.
    """
    above = next(folder for folder in target.parents if folder.exists())
    with store_errors(above):
        free = shutil.disk_usage(above).free
    if archive.manifest.size + SPARE > free:
        problem = f"what {archive.path.name} holds takes {archive.manifest.size:,} bytes, and {free:,} are free"
        raise StoreError(target, problem, "make room, or restore elsewhere with --into")


@contextlib.contextmanager
def _stage(target: Path) -> Iterator[Path]:
    """Hand out a folder beside the home, on the same disk, which goes in the end."""
    with store_errors(target.parent):
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.restoring-", dir=target.parent))
        (stage / UNFINISHED).touch(0o600)
    try:
        yield stage
    finally:
        if (stage / UNFINISHED).exists():
            shutil.rmtree(stage, ignore_errors=True)
        else:  # what is still in it is a whole home, and nobody's to delete
            with contextlib.suppress(OSError):
                stage.rmdir()


def _tell(archive: Archive, made: Path) -> None:
    """Write into the new home's audit where it is from."""
    manifest, log = archive.manifest, AuditLog(Home(made).audit, SystemClock())
    with contextlib.closing(log):
        log.record(home_restored(str(archive.path), manifest.made_at, len(manifest.files), manifest.size))


def _in_place(made: Path, target: Path) -> Restored:
    if not holds_something(target):
        with store_errors(target, "restore into a folder below it, if it is where a disk is mounted"):
            made.replace(target)
        return Restored(target, None)
    try:
        exchange(made, target)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        if error.errno != errno.ENOTSUP:
            raise StoreError(target, error, "restore elsewhere with --into") from error
        problem = "this file system cannot exchange two folders in one step"
        raise StoreError(target, problem, "move the home that is there away, and try again") from error
    before = name_of_before(target)
    with store_errors(before):
        made.replace(before)
    return Restored(target, before)
