"""`task_delete`: takes a task away; it can be restored."""

from __future__ import annotations

import asyncio

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.tasks.fields import Name
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.telling import brief
from metahuman.tools.tool import Arguments, Tool


class TaskDelete(Arguments):
    """Delete a task that was a mistake. One that is finished is not deleted: use task_update with status "done"."""

    task: Name = Field(description="Words of its title, as the owner said them, or its id.")


async def run(arguments: TaskDelete, desk: Desk) -> Output:
    """Move the task to the trash."""
    task, trashed = await asyncio.to_thread(TaskStore(desk.home).delete, arguments.task, desk.changes)
    restore = f"`metahuman trash restore {trashed}` brings it back"
    return Output(f"Deleted {task.id}: {brief(task, desk.now)}; {restore}.", (task.id,))


TOOL = Tool("task_delete", TaskDelete, run, effect="write", pattern=lambda call: {"task": call.task})
