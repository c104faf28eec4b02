"""The persona's files: who the twin is, what it keeps referring to, and which mode it is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.state.context import Mode
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json, update_json
from metahuman.state.modes import as_mode
from metahuman.state.moments import iso

#: How many of each list go into a prompt.
FEW = 5
#: How many switches of the mode are kept.
SWITCHES = 100


class PersonaFiles:
    """The `persona` folder of a home.

    Args:
        folder: The folder.
        default: The shipped `core.json`, used until the owner has one.
    """

    def __init__(self, folder: Path, default: Path) -> None:
        self._folder, self._default = folder, default
        self._mode = folder / "cognitive-mode.json"

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
            SettingError: If it names no mode there is.
        """
        return as_mode(self.mode_file().get("currentMode"), self._mode, "currentMode")

    def mode_file(self) -> dict[str, Any]:
        """Return what `cognitive-mode.json` holds, or what stands for it where there is none; errors as for `core`."""
        return read_json(self._mode) if self._mode.exists() else {"currentMode": "dual"}

    def set_mode(self, mode: Mode, actor: str, moment: datetime) -> str:
        """Write `mode` into `cognitive-mode.json`, as MetaHuman OS does, and return the word that stood there.

        Setting the mode that it is in writes nothing. A mode that is none is replaced; a file that is none is left.

        Args:
            mode: The new mode.
            actor: Who switches.
            moment: When.

        Raises:
            SettingError: If the file is not a JSON object.
            StoreError: If it cannot be read or written.
        """
        try:
            if self.mode_file().get("currentMode") == mode:
                return mode
            with update_json(self._mode) as file:
                return _switch(file, mode, actor, iso(moment))
        except SettingError as error:
            remedy = f"{error.remedy}, or remove the file, which was left as it is"
            raise SettingError(error.file, error.key, error.problem, remedy) from None


def _switch(file: dict[str, Any], mode: Mode, actor: str, moment: str) -> str:
    """Change the mode in what `cognitive-mode.json` holds, unless another process just did; return the one before."""
    before = file.get("currentMode")
    if before != mode:
        history = file["history"] if isinstance(file.get("history"), list) else []
        switch = {"mode": mode, "changedAt": moment, "actor": actor}
        file |= {"currentMode": mode, "lastChanged": moment, "history": [*history, switch][-SWITCHES:]}
    return "dual" if before is None else str(before)


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
