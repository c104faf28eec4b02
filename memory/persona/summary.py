"""Who the twin is, in a few lines for a prompt: the same from turn to turn, so that a model's prompt cache holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from metahuman.state.words_of import word, words

#: How many of each list go into a prompt.
FEW = 5
#: What goals are called that nobody pursues any more.
CLOSED = ("done", "completed", "achieved", "abandoned", "cancelled", "dropped", "paused")


def opening(core: Mapping[str, Any]) -> str:
    """Return the first line: a name, the owner's before the twin's own, and a role."""
    identity = section(core, "identity")
    name = word(identity.get("humanName")) or word(identity.get("name")) or "MetaHuman"
    role = word(identity.get("role"))
    return f"You are {name}{f', {role}' if role else ''}."


def core_lines(core: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `core.json` says, a line a matter; a value of another type is passed over, wherever it stands."""
    personality, values = section(core, "personality"), section(core, "values")
    told = {
        "About you": word(section(core, "background").get("narrative")),
        "Your tone": _few(section(personality, "communicationStyle").get("tone")),
        "You care about": _few(values.get("core")),
        "Your interests": _few(personality.get("interests")),
        "Your goals": _few(open_goals(core)),
        "On your mind": _few(section(core, "context").get("currentFocus")),
        "Boundaries": _few(values.get("boundaries")),
    }
    yield from (f"{label}: {text}" for label, text in told.items() if text)


def open_goals(core: Mapping[str, Any]) -> list[Any]:
    """Return the goals that are still pursued, the nearest first."""
    goals = section(core, "goals")
    near = [goal for term in ("shortTerm", "midTerm", "longTerm") for goal in _list(goals.get(term))]
    return [goal for goal in near if not (isinstance(goal, dict) and word(goal.get("status")).casefold() in CLOSED)]


def section(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under a key; an empty one where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _few(value: object) -> str:
    return ", ".join(words(value)[:FEW])


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
