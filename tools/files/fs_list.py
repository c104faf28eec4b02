"""`fs_list`: what is in a folder."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.files.opening import folder, one_line, tool_errors
from metahuman.tools.files.pages import AROUND, page_of
from metahuman.tools.files.places import like, place_of, size_of
from metahuman.tools.files.stopping import in_thread
from metahuman.tools.files.walking import Budget, entries
from metahuman.tools.tool import Arguments, Tool, Touch


class ListFolder(Arguments):
    """List what is in one folder: names, sizes, and when each was last changed. Folders end in "/"."""

    path: str = Field("", description="The folder; empty for the one that relative paths are in.")
    glob: str = Field("", description='Only names like this, such as "*.md"; capitals do not matter.')
    hidden: bool = Field(default=False, description='Also names that begin with ".".')
    start: int = Field(1, ge=1, description="The first entry wanted, counted from 1.")
    limit: int = Field(200, ge=1, description="Entries at most.")


async def run(arguments: ListFolder, desk: Desk) -> Output:
    """List a folder."""
    path = place_of(arguments.path, desk)
    return Output(await in_thread(lambda: _list(path, arguments, desk)), (str(path),))


def _list(path: Path, arguments: ListFolder, desk: Desk) -> str:
    budget, alike = Budget(), like(arguments.glob)
    with tool_errors(path), folder(path) as held:
        found = entries(held, budget)
        kept = [one for one in found if (arguments.hidden or not one.name.startswith(".")) and alike(one.name)]
        kept.sort(key=lambda one: not one.is_dir(follow_symlinks=False))
        chosen = kept[arguments.start - 1 : arguments.start - 1 + arguments.limit]
        lines = [_line(one, desk.now.tzinfo) for one in chosen]
    page = page_of(lines, 0, desk.limits.output - AROUND - len(str(path)))
    head = f"{one_line(path)}: {_entries(arguments.start, page.shown)} of {len(kept):,}"
    return "\n".join(filter(None, [head, page.text, _left(budget), _read_on(arguments.start + page.shown, len(kept))]))


def _line(entry: os.DirEntry[str], zone: tzinfo | None) -> str:
    name = one_line(entry.name)
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:  # deleted this very moment
        return f"{name}  gone"
    changed = datetime.fromtimestamp(about.st_mtime, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    if stat.S_ISDIR(about.st_mode):
        return f"{name}/  {changed}"
    if stat.S_ISREG(about.st_mode):
        return f"{name}  {size_of(about.st_size)}  {changed}"
    return f"{name}  {'a link' if stat.S_ISLNK(about.st_mode) else 'no file, but a device, pipe or socket'}  {changed}"


def _entries(start: int, count: int) -> str:
    if not count:
        return "no entries" if start == 1 else f"no entries from {start:,} on"
    return f"entries {start:,} to {start + count - 1:,}"


def _left(budget: Budget) -> str:
    return f"[the folder has more: only {budget.over} were looked at, in the system's order]" if budget.over else ""


def _read_on(after: int, count: int) -> str:
    return f"[cut here: read on with start={after}]" if after <= count else ""


TOOL = Tool(
    "fs_list",
    ListFolder,
    run,
    risk="low",
    effect="read",
    touches=lambda arguments: (Touch(arguments.path, "read"),),
)
