"""`task_update`: changes a task, or finishes it."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.tasks.fields import Description, Due, Name, Tags, Title, Urgency, due_date
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.task import Status
from metahuman.tools.tasks.telling import line
from metahuman.tools.tool import Arguments, Tool


class TaskUpdate(Arguments):
    """Change a task: finish it with status "done", move its due date, rename it. What is left out stays as it is."""

    task: Name = Field(description="Words of its title, as the owner said them, or its id.")
    status: Status | None = Field(None, description="todo, in_progress, blocked, done or cancelled.")
    title: Title | None = Field(None, description="A new title.")
    due: Due | None = Field(
        None, description='A new due date, such as "2026-11-27" or "tomorrow 5pm"; "none": no date.'
    )
    description: Description | None = Field(None, description="A new description, in the place of the old one.")
    priority: Urgency | None = Field(None, description="P1 is urgent, P2 normal, P3 can wait.")
    tags: Tags | None = Field(None, description="New tags, in the place of the old ones.")


async def run(arguments: TaskUpdate, desk: Desk) -> Output:
    """Change the task, and tell how it stands now."""
    change: dict[str, Any] = arguments.model_dump(mode="json", exclude={"task"}, exclude_none=True)
    if not change:
        raise ToolError("nothing to change: give status, title, due, description, priority or tags")
    if arguments.due is not None:
        change["due"] = due_date(arguments.due, desk.now)
    task = await asyncio.to_thread(TaskStore(desk.home).update, arguments.task, change, desk.changes, desk.now)
    return Output(f"Changed: {line(task, desk.now)}", (task.id,))


TOOL = Tool("task_update", TaskUpdate, run, effect="write", pattern=lambda _: {"task": "*"})
