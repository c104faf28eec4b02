"""The home's short-term state: the file for the owner to read, and its changes outside of a turn, each one audited."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from metahuman.state import short_term as pure
from metahuman.state.events import short_term_changed
from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso
from metahuman.state.parts import ShortTerm

if TYPE_CHECKING:
    from metahuman.state.services import Audit, Clock


class ShortTermFile:
    """`out/state/short-term.json` of a home.

    Args:
        path: The file; there need not be one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> ShortTerm:
        """Return what the home has in mind.

        Raises:
            SettingError: If the file holds no JSON object.
            StoreError: If it cannot be read.
        """
        return pure.from_file(read_json(self.path) if self.path.exists() else {})

    def change(self, change: pure.Change) -> list[str]:
        """Write what `change` makes of the state, and return the keys that differ.

        Two processes take turns, so neither loses what the other changed; keys of other programs stay.

        Raises:
            SettingError: If the file holds no JSON object; it is left as it is.
            StoreError: If it cannot be read or written.
        """
        with update_json(self.path) as file:
            before = pure.from_file(file)
            after = change(before)
            if "thread" not in after:
                file.pop("thread", None)
            file.update(after)
        return pure.changed_keys(before, after)


class AuditedShortTerm:
    """What the home has in mind, for programs beside the turns: tools, a scheduler, the owner's own scripts.

    What is changed here is in mind at the next turn, of whichever thread. `actor` is who changes it, for the audit.
    Every method raises as `ShortTermFile.change` does.

    Args:
        file: Where it is kept.
        audit: Where each change is written down.
        clock: Gives it its time.
    """

    def __init__(self, file: ShortTermFile, audit: Audit, clock: Clock) -> None:
        self._file, self._audit, self._clock = file, audit, clock

    def load(self) -> ShortTerm:
        """Return what is in mind now: after a long silence, without the focus of the last session."""
        return pure.after_break(self._file.load(), self._now())

    def save(self, value: ShortTerm, actor: str = "human") -> None:
        """Put `value` in the place of all that is in mind."""
        self._change(lambda _: pure.dated(value, self._now()), actor)

    def update_current_focus(self, focus: str, actor: str = "human") -> None:
        """Set what everything is about; "" takes it away."""
        self._change(partial(pure.update_current_focus, focus=focus, now=self._now()), actor)

    def add_active_task(self, task: str, actor: str = "human") -> None:
        """Open a task, by its id or in words; it stays open until it is removed."""
        self._change(partial(pure.add_active_task, task=task, now=self._now()), actor)

    def remove_active_task(self, task: str, actor: str = "human") -> None:
        """Close a task."""
        self._change(partial(pure.remove_active_task, task=task, now=self._now()), actor)

    def cache_tool_output(self, tool: str, output: object, asked: str = "", actor: str = "human") -> None:
        """Keep what a tool brought when it was `asked`, shortened, in the place of what it brought before."""
        change = partial(pure.cache_tool_output, tool=tool, output=output, now=self._now(), asked=asked)
        self._change(change, actor)

    def update_conversation_context(self, topics: list[str], intent: str = "", actor: str = "human") -> None:
        """Add topics as the latest, and say what is wanted."""
        change = partial(pure.update_conversation_context, topics=topics, intent=intent, now=self._now())
        self._change(change, actor)

    def get_orchestrator_context(self) -> str:
        """Return what is in mind, as the orchestrator's prompt has it."""
        return pure.get_orchestrator_context(self.load())

    def clear_short_term_state(self, actor: str = "human") -> None:
        """Forget all of it: a new session begins."""
        self._change(lambda _: pure.clear_short_term_state(self._now()), actor)

    def _change(self, change: pure.Change, actor: str) -> None:
        """Write a change, made to what is in mind now, and write down that it was."""
        now = self._now()
        changed = self._file.change(lambda before: change(pure.after_break(before, now)))
        self._audit.record(short_term_changed(changed, None, actor))

    def _now(self) -> str:
        return iso(self._clock.now())
