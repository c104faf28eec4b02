"""Every change that tools make to files: written down before it is made, with what was there, so that it can be undone.

In the home: `state/changes/changes.jsonl` says what was changed, `state/changes/versions` holds what files held before,
`trash` what was deleted. A change is either made or not, whenever the program dies; which of the two can be told later.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from filelock import Timeout

from metahuman.state.errors import MetaHumanError, StoreError
from metahuman.state.files import make_folder, private_lock, store_errors
from metahuman.state.moments import iso
from metahuman.tools.desk import Limits
from metahuman.tools.files.ledger import Change, Key, Ledger, State
from metahuman.tools.files.opening import Read, tool_errors
from metahuman.tools.files.replacing import put, read_there, temporary
from metahuman.tools.files.trash import Trash
from metahuman.tools.files.versions import Versions, hash_of

__all__ = ["CallChanges", "Change", "ChangeLog", "Keep", "Key"]
#: Seconds that one waits for another process that is changing something.
WAIT = 20.0
#: Changes after which what is old goes.
_OFTEN = 100
#: What was changed within it never goes.
_DAY = timedelta(days=1)
#: Permissions of new files and folders: in the home its owner's only, elsewhere as the owner's umask has it.
_PRIVATE, _USUAL = (0o600, 0o700), (0o666, 0o777)


class Keep(NamedTuple):
    """How long what files held is kept; the oldest goes first.

    Args:
        days: At most so long.
        size: At most so many bytes; what is of the last day stays all the same.
    """

    days: int = 30
    size: int = 500_000_000


KEPT = Keep()
#: Bytes of a file that is changed.
MOST = Limits().file


class ChangeLog:
    """The changes of a home, for any number of threads and processes.

    Args:
        home: The home's folder.
        now: Tells the moment, with a time zone.
        keep: How long what files held is kept.
        most: Bytes of a file that is changed.
    """

    def __init__(self, home: Path, now: Callable[[], datetime], keep: Keep = KEPT, most: int = MOST) -> None:
        self.home, self.now, self.most, self._keep = Path(os.path.realpath(home)), now, most, keep
        self.ledger = Ledger(self.home / "state" / "changes" / "changes.jsonl")
        self.versions = Versions(self.home / "state" / "changes" / "versions")
        self.trash = Trash(self.home / "trash")
        self._made = 0

    def of(self, key: Key, *, tidy: bool = True) -> CallChanges:
        """Return what makes the changes of one call: the `Changes` of its desk.

        Args:
            key: Which call.
            tidy: Whether old changes may go meanwhile; not while they are being undone.
        """
        return CallChanges(self, key, tidy=tidy)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer out meanwhile; the lock of one that died is released by the operating system.

        Raises:
            StoreError: If another holds it for too long.
        """
        lock = private_lock(make_folder(self.ledger.path.parent) / ".lock", timeout=WAIT)
        with store_errors(self.ledger.path):
            try:
                lock.acquire()
            except Timeout as error:
                problem, remedy = "another process is changing files", "end that one, and try again"
                raise StoreError(self.ledger.path, problem, remedy) from error
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def changing(self, *, tidy: bool) -> Iterator[None]:
        """As `alone`; with `tidy`, before the first change and now and then, all is settled and what is old goes."""
        with self.alone():
            if tidy and self._made % _OFTEN == 0:
                self.prune()
            self._made += tidy
            yield

    def settled(self, change: Change) -> Change:
        """Return a change with what became of it, if it was begun and never ended; what a crash left is tidied up.

        Nobody else may be writing meanwhile.

        Raises:
            StoreError: If the home cannot be read or written.
        """
        if change.state != "begun":
            return change
        state = self._in_trash(change) if change.trash else self._on_disk(change)
        if state != "begun":
            self.ledger.end(change.id, state)
        return replace(change, state=state)

    def prune(self) -> None:
        """Settle all changes, and let go of what is older, or more, than is kept; nobody else may be writing meanwhile.

        Raises:
            StoreError: If the home cannot be read or written.
        """
        changes = [self.settled(change) for change in self.ledger.read()]
        kept = self._kept(changes)
        if len(kept) < len(changes):
            self.ledger.rewrite(kept)
        self.versions.keep_only({change.before for change in kept if change.before})

    def _on_disk(self, change: Change) -> State:
        path = Path(change.path)
        with contextlib.suppress(OSError):
            path.with_name(temporary(change.id)).unlink(missing_ok=True)
        try:
            now = fingerprint(read_there(path, self.most))
        except (OSError, MetaHumanError):
            return "begun"
        if now == change.after:
            return "done"
        return "void" if now == change.before else "begun"

    def _in_trash(self, change: Change) -> State:
        try:
            return "done" if self.trash.settle(change.trash or "") else "void"
        except MetaHumanError:
            return "begun"

    def _kept(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes that are kept: those of the last day, and of others the latest that there is room for."""
        now, kept, held, used = self.now(), list[Change](), set[str](), 0
        for change in reversed(changes):
            used += change.size if change.before and change.before not in held else 0
            age = now - change.moment
            if age > _DAY and (age > timedelta(days=self._keep.days) or used > self._keep.size):
                break
            kept.append(change)
            held.add(change.before or "")
        return kept[::-1]


class CallChanges:
    """The changes of one call; see `metahuman.tools.desk.Changes`.

    Args:
        log: The changes of the home.
        key: Which call.
        tidy: Whether old changes may go meanwhile.
    """

    def __init__(self, log: ChangeLog, key: Key, *, tidy: bool) -> None:
        self._log, self._key, self._tidy = log, key, tidy

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, atomically; what was there before is kept.

        Args:
            path: An absolute path in which every link has been resolved.
            content: What it will hold.

        Raises:
            ToolError: If it cannot be written; nothing has then changed.
            StoreError: If the home cannot be written.
        """
        self.change(path, lambda _: content)

    def change(self, path: Path, make: Callable[[bytes | None], bytes]) -> None:
        """As `write`, with what `make` makes of the content as it stands; None where there is no file."""
        self.put(path, lambda before: make(before.data if before else None))

    def put(self, path: Path, make: Callable[[Read | None], bytes | None], mode: int | None = None) -> None:
        """As `change`; where `make` makes None, the file is taken away. `mode` are the permissions of a new one."""
        with self._log.changing(tidy=self._tidy):
            with tool_errors(path):
                before = read_there(path, self._log.most)
            content = make(before)
            if content != (before.data if before else None):
                self._put(path, content, before, mode)

    def remove(self, path: Path) -> str:
        """Move a file or folder to the trash; return its id there.

        Args:
            path: An absolute path in which every link has been resolved.

        Raises:
            ToolError: If it cannot be moved; nothing has then changed.
            StoreError: If the home cannot be written.
        """
        log = self._log
        with log.changing(tidy=self._tidy):
            change = self._new(path, trash=log.trash.new_id(log.now()))
            log.ledger.begin(change)
            with self._ending(change):
                log.trash.take(path, change.trash or "", change.at, change.turn)
        return change.trash or ""

    def happened(self) -> bool | None:
        """Tell whether the change of this call was made; None if nobody can tell, for the file was changed since.

        Raises:
            StoreError: If the home cannot be read or written.
        """
        log = self._log
        with log.alone():
            latest = {change.path: change for change in log.ledger.read() if change.key == self._key}
            states = {log.settled(change).state for change in latest.values()}
        if states <= {"void"}:
            return False
        return True if states <= {"done", "undone"} else None

    def _put(self, path: Path, content: bytes | None, before: Read | None, mode: int | None) -> None:
        log = self._log
        file, above = _PRIVATE if path.is_relative_to(log.home) else _USUAL
        if before:
            log.versions.keep(before.data)
        change = replace(
            self._new(path, made=_missing(path.parent)),
            before=fingerprint(before),
            after=None if content is None else hash_of(content),
            size=len(before.data) if before else 0,
            mode=before.mode if before else None,
        )
        log.ledger.begin(change)
        with self._ending(change), tool_errors(path):
            put(path, content, before, change.id, (file if mode is None else mode, above))

    def _new(self, path: Path, *, made: int = 0, trash: str | None = None) -> Change:
        name, at = secrets.token_hex(8), iso(self._log.now())
        return Change(name, at, *self._key, path=str(path), made=made, trash=trash)

    @contextlib.contextmanager
    def _ending(self, change: Change) -> Iterator[None]:
        """Write down what became of a change, also if it failed."""
        try:
            yield
        except BaseException:
            if self._log.settled(change).state == "begun":  # it failed because somebody else was quicker
                self._log.ledger.end(change.id, "void")
            raise
        self._log.ledger.end(change.id, "done")


def fingerprint(read: Read | None) -> str | None:
    """Return the hash of what was read; None if there is no file."""
    return hash_of(read.data) if read else None


def _missing(path: Path) -> int:
    """Return how many folders have to be made for this one to be there."""
    return sum(1 for one in (path, *path.parents) if not one.exists())
