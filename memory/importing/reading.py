"""Importing memories: other programs' exports, journals and our own, read as a stream.

`read_import` tells which format it is and hands out the memories one by one. Nothing is written: whoever takes them
saves them, and ids are such that taking the same thing twice finds it there.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast, get_args

from metahuman.memory.importing.chatgpt import CHATGPT
from metahuman.memory.importing.chats import CONVERSATIONS
from metahuman.memory.importing.claude import CLAUDE
from metahuman.memory.importing.journal import JOURNAL
from metahuman.memory.importing.lines import LINES
from metahuman.memory.importing.metahuman import METAHUMAN, home_of
from metahuman.memory.importing.parts import UNREADABLE, Part, encoding_of, parts
from metahuman.memory.importing.report import Report
from metahuman.memory.importing.taking import Reader, Taking, digest
from metahuman.memory.importing.values import BadJsonError, as_dict, loads, name_of
from metahuman.state.errors import BadChoice
from metahuman.state.memories import Memory

Format = Literal["metahuman", "chatgpt", "claude", "markdown", "jsonl"]
FORMATS: tuple[Format, ...] = get_args(Format)
#: Called with the bytes read so far, and with how many there are.
Progress = Callable[[int, int], None]

READERS: dict[Format, Reader] = {
    "metahuman": METAHUMAN,
    "chatgpt": CHATGPT,
    "claude": CLAUDE,
    "markdown": JOURNAL,
    "jsonl": LINES,
}
#: In these, an id stands for one exchange; another text under it is another version of the same.
SURE: tuple[Format, ...] = ("chatgpt", "claude")
#: What a chat product's conversations hold, whichever comes first: not where it is quoted inside a text.
_MESSAGES = re.compile(r'(?<!\\)"(?:(?P<claude>chat_messages)|(?P<chatgpt>mapping))"\s*:\s*[\[{]')
_MANIFEST = re.compile(r"(^|/)manifest-[^/]*\.json$")


class Import:
    """The memories of an import. Iterate over it; `report` then tells what became of everything.

    Args:
        path: The file, folder or zip.
        format: What it is.
        consent: Whether a voice may be trained on what is taken.
        progress: Told how far it is.

    Attributes:
        format: What it is.
        report: What was taken and what was left out, so far.
    """

    def __init__(self, path: Path, format: Format, *, consent: bool, progress: Progress | None) -> None:  # noqa: A002
        self.format, self.report = format, Report(format)
        self._path, self._consent, self._progress = path, consent, progress
        self._reader = READERS[format]
        self._texts: dict[int, int] = {}

    def __iter__(self) -> Iterator[Memory]:
        """Yield the memories, each once; files that cannot be read are told in the report, and passed over."""
        self.report, self._texts = Report(self.format), {}
        meter = _Meter(self._total(), self._progress)
        taking = Taking(self.report, self._consent)
        for part in parts(self._path, self.report):
            if self._wants(part):
                for memory in self._read(meter.watched(part), taking):
                    if kept := self._kept(memory):
                        self.report.taken += 1
                        yield kept
                meter.passed(part.size)
            elif why := self._reader.aside(part.name):
                self.report.skip(why, part.name)

    def _read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        try:
            yield from self._reader.read(part, taking)
        except BadJsonError as error:
            self.report.fault(str(error), part.name)
        except UNREADABLE as error:
            self.report.fault(f"broken or unreadable: {error}", part.name)

    def _kept(self, memory: Memory) -> Memory | None:
        """Return a memory that was not there yet, under a name of its own; None for one that was.

        Of each, two numbers of 64 bits are held: about 100 MB for a million memories.
        """
        key, said = hash(memory.id), hash(digest(memory.content, memory.response))
        if key not in self._texts:
            self._texts[key] = said
            return memory
        if self._texts[key] == said or self.format in SURE:
            self.report.skip("the same again", memory.metadata.source or "")
            return None
        other = name_of(memory.id[:90], "", memory.timestamp, memory.content, memory.response or "")
        self.report.note("another text under the same id: taken under an id of its own", memory.metadata.source or "")
        return self._kept(memory.model_copy(update={"id": other}))

    def _wants(self, part: Part) -> bool:
        """Tell whether a file is read; one that was named itself always is."""
        return self._reader.wants(part.name) or part.name == self._path.name

    def _total(self) -> int:
        """Return how many bytes there are to read.

        Raises:
            BadChoice: If there are the memories of several people.
        """
        total, homes = 0, set()
        for part in parts(self._path, Report("")):
            if self._wants(part):
                total += part.size
                homes.add(home_of(part.name) if self.format == "metahuman" else "")
        if len(homes) > 1:
            several = ", ".join(sorted(homes))
            raise BadChoice(f"{self._path}: holds the memories of several homes; give one of them: {several}")
        return total


class _Meter:
    """Tells how far an import is.

    Args:
        total: The bytes there are to read.
        progress: Who is told.
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def watched(self, part: Part) -> Part:
        """Return a file that tells when it is read; what is read twice counts once."""
        return replace(part, opened=lambda: self._open(part)) if self._progress else part

    def passed(self, size: int) -> None:
        """Tell that a file was read."""
        self._done += size
        self._tell(0)

    def _tell(self, within: int) -> None:
        if self._progress:
            self._progress(min(self._done + within, self._total), self._total)

    @contextmanager
    def _open(self, part: Part) -> Iterator[BinaryIO]:
        with part.opened() as file, _Watched(file, lambda read: self._tell(min(read, part.size))) as watched:
            yield cast(BinaryIO, watched)


class _Watched(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file, self._tell, self._read = file, tell, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._read += len(data)
        self._tell(self._read)
        return len(data)


def read_import(
    path: Path,
    format: Format | None = None,  # noqa: A002 - the word that owners know
    *,
    consent: bool = True,
    progress: Progress | None = None,
) -> Import:
    """Open an import.

    Args:
        path: A file, a folder or a zip.
        format: What it is; None to find out.
        consent: Whether a voice may be trained on what is taken. A memory's own no stands against a yes.
        progress: Called with the bytes read so far, and with how many there are.

    Returns:
        The import, to iterate over.

    Raises:
        BadChoice: If nobody can tell what it is, or `format` names none.
        StoreError: If it is not there, cannot be read, or is a broken zip.
    """
    if format is not None and format not in READERS:
        raise BadChoice(f"{format!r} is no format: use one of {', '.join(FORMATS)}")
    return Import(path, format or detect(path), consent=consent, progress=progress)


def detect(path: Path) -> Format:
    """Tell what an import is, by the names of its files and by what the first conversations hold.

    Raises:
        BadChoice: If it is none that is known.
        StoreError: If it is not there, cannot be read, or is a broken zip.
    """
    others: Counter[Format] = Counter()
    downloads = False
    for part in parts(path, Report("")):
        if METAHUMAN.wants(part.name):
            return "metahuman"
        found = _product(part) if _may_be_chats(part, path) else None
        if found:
            return found
        others.update(name for name in ("markdown", "jsonl") if _wants(name, part.name))
        downloads |= bool(_MANIFEST.search(part.name))
    if others:
        return others.most_common(1)[0][0]
    if downloads:
        raise BadChoice(f"{path}: only lists where the parts of an export are; download them, and give their folder")
    raise BadChoice(f"{path}: is nothing that can be imported; if it is, say which: --format {'|'.join(FORMATS)}")


def persona_of(path: Path) -> dict[str, Any] | None:
    """Return the `persona/core.json` of a home that is imported; None where there is none that can be read."""
    for part in parts(path, Report("")):
        if part.name.endswith("persona/core.json"):
            with suppress(BadJsonError, *UNREADABLE), part.text(Report("")) as text:
                return as_dict(loads(text.read())) or None
    return None


def _may_be_chats(part: Part, path: Path) -> bool:
    return bool(CONVERSATIONS.search(part.name)) or (part.name == path.name and part.name.casefold().endswith(".json"))


def _product(part: Part) -> Format | None:
    """Return the product whose conversations a file holds; None for a file with none."""
    try:
        head = part.head()
        found = _MESSAGES.search(head.decode(encoding_of(head), "ignore"))
    except UNREADABLE:
        return None
    return None if not found else "claude" if found["claude"] else "chatgpt"


def _wants(name: Format, file: str) -> bool:
    return READERS[name].wants(file) or (name == "markdown" and "/" not in file and file.casefold().endswith(".txt"))
