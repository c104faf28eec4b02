"""Tasks, one JSON file each: `memory/tasks/active/<id>.json`, and `memory/tasks/completed` when they are over.

The files are read each time, so that what a person changes by hand counts at once. What a task says decides whether it
is over; the folder only keeps things tidy. One that is over stays in `active` for a day: a change that is to be undone
finds its file where it was.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import Timeout

from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import as_json, make_folder, private_lock, read_json, store_errors, whole
from metahuman.state.moments import iso
from metahuman.tools.desk import Changes
from metahuman.tools.tasks.choosing import chosen
from metahuman.tools.tasks.task import NORMAL, Task, task_in

#: Seconds that a writer waits for another process.
WAIT = 10.0
ACTIVE, COMPLETED = "active", "completed"
#: How long a task that is over stays where it was.
_STAYS = timedelta(days=1)


@dataclass(frozen=True)
class Found:
    """What the files hold: the tasks, and a line for each file that holds none."""

    tasks: list[Task]
    broken: list[str]


class TaskStore:
    """The tasks of one home, for any number of threads and processes.

    Args:
        home: The home's folder; links in its path are resolved.
        wait: Seconds that a writer waits for another process.
    """

    def __init__(self, home: Path, wait: float = WAIT) -> None:
        self.folder, self._wait = home.resolve() / "memory" / "tasks", wait

    def read(self, *folders: str) -> Found:
        """Return the tasks in these folders, in no order; of both if none is named.

        Raises:
            StoreError: If a folder cannot be read.
        """
        tasks, broken = dict[str, Task](), list[str]()
        for path in (path for folder in folders or (ACTIVE, COMPLETED) for path in self._files(folder)):
            try:
                task = task_in(path, read_json(path))
            except (SettingError, StoreError) as error:
                if path.exists():  # else it was moved this very moment
                    broken.append(str(error))
                continue
            tasks.setdefault(task.id, task)
        return Found(list(tasks.values()), broken)

    def find(self, name: str) -> Task:
        """Return the task that a name stands for: its id, the beginning of it, or words of its title.

        Raises:
            ToolError: If it stands for none, or for several.
        """
        found = self.read()
        return chosen(name, found.tasks, found.broken)

    def create(self, fields: Mapping[str, Any], changes: Changes, now: datetime) -> Task:
        """Write a new task and return it.

        Args:
            fields: Its keys; at least `title`.
            changes: How files are written, so that it can be undone.
            now: The moment, with a time zone.

        Raises:
            StoreError: If it cannot be written; also ToolError.
        """
        with self._alone():
            made = {"status": "todo", "priority": NORMAL, "tags": [], **fields, "created": iso(now)}
            task = self._stamped({"id": self._new_id(now), **made}, now)
            self._write(task, changes)
        return task

    def update(self, name: str, change: Mapping[str, Any], changes: Changes, now: datetime) -> Task:
        """Change a task and return it; on the way, files go to the folders they belong in.

        Args:
            name: What stands for it, as for `find`.
            change: Keys to put in; None takes one out.
            changes: How files are written, so that it can be undone.
            now: The moment.

        Raises:
            ToolError: If the name stands for none, or for several.
            StoreError: If it cannot be written.
        """
        with self._alone():
            found = self.read()
            before = chosen(name, found.tasks, found.broken)
            task = self._stamped({**before.as_json(), **change}, now)
            self._write(task, changes)
            self._tidy([other for other in found.tasks if other is not before], now)
        return task

    def delete(self, name: str, changes: Changes) -> tuple[Task, str]:
        """Move a task's file to the trash; return the task, and its id there.

        Args:
            name: What stands for it, as for `find`.
            changes: How files are removed, so that it can be undone.

        Raises:
            ToolError: If the name stands for none, or for several.
            StoreError: If it cannot be moved.
        """
        with self._alone():
            task = self.find(name)
            return task, changes.remove(self._place(task.id))

    def _stamped(self, value: Mapping[str, Any], now: datetime) -> Task:
        """Return a task with the moment of its change, and that of its end if it has come to one."""
        task = task_in(self.folder / f"{value['id']}.json", whole({**value, "updated": iso(now)}))
        return task.model_copy(update={"completed": None if task.open else task.completed or iso(now)})

    def _write(self, task: Task, changes: Changes) -> None:
        """Write a task; a single change, so that it is made or not, also if the program dies meanwhile."""
        if task.open:
            self._move(task.id, ACTIVE)
        path = self._place(task.id)
        make_folder(path.parent)
        changes.write(path, as_json(task.as_json()))

    def _place(self, task_id: str) -> Path:
        """Return where a task's file is; that of a new one goes to the active ones."""
        found = [self.folder / folder / f"{task_id}.json" for folder in (ACTIVE, COMPLETED)]
        return next((path for path in found if path.exists()), found[0])

    def _tidy(self, tasks: Iterable[Task], now: datetime) -> None:
        """Move tasks that have been over for long to the completed ones, and open ones back from there."""
        old, here = iso(now - _STAYS), {path.stem for path in self._files(ACTIVE)}
        for task in tasks:
            if task.open and task.id not in here:
                self._move(task.id, ACTIVE)
            elif not task.open and task.id in here and (task.updated or "") < old:
                self._move(task.id, COMPLETED)

    def _move(self, task_id: str, folder: str) -> None:
        """Move a task's file into a folder; what is there already stays."""
        path, place = self._place(task_id), self.folder / folder / f"{task_id}.json"
        if path.exists() and not place.exists():
            make_folder(place.parent)
            with store_errors(path):
                path.rename(place)

    def _new_id(self, now: datetime) -> str:
        while True:
            made = f"task-{now:%Y%m%d%H%M%S}-{secrets.token_hex(2)}"
            if not self._place(made).exists():
                return made

    def _files(self, folder: str) -> list[Path]:
        place = self.folder / folder
        with store_errors(place, "check that the folder can be read"):
            return sorted(place.glob("[!.]*.json")) if place.is_dir() else []

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other writer out meanwhile.

        Raises:
            StoreError: If another process holds it for too long.
        """
        make_folder(self.folder.parent)
        with store_errors(self.folder):
            lock = private_lock(self.folder.with_name(".tasks.lock"), timeout=self._wait, poll_interval=0.005)
            try:
                lock.acquire()
            except Timeout as error:
                raise StoreError(self.folder, "another process is writing to it", "try again") from error
        try:
            yield
        finally:
            lock.release()
