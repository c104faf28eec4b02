"""Exporting memories: to keep, to read, or to take elsewhere.

An export appears whole or not at all. It holds everything that was remembered, in the clear: it is for the owner's eyes
only (0600), and where it goes is the owner's business.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from metahuman.memory.importing.values import name_of, own_id
from metahuman.state.errors import BadChoice
from metahuman.state.files import as_json, replacing, store_errors
from metahuman.state.memories import Memory

ExportFormat = Literal["jsonl", "markdown", "folder", "zip"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
#: Called with how many memories are written.
Written = Callable[[int], None]

_SUFFIXES: dict[str, ExportFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".zip": "zip",
    "": "folder",
}
#: A zip knows no earlier and no later years.
_ZIP_YEARS = range(1980, 2108)


def export(
    memories: Iterable[Memory],
    target: Path,
    format: ExportFormat | None = None,  # noqa: A002 - the word that owners know
    *,
    overwrite: bool = False,
    zone: tzinfo | None = None,
    progress: Written | None = None,
) -> int:
    """Write memories to a file or folder, and return how many there were.

    Args:
        memories: The memories, in any order; they are not held.
        target: The file or folder to make.
        format: `jsonl` loses nothing and can be imported again, as can `folder` and `zip`, which hold a file for each;
            `markdown` is a journal to read. None to tell by the target's name.
        overwrite: Whether what is there may be replaced: a file, or a folder that holds nothing but an export.
        zone: The time zone of the journal's days; None for the machine's.
        progress: Told how many were written, one by one.

    Raises:
        BadChoice: If the format is none, or the target is there and may not be replaced.
        StoreError: If it cannot be written; what was there before is then untouched.
    """
    chosen = format or _SUFFIXES.get(target.suffix.casefold())
    if chosen not in EXPORT_FORMATS:
        problem = f"{format!r} is no format" if format else f"{target}: its name tells no format"
        raise BadChoice(f"{problem}: use one of {', '.join(EXPORT_FORMATS)}")
    _may_write(target, chosen, overwrite=overwrite)
    counted = _Counted(memories, progress)
    if chosen == "folder":
        _folder(counted, target)
    else:
        with replacing(target) as file:
            _write(counted, file, chosen, zone)
    return counted.count


class _Counted:
    """Memories that are counted as they pass."""

    def __init__(self, memories: Iterable[Memory], progress: Written | None) -> None:
        self._memories, self._progress, self.count = memories, progress, 0

    def __iter__(self) -> Iterator[Memory]:
        for memory in self._memories:
            yield memory
            self.count += 1
            if self._progress:
                self._progress(self.count)


def _may_write(target: Path, chosen: ExportFormat, *, overwrite: bool) -> None:
    """Refuse to write over what is there, unless told; and over a folder with other things in it even then."""
    if not target.exists():
        return
    if target.is_dir() != (chosen == "folder"):
        raise BadChoice(f"{target}: is {'a' if target.is_dir() else 'no'} folder; give another name")
    empty = target.is_dir() and not any(target.iterdir())
    if not overwrite and not empty:
        raise BadChoice(f"{target}: is there already; give another name, or say --overwrite")
    if target.is_dir() and {path.name for path in target.iterdir()} - {"memory"}:
        raise BadChoice(f"{target}: holds other things than an export; give another name")


def _write(memories: Iterable[Memory], file: BinaryIO, chosen: ExportFormat, zone: tzinfo | None) -> None:
    if chosen == "jsonl":
        for memory in memories:
            file.write(_line(memory))
    elif chosen == "zip":
        _zip(memories, file)
    else:
        _journal(memories, file, zone)


def _line(memory: Memory) -> bytes:
    """Return a memory as a line; half a character is written as the escape that JSON has for it."""
    return f"{json.dumps(memory.as_json(), ensure_ascii=False)}\n".encode(errors="backslashreplace")


def _place(memory: Memory) -> str:
    """Return the path of a memory's file, as a home has it."""
    name = own_id(memory.id) or name_of("memory", "", memory.id, memory.content)
    return f"memory/episodic/{memory.at.year:04}/{name}.json"


def _zip(memories: Iterable[Memory], file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for memory in memories:
            at = memory.at
            year = min(max(at.year, _ZIP_YEARS[0]), _ZIP_YEARS[-1])
            info = zipfile.ZipInfo(_place(memory), (year, at.month, at.day, at.hour, at.minute, at.second))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            packed.writestr(info, as_json(memory.as_json()))


def _folder(memories: Iterable[Memory], target: Path) -> None:
    """Write a folder beside `target`, and put it in its place."""
    with store_errors(target):
        made = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            for memory in memories:
                path = made / _place(memory)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(as_json(memory.as_json()))
                path.chmod(0o600)
            _swap(made, target)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _swap(made: Path, target: Path) -> None:
    """Put a folder in the place of another, which goes only once that has worked."""
    before = made.with_name(f"{made.name}.before")
    if not target.exists():
        made.replace(target)
        return
    target.replace(before)
    try:
        made.replace(target)
    except BaseException:
        before.replace(target)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _journal(memories: Iterable[Memory], file: BinaryIO, zone: tzinfo | None) -> None:
    """Write a journal, in the order of time; what is sorted is only where in a file beside it each memory stands."""
    with tempfile.TemporaryFile() as spool:
        places: list[tuple[float, int, int]] = []
        for memory in memories:
            text = _entry(memory, zone).encode(errors="replace")
            places.append((memory.at.timestamp(), spool.tell(), len(text)))
            spool.write(text)
        day = ""
        file.write(b"# Memories\n")
        for _, start, length in sorted(places):
            spool.seek(start)
            heading, _, entry = spool.read(length).decode().partition("\n")
            if heading != day:
                day = heading
                file.write(f"\n## {day}\n".encode())
            file.write(f"\n{entry}".encode())


def _entry(memory: Memory, zone: tzinfo | None) -> str:
    """Return a memory's day, and below it its entry in the journal."""
    at = memory.at.astimezone(zone)
    lapsed = "" if memory.current else ", no longer so"
    kind = " ".join(memory.type.replace("_", " ").split())
    said = [
        f"### {at:%H:%M}, {kind}{lapsed}",
        _quoted(memory.metadata.speaker, memory.content),
    ]
    if memory.response:
        said.append(_quoted("answer", memory.response))
    return f"{at:%Y-%m-%d, %A}\n" + "\n\n".join(said) + "\n"


def _quoted(who: str | None, text: str) -> str:
    """Return a text as a quotation, so that nothing in it can look like a heading of the journal."""
    lines = [f"**{' '.join(who.split())}:**", *text.splitlines()] if who else text.splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)
