"""The gates in processes of their own: they do nothing but read texts, for which a Python process has one core."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType

from metahuman.memory.curation.cleaning import cleaned

#: From so many memories on, starting the processes, which takes a second, is worth it; and how many there are at most.
MANY, MOST = 400, 4


def gate_workers() -> ProcessPoolExecutor:
    """Return processes that run the gates: one for each core, up to `MOST`. Whoever takes them shuts them down."""
    # Not forked: this process has threads, and what one of these held would be held for ever there.
    return ProcessPoolExecutor(min(os.cpu_count() or 1, MOST), _Apart(), _begin)


class _Worker(SpawnProcess):
    """A process that has nothing of the program that starts it.

    Python would run that program's main file once more, with all it does where it has no `if __name__ == "__main__"`.
    """

    def start(self) -> None:
        """Start it, as of a main module without a file."""
        main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _Apart(SpawnContext):
    Process = _Worker


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started them to deal with
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cleaned("What is imported when it is first needed is imported now.")


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that one ended."""
    if parent := parent_process():
        parent.join()
        os._exit(0)
