"""`fs_delete`: a file or folder moved to the trash."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files.opening import folder, one_line, tool_errors
from metahuman.tools.files.places import place_of, size_of
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.walking import Budget, walk
from metahuman.tools.policy.paths import inside, real
from metahuman.tools.tool import Arguments, Tool, Touch, place

#: Files that are counted before a folder is deleted, and seconds that this may take.
COUNTED, SECONDS = 20_000, 3.0


class Delete(Arguments):
    """Delete a file, or a folder with all that is in it. It goes to the trash, from which it can be restored."""

    path: str = Field(min_length=1, description="The file or folder.")


async def run(arguments: Delete, desk: Desk) -> Output:
    """Move a file or folder to the trash."""
    path = _place(arguments, desk)
    name = await in_thread(lambda: desk.changes.remove(path))
    told = f"{one_line(path)}: moved to the trash; `metahuman trash restore {name}` brings it back"
    return Output(told, (str(path),), trusted=True)


async def preview(arguments: Delete, desk: Desk) -> str:
    """Return what would go."""
    path = _place(arguments, desk)
    return await in_thread(lambda: _preview(path))


def _place(arguments: Delete, desk: Desk) -> Path:
    """Return what is to go, unless others stand on it.

    Raises:
        ToolError: If it is a link, or a folder that is allowed as a whole or holds one that is.
    """
    path = place_of(arguments.path, desk, "write")
    if (named := place(arguments.path, desk.base)).is_symlink():
        raise ToolError(f"{one_line(named)}: it is a link to {one_line(path)}; name what it leads to")
    if any(inside(real(top), path) for top in (*desk.folders, desk.home, desk.base)):
        raise ToolError(f"{one_line(path)}: holds all that may be used; name what is in it")
    return path


def _preview(path: Path) -> str:
    if not path.is_dir():
        with tool_errors(path):
            return f"moves the file {one_line(path)} ({size_of(path.lstat().st_size)}) to the trash"
    budget, files, size = Budget(entries=COUNTED, seconds=SECONDS), 0, 0
    with tool_errors(path), folder(path) as held:
        for found in walk(held, budget, lambda _: False):
            if not found.is_folder:
                files, size = files + 1, size + found.entry.stat(follow_symlinks=False).st_size
    least = "at least " if budget.over else ""
    return f"moves the folder {one_line(path)} with {least}{files:,} files ({size_of(size)}) to the trash"


TOOL = Tool(
    "fs_delete",
    Delete,
    run,
    risk="medium",
    effect="write",
    touches=lambda arguments: (Touch(arguments.path, "write"),),
    preview=preview,
    seconds=120.0,
)
