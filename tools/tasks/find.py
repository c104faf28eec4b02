"""`task_find`: looks for tasks by words, also among those that are over."""

from __future__ import annotations

import asyncio

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.state.errors import ToolError
from metahuman.tools.desk import Desk
from metahuman.tools.own.paging import page
from metahuman.tools.tasks.choosing import score
from metahuman.tools.tasks.fields import Limit, Name, Start
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.telling import line, whole_task
from metahuman.tools.tool import Arguments, Tool


class TaskFind(Arguments):
    """Find tasks by words, also those that are done, the best first. With a task's id: all that is known of it."""

    words: Name = Field(description="Words of its title, tags or description; or its id.")
    start: Start = 0
    limit: Limit = 10


async def run(arguments: TaskFind, desk: Desk) -> Output:
    """Return what was found: a line each, or all of it if it is one."""
    said = " ".join(arguments.words.split())
    if not said:
        raise ToolError("which task? give words of its title, or its id")
    found = await asyncio.to_thread(TaskStore(desk.home).read)
    exact = [task for task in found.tasks if task.id == said]
    scored = [(score(said, task), task) for task in found.tasks]
    tasks = exact or [
        task for points, task in sorted(scored, key=lambda pair: (-pair[0], not pair[1].open, pair[1].id)) if points
    ]
    if not tasks:
        return Output("No task has these words.", trusted=True)
    lines = [whole_task(tasks[0], desk.now)] if len(tasks) == 1 else [line(task, desk.now) for task in tasks]
    text = page(lines, arguments.start, arguments.limit, desk.limits.output, what="tasks")
    return Output(text, tuple(task.id for task in tasks[arguments.start :][: arguments.limit]))


TOOL = Tool("task_find", TaskFind, run)
