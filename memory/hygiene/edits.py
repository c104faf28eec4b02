"""What hygiene keeps in a memory's metadata, and the changes it makes to memories that are already there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from metahuman.memory.hygiene.facts import Fact, stated
from metahuman.state.memories import Memory, Metadata

#: Ids of merged turns that a memory keeps, so that one that is saved again after a crash is not counted twice.
MERGED = 100
#: A memory with more words than this beside its outdated fact says something that still holds.
REST_WORDS = 4
#: The fields of metadata, by their keys in files; other keys stand beside them as they are.
_FIELDS = {field.alias or name: name for name, field in Metadata.model_fields.items()}


class Edit(NamedTuple):
    """A change to a memory that is already there.

    Args:
        id: The memory's id.
        change: Returns the memory changed; made of the memory as it stands under the store's lock, twice is as once.
    """

    id: str
    change: Callable[[Memory], Memory]

    def patch(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys to put into the memory's file.

        Args:
            value: The file's content as it stands.
        """
        known = {key: item for key, item in value.items() if item is not None}
        memory = Memory.model_validate({"id": self.id, **known})
        before, after = memory.as_json()["metadata"], self.change(memory).as_json()["metadata"]
        return {"metadata": {key: item for key, item in after.items() if before.get(key) != item}}


def noted(memory: Memory, values: Mapping[str, Any]) -> Memory:
    """Return a memory with these keys, as they stand in files, set in its metadata."""
    value = memory.as_json()
    value["metadata"] = {**value["metadata"], **values}
    return Memory.model_validate(value)


def note(memory: Memory, key: str) -> Any:
    """Return what the metadata has under a key, as it stands in the file; None where there is nothing."""
    about, field = memory.metadata, _FIELDS.get(key)
    return getattr(about, field) if field else (about.model_extra or {}).get(key)


def noise_of(memory: Memory) -> str | None:
    """Return why a memory is kept but neither indexed nor trained on; None for one that is recalled."""
    value = note(memory, "noise")
    return value if isinstance(value, str) and value else None


def response_of(memory: Memory) -> str | None:
    """Return what the twin answered, for the index and for prompts; None where that only repeats older memories."""
    return None if note(memory, "responseNoise") else memory.response


def facts_of(memory: Memory) -> list[tuple[Fact, str | None]]:
    """Return the facts noted in a memory, each with the moment until which it held; None while it holds."""
    rows = note(memory, "facts")
    return [found for row in rows if (found := _fact(row))] if isinstance(rows, list) else []


def fact_signs(memory: Memory) -> list[str]:
    """Return the words under which an index must find a memory, besides its text's own: one for each of its facts."""
    return [] if noise_of(memory) else [fact.sign for fact, _ in facts_of(memory)]


def outdated(memory: Memory) -> list[str]:
    """Return what a memory says that no longer holds, though the rest does: for a prompt, in plain words."""
    return [f"{fact.attribute}: {fact.value} (until {until[:10]})" for fact, until in facts_of(memory) if until]


def with_facts(memory: Memory, facts: Iterable[Fact]) -> Memory:
    """Return a memory with its facts noted in its metadata, for its owner and for the index."""
    return noted(memory, {"facts": [_row(fact) for fact in facts]})


def seen_again(memory: Memory, by: str, at: str) -> Memory:
    """Return a memory that was said once more.

    Args:
        memory: The memory.
        by: The id of the turn that said so; counted once.
        at: When.
    """
    merged = note(memory, "mergedFrom")
    merged = [one for one in merged if isinstance(one, str)] if isinstance(merged, list) else []
    if by in merged or by == memory.id:
        return memory
    last = max(at, str(note(memory, "lastSeen") or memory.timestamp))
    return noted(memory, {"seen": memory.metadata.seen + 1, "lastSeen": last, "mergedFrom": [*merged, by][-MERGED:]})


def ended(memory: Memory, facts: tuple[Fact, ...], by: str, at: str) -> Memory:
    """Return a memory some of whose facts hold no longer; if it says nothing else, none of it is current.

    Args:
        memory: The memory.
        facts: Those of its facts that ended.
        by: The id of the memory that says so.
        at: When they ended.
    """
    rows = note(memory, "facts")
    rows = rows if isinstance(rows, list) else []
    marked = [{**row, "until": at, "by": by} if _fact(row, facts) else row for row in rows]
    changed = noted(memory, {"facts": marked})
    if any(until is None for _, until in facts_of(changed)) or stated(memory.content, memory.at).rest > REST_WORDS:
        return changed
    return noted(changed, {"validUntil": at, "supersededBy": by})


def _row(fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {"subject": fact.subject, "attribute": fact.attribute, "value": fact.value}
    return {**row, "ended": True} if fact.ended else row


def _fact(row: Any, among: tuple[Fact, ...] | None = None) -> tuple[Fact, str | None] | None:
    """Return the fact of a row and until when it held; None where the row is not one, not among these, or not open."""
    if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("subject", "attribute", "value")):
        return None
    fact = Fact(row["subject"], row["attribute"], row["value"], bool(row.get("ended")))
    until = row["until"] if isinstance(row.get("until"), str) else None
    return None if among is not None and (fact not in among or until) else (fact, until)
