"""How the owner changes `persona/core.json`: a value at a time, or the whole file at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from metahuman.memory.persona import PersonaFiles
from metahuman.memory.persona_check import Problem, core_problems
from metahuman.state.errors import BadChoice, SettingError, StoreError
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


class Draft:
    """A copy of `core.json` that the owner edits; it lies beside it until it is right.

    Args:
        files: The persona's files.
    """

    def __init__(self, files: PersonaFiles) -> None:
        self._files, self.path = files, files.path.with_name("core.draft.json")
        self._before: dict[str, Any] | None = None

    def begin(self) -> None:
        """Copy the file as it is, unless a draft was left behind.

        A file that is broken is copied too: it is what wants mending.

        Raises:
            StoreError: If it cannot be read or written.
        """
        source = self._files.path if self._files.path.exists() else self._files.default
        with store_errors(source), contextlib.suppress(SettingError):
            self._before = read_json(source)
        if not self.path.exists():
            with store_errors(source):
                write_atomic(self.path, source.read_bytes())

    def problems(self) -> list[Problem]:
        """Return what is wrong with the draft, line by line."""
        try:
            return list(core_problems(read_json(self.path), self.path))
        except SettingError as error:
            return [Problem("error", error.file, error.key, error.problem, error.remedy)]

    def finish(self, moment: datetime) -> list[str]:
        """Put the draft in the file's place, take it away, and return the keys that it changed.

        Raises:
            SettingError: If the draft is no JSON object.
            StoreError: If the file was changed by somebody else since `begin`, or cannot be written.
        """
        content = read_json(self.path)
        if self._before is None:  # what was there could not be read
            write_atomic(self._files.path, as_json(content | {"lastUpdated": iso(moment)}))
            changed = list(content)
        else:
            changed = change_core(self._files, lambda now: self._unless_changed(now, content), moment)
        self.path.unlink()
        return changed

    def _unless_changed(self, now: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        if now != self._before:
            remedy = f"your changes are in {self.path}: run `metahuman persona edit` again"
            raise StoreError(self._files.path, "was changed by somebody else in the meantime", remedy)
        return content


def with_value(core: dict[str, Any], key: str, text: str, path: Path) -> dict[str, Any]:
    """Return `core` with what `text` says under a dotted key, such as `personality.communicationStyle.tone`.

    The text is taken as JSON where that fits the key, else as it stands, else as a list with commas; `null` takes the
    key out. Numbers in a key count the items of a list from 0.

    Args:
        core: The content of the file.
        key: The key.
        text: What the owner typed.
        path: The file, for the message.

    Raises:
        BadChoice: If the key is none.
        SettingError: If the key leads nowhere, or nothing that the text may mean fits it.
    """
    parts = key.split(".")
    if not all(parts):
        raise BadChoice(f"{key!r} is no key; write one like identity.name")
    first: Problem | None = None
    for value in _readings(text):
        changed = cast(dict[str, Any], _put(core, parts, value, path, key))
        problems = [one for one in core_problems(changed, path) if one.level == "error" and _concerns(one.key, key)]
        if not problems:
            return changed
        first = first or problems[0]
    assert first is not None  # noqa: S101 - a text can always be read as itself
    raise SettingError(path, first.key, first.problem, first.remedy)


def changed_keys(before: Any, after: Any, above: str = "") -> list[str]:
    """Return the dotted keys in which two JSON values differ; lists are compared as a whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [above]
    keys = dict.fromkeys([*before, *after])
    inside = (changed_keys(before.get(key), after.get(key), f"{above}.{key}" if above else key) for key in keys)
    return [key for found in inside for key in found]


def _readings(text: str) -> Iterator[Any]:
    """Yield what a text may mean."""
    with contextlib.suppress(ValueError, RecursionError):
        yield json.loads(text)
    yield text
    yield [part.strip() for part in text.split(",") if part.strip()]


def _put(value: Any, parts: list[str], new: Any, path: Path, key: str) -> Any:
    """Return a copy of `value` with another value inside; None takes the key out."""
    if not parts:
        return new
    part, rest = parts[0], parts[1:]
    if isinstance(value, list):
        at = int(part) if part.isdecimal() else -1
        if not 0 <= at < len(value):
            raise SettingError(path, key, f"no item {part} in a list of {len(value)}", "count its items from 0")
        inner = [_put(value[at], rest, new, path, key)]
        return [*value[:at], *(inner if inner != [None] else []), *value[at + 1 :]]
    if value is not None and not isinstance(value, dict):
        raise SettingError(path, key, f"there is nothing inside a {type(value).__name__}", "name a shorter key")
    changed = {**(value or {})} | {part: _put((value or {}).get(part), rest, new, path, key)}
    return {name: item for name, item in changed.items() if name != part or item is not None}


def _concerns(found: str, key: str) -> bool:
    """Tell whether a problem is at a key, above or inside it."""
    return f"{found}.".startswith(f"{key}.") or f"{key}.".startswith(f"{found}.")
