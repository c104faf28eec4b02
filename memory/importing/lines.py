"""JSON lines: our own export, or anybody's lines that have a text and a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from metahuman.memory.importing.metahuman import mended
from metahuman.memory.importing.parts import Part
from metahuman.memory.importing.taking import Taking
from metahuman.memory.importing.values import BadJsonError, as_dict, as_text, loads, moment, name_of
from metahuman.state.memories import Memory
from metahuman.state.moments import iso

SUFFIXES = (".jsonl", ".ndjson")
#: What others call what a memory has, the likeliest first.
TEXT = ("content", "text", "body", "message", "note")
DATE = ("timestamp", "created_at", "createdAt", "date", "datetime", "time", "ts")
SPEAKER = ("speaker", "role", "sender", "author")
THREAD = ("conversation_id", "conversationId", "thread_id", "thread", "session_id")
#: Who stands for the owner, and who is nobody.
OWNER = ("user", "human", "me", "owner")
NOBODY = ("system", "tool", "function")
#: Characters of the longest line that is read.
LONGEST_LINE = 16 * 2**20


class LineReader:
    """Reads JSON lines."""

    def wants(self, name: str) -> bool:
        """Tell whether a file holds lines, by its name."""
        return name.casefold().endswith(SUFFIXES)

    def aside(self, name: str) -> str:
        """Return why a file is left out: nobody expects another to be read."""
        return ""

    def read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        """Yield the memories of a file; a line that is wrong is told with its number, and passed over."""
        with part.text(taking.report) as text:
            for number, line in _lines(text):
                if line is not None and not line.strip():
                    continue
                taking.report.read += 1
                place = f"{part.name}, line {number}"
                found = _memory(line, f"jsonl: {part.name}", place, taking)
                if isinstance(found, Memory):
                    yield found
                elif found:
                    taking.report.skip(found, place)


def _lines(text: TextIO) -> Iterator[tuple[int, str | None]]:
    """Yield each line with its number, from 1; None for one that is too long."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        whole_line = line.endswith("\n") or len(line) < LONGEST_LINE
        while not line.endswith("\n") and len(line) == LONGEST_LINE:
            line = text.readline(LONGEST_LINE)
        yield number, line if whole_line else None


def _memory(line: str | None, source: str, place: str, taking: Taking) -> Memory | str:
    """Return the memory in a line; or why it is left out, "" where the report was told already."""
    if line is None:
        return f"longer than {LONGEST_LINE:,} characters"
    try:
        value = loads(line)
    except BadJsonError as error:
        taking.report.fault(str(error), place)
        return ""
    if not isinstance(value, dict):
        return "not an object"
    own = isinstance(value.get("metadata"), dict) and {"id", "timestamp", "content"} <= value.keys()
    return mended(value, source, taking) if own else _foreign(value, source, taking)


def _foreign(line: Mapping[str, Any], source: str, taking: Taking) -> Memory | str:
    """Return the memory in a line of another program's, with all that it holds; or why it is none."""
    text, at = _first(line, TEXT), moment(next((line[key] for key in DATE if line.get(key) is not None), None))
    speaker = _first(line, SPEAKER)
    if not text:
        return f"no text: none of the keys {', '.join(TEXT)}"
    if at is None:
        return f"no date that can be read: none of the keys {', '.join(DATE)}"
    if speaker.casefold() in NOBODY:
        return "messages of system or tools"
    metadata = as_dict(line.get("metadata")) | {
        "sourceId": line.get("id"),
        "speaker": speaker if speaker and speaker.casefold() not in OWNER else None,
        "conversationId": _first(line, THREAD) or None,
    }
    used = {"id", "metadata", *TEXT[:1], *DATE[:1], *(key for key in SPEAKER + THREAD if as_text(line.get(key)))}
    told = {
        "id": name_of("line", f"{at:%Y%m%d}", str(line.get("id")), at.isoformat(), speaker, text),
        "timestamp": iso(at),
        "content": text,
        "type": as_text(line.get("type")) or ("conversation" if line.get("response") else "observation"),
        "metadata": {key: value for key, value in metadata.items() if value is not None},
    }
    return mended({key: value for key, value in line.items() if key not in used} | told, source, taking)


def _first(line: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := as_text(line.get(key)))), "")


LINES = LineReader()
