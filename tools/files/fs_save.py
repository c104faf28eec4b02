"""`fs_save`: what a specialist made in the conversation, as a file, exactly as it was made."""

from __future__ import annotations

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.files import fs_write
from metahuman.tools.files.fs_write import WriteFile
from metahuman.tools.tool import Arguments, Tool, Touch


class SaveMade(Arguments):
    """Save code, a plan or a summary that was made in this conversation to a file, exactly as it was made."""

    name: str = Field(description="What it is called in the conversation.")
    path: str = Field(description="The file.")
    replace: bool = Field(default=False, description="Whether a file that is there may be replaced.")


async def run(arguments: SaveMade, desk: Desk) -> Output:
    """Write it."""
    return await fs_write.run(_written(arguments, desk), desk)


async def preview(arguments: SaveMade, desk: Desk) -> str:
    """Return how the file would differ from what is there."""
    return await fs_write.preview(_written(arguments, desk), desk)


def _written(arguments: SaveMade, desk: Desk) -> WriteFile:
    if arguments.name not in desk.made:
        there = f"there is {', '.join(desk.made)}" if desk.made else "nothing has been made yet"
        raise ToolError(f"nothing called {arguments.name!r} was made in this conversation; {there}")
    return WriteFile(path=arguments.path, content=desk.made[arguments.name], replace=arguments.replace)


TOOL = Tool(
    "fs_save",
    SaveMade,
    run,
    risk="medium",
    effect="write",
    touches=lambda arguments: (Touch(arguments.path, "write"),),
    pattern=lambda arguments: {"path": arguments.path},
    preview=preview,
)
