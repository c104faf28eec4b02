"""How much memory this machine has for models: its own, and that of its graphics cards."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import psutil

#: What NVIDIA's driver is asked: each card's name and memory (MiB), a card a line.
QUESTION = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
#: Seconds that the driver may take; one that has lost its card never answers.
PATIENCE = 10.0
#: A line of the driver's answer; a card that shares the machine's memory, or that is divided, says [N/A].
_CARD = re.compile(r"^(?P<name>.+?),\s*(?P<mib>\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Memory:
    """The machine's memory, in bytes.

    Args:
        available: What programs can have now.
        total: All of it.
    """

    available: int
    total: int


@dataclass(frozen=True)
class Gpu:
    """A graphics card with memory of its own.

    Args:
        name: What its maker calls it.
        total: Its memory in bytes.
    """

    name: str
    total: int


@dataclass(frozen=True)
class Machine:
    """What models can run in.

    Args:
        ram: The machine's memory in bytes.
        gpus: Its graphics cards.
        unified: Whether its graphics processor works in the machine's own memory (Apple silicon).
    """

    ram: int
    gpus: tuple[Gpu, ...] = ()
    unified: bool = False

    @property
    def gpu(self) -> int:
        """Bytes of all graphics cards together: Ollama spreads a model over them."""
        return sum(card.total for card in self.gpus)


def machine_memory() -> Memory:
    """Return this machine's memory as it is now."""
    now = psutil.virtual_memory()
    return Memory(now.available, now.total)


def ask_driver() -> str:
    """Return what NVIDIA's driver says of its cards; empty if there is none, or it does not answer."""
    if (program := shutil.which(QUESTION[0])) is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - the driver's own program
            [program, *QUESTION[1:]], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""


def this_machine(driver: Callable[[], str] = ask_driver) -> Machine:
    """Return what models can run in here; only what the system itself says, nothing is guessed.

    Args:
        driver: Returns the answer of NVIDIA's driver to `QUESTION`.
    """
    cards = tuple(Gpu(card["name"].strip(), int(card["mib"]) << 20) for card in _CARD.finditer(driver()))
    unified = (platform.system(), platform.machine()) == ("Darwin", "arm64")
    return Machine(machine_memory().total, cards, unified)
