"""How the owner changes `persona/core.json`: a value at a time, or the whole file at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.memory import editing
from metahuman.memory.editing import EditedCopy, Problem, changed_keys
from metahuman.memory.persona.check import core_problems
from metahuman.memory.persona.files import PersonaFiles
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import as_json, read_json, store_errors, update_json, write_atomic
from metahuman.state.moments import iso


def change_core(files: PersonaFiles, change: Callable[[dict[str, Any]], dict[str, Any]], moment: datetime) -> list[str]:
    """Write what `change` makes of `core.json`, or of the shipped one until there is one; return the keys changed.

    Raises:
        MetaHumanError: What `change` raises; the file is then left as it is.
        SettingError: If the file is not a JSON object.
        StoreError: If it cannot be read or written.
    """
    with update_json(files.path) as file:
        before = {**file} if files.path.exists() else read_json(files.default)
        after = change(before)
        changed = changed_keys(before, after)
        file.clear()
        file.update(after | {"lastUpdated": iso(moment)} if changed else after)
    return changed


class Draft(EditedCopy):
    """A copy of `core.json` that the owner edits; it lies beside it until it is right.

    A file that is broken is copied too: it is what wants mending.

    Args:
        files: The persona's files.
    """

    def __init__(self, files: PersonaFiles) -> None:
        super().__init__(files.path.with_name("core.draft.json"))
        self._files = files
        self._before: dict[str, Any] | None = None

    def _original(self) -> bytes:
        source = self._files.path if self._files.path.exists() else self._files.default
        with store_errors(source), contextlib.suppress(SettingError):
            self._before = read_json(source)
        with store_errors(source):
            return source.read_bytes()

    def _wrong(self, content: dict[str, Any]) -> Iterable[Problem]:
        return core_problems(content, self.path)

    def _put(self, content: dict[str, Any], moment: datetime) -> list[str]:
        if self._before is None:  # what was there could not be read
            write_atomic(self._files.path, as_json(content | {"lastUpdated": iso(moment)}))
            return list(content)
        return change_core(self._files, lambda now: self._unless_changed(now, content), moment)

    def _unless_changed(self, now: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        if now != self._before:
            remedy = f"your changes are in {self.path}: run `metahuman persona edit` again"
            raise StoreError(self._files.path, "was changed by somebody else in the meantime", remedy)
        return content


def with_value(core: dict[str, Any], key: str, text: str, path: Path) -> dict[str, Any]:
    """Return `core` with what `text` says under a dotted key; see `editing.with_value`, whose errors it raises."""
    return editing.with_value(core, key, text, path, core_problems)
