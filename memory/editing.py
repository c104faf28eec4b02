"""How an owner changes a file of theirs: a value at a time, or the whole of it at once in a copy."""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from metahuman.state.errors import BadChoice, SettingError
from metahuman.state.files import read_json, write_atomic


class Problem(NamedTuple):
    """Something to mend.

    Args:
        level: `error` where something that is said is not understood, `warning` where something may be missing.
        file: The file.
        key: The dotted key inside it; "" for the file as a whole.
        problem: What is wrong.
        remedy: What to do.
    """

    level: Literal["error", "warning"]
    file: str
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.level}: {self.file}: {self.key + ': ' if self.key else ''}{self.problem}; {self.remedy}"


#: Says what is wrong with the content of a file.
Check = Callable[[dict[str, Any], Path], Iterable[Problem]]


class EditedCopy(ABC):
    """A copy of a JSON file that its owner edits; it is kept until it is right.

    Args:
        path: Where the copy lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Make the copy, unless one was left behind.

        Raises:
            MetaHumanError: If the file cannot be read, or the copy not be written.
        """
        original = self._original()
        if not self.path.exists():
            write_atomic(self.path, original)

    def problems(self) -> list[Problem]:
        """Return what is wrong with the copy."""
        try:
            return list(self._wrong(read_json(self.path)))
        except SettingError as error:
            return [problem_of(error)]

    def finish(self, moment: datetime) -> list[str]:
        """Put the copy in the file's place, take it away, and return the keys that it changed.

        Raises:
            SettingError: If the copy is not right.
            StoreError: If the file was changed by somebody else since `begin`, or cannot be written.
        """
        changed = self._put(read_json(self.path), moment)
        self.path.unlink()
        return changed

    @abstractmethod
    def _original(self) -> bytes:
        """Return the file as it is."""

    @abstractmethod
    def _wrong(self, content: dict[str, Any]) -> Iterable[Problem]:
        """Yield what is wrong with the copy's content."""

    @abstractmethod
    def _put(self, content: dict[str, Any], moment: datetime) -> list[str]:
        """Put content in the file's place; return the keys that changed."""


def problem_of(error: SettingError) -> Problem:
    """Return an error as a thing to mend."""
    return Problem("error", error.file, error.key, error.problem, error.remedy)


def with_value(content: Mapping[str, Any], key: str, text: str, path: Path, check: Check) -> dict[str, Any]:
    """Return `content` with what `text` says under a dotted key, such as `personality.communicationStyle.tone`.

    The text is taken as JSON where that fits the key, else as it stands, else as a list with commas; `null` takes the
    key out. Numbers in a key count the items of a list from 0.

    Args:
        content: The content of the file.
        key: The key.
        text: What the owner typed.
        path: The file, for the message.
        check: Says what is wrong with the file.

    Raises:
        BadChoice: If the key is none.
        SettingError: If the key leads nowhere, or nothing that the text may mean fits it.
    """
    parts = key.split(".")
    if not all(parts):
        raise BadChoice(f"{key!r} is no key; write one like identity.name")
    first: Problem | None = None
    for value in _readings(text):
        changed = cast(dict[str, Any], _put(content, parts, value, path, key))
        problems = [one for one in check(changed, path) if one.level == "error" and _concerns(one.key, key)]
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
