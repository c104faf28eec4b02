"""The gates in processes of their own: they do nothing but read texts, for which a Python process has one core."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process

from metahuman.memory.curation.cleaning import cleaned

#: From so many memories on, starting the processes, which takes a second, is worth it; and how many there are at most.
MANY, MOST = 400, 4


def gate_workers() -> ProcessPoolExecutor:
    """Return processes that run the gates: one for each core, up to `MOST`. Whoever takes them shuts them down."""
    # Not forked: this process has threads, and what one of these held would be held for ever there.
    return ProcessPoolExecutor(min(os.cpu_count() or 1, MOST), get_context("spawn"), _begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started them to deal with
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cleaned("What is imported when it is first needed is imported now.")


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that one ended."""
    if parent := parent_process():
        parent.join()
        os._exit(0)
