"""The classifiers of a home: the shipped one, and those fitted to the owner's corrections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metahuman.routing.model import SHIPPED_MODEL
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import make_folder, private_lock, read_json, store_errors, write_atomic, write_json

#: The name of the classifier that came with the program.
SHIPPED = "shipped"
#: Fitted classifiers that are kept, the latest; each takes some megabytes.
KEPT = 3


class Versions:
    """Which classifier is in force, and which were before it.

    Args:
        folder: The home's folder for them; it need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def current(self) -> str:
        """The name of the one in force.

        Raises:
            SettingError: If the file that tells is broken.
        """
        return self._history()[-1]

    @property
    def path(self) -> Path:
        """The file of the one in force; the shipped one's where it is gone."""
        path = self.path_of(self.current)
        return path if path.exists() else SHIPPED_MODEL

    def path_of(self, name: str) -> Path:
        """Return the file of a classifier."""
        return SHIPPED_MODEL if name == SHIPPED else self.folder / f"{name}.npz"

    def add(self, content: bytes) -> str:
        """Put a fitted classifier in force and return its name; the oldest go.

        Raises:
            StoreError: If it cannot be written.
        """
        with self._locked():
            return self._add(content)

    def roll_back(self) -> str:
        """Put the one before in force again, and return its name.

        Raises:
            StoreError: If there is none.
        """
        with self._locked():
            history = self._history()
            if len(history) < 2:
                raise StoreError(self.folder, "the shipped classifier is in force", "there is none to go back to")
            self._keep(history[:-1])
            return history[-2]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with store_errors(self.folder), private_lock(make_folder(self.folder) / ".lock"):
            yield

    def _add(self, content: bytes) -> str:
        history = self._history()
        numbers = [int(path.stem) for path in self.folder.glob("*.npz") if path.stem.isdigit()]
        name = f"{max(numbers, default=0) + 1:04d}"
        write_atomic(self.path_of(name), content)
        self._keep([*history, name])
        return name

    def _history(self) -> list[str]:
        """Return the names of those in force one after the other, the shipped one first."""
        place = self.folder / "current.json"
        names = read_json(place).get("history", []) if place.exists() else []
        if not isinstance(names, list):
            raise SettingError(place, "history", "is no list of names", "delete the file: the shipped one is then used")
        return [SHIPPED, *(name for name in names if isinstance(name, str) and self.path_of(name).exists())]

    def _keep(self, history: list[str]) -> None:
        """Write down the latest names, then remove the files of all others: a crash in between loses nothing."""
        fitted = [name for name in history if name != SHIPPED][-KEPT:]
        write_json(self.folder / "current.json", {"history": fitted})
        for path in self.folder.glob("*.npz"):
            if path.stem not in fitted:
                path.unlink(missing_ok=True)
