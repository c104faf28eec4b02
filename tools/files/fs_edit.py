"""`fs_edit`: a part of a text file, word for word, exchanged for another."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files.diffs import difference
from metahuman.tools.files.fs_write import bytes_of
from metahuman.tools.files.opening import one_line, read_file
from metahuman.tools.files.places import place_of
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.texts import text_of
from metahuman.tools.tool import Arguments, Tool, Touch

#: Lines that are named where a text stands several times.
NAMED = 10


class EditFile(Arguments):
    """Change a part of a text file. Read the file first and copy old_text from it exactly."""

    path: str = Field(description="The file.")
    old_text: str = Field(min_length=1, description="What stands there now, exactly; enough of it to stand there once.")
    new_text: str = Field(description="What will stand there instead; may be empty.")
    all: bool = Field(default=False, description="Whether to change it wherever it stands, if more than once.")


class Edited(NamedTuple):
    """A file's content with an edit made.

    Args:
        content: Its bytes.
        before: Its text before.
        after: Its text after.
    """

    content: bytes
    before: str
    after: str


async def run(arguments: EditFile, desk: Desk) -> Output:
    """Edit a file, and return what differs."""
    path = place_of(arguments.path, desk, "write")
    return Output(await in_thread(lambda: _edit(path, arguments, desk)), (str(path),))


async def preview(arguments: EditFile, desk: Desk) -> str:
    """Return what would differ."""
    path = place_of(arguments.path, desk, "write")
    return await in_thread(lambda: _preview(path, arguments, desk))


def edited(path: Path, data: bytes, arguments: EditFile, desk: Desk) -> Edited:
    """Return what an edit makes of a file.

    Args:
        path: The file.
        data: Its bytes.
        arguments: The edit. Its line breaks stand for those of the file.
        desk: What the call has at hand.

    Raises:
        ToolError: If the file is no text, or the old text does not stand in it just once.
    """
    text = text_of(data, path)
    old, new = arguments.old_text, arguments.new_text
    if old not in text.text and "\r\n" in text.text:
        old, new = (re.sub("\r?\n", "\r\n", part) for part in (old, new))
    _check_count(path, text.text, old, anywhere=arguments.all)
    after = text.text.replace(old, new)
    return Edited(bytes_of(text, after, desk), text.text, after)


def _check_count(path: Path, text: str, old: str, *, anywhere: bool) -> None:
    count = text.count(old)
    if not count:
        raise ToolError(f"{one_line(path)}: old_text does not stand in it; read it and copy the text exactly")
    if count > 1 and not anywhere:
        found = [text.count("\n", 0, hit.start()) + 1 for hit in islice(re.finditer(re.escape(old), text), NAMED)]
        lines = ", ".join(map(str, found)) + ("…" if count > NAMED else "")
        remedy = "give more of the text around it, or all=true"
        raise ToolError(f"{one_line(path)}: old_text stands in it {count:,} times (lines {lines}); {remedy}")


def _edit(path: Path, arguments: EditFile, desk: Desk) -> str:
    done = list[Edited]()

    def make(before: bytes | None) -> bytes:
        if before is None:
            raise ToolError(f"{one_line(path)}: there is no such file; fs_write makes one")
        done.append(edited(path, before, arguments, desk))
        return done[0].content

    desk.changes.change(path, make)
    return difference(one_line(path), done[0].before, done[0].after, desk.limits.output)


def _preview(path: Path, arguments: EditFile, desk: Desk) -> str:
    read = read_file(path, desk.limits.file)
    would = edited(path, read.data, arguments, desk)
    return difference(one_line(path), would.before, would.after, desk.limits.output)


TOOL = Tool(
    "fs_edit",
    EditFile,
    run,
    risk="medium",
    effect="write",
    touches=lambda arguments: (Touch(arguments.path, "read"), Touch(arguments.path, "write")),
    pattern=lambda arguments: {"path": arguments.path},
    preview=preview,
)
