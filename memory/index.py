"""What recall asks of an index over the memories: SQLite's or PostgreSQL's. The memories' own files are the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Stamp(NamedTuple):
    """What tells that a file was changed: nanoseconds since the epoch, and bytes."""

    modified: int
    size: int


class Document(NamedTuple):
    """What the index keeps of a memory.

    Args:
        id: The memory's id.
        path: Its file inside the home's `memory/episodic`, with "/"; "" where there is none.
        stamp: The file's, as it was read.
        at: When the memory was made, in seconds since the epoch.
        type: Its type.
        thread: The conversation it belongs to; "" for none.
        speaker: Who said it, where that is not the owner; "".
        current: Whether what it says still holds.
        words: The stems of what was said, as `recall.words` makes them, with blanks between.
        told: The stems of names, tags and other signs that are not in the text itself.
    """

    id: str
    path: str
    stamp: Stamp
    at: float
    type: str
    thread: str
    speaker: str
    current: bool
    words: str
    told: str


class Candidate(NamedTuple):
    """A document and its number in the index: of two in a thread, the one said later has the higher `at`, or number."""

    number: int
    document: Document


@dataclass(frozen=True)
class Where:
    """Which documents may be found; what is None or empty does not matter.

    Args:
        types: Their types.
        not_thread: The thread that they must not belong to.
        since: The earliest moment, in seconds since the epoch.
        until: The moment before which they must have been made.
        current: Whether what they say must still hold.
    """

    types: Collection[str] = ()
    not_thread: str | None = None
    since: float | None = None
    until: float | None = None
    current: bool = True


class MemoryIndex(Protocol):
    """An index over the memories. Every method blocks; any thread may call it, and several processes work on one."""

    def put(self, documents: Iterable[Document]) -> None:
        """Add documents, each in the place of one of the same id, all or none of them."""
        ...

    def remove(self, ids: Iterable[str]) -> None:
        """Forget documents: nothing of their words stays behind."""
        ...

    def count(self) -> int:
        """Return how many documents there are."""
        ...

    def frequencies(self, stems: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each stem stands; stems that stand nowhere are left out."""
        ...

    def search(self, stems: Sequence[str], where: Where, limit: int) -> list[Candidate]:
        """Return the documents that hold most of the stems, the rare ones counting more, best first."""
        ...

    def around(self, numbers: Sequence[int], reach: int) -> dict[int, list[Candidate]]:
        """Return, for each number, the documents of its thread within `reach` places of it, itself too, in order."""
        ...

    def latest(self, where: Where, limit: int) -> list[Candidate]:
        """Return the documents made last, the newest first."""
        ...

    def find(self, ids: Sequence[str]) -> dict[str, Candidate]:
        """Return the documents of these ids that there are."""
        ...

    def stamps(self) -> Iterator[tuple[str, str, Stamp]]:
        """Yield the id, the path and the file's stamp of every document."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
