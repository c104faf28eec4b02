"""Which processes are there: each holds a lock, which the operating system releases when it dies."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from pathlib import Path

from filelock import FileLock, Timeout

from metahuman.state.files import make_folder, private_lock, store_errors


class Presence:
    """That this process is there, for others to see. A fork of it counts as another process.

    Args:
        folder: Where the locks are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: FileLock | None = None
        self._token, self._process = "", 0
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return what this process is known by, until `leave`.

        Raises:
            StoreError: If the lock cannot be written.
        """
        with self._lock:
            if self._held is None or self._process != os.getpid():
                token = uuid.uuid4().hex
                with store_errors(make_folder(self._folder)):
                    held = self._file(token)
                    held.acquire(timeout=0)
                self._held, self._token, self._process = held, token, os.getpid()
            return self._token

    def is_mine(self, token: str) -> bool:
        """Tell whether it is this process that is known by `token`."""
        return self._held is not None and token == self._token and self._process == os.getpid()

    def is_there(self, token: str) -> bool:
        """Tell whether the process that was known by `token` still runs, and has not left."""
        path = self._path(token)
        if not path.exists():
            return False
        if self.is_mine(token):
            return True
        with store_errors(path):
            try:
                with self._file(token).acquire(timeout=0):
                    path.unlink(missing_ok=True)
            except Timeout:
                return True
        return False

    def leave(self) -> None:
        """Be there no more."""
        with self._lock:
            if self._held is not None and self._process == os.getpid():
                with contextlib.suppress(OSError):
                    self._path(self._token).unlink(missing_ok=True)
                self._held.release()
            self._held = None

    def _path(self, token: str) -> Path:
        return self._folder / f"acting-{token}.lock"

    def _file(self, token: str) -> FileLock:
        return private_lock(self._path(token), thread_local=False)
