"""The trash of a home: what tools deleted, each in a folder of its own with a note of where it was."""

from __future__ import annotations

import secrets
import shutil
import stat
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from metahuman.state.errors import BadChoice, MetaHumanError, ToolError
from metahuman.state.files import make_folder, read_json, store_errors, write_json
from metahuman.tools.files.moving import bring_back, move, sweep
from metahuman.tools.files.opening import folder, one_line, tool_errors
from metahuman.tools.files.stopping import go_on

#: The note, and the folder beside it that holds what was deleted under its own name.
NOTE, CONTENT = "manifest.json", "content"


class Trashed(NamedTuple):
    """Something in the trash.

    Args:
        id: The folder it is in, which begins with the day.
        at: When it was deleted, ISO 8601.
        path: Where it was.
        kind: What it is: file, folder or link.
        turn: The turn that deleted it, if one did.
        place: Where it is now.
    """

    id: str
    at: str
    path: Path
    kind: str
    turn: str | None
    place: Path

    @property
    def there(self) -> bool:
        """Whether it is in the trash, and not only its note."""
        return self.place.is_symlink() or self.place.exists()


class Trash:
    """The trash.

    Args:
        root: Its folder, `trash` of the home.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def new_id(self, now: datetime) -> str:
        """Return an id for what is about to be deleted."""
        return f"{now.date().isoformat()}-{secrets.token_hex(3)}"

    def take(self, path: Path, name: str, at: str, turn: str | None) -> None:
        """Move a file or folder into the trash.

        Args:
            path: An absolute path in which every link has been resolved.
            name: Its id.
            at: The moment, ISO 8601.
            turn: The turn that deletes it.

        Raises:
            ToolError: If it cannot be moved; it is then where it was.
            StoreError: If the trash cannot be written.
        """
        with tool_errors(path):
            note = {"id": name, "trashed": at, "path": str(path), "kind": _kind(path), "turn": turn}
            make_folder(self.root / name / CONTENT)
            write_json(self.root / name / NOTE, note)
            go_on()
            move(path, self.root / name / CONTENT / path.name, name)

    def settle(self, name: str) -> bool:
        """Tell whether something came into the trash under an id, and tidy up what a crash left half done.

        Raises:
            MetaHumanError: If nobody can tell.
        """
        if not (self.root / name / NOTE).exists():  # it is written first
            return False
        one = self.find(name)
        with store_errors(one.path.parent):
            if one.there:
                sweep(one.path, name)
                return True
            bring_back(one.path, name)
            shutil.rmtree(self.root / name)
        return False

    def restore(self, one: Trashed, target: Path | None = None) -> Path:
        """Move something back to where it was, or elsewhere; return where it is now.

        Args:
            one: What.
            target: Where to; by default where it was.

        Raises:
            ToolError: If something is there already, or it cannot be moved.
        """
        target = target or one.path
        with tool_errors(target):
            with folder(target.parent, make=0o777):  # as the owner's umask has it
                pass
            move(one.place, target, one.id)
        with store_errors(self.root):
            shutil.rmtree(self.root / one.id)
        return target

    def all(self) -> list[Trashed]:
        """Return what is in the trash, the latest first; folders without a note that can be read are passed over."""
        found = []
        for note in self.root.glob(f"*/{NOTE}"):
            try:
                found.append(self.find(note.parent.name))
            except MetaHumanError:
                continue
        return sorted((one for one in found if one.there), key=lambda one: (one.at, one.id), reverse=True)

    def find(self, name: str) -> Trashed:
        """Return what is in the trash under an id.

        Raises:
            BadChoice: If nothing is.
            MetaHumanError: If its note cannot be read.
        """
        path = self.root / name / NOTE
        if "/" in name or not path.is_file():
            raise BadChoice(f"nothing in the trash is called {one_line(name)!r}; `metahuman trash list` shows what is")
        note = {key: value for key, value in read_json(path).items() if isinstance(value, str)}
        was = Path(note.get("path", ""))
        if not was.is_absolute() or not was.name:
            raise BadChoice(f"{path}: does not say where it was; move what is in {path.parent / CONTENT} by hand")
        place = path.parent / CONTENT / was.name
        return Trashed(name, note.get("trashed", ""), was, note.get("kind", "file"), note.get("turn"), place)

    def empty(self, chosen: Sequence[Trashed]) -> None:
        """Delete things in the trash for good.

        Raises:
            StoreError: If one cannot be deleted.
        """
        for one in chosen:
            with store_errors(self.root / one.id):
                shutil.rmtree(self.root / one.id)


def _kind(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        return "file" if stat.S_ISREG(mode) else "link"
    raise ToolError(f"{one_line(path)}: it is no file, but a device, pipe or socket; choose a file or folder")
