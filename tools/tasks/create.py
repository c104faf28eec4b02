"""`task_create`: writes a task down."""

from __future__ import annotations

import asyncio

from pydantic import Field

from metahuman.state.acting import Output
from metahuman.tools.desk import Desk
from metahuman.tools.tasks.fields import Description, Due, Tags, Title, Urgency, due_date
from metahuman.tools.tasks.store import TaskStore
from metahuman.tools.tasks.telling import due_in_words
from metahuman.tools.tool import Arguments, Tool


class TaskCreate(Arguments):
    """Write down something that the owner has to do, as a task."""

    title: Title = Field(description="What is to be done, in a few words.")
    due: Due | None = Field(
        None, description='When it is due: "2026-11-27", "2026-11-27T17:00", "tomorrow", "next friday 5pm".'
    )
    description: Description | None = Field(None, description="More about it, if there is more.")
    priority: Urgency = Field("P2", description="P1 is urgent, P2 normal, P3 can wait.")
    tags: Tags = Field((), description="Topics, a word each.")


async def run(arguments: TaskCreate, desk: Desk) -> Output:
    """Write the task; the words that come back are this program's own."""
    fields = arguments.model_dump(mode="json", exclude_none=True)
    if arguments.due is not None:
        fields["due"] = due_date(arguments.due, desk.now)
    task = await asyncio.to_thread(TaskStore(desk.home).create, fields, desk.changes, desk.now)
    due = due_in_words(task, desk.now)
    return Output(f"Written down as {task.id}{', ' if due else ''}{due}.", (task.id,), trusted=True)


TOOL = Tool("task_create", TaskCreate, run, effect="write", pattern=lambda _: {"title": "*"})
