"""Tasks in words: a line each, or one with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from metahuman.tools.tasks.store import ACTIVE, TaskStore
from metahuman.tools.tasks.task import NORMAL, Task

#: Characters of a title in a list, and how many tasks are kept in mind.
TITLE, IN_MIND = 120, 10


def active(home: Path, now: datetime, most: int = IN_MIND) -> list[str]:
    """Return the open tasks that are due some day, the most urgent first, such as "Buy milk (due Fri 27 Nov)".

    Args:
        home: The home's folder.
        now: The moment, with the owner's time zone.
        most: How many at most.

    Raises:
        StoreError: If the folder cannot be read.
    """
    due = [task for task in TaskStore(home).read(ACTIVE).tasks if task.open and task.when(now)]
    return [brief(task, now) for task in by_urgency(due, now)[:most]]


def by_urgency(tasks: Iterable[Task], now: datetime) -> list[Task]:
    """Return tasks with the soonest due first, then by priority, then by age."""
    return sorted(tasks, key=lambda task: task.urgency(now))


def brief(task: Task, now: datetime) -> str:
    """Return a task's title, and when it is due."""
    title = " ".join(task.title.split())
    cut = title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
    due = due_in_words(task, now)
    return f"{cut} ({due})" if due else cut


def due_in_words(task: Task, now: datetime) -> str:
    """Return when a task is due, or was; "" if it is not."""
    if not task.due:
        return ""
    found = task.when(now)
    late = "overdue since" if task.overdue(now) else "due"
    return f"{late} {found.told(now) if found else task.due[:40]}"


def line(task: Task, now: datetime) -> str:
    """Return a task in one line: id, title, due date, and what is out of the ordinary."""
    marks = [task.status] if task.status != "todo" else []
    marks += [task.priority] if task.priority and task.priority != NORMAL else []
    marks += [f"#{tag}" for tag in task.tags]
    told = f"{task.id}: {brief(task, now)}"
    return " ".join(f"{told} [{', '.join(marks)}]".split()) if marks else told


def whole_task(task: Task, now: datetime) -> str:
    """Return all that is known of a task, a line a matter."""
    known = task.as_json() | {"due": due_in_words(task, now).removeprefix("due ")}
    return "\n".join(f"{key}: {_text(value)}" for key, value in known.items() if value not in ("", []))


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
