"""The home as a folder: whether it is there and private, whether the disk has room, and what crashes left in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from metahuman.doctor.finding import OLD_SECONDS, Finding, Look, mended, ok, problem, some, warning
from metahuman.keeping.at_work import is_held
from metahuman.keeping.contents import FOLDERS, OWN
from metahuman.keeping.restoring import UNFINISHED
from metahuman.models.download import models_folder
from metahuman.server.tokens import SHORTEST, token_file
from metahuman.state.files import store_errors

#: Bytes of free disk below which a warning is due, and below which writes will soon fail.
LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
#: Permissions of anybody but the owner.
OTHERS = 0o077


def home(look: Look) -> Iterator[Finding]:
    """See that the home is there and can be written."""
    root = look.home.root
    if not root.exists():
        yield warning(f"there is no home at {root} yet", "metahuman init")
    elif not root.is_dir():
        yield problem(f"{root} is no folder", "choose another with --home or METAHUMAN_HOME")
    elif not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield problem(f"{root} cannot be read and written", f"sudo chown -R $USER {root}")
    else:
        yield ok(f"the home is {root}")


def permissions(look: Look) -> Iterator[Finding]:
    """See that nobody else may read what is in the home, but for what the owner put there."""
    root = look.home.root
    open_ones = [path for path in [root, *_own_files(root)] if path.exists() and _is_open(path)]
    if not open_ones:
        if root.exists():
            yield ok("files and folders are for your eyes only")
        return
    named = some([path.relative_to(root).as_posix() if path != root else str(root) for path in open_ones])
    told = f"{len(open_ones):,} files or folders may be read by others on this machine: {named}"
    if not look.fix:
        yield warning(told, "metahuman doctor --fix")
        return
    for path in open_ones:
        with store_errors(path):
            path.chmod(path.stat().st_mode & 0o777 & ~OTHERS)
    yield mended(f"{len(open_ones):,} files or folders are for your eyes only now: {named}")


def token(look: Look) -> Iterator[Finding]:
    """See that the server's token is long, and nobody else's to read."""
    file = token_file(look.home)
    if not file.exists():
        return
    if _is_open(file):
        yield problem(f"{file} was for others to read: the token is theirs too", "metahuman serve --new-token")
    elif len(file.read_text("utf-8", "replace").strip()) < SHORTEST:
        yield problem(f"the token in {file} is too short", "metahuman serve --new-token")
    else:
        yield ok("the server's token is yours alone")


def disk(look: Look) -> Iterator[Finding]:
    """See that there is room on the disks of the home and of the models."""
    for folder in dict.fromkeys((look.home.root, models_folder())):
        above = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(above).free
        told = f"{free / 1e9:,.1f} GB are free for {folder}"
        if free < TOO_LITTLE:
            yield problem(told, "make room: what is said can soon not be kept")
        elif free < LITTLE:
            yield warning(told, "make room; `metahuman persona voices` shows trained voices, --drop deletes one")
        else:
            yield ok(told)


def locks(look: Look) -> Iterator[Finding]:
    """Find what processes that died left in the folder of locks; the locks themselves went with them."""
    folder = look.home.locks
    told = [path for path in folder.glob("run-*.json") if not is_held(path.with_suffix(".lock"))]
    left = [*told, *(path for path in folder.glob("acting-*.lock") if not is_held(path))]
    yield from _left_behind(look, left, "marks of processes that died")


def leftovers(look: Look) -> Iterator[Finding]:
    """Find what crashes left half written: in the home, beside it, and among the models."""
    root, now = look.home.root, look.now.timestamp()
    half = [path for path in _all(root) if path.name.startswith(".") and path.suffix == ".tmp"]
    half += models_folder().glob(".*.new")
    stages = list(root.parent.glob(f".{root.name}.restoring-*"))
    half += [path for path in stages if (path / UNFINISHED).exists()]
    old = [path for path in half if now - path.lstat().st_mtime > OLD_SECONDS]
    yield from _left_behind(look, old, "things that a crash left half written")
    for path in stages:
        if (path / "home").exists() and path not in half:
            yield warning(f"a restore that was cut short left a whole home in {path}/home", "keep it or delete it")


def _left_behind(look: Look, left: list[Path], what: str) -> Iterator[Finding]:
    named = f"{len(left):,} {what}: {some([path.name for path in left])}"
    if not left:
        if look.home.root.exists():
            yield ok(f"no {what}")
    elif not look.fix:
        yield warning(named, "metahuman doctor --fix")
    else:
        for path in left:
            _remove(path)
        yield mended(f"removed {named}")


def _remove(path: Path) -> None:
    with store_errors(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _own_files(root: Path) -> Iterator[Path]:
    """Yield what this program wrote, with its folders."""
    for folder in FOLDERS:
        if folder not in OWN and (root / folder).is_dir() and not (root / folder).is_symlink():
            yield root / folder
            yield from _all(root / folder)


def _all(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if not path.is_symlink())


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & OTHERS)
