"""What a day was told is done, as it has to be found afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Promised:
    """What must be there, and what must not; of what was under way when the day ended, nothing is promised.

    Args:
        turns: Turns that are over: what was said, on which thread, in which mode, and the memory it became.
        memories: Words that a memory has to hold, by its id.
        edits: What memories were edited to say, by their ids.
        dropped: Memories that were forgotten.
        files: What files hold, by name.
        tasks: Titles of tasks.
        modes: The mode that each day switched to last, by the day's name; "" for a switch that was begun.
        corrections: The turns whose routes were corrected.
        datasets: Datasets that were built.
        voices: Whether a voice is registered, by its id in the registry.
        threads: Threads that were deleted.
    """

    turns: list[dict[str, Any]] = field(default_factory=list)
    memories: dict[str, str] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    modes: dict[str, str] = field(default_factory=dict)
    corrections: set[str] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)
    voices: dict[str, bool] = field(default_factory=dict)
    threads: set[str] = field(default_factory=set)


Fact = dict[str, Any]
#: What is true once a fact was told, by the key that tells it.
DONE: Mapping[str, Callable[[Promised, Fact], object]] = {
    "turn": lambda found, fact: found.turns.append(fact),
    "kept": lambda found, fact: found.memories.update({fact["kept"]: fact["holds"]}),
    "edited": lambda found, fact: found.edits.update({fact["edited"]: fact["holds"]}),
    "dropped": lambda found, fact: found.dropped.add(fact["dropped"]),
    "file": lambda found, fact: found.files.update({fact["file"]: fact["holds"]}),
    "task": lambda found, fact: found.tasks.append(fact["task"]),
    "switching": lambda found, fact: found.modes.update({"": fact["switching"]}),
    "switched": lambda found, fact: found.modes.update({fact["by"]: fact["switched"]}),
    "corrected": lambda found, fact: found.corrections.add(fact["corrected"]),
    "dataset": lambda found, fact: found.datasets.add(fact["dataset"]),
    "voice": lambda found, fact: found.voices.update({fact["voice"]: True}),
    "silenced": lambda found, fact: found.voices.update({fact["silenced"]: False}),
    "deleted": lambda found, fact: found.threads.add(fact["deleted"]),
}


def promised(facts: Sequence[Fact]) -> Promised:
    """Return what some facts promise, told one after the other."""
    found = Promised()
    for fact in facts:
        _begun(found, fact)
        for key in DONE.keys() & fact.keys():
            DONE[key](found, fact)
    return found


def _begun(found: Promised, fact: Fact) -> None:
    """Take back what may be otherwise from now on."""
    if name := fact.get("dropping"):
        found.memories.pop(name, None)
        found.edits.pop(name, None)
    found.edits.pop(fact.get("editing", ""), None)
    found.files.pop(fact.get("writing", ""), None)
    found.datasets.discard(fact.get("building", ""))
    found.voices.pop(fact.get("voicing", ""), None)
    if thread := fact.get("deleting"):
        found.turns = [turn for turn in found.turns if turn["thread"] != thread]
