"""`fs_read`: a text file, a page of lines at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.files.opening import one_line, read_file
from metahuman.tools.files.pages import AROUND, Page, page_of
from metahuman.tools.files.places import place_of, size_of
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.texts import lines_of, text_of
from metahuman.tools.tool import Arguments, Tool, Touch


class ReadFile(Arguments):
    """Read a text file, one page of lines. The result says which lines they are, and how to read on."""

    path: str = Field(description="The file.")
    start: int = Field(1, description="The first line, counted from 1. -20: the twentieth line from the end.")
    limit: int = Field(500, ge=1, description="Lines at most.")
    skip: int = Field(0, ge=0, description="Characters of the first line to leave out, to read on in a long line.")


async def run(arguments: ReadFile, desk: Desk) -> Output:
    """Read a page of a file."""
    path = place_of(arguments.path, desk)
    return Output(await in_thread(lambda: _read(path, arguments, desk)), (str(path),))


def _read(path: Path, arguments: ReadFile, desk: Desk) -> str:
    backwards = arguments.start < 0
    read = read_file(path, desk.limits.file, end=backwards)
    whole = read.stamp.size <= len(read.data)
    data = read.data if whole or not backwards else read.data.partition(b"\n")[2]
    text = text_of(data, path, cut=not whole)
    lines = lines_of(text.text)
    first = max(0, len(lines) + arguments.start) if backwards else max(0, arguments.start - 1)
    page = page_of(lines[first : first + arguments.limit], arguments.skip, desk.limits.output - AROUND - len(str(path)))
    end = "last" if backwards else "first"
    part = "" if whole else f" of its {end} {size_of(len(data))}; it has {size_of(read.stamp.size)}"
    coding = "" if text.encoding == "utf-8" else f", read as {text.encoding}"
    head = f"{one_line(path)}: {_lines(first, page.shown)} of {len(lines):,}{part}{coding}"
    return "\n".join(filter(None, [head, page.text, _read_on(first, page, arguments, lines, backwards=backwards)]))


def _lines(first: int, count: int) -> str:
    if not count:
        return f"no line from {first + 1:,} on" if first else "no lines"
    return f"line {first + 1:,}" if count == 1 else f"lines {first + 1:,} to {first + count:,}"


def _read_on(first: int, page: Page, arguments: ReadFile, lines: Sequence[str], *, backwards: bool) -> str:
    """Return how to read on; nothing at the end."""
    after = first + page.shown
    if page.cut:
        start = first - len(lines) if backwards else first + 1
        return f"[cut in line {first + 1:,}: read on with start={start} and skip={page.cut}]"
    if after >= len(lines) or not page.shown:
        return ""
    return f"[cut here: read on with start={after - len(lines) if backwards else after + 1}]"


TOOL = Tool(
    "fs_read",
    ReadFile,
    run,
    risk="low",
    effect="read",
    touches=lambda arguments: (Touch(arguments.path, "read"),),
)
