"""A task: what a file in `memory/tasks` holds, in the words of MetaHuman OS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metahuman.state.errors import SettingError
from metahuman.tools.own.when import When, written

Status = Literal["todo", "in_progress", "blocked", "done", "cancelled"]
Priority = Literal["P1", "P2", "P3"]
STATUSES: tuple[Status, ...] = get_args(Status)
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
#: A task with one of these is over.
CLOSED = ("done", "cancelled")
#: What stands for a priority in files of others, and where nothing is said.
NORMAL = "P2"


class Task(BaseModel):
    """One task. Keys that this program does not know are kept, and so are statuses and priorities.

    Args:
        id: Its name, and its file's.
        title: What is to be done.
        description: More about it.
        status: One of `STATUSES`, or another program's.
        priority: P1 is urgent, P2 normal, P3 can wait; MetaHuman OS has P0 too.
        due: A date, or a moment, in ISO 8601.
        tags: Topics.
        created: When it was made.
        updated: When it was changed last.
        completed: When it was done or cancelled.
    """

    model_config = ConfigDict(extra="allow")

    id: str
    title: str = Field(min_length=1)
    description: str | None = None
    status: str = "todo"
    priority: str | None = None
    due: str | None = None
    tags: list[str] = Field(default_factory=list)
    created: str | None = None
    updated: str | None = None
    completed: str | None = None

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.status not in CLOSED

    def when(self, now: datetime) -> When | None:
        """Return when it is due, in the time zone of `now`; None if it is not, or says so in other words."""
        return written(self.due, now) if self.due else None

    def overdue(self, now: datetime) -> bool:
        """Tell whether it is open, and was due before `now`."""
        due = self.when(now)
        return self.open and due is not None and due.over <= now

    def urgency(self, now: datetime) -> tuple[float, str, str]:
        """Return what tasks are sorted by: the soonest due first, then by priority, then the oldest."""
        due = self.when(now)
        return (due.over.timestamp() if due else float("inf"), self.priority or NORMAL, self.created or "")

    def as_json(self) -> dict[str, Any]:
        """Return it as its file holds it: what nobody set is left out."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def task_in(path: Path, value: Mapping[str, Any]) -> Task:
    """Return the task that a file holds; it is called as its file, whatever its `id` says.

    Raises:
        SettingError: If it is none, naming the key.
    """
    fields = {key: item for key, item in value.items() if item is not None}  # null says no more than a missing key
    try:
        return Task.model_validate({**fields, "id": path.stem})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingError(path, key, first["msg"].lower(), "mend it, or move the file away") from error
