"""What tools changed in a turn, put back: newest first, and never over what somebody else has changed since."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Literal, NamedTuple

from metahuman.state.errors import BadChoice, MetaHumanError, ToolError
from metahuman.tools.changes import CallChanges, Change, ChangeLog, Key, fingerprint
from metahuman.tools.files.opening import Read, one_line
from metahuman.tools.files.trash import Trashed

#: What the calls of an undoing are called; the turn is called after them, and can be undone in its turn.
UNDO = "undo"
#: What became of a file: put back as it was; taken away, for it had been made; back from the trash; left as it is.
How = Literal["put back", "taken away", "restored", "left"]


class Turn(NamedTuple):
    """What was changed in a turn.

    Args:
        turn: The id of the message that it answered, or the name of an undoing.
        thread: The conversation, if any.
        changes: Those that were made, oldest first.
    """

    turn: str
    thread: str | None
    changes: list[Change]

    @property
    def standing(self) -> list[Change]:
        """Those that were not undone."""
        return [change for change in self.changes if change.state != "undone"]

    @property
    def is_undo(self) -> bool:
        """Whether it only undid another."""
        return all(change.call == UNDO for change in self.changes)


class Undone(NamedTuple):
    """What became of a file.

    Args:
        path: The file or folder.
        how: What was done.
        why: Why it was left.
    """

    path: str
    how: How
    why: str | None = None


def turns(log: ChangeLog) -> list[Turn]:
    """Return the turns in which files were changed, the latest change last.

    Raises:
        StoreError: If the home cannot be read.
    """
    with log.alone():
        changes = [log.settled(change) for change in log.ledger.read()]
    found = dict[str, Turn]()
    for change in changes:
        if change.state != "void":
            turn = found.pop(change.turn, Turn(change.turn, change.thread, []))
            found[change.turn] = turn._replace(changes=[*turn.changes, change])
    return list(found.values())


def chosen(log: ChangeLog, word: str | None = None) -> Turn:
    """Return the turn that is called so, or whose id alone begins so; by default the latest that can be undone.

    Raises:
        BadChoice: If there is none, or several.
    """
    found = turns(log)
    if word is None:
        found = [turn for turn in found if turn.standing and not turn.is_undo][-1:]
    else:
        found = [turn for turn in found if turn.turn == word] or [one for one in found if one.turn.startswith(word)]
    if not found:
        what = "nothing is left to undo" if word is None else f"no turn {one_line(word)!r} has changed files"
        raise BadChoice(f"{what}; `metahuman undo --list` shows what was changed")
    if len(found) > 1:
        raise BadChoice(f"{word!r} may be any of {', '.join(one.turn for one in found[:5])}: write more of it")
    return found[0]


def undo(log: ChangeLog, turn: Turn, *, force: bool = False) -> list[Undone]:
    """Put back what a turn changed.

    Args:
        log: The changes of the home.
        turn: The turn.
        force: Whether also what somebody else has changed since; what that was is kept.

    Returns:
        What became of each file, in the order it was done.

    Raises:
        StoreError: If the home cannot be written.
    """
    key = Key(turn.thread, f"{UNDO}-{secrets.token_hex(4)}", UNDO)
    undoing = _Undoing(log, log.of(key, tidy=False), force=force)
    done = dict[str, Undone]()
    for change in reversed(turn.standing):
        if change.path in done and done[change.path].how == "left":
            continue  # what came before it cannot be reached any more
        done.pop(change.path, None)
        done[change.path] = undoing.undo(change)
    return list(done.values())


class _Undoing:
    def __init__(self, log: ChangeLog, changes: CallChanges, *, force: bool) -> None:
        self._log, self._changes, self._force = log, changes, force

    def undo(self, change: Change) -> Undone:
        try:
            done = self._restore(change) if change.trash else self._put_back(change)
        except (ToolError, BadChoice) as error:
            return Undone(change.path, "left", str(error).removeprefix(f"{change.path}: "))
        with self._log.alone():
            self._log.ledger.end(change.id, "undone")
        return done

    def _put_back(self, change: Change) -> Undone:
        path, content = Path(change.path), self._kept(change)

        def make(now: Read | None) -> bytes | None:
            if not self._force and fingerprint(now) not in (change.before, change.after):
                raise ToolError("it was changed since; --force puts it back all the same")
            return content

        self._changes.put(path, make, change.mode)
        if content is None:
            _remove_empty(path.parent, change.made)
        return Undone(change.path, "taken away" if content is None else "put back")

    def _kept(self, change: Change) -> bytes | None:
        if change.before is None:
            return None
        content = self._log.versions.read(change.before)
        if content is None:
            raise ToolError("what it held before is not kept any more")
        return content

    def _restore(self, change: Change) -> Undone:
        one = self._trashed(change)
        if self._force and _is_there(one.path):
            self._changes.remove(one.path)
        with self._log.alone():
            self._log.trash.restore(one)
        return Undone(change.path, "restored")

    def _trashed(self, change: Change) -> Trashed:
        with contextlib.suppress(MetaHumanError):
            one = self._log.trash.find(change.trash or "")
            if one.there:
                return one
        raise ToolError("it is not in the trash any more")


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _remove_empty(path: Path, levels: int) -> None:
    """Remove the folders that were made for a file, as far as nothing else is in them."""
    with contextlib.suppress(OSError):
        for folder in [path, *path.parents][:levels]:
            folder.rmdir()
