"""The home: the one folder that holds everything of the owner's, in the layout of a MetaHuman OS folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from metahuman.state.errors import StoreError
from metahuman.state.files import as_json, make_folder, write_atomic
from metahuman.state.shipped import SHIPPED


@dataclass(frozen=True)
class Home:
    """The places of a home.

    Args:
        root: The folder.
    """

    root: Path

    @property
    def registry(self) -> Path:
        """The model registry in force: the owner's, or the shipped one."""
        return self.setting("models.json")

    @property
    def audit(self) -> Path:
        """The audit log's folder."""
        return self.root / "logs" / "audit"

    @property
    def ledger(self) -> Path:
        """The database of what was asked of whom, and what it cost."""
        return self.root / "state" / "usage.sqlite"

    @property
    def checkpoints(self) -> Path:
        """The database of threads."""
        return self.root / "state" / "checkpoints.sqlite"

    @property
    def locks(self) -> Path:
        """Where threads are locked."""
        return self.root / "state" / "locks"

    @property
    def routing(self) -> Path:
        """Where the owner's corrections of routes are, and the classifiers fitted to them."""
        return self.root / "routing"

    def setting(self, name: str) -> Path:
        """Return the settings file `name`: the home's own where there is one, else the shipped one."""
        own = self.root / "etc" / name
        return own if own.exists() else SHIPPED / name

    @property
    def is_locked(self) -> bool:
        """Whether it is sealed into one file; `metahuman lock` does that."""
        return not self.root.exists() and locked_file(self.root).exists()

    def see_that_it_is_open(self) -> None:
        """See that it is not locked.

        Raises:
            StoreError: If it is.
        """
        if self.is_locked:
            raise StoreError(self.root, "is locked", "open it with `metahuman unlock`")

    def create(self) -> None:
        """Create the folder for the owner's eyes only, if it is not there, and see that it can be written.

        Raises:
            StoreError: If it cannot.
        """
        self.see_that_it_is_open()
        make_folder(self.root)
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise StoreError(self.root, "cannot be written", "choose another with --home or METAHUMAN_HOME")


def locked_file(root: Path) -> Path:
    """Return the file that a home is sealed into: it lies beside the folder itself, also where a link leads there."""
    root = root.resolve()
    return root.with_name(f"{root.name}.locked")


def find_home(chosen: Path | str | None = None) -> Home:
    """Return the home: the one chosen, else METAHUMAN_HOME's, else the platform's folder for user data.

    Raises:
        StoreError: If it is named after a user (`~name`) whom this machine does not know.
    """
    path = chosen or os.environ.get("METAHUMAN_HOME") or platformdirs.user_data_path("metahuman", appauthor=False)
    try:
        return Home(Path(path).expanduser().absolute())
    except RuntimeError as error:
        raise StoreError(path, "there is no such user", "choose another with --home or METAHUMAN_HOME") from error


@dataclass(frozen=True)
class Initialised:
    """What `init` did, as paths inside the home."""

    written: list[str]
    kept: list[str]


def init(home: Home, name: str = "", about: str = "") -> Initialised:
    """Put editable copies of the settings and a persona into the home; nothing that is there is touched.

    Args:
        home: The home.
        name: The owner's name; empty leaves the shipped one.
        about: A few lines about them.

    Raises:
        StoreError: If a file cannot be written.
    """
    home.create()
    done = Initialised([], [])
    wanted = {f"etc/{file.name}": file.read_bytes() for file in sorted(SHIPPED.glob("*.json"))}
    wanted["persona/core.json"] = _persona(name, about)
    for place, content in wanted.items():
        if (home.root / place).exists():
            done.kept.append(place)
        else:
            write_atomic(home.root / place, content)
            done.written.append(place)
    return done


def _persona(name: str, about: str) -> bytes:
    core: dict[str, Any] = json.loads((SHIPPED / "persona" / "core.json").read_bytes())
    if name:
        core["identity"] |= {"name": name, "humanName": name, "role": f"the digital twin of {name}"}
    core["background"]["narrative"] = about
    return as_json(core)
