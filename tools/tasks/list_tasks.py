"""`task_list`: shows the tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.own.paging import page
from metahuman.tools.own.when import when
from metahuman.tools.tasks.choosing import score
from metahuman.tools.tasks.fields import Due, Limit, Start
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.task import Task
from metahuman.tools.tasks.telling import by_urgency, line
from metahuman.tools.tool import Arguments, Tool

Which = Literal["open", "overdue", "closed", "all"]
WHICH: tuple[Which, ...] = get_args(Which)


class TaskList(Arguments):
    """List the owner's tasks, the soonest due first. Without arguments: all that are still to be done."""

    which: Which = Field("open", description="open: still to be done; overdue; closed: done or cancelled; all.")
    due_by: Due | None = Field(None, description='Only those due by then, such as "today", "friday", "2026-12-31".')
    tag: str | None = Field(None, description="Only those with this tag.")
    text: str | None = Field(None, description="Only those in which one of these words stands.")
    start: Start = 0
    limit: Limit = 25


async def run(arguments: TaskList, desk: Desk) -> Output:
    """Return the tasks that are wanted, a line each."""
    found = await asyncio.to_thread(TaskStore(desk.home).read)
    tasks = wanted(found.tasks, arguments, desk.now)
    if not tasks and not found.broken:
        return Output("There is no such task.", trusted=True)
    lines = [line(task, desk.now) for task in tasks] + [f"cannot be read: {problem}" for problem in found.broken]
    text = page(lines, arguments.start, arguments.limit, desk.limits.output, what="tasks")
    return Output(text, tuple(task.id for task in tasks[arguments.start :][: arguments.limit]))


def wanted(tasks: Sequence[Task], asked: TaskList, now: datetime) -> list[Task]:
    """Return the tasks that fit what is asked for: open ones by urgency; closed ones, which come last, newest first.

    Raises:
        ToolError: If the date cannot be understood.
    """
    fitting = [task for task in tasks if _is(task, asked.which, now)]
    if asked.tag is not None:
        tag = asked.tag.strip().lstrip("#").casefold()
        fitting = [task for task in fitting if tag in (one.casefold() for one in task.tags)]
    if asked.text is not None:
        fitting = [task for task in fitting if score(asked.text, task)]
    if asked.due_by is not None:
        by = when(asked.due_by, now).over
        fitting = [task for task in fitting if (due := task.when(now)) and due.over <= by]
    closed = sorted((task for task in fitting if not task.open), key=lambda task: task.completed or "", reverse=True)
    return by_urgency((task for task in fitting if task.open), now) + closed


def _is(task: Task, which: Which, now: datetime) -> bool:
    if which == "overdue":
        return task.overdue(now)
    return which == "all" or task.open is (which == "open")


TOOL = Tool("task_list", TaskList, run)
