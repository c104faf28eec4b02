"""The process that trains: `python -m metahuman.training COMMAND FOLDER`, on this machine or on another one.

    train     train the adapter of FOLDER/job.json, export it, and write card.json
    export    write adapter.gguf anew, from FOLDER/adapter
    prove     measure the voice, into FOLDER/evaluation

It tells what it does on standard output, a JSON object a line. An expected failure is one line on standard error and
exit code 1; interrupted, it ends with 130. Run again, it goes on where it was.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from metahuman.state.errors import MetaHumanError
from metahuman.training.needs import require_train
from metahuman.training.telling import PARENT, before_importing, to_stdout

#: Who does what: each takes the run's folder, and who is told.
COMMANDS = {
    "train": "metahuman.training.learning.running:train",
    "export": "metahuman.training.export:export",
    "prove": "metahuman.training.proof:prove",
}
FAILED, MISUSED, INTERRUPTED = 1, 2, 130
#: Seconds between two looks at whether the process that started this one is there.
LOOK = 1.0


def main(arguments: list[str]) -> int:
    """Do what is asked for, and return the exit code."""
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m metahuman.training {{{','.join(COMMANDS)}}} FOLDER\n")
        return MISUSED
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who asks it to end has it tidy up
    if parent := os.environ.get(PARENT):
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()
    try:
        require_train()
        before_importing()
        module, _, name = COMMANDS[arguments[0]].partition(":")
        getattr(import_module(module), name)(Path(arguments[1]).absolute(), to_stdout)
    except MetaHumanError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever started it has gone; what is done so far is kept
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    return 0


def _end_with(parent: int) -> None:
    """Ask this process to end once `parent` has died: a run that nobody holds might be begun a second time."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
