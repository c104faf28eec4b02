"""The model registry of a running program: an edited file is in force from the next call on."""

from __future__ import annotations

import copy
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.models.registry import Registry
from metahuman.state.errors import MetaHumanError
from metahuman.state.events import AuditEvent, registry_loaded, registry_refused
from metahuman.state.files import read_json, store_errors
from metahuman.state.services import Audit

_LOG = logging.getLogger("metahuman")
#: Nanoseconds within which a file may change twice and show the same times: the coarsest file system's clock.
SAME_TIME = 2_000_000_000


class _Content(NamedTuple):
    """What was read, where, and again as text: to Python, but not to a registry, `true` equals 1."""

    path: Path
    text: str
    value: dict[str, Any]

    def same_as(self, other: _Content) -> bool:
        """Tell whether nothing has changed."""
        return (self.path, self.text) == (other.path, other.text)


class LiveRegistry:
    """Calling it returns the registry in force; the file is read now, and again whenever it has changed.

    An edit that cannot be used leaves the registry before it in force, and is told once: in the log, in the audit, and
    as `problem` for as long as it lasts. Safe between threads.

    Args:
        path: Returns where the file is, asked at every call: the owner's own may come and go before the shipped one.
        root: The folder that relative adapter paths start from: the home.
        audit: Where changes are written down.
        ready: Asked with a changed registry, at each call until it says yes: what it needs is there. Until then the one
            before stays in force.

    Raises:
        SettingError: If the file cannot be used.
        StoreError: If it cannot be read.
    """

    def __init__(
        self,
        path: Callable[[], Path],
        root: Path,
        audit: Audit | None = None,
        ready: Callable[[Registry], bool] = lambda _: True,
    ) -> None:
        self._path, self._root, self._audit, self._ready = path, root, audit, ready
        self._lock = threading.RLock()
        self._overrides: tuple[Mapping[str, Any], ...] = ()
        self._problem: MetaHumanError | None = None
        # The stamp is taken first: what is written between it and the reading shows at the next call.
        file = path()
        self._stamp = _stamp(file)
        self._content = _read(file)
        self._registry = self._built(self._content, ())

    def __call__(self) -> Registry:
        """Return the registry in force; the same object as long as nothing has changed."""
        with self._lock:
            self._look()
            return self._registry

    @property
    def problem(self) -> MetaHumanError | None:
        """What is wrong with the file as it is now; None if it is the one in force."""
        with self._lock:
            self._look()
            return self._problem

    @contextmanager
    def override(self, changes: Mapping[str, Any]) -> Iterator[None]:
        """Change the registry for as long as the block lasts, in all threads; the file stays as it is.

        Blocks may be nested, and edits of the file show beneath them. An edit that the override does not fit on waits
        until the block has ended, as one that cannot be used.

        Args:
            changes: In the file's words: objects are merged key by key, anything else is replaced.

        Raises:
            SettingError: If the registry cannot be used with them; nothing is then changed.
        """
        override = copy.deepcopy(changes)
        with self._lock:
            self._look()
            overrides = (*self._overrides, override)
            self._registry = self._built(self._content, overrides)
            self._overrides = overrides
        try:
            yield
        finally:
            with self._lock:
                self._overrides = tuple(one for one in self._overrides if one is not override)
                self._registry = self._built(self._content, self._overrides)
                self._stamp = None  # an edit may have been refused for this override only

    def _look(self) -> None:
        """Read the file again if it may have changed."""
        file = self._content.path
        try:
            with store_errors(file, "check that the folder can be read"):
                file = self._path()
            stamp = _stamp(file)
            if stamp and stamp == self._stamp:
                return
            self._stamp = stamp
            content = _read(file)
            if self._problem is None and content.same_as(self._content):
                return
            registry = self._built(content, self._overrides)
            if not self._ready(registry):
                self._stamp = None
                return
            self._registry = registry
        except MetaHumanError as error:
            self._refuse(file, error)
        else:
            self._content, self._problem = content, None
            self._record(registry_loaded(str(file), self._registry.version))

    def _refuse(self, file: Path, error: MetaHumanError) -> None:
        told, self._problem = self._problem, error
        if str(error) != str(told):
            _LOG.warning("%s (what was read before stays in force)", error)
            self._record(registry_refused(str(file), str(error)))

    def _record(self, event: AuditEvent) -> None:
        if self._audit:
            self._audit.record(event)

    def _built(self, content: _Content, overrides: tuple[Mapping[str, Any], ...]) -> Registry:
        """Return the registry under all overrides; it must stand without the later ones too, which end first."""
        value = content.value
        registry = Registry.checked(value, content.path, self._root)
        for changes in overrides:
            value = merged(value, changes)
            registry = Registry.checked(value, content.path, self._root)
        return registry


def merged(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `content` with `changes` over it: objects are merged key by key, anything else is replaced."""
    result = dict(content)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def _read(file: Path) -> _Content:
    value = read_json(file)
    return _Content(file, json.dumps(value), value)


def _stamp(file: Path) -> tuple[Hashable, ...] | None:
    """Return what differs once `file` is written again; None if that is not sure, or nothing is there."""
    try:
        found = file.stat()
    except OSError:
        return None
    if abs(time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)) < SAME_TIME:
        return None
    return os.fspath(file), found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
