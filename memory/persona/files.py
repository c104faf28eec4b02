"""The persona's files: who the twin is, what it keeps referring to, and which mode it is in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.memory.persona.cache import PersonaCacheFile
from metahuman.memory.persona.facets import INACTIVE, Facets, merged
from metahuman.memory.persona.summary import core_lines, opening
from metahuman.state.context import Mode
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json, store_errors, update_json
from metahuman.state.modes import as_mode
from metahuman.state.moments import iso
from metahuman.state.persona_cache import get_persona_context

#: How many switches of the mode are kept.
SWITCHES = 100


class PersonaFiles:
    """The `persona` folder of a home.

    Args:
        folder: The folder.
        default: The shipped `core.json`, used until the owner has one.
    """

    def __init__(self, folder: Path, default: Path) -> None:
        self.folder, self.default = folder, default
        self.path, self._mode = folder / "core.json", folder / "cognitive-mode.json"
        self.facets, self.cache = Facets(folder), PersonaCacheFile(folder / "cache.json")
        self._told: tuple[object, str] | None = None

    def core(self) -> dict[str, Any]:
        """Return `core.json`.

        Raises:
            SettingError: If it is not a JSON object.
        """
        return read_json(self.path if self.path.exists() else self.default)

    def shown(self) -> dict[str, Any]:
        """Return `core.json` with what the facet that is shown says otherwise; errors as for `core`."""
        return merged(self.core(), self.facets.overrides(self.facets.shown()))

    def summary(self) -> str:
        """Return who the twin is, a line a matter, stable from turn to turn so that a model's prompt cache holds.

        Raises:
            SettingError: If a file that it is made of is not a JSON object.
        """
        stamps = self._stamps()
        if self._told is None or self._told[0] != stamps:
            self._told = stamps, self._summary()
        return self._told[1]

    def _summary(self) -> str:
        facet, core = self.facets.shown(), self.shown()
        if facet.id == INACTIVE:
            return opening(core)
        described = self.facets.described(facet) if facet.file else ""
        side = f"The side you show now: {facet.id}{f', {described}' if described else ''}." if facet.file else ""
        lines = [opening(core), side, *core_lines(core), get_persona_context(self.cache.load())]
        return "\n".join(line for line in lines if line)

    def _stamps(self) -> list[tuple[str, int, int, int]]:
        """Return what tells that one of the files was changed, or came or went."""
        paths = [self.path, self.default, self.facets.path, self.cache.path, *self.facets.files()]
        with store_errors(self.folder):
            found = [(str(path), path.stat()) for path in paths if path.exists()]
        return [(path, stat.st_ino, stat.st_mtime_ns, stat.st_size) for path, stat in found]

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
