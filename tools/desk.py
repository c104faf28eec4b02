"""What tools may use: nothing else of the program is within their reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from metahuman.state.memories import Question
from metahuman.state.parts import Evidence, Specialist


class Changes(Protocol):
    """Changes the owner's files for one call so that its turn can be undone; see `metahuman.tools.changes`.

    A call makes one change. Whoever gives the desk out binds them to the call: `ChangeLog(home, now).of(Key(thread,
    turn, call))`, where `call` is the same word when the same call is run again after a crash.
    """

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, atomically; what was there before is kept for `metahuman undo`."""
        ...

    def change(self, path: Path, make: Callable[[bytes | None], bytes]) -> None:
        """As `write`, with what `make` makes of the content as it stands; None where there is no file."""
        ...

    def remove(self, path: Path) -> str:
        """Move a file or folder to the trash; return the id under which it can be restored."""
        ...

    def happened(self) -> bool | None:
        """Tell whether the change of this call was made, also after a crash or a time-out; None if nobody can tell.

        False is safe to run again: nothing was changed, and what was begun has been tidied up. A call that never
        came to a change has made none.
        """
        ...


class Memories(Protocol):
    """The memories, as tools see them."""

    async def search(self, question: Question) -> Sequence[Evidence]:
        """Return what bears on a question, best first."""
        ...

    async def save(self, text: str, moment: datetime) -> str:
        """Note something down; return the id of the memory that holds it."""
        ...


class Asking(Protocol):
    """Has a specialist work."""

    async def __call__(self, role: Specialist, instruction: str, material: str) -> str:
        """Return what the specialist makes of `material`, which is data of any length, under `instruction`.

        Raises:
            SpecialistFailed: If nothing comes of it.
        """
        ...


@dataclass(frozen=True)
class Limits:
    """Bounds of every tool, from `etc/trust.json`.

    Args:
        output: Characters of an output.
        file: Bytes of a file that is read or written.
        download: Bytes that are fetched from another machine.
        seconds: What a command may take.
    """

    output: int = 8_000
    file: int = 5_000_000
    download: int = 2_000_000
    seconds: float = 60.0


@dataclass(frozen=True)
class Desk:
    """What a call has at hand.

    Args:
        home: The home's folder.
        base: The folder that relative paths are in.
        folders: The folders that may be read; all other files are refused before a tool runs.
        now: The moment, with the owner's time zone.
        changes: How files are written and removed.
        memories: The memories.
        ask: Asks a model.
        limits: Bounds.
        made: What specialists made in the conversation, by name.
        settings: The tool's own part of `etc/trust.json`, such as the allowed hosts of `http_get`.
    """

    home: Path
    base: Path
    folders: Sequence[Path]
    now: datetime
    changes: Changes
    memories: Memories
    ask: Asking
    limits: Limits = field(default_factory=Limits)
    made: Mapping[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
