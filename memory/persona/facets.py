"""The persona's facets: sides of one self. Each is a file that says in what it differs from `core.json`.

As in MetaHuman OS, `persona/facets.json` names the facets and the one that is shown (`activeFacet`), and each has its
file in `persona/facets/`. A file there is a facet even if `facets.json` does not name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.state.errors import BadChoice
from metahuman.state.files import read_json, update_json
from metahuman.state.moments import iso
from metahuman.state.words_of import word

#: The core alone; and no description of a person at all, the model as it is.
DEFAULT, INACTIVE = "default", "inactive"
#: What a facet's file says about itself rather than about the persona.
ABOUT_ITSELF = ("$schema", "facet", "description", "version", "lastUpdated")


class Facet(NamedTuple):
    """A side of the persona.

    Args:
        id: What it is chosen by.
        description: What it is, in a line; "" if nobody said.
        file: Its file inside the persona folder; "" for the core alone.
        enabled: Whether it may be chosen.
    """

    id: str
    description: str = ""
    file: str = ""
    enabled: bool = True


#: The facets that need no file.
ALWAYS = (Facet(DEFAULT, "the core alone"), Facet(INACTIVE, "no persona: the model as it is"))


class Facets:
    """The facets of a persona folder.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.path = folder, folder / "facets.json"

    def active(self) -> str:
        """Return the facet that is shown, as `facets.json` names it.

        Raises:
            SettingError: If the file holds no JSON object.
        """
        return word(self._named().get("activeFacet")) or DEFAULT

    def all(self) -> dict[str, Facet]:
        """Return the facets there are, by what they are chosen by; errors as for `active`."""
        listed = self._named().get("facets")
        named = {key: value for key, value in _dict(listed).items() if isinstance(value, dict)}
        files = {path.stem: Facet(path.stem, "", f"facets/{path.name}") for path in self.files()}
        found = {key: _facet(key, value) for key, value in named.items()}
        return {facet.id: facet for facet in ALWAYS} | files | found

    def shown(self) -> Facet:
        """Return the facet that is shown; the core alone where the one named is not there, or switched off."""
        facet = self.all().get(self.active())
        return facet if facet and self.usable(facet) else Facet(DEFAULT)

    def usable(self, facet: Facet) -> bool:
        """Tell whether a facet can be shown: it is not switched off, and its file is there."""
        return facet.enabled and (not facet.file or self.place(facet) is not None)

    def overrides(self, facet: Facet) -> dict[str, Any]:
        """Return in what a facet differs from the core.

        Raises:
            SettingError: If its file holds no JSON object.
        """
        path = self.place(facet)
        content = read_json(path) if path else {}
        return {key: value for key, value in content.items() if key not in ABOUT_ITSELF}

    def described(self, facet: Facet) -> str:
        """Return what a facet is, in a line: what `facets.json` says, else its own file; errors as `overrides`."""
        path = self.place(facet)
        return facet.description or word(read_json(path).get("description") if path else "")

    def place(self, facet: Facet) -> Path | None:
        """Return a facet's file, or None if it has none, or one that is not there or not inside the folder."""
        path = (self._folder / facet.file).resolve()
        inside = path.is_relative_to(self._folder.resolve())
        return path if facet.file and inside and path.is_file() else None

    def choose(self, name: str, moment: datetime) -> str:
        """Show another facet from now on; return the one before. The one that is shown already writes nothing.

        Raises:
            BadChoice: If there is no such facet, or it is switched off.
            SettingError: If `facets.json` holds no JSON object.
            StoreError: If it cannot be written.
        """
        before, usable = self.active(), [key for key, facet in self.all().items() if self.usable(facet)]
        if name not in usable:
            raise BadChoice(f"no facet {name!r} to choose; there are {', '.join(usable)}")
        if before == name:
            return before
        with update_json(self.path) as file:
            file |= {"activeFacet": name, "lastUpdated": iso(moment)}
        return before

    def _named(self) -> dict[str, Any]:
        return read_json(self.path) if self.path.exists() else {}

    def files(self) -> list[Path]:
        """Return the files in the folder of the facets."""
        return sorted((self._folder / "facets").glob("[!.]*.json"))


def merged(core: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `core` with what a facet says otherwise: objects key by key, anything else as a whole."""
    both = {**core}
    for key, value in over.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return both


def _facet(key: str, value: Mapping[str, Any]) -> Facet:
    file = word(value.get("personaFile"))
    file = "" if file == "core.json" else file
    return Facet(key, word(value.get("description")), file, value.get("enabled") is not False)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
