"""The persona's files: who the twin is, what it keeps referring to, and which mode it is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metahuman.state.context import MODES, Mode
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json

#: How many of each list go into a prompt.
FEW = 5


class PersonaFiles:
    """Reads the `persona` folder of a home.

    Args:
        folder: The folder.
        default: The shipped `core.json`, used until the owner has one.
    """

    def __init__(self, folder: Path, default: Path) -> None:
        self._folder, self._default = folder, default

    def core(self) -> dict[str, Any]:
        """Return `core.json`.

        Raises:
            SettingError: If it is not a JSON object.
        """
        own = self._folder / "core.json"
        return read_json(own if own.exists() else self._default)

    def summary(self) -> str:
        """Return who the twin is, a line a matter, stable from turn to turn so that a model's prompt cache holds."""
        cache = self._folder / "cache.json"
        facts = read_json(cache) if cache.exists() else {}
        return "\n".join([*_core_lines(self.core()), *_cache_lines(facts)])

    def mode(self) -> Mode:
        """Return the mode in `cognitive-mode.json`, or dual where there is none.

        Raises:
            SettingError: If it names no mode there is: guessing could write what the owner wants left alone.
        """
        path = self._folder / "cognitive-mode.json"
        mode = read_json(path).get("currentMode") if path.exists() else "dual"
        for known in MODES:
            if mode == known:
                return known
        raise SettingError(path, "currentMode", f"no mode {mode!r}", f"use one of {', '.join(MODES)}")


def _core_lines(core: Mapping[str, Any]) -> Iterator[str]:
    identity = _section(core, "identity")
    name = _word(identity.get("humanName")) or _word(identity.get("name")) or "MetaHuman"
    role = _word(identity.get("role"))
    yield f"You are {name}{f', {role}' if role else ''}."
    personality, values = _section(core, "personality"), _section(core, "values")
    told = {
        "About you": _word(_section(core, "background").get("narrative")),
        "Your tone": _list(_section(personality, "communicationStyle").get("tone")),
        "You care about": _list(values.get("core")),
        "Your interests": _list(personality.get("interests")),
        "On your mind": _list(_section(core, "context").get("currentFocus")),
        "Boundaries": _list(values.get("boundaries")),
    }
    yield from (f"{label}: {text}" for label, text in told.items() if text)


def _cache_lines(cache: Mapping[str, Any]) -> Iterator[str]:
    facts = _section(cache, "frequentFacts")
    known = "; ".join(f"{key}: {text}" for key, value in list(facts.items())[:FEW] if (text := _list(value)))
    told = {
        "You know": known,
        "You often say": _list(cache.get("catchphrases")),
        "Lately": _list(cache.get("recentThemes")),
        "Quirks": _list(cache.get("quirks")),
    }
    yield from (f"{label}: {text}" for label, text in told.items() if text)


def _section(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _word(value: object) -> str:
    """Return a text of the owner's, or nothing for a placeholder such as "[Your Full Name]"."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "" if text.startswith("[") and text.endswith("]") else text


def _list(value: object) -> str:
    """Return a list as words with commas; of objects, what names them."""
    if not isinstance(value, list):
        return _word(value)
    named = (
        next((item[key] for key in ("value", "theme", "name") if key in item), "") if isinstance(item, dict) else item
        for item in value
    )
    return ", ".join([text for item in named if (text := _word(item))][:FEW])
