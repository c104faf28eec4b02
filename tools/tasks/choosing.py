"""Which task a name stands for: models and people seldom copy a whole id."""

from __future__ import annotations

import re
from collections.abc import Sequence

from metahuman.state.errors import ToolError
from metahuman.tools.tasks.task import Task

#: Candidates that are named where a name stands for several.
NAMED = 8


def chosen(name: str, tasks: Sequence[Task], broken: Sequence[str] = ()) -> Task:
    """Return the task that a name stands for: its id, the beginning of it, its title, or words of its title.

    Open tasks go before those that are over.

    Args:
        name: What was said.
        tasks: All there are.
        broken: A line for each file that holds no task, told where none is found.

    Raises:
        ToolError: If it stands for none, or for several.
    """
    said = " ".join(name.split()).casefold()
    if not said:
        raise ToolError("which task? give its id, or words of its title")
    for fits in (_is_id, _begins_id, _is_title, _in_title):
        found = [task for task in tasks if fits(said, task)]
        found = [task for task in found if task.open] or found
        if len(found) == 1:
            return found[0]
        if found:
            raise ToolError(f"{name[:80]!r} could be any of these; give the id of one: {_listed(found)}")
    unread = f"; {len(broken)} file{'s hold' if broken[1:] else ' holds'} no task: {broken[0]}" if broken else ""
    raise ToolError(f"no task is called {name[:80]!r}; task_list shows which there are{unread}")


def score(words: str, task: Task) -> float:
    """Return how well a task answers words: each counts most in the title, then in tags, then in the description."""
    told = ((task.title, 4.0), (" ".join(task.tags), 2.0), (task.description or "", 1.0))
    return sum(max(weight * _has(word, text) for text, weight in told) for word in _words(words))


def _is_id(said: str, task: Task) -> bool:
    return task.id.casefold() == said


def _begins_id(said: str, task: Task) -> bool:
    return len(said) >= len("task-1") and task.id.casefold().startswith(said)


def _is_title(said: str, task: Task) -> bool:
    return " ".join(task.title.split()).casefold() == said


def _in_title(said: str, task: Task) -> bool:
    words = _words(said)
    return bool(words) and all(_has(word, task.title) for word in words)


def _has(word: str, text: str) -> bool:
    """Tell whether a word of the text begins so."""
    return re.search(rf"(?<!\w){re.escape(word)}", text.casefold()) is not None


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _listed(tasks: Sequence[Task]) -> str:
    named = "; ".join(f"{task.id} ({task.title[:60]})" for task in tasks[:NAMED])
    return f"{named}; and {len(tasks) - NAMED} more" if len(tasks) > NAMED else named
