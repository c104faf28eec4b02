"""What holds a program that is run: where it may read and write, and what of the machine it may use."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from metahuman.tools.world import launcher
from metahuman.tools.world.programs import FOLDERS

#: Bytes of memory, and of each file that it writes, that a program may have.
MEMORY, SIZE = 8_000_000_000, 1_000_000_000
#: Where programs, their libraries and settings are; what a person keeps is elsewhere.
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store", "/proc",
    "/sys/devices/system", "/run/current-system", "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
_SINK = "/dev/null"


class Held(NamedTuple):
    """A command under its bounds.

    Args:
        command: What to start.
        environment: Its environment, all of it.
        sandbox: What holds it, in words; "" if only the bounds of the system do.
    """

    command: list[str]
    environment: dict[str, str]
    sandbox: str


@cache
def sandbox() -> str:
    """Return which sandbox this system has, in words; "" if none that this program knows."""
    found = launcher.version()
    return f"Landlock {found}, seccomp" if found else ""


def hold(
    program: Path, command: Sequence[str], readable: Sequence[Path], writable: Sequence[Path], own: str, seconds: float
) -> Held:
    """Return a command under its bounds.

    Args:
        program: Where its program is.
        command: Its name and arguments, as the program is told them.
        readable: Folders that it may read, beside the system's.
        writable: Folders that it may write.
        own: An empty folder for it alone: its home, and for what it keeps while it runs.
        seconds: Seconds of a core that it may use.
    """
    plan = {
        "parent": os.getpid(),
        "seconds": seconds,
        "memory": MEMORY,
        "size": SIZE,
        "closed": bool(sandbox()),
        "readable": [*SYSTEM, *map(str, readable)],
        "writable": [*map(str, writable), own, _SINK],
        "marks": bool(writable),
    }
    starter = [sys.executable, "-I", "-S", launcher.__file__, json.dumps(plan), str(program)]
    return Held([*starter, *command], _environment(own), sandbox())


def _environment(own: str) -> dict[str, str]:
    """Return an environment that holds nothing of the owner's but language and time zone."""
    kept = {name: os.environ[name] for name in ("TZ", "LANG", "LC_ALL", "LC_CTYPE", "LC_TIME") if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PATH": ":".join(FOLDERS),
        "HOME": own,
        "TMPDIR": own,
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
    }
