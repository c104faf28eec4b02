"""Someone who registers voices, killed at any moment, again and again.

Run by itself, in a process that forks before it has any threads: `python -m tests.voice_kills HOME TIMES`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from metahuman.home import Home
from metahuman.opening import open_registry
from metahuman.state.errors import MetaHumanError
from metahuman.voice.registering import MODEL_ID, register, set_voice, unregister
from metahuman.voice.runs import Run
from tests.voices import a_home, a_run

NAMES = ("2026-05-17-120000-aaaaaa", "2026-05-18-120000-bbbbbb")


@dataclass
class Outcome:
    """What many kills left: how often each state was found, and what was wrong."""

    kills: int = 0
    states: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def work(home: Home, runs: list[Run]) -> None:
    """Register one voice after the other for ever, let it speak, and take it out again."""
    for run in itertools.cycle(runs):
        register(home, run)
        set_voice(home, MODEL_ID, ("emulation", "dual"))
        set_voice(home, None, ("emulation", "dual"))
        unregister(home)


def state_of(home: Home) -> str:
    """Return the run whose voice is registered, and whether it speaks.

    Raises:
        MetaHumanError: If the registry does not load.
    """
    file = open_registry(home).file
    entry = file.models.get(MODEL_ID)
    speaks = {mode: file.cognitive_mode_mappings.get(mode, {}).get("persona") for mode in ("emulation", "dual")}
    both = len({name == MODEL_ID for name in speaks.values()}) == 1
    if not both or (entry is None and MODEL_ID in speaks.values()):
        return f"halfway: {speaks}"
    run = str(entry.metadata["run"]) if entry else "none"
    return f"{run} {'speaks' if MODEL_ID in speaks.values() else 'is silent'}"


def kill(home: Home, runs: list[Run], chance: random.Random) -> None:
    """Have a process do it, and kill it."""
    child = os.fork()
    if not child:
        try:
            work(home, runs)
        finally:
            os._exit(1)
    time.sleep(chance.uniform(0.0, 0.25))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main(root: Path, times: int) -> Outcome:
    """Kill it, and look, `times` times."""
    home, chance, outcome = a_home(root), random.Random(7), Outcome()
    runs = [a_run(home, name) for name in NAMES]
    for _ in range(times):
        kill(home, runs, chance)
        outcome.kills += 1
        try:
            state = state_of(home)
        except MetaHumanError as error:
            outcome.wrong.append(str(error))
            continue
        if state.startswith("halfway"):
            outcome.wrong.append(state)
        outcome.states[state] = outcome.states.get(state, 0) + 1
    return outcome


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(main(Path(sys.argv[1]), int(sys.argv[2])))) + "\n")
