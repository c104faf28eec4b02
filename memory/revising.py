"""A memory changed by its owner, or by a source that now says more: key by key, so that no other change is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from metahuman.memory.editing import EditedCopy, Problem, changed_keys, problem_of
from metahuman.memory.hygiene.edits import note, noted, with_facts
from metahuman.memory.hygiene.facts import stated
from metahuman.memory.hygiene.superseding import states_facts
from metahuman.memory.importing.taking import digest
from metahuman.memory.store.documents import memory_in
from metahuman.memory.store.episodic import Change
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import as_json
from metahuman.state.memories import Memory, Metadata


class Edits(Protocol):
    """Reads memories, and changes them while nobody else can write."""

    def read(self, memory_id: str) -> Memory:
        """Return a memory."""
        ...

    def edit(self, memory_id: str, change: Change) -> Memory:
        """Change a memory."""
        ...


class MemoryCopy(EditedCopy):
    """A copy of a memory that its owner edits.

    Args:
        keeper: The memories.
        memory_id: Which of them.
        path: Where the copy lies.
    """

    def __init__(self, keeper: Edits, memory_id: str, path: Path) -> None:
        super().__init__(path)
        self._keeper, self._memory_id = keeper, memory_id
        self._before: Memory | None = None

    def _original(self) -> bytes:
        self._before = self._keeper.read(self._memory_id)
        return as_json(self._before.as_json())

    def _wrong(self, content: dict[str, Any]) -> Iterable[Problem]:
        return memory_problems(content, self.path, self._memory_id)

    def _put(self, content: dict[str, Any], moment: datetime) -> list[str]:
        before = self._before or self._keeper.read(self._memory_id)
        return revise(self._keeper, before, content, self.path)


def memory_problems(content: Mapping[str, Any], path: Path, memory_id: str) -> list[Problem]:
    """Return what is wrong with the content of a memory's file.

    Args:
        content: The content.
        path: The file, for the message.
        memory_id: The memory it must stay.
    """
    if content.get("id") != memory_id:
        return [Problem("error", str(path), "id", "names another memory", f"leave it as {memory_id}")]
    try:
        memory_in(path, content)
    except SettingError as error:
        return [problem_of(error)]
    misnamed = [*_misnamed(content, Memory), *_misnamed(content.get("metadata") or {}, Metadata, "metadata.")]
    return [Problem("error", str(path), key, "not the key's name", f"call it {right}") for key, right in misnamed]


def revise(keeper: Edits, before: Memory, content: Mapping[str, Any], path: Path) -> list[str]:
    """Write what the owner made of a memory, and return the dotted keys that differ.

    Where other words stand in it, its facts are read from these. What others changed meanwhile stays.

    Args:
        keeper: The memories.
        before: The memory as it was when the owner began.
        content: What it is to be.
        path: What names it in a message.

    Raises:
        SettingError: If that is no memory.
        StoreError: If somebody else changed the same keys meanwhile, or it cannot be written.
    """
    after = memory_in(path, content)
    if after.content != before.content and note(after, "facts") == note(before, "facts"):
        after = _with_own_facts(after)
    was, wanted = before.as_json(), after.as_json()
    changed = changed_keys(was, wanted)
    if changed:
        keeper.edit(before.id, _unless_changed(was, wanted, changed, path))
    return changed


def grow(keeper: Edits, kept: Memory, found: Memory) -> None:
    """Let a memory that was imported say what its source now says; what else is known about it stays.

    Args:
        keeper: The memories.
        kept: The memory as it is.
        found: As its source has it.

    Raises:
        StoreError: If it cannot be written.
    """
    mark = digest(found.content, found.response)
    said = kept.model_copy(update={"content": found.content, "response": found.response})
    revise(keeper, kept, noted(said, {"sourceDigest": mark}).as_json(), Path(kept.id))


def patch_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the change (RFC 7396) that makes `after` of `before`."""
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        old = before.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if inner := patch_between(old, value):
                patch[key] = inner
        elif key not in before or old != value:
            patch[key] = value
    return patch


def _unless_changed(
    was: dict[str, Any], wanted: dict[str, Any], changed: list[str], path: Path
) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    """Return the change, which is made of the file as it stands: refused where somebody changed the same keys."""

    def change(value: dict[str, Any]) -> Mapping[str, Any]:
        theirs = changed_keys(was, memory_in(path, {"id": was["id"], **value}).as_json())
        if both := sorted(set(theirs) & set(changed)):
            problem = f"{', '.join(both)} was changed by somebody else in the meantime"
            raise StoreError(path, problem, "look at it and edit it again")
        return patch_between(was, wanted)

    return change


def _with_own_facts(memory: Memory) -> Memory:
    """Return a memory with the facts that its words now state; one that a later memory had ended stays ended."""
    facts = stated(memory.content, memory.at).facts if states_facts(memory) else ()
    before = note(memory, "facts")
    rows = [row for row in before if isinstance(row, dict)] if isinstance(before, list) else []
    if not (facts or rows):
        return memory
    ends = {_matter(row): {key: row[key] for key in ("until", "by") if key in row} for row in rows}
    fresh = note(with_facts(memory, facts), "facts")
    return noted(memory, {"facts": [{**row, **ends.get(_matter(row), {})} for row in fresh]})


def _matter(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("subject")), str(row.get("attribute"))


def _misnamed(content: Mapping[str, Any], model: type[BaseModel], above: str = "") -> list[tuple[str, str]]:
    """Return the keys that are called as this program's own code has them, and their right names."""
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return [(f"{above}{key}", f"{above}{aliases[key]}") for key in content if aliases.get(key, key) != key]
