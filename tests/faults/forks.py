"""Processes that begin at once: forks of one that has loaded everything and has no threads.

Run by itself, `python -m tests.faults.forks`: orders on standard input, a line each, and what came of them on standard
output.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

#: Is told what was done.
Tell = Callable[[dict[str, Any]], None]
#: Seconds after which a process that is still there hangs, and those that what it started may take to end.
PATIENCE, GRACE = 60.0, 2.0


@dataclass
class Ended:
    """What became of a process.

    Args:
        code: Its exit code; below 0 the signal that ended it.
        told: What it told, one thing after another.
        said: What it wrote to standard output and standard error.
        left: Processes that it had started and that were still there.
        hung: Whether it had to be ended.
        seconds: How long it took.
    """

    code: int
    told: list[dict[str, Any]]
    said: str
    left: list[str] = field(default_factory=list)
    hung: bool = False
    seconds: float = 0.0


class Forks:
    """Has forks do things.

    Args:
        process: What forks them.
        mounts: Whether they may mount disks, which nobody else sees and which end with them.
    """

    def __init__(self, process: subprocess.Popen[str], *, mounts: bool) -> None:
        self._process, self.mounts = process, mounts

    def do(self, *orders: dict[str, Any]) -> list[Ended]:
        """Do things side by side, each in a process of its own, and return what became of each.

        Args:
            orders: What each is to do: `work` names a function of `tests.faults.work`, which gets all of it.
        """
        self._process.stdin.write(json.dumps(orders) + "\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        return [Ended(**one) for one in json.loads(self._process.stdout.readline())]  # type: ignore[union-attr]


@contextmanager
def forks() -> Iterator[Forks]:
    """Start what forks; it ends with the block."""
    # Without its encoder, the classifier loads nothing and asks the orchestrator's model.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "METAHUMAN_MODELS": os.devnull}
    pipe = subprocess.PIPE
    alone = ["unshare", "--mount"] if may_mount() else []
    command, root = [*alone, sys.executable, "-m", "tests.faults.forks"], Path(__file__).parents[2]
    with subprocess.Popen(command, text=True, cwd=root, env=environment, stdin=pipe, stdout=pipe) as process:
        try:
            yield Forks(process, mounts=bool(alone))
        finally:
            if process.stdin:
                process.stdin.close()  # the end of its orders is its own


def may_mount() -> bool:
    """Tell whether this process may mount disks of its own: root may, on most machines."""
    tried = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(tried, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class _Child:
    """A fork at work, and what it has told so far."""

    def __init__(self, order: dict[str, Any], selector: selectors.BaseSelector) -> None:
        self.started, self.texts = time.monotonic(), {"told": bytearray(), "said": bytearray()}
        pipes = {name: os.pipe() for name in self.texts}
        self.pid = os.fork()
        if self.pid == 0:
            _live(order, pipes["told"][1], pipes["said"][1])
        for name, (reading, writing) in pipes.items():
            os.close(writing)
            os.set_blocking(reading, False)
            selector.register(reading, selectors.EVENT_READ, self.texts[name])
        self.ends = [reading for reading, _ in pipes.values()]

    def ended(self, status: int, *, hung: bool) -> dict[str, Any]:
        """Return what became of it."""
        lines = bytes(self.texts["told"]).splitlines(keepends=True)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "told": [json.loads(line) for line in lines if line.endswith(b"\n")],
            "said": self.texts["said"].decode(errors="replace"),
            "left": left_by(self.pid),
            "hung": hung,
            "seconds": time.monotonic() - self.started,
        }


def _live(order: dict[str, Any], told: int, said: int) -> None:
    """Be a fork: do what was ordered, and end."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(said, 1)
    os.dup2(said, 2)

    def tell(fact: dict[str, Any]) -> None:
        os.write(told, (json.dumps(fact) + "\n").encode())

    code = 1
    try:
        work = importlib.import_module("tests.faults.work")
        code = getattr(work, order["work"])(order, tell) or 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _all(orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do what was ordered, side by side."""
    with selectors.DefaultSelector() as selector:
        children = [_Child(order, selector) for order in orders]
        ended = dict[int, dict[str, Any]]()
        until = time.monotonic() + PATIENCE
        while len(ended) < len(children):
            _read(selector, 0.005)
            late = time.monotonic() > until
            for child in children:
                if child.pid in ended:
                    continue
                if late:
                    os.kill(child.pid, signal.SIGKILL)
                pid, status = os.waitpid(child.pid, 0 if late else os.WNOHANG)
                if pid:
                    _read(selector, 0)
                    ended[pid] = child.ended(status, hung=late)
        for child in children:
            for end in child.ends:
                with suppress(KeyError):
                    selector.unregister(end)
                os.close(end)
    return [ended[child.pid] for child in children]


def _read(selector: selectors.BaseSelector, seconds: float) -> None:
    """Take in what has been told, and go on once nothing more is there."""
    for key, _ in selector.select(seconds):
        with suppress(BlockingIOError):
            while data := os.read(key.fd, 1 << 16):
                key.data.extend(data)
            selector.unregister(key.fd)


def left_by(session: int, grace: float = GRACE) -> list[str]:
    """Return which processes of a session are still there after a while, and end them."""
    until = time.monotonic() + grace
    while (there := _of(session)) and time.monotonic() < until:
        time.sleep(0.02)
    told = []
    for one in there:
        with suppress(psutil.Error):
            told.append(" ".join(one.cmdline()) or one.name())
            one.kill()
    return told


def _of(session: int) -> list[psutil.Process]:
    found = []
    for pid in psutil.pids():
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(psutil.Process(pid))
    return found


def main() -> None:
    """Load everything, then do each order as it comes."""
    importlib.import_module("tests.faults.loaded")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_all(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
