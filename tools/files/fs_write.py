"""`fs_write`: a text file made, or replaced as a whole."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files.diffs import difference
from metahuman.tools.files.opening import one_line, tool_errors
from metahuman.tools.files.places import place_of, size_of
from metahuman.tools.files.replacing import read_there
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.texts import Text, text_of
from metahuman.tools.tool import Arguments, Tool, Touch


class WriteFile(Arguments):
    """Write a text file whole (UTF-8). Folders above it are made. To change a part of a file, use fs_edit."""

    path: str = Field(description="The file.")
    content: str = Field(description="All that it will hold.")
    replace: bool = Field(default=False, description="Whether a file that is there may be replaced.")


async def run(arguments: WriteFile, desk: Desk) -> Output:
    """Write a file."""
    path, content = place_of(arguments.path, desk, "write"), bytes_of(Text(""), arguments.content, desk)
    return await in_thread(lambda: _write(path, content, desk, replace=arguments.replace))


async def preview(arguments: WriteFile, desk: Desk) -> str:
    """Return how the file would differ from what is there."""
    path = place_of(arguments.path, desk, "write")
    return await in_thread(lambda: _preview(path, arguments, desk))


def bytes_of(like: Text, text: str, desk: Desk) -> bytes:
    """Return a text as the bytes of a file.

    Args:
        like: The text that it takes the place of.
        text: The text.
        desk: What the call has at hand.

    Raises:
        ToolError: If it cannot be encoded, or has too many bytes.
    """
    content = like.encoded(text)
    if len(content) > desk.limits.file:
        most = size_of(desk.limits.file)
        raise ToolError(
            f"it would have {size_of(len(content))}; a file that tools write has at most {most}: write less"
        )
    return content


def _write(path: Path, content: bytes, desk: Desk, *, replace: bool) -> Output:
    told = "made"

    def make(before: bytes | None) -> bytes:
        nonlocal told
        if before is not None:
            told = "replaced; what it held is kept for `metahuman undo`"
            if not replace and before != content:
                raise ToolError(f"{one_line(path)}: it is there already; fs_edit changes it, replace=true replaces it")
        return content

    desk.changes.change(path, make)
    return Output(f"{one_line(path)}: {told}, {size_of(len(content))}", (str(path),), trusted=True)


def _preview(path: Path, arguments: WriteFile, desk: Desk) -> str:
    with tool_errors(path):
        before = read_there(path, desk.limits.file)
    name, room = one_line(path), desk.limits.output
    if before is None:
        return difference(name, None, arguments.content, room)
    try:
        return difference(name, text_of(before.data, path).text, arguments.content, room)
    except ToolError as error:
        return (
            f"replaces {size_of(before.stamp.size)} ({error})\n{difference(name, None, arguments.content, room - 300)}"
        )


TOOL = Tool(
    "fs_write",
    WriteFile,
    run,
    risk="medium",
    effect="write",
    touches=lambda arguments: (Touch(arguments.path, "write"),),
    pattern=lambda arguments: {"path": arguments.path},
    preview=preview,
)
