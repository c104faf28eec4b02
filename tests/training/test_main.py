"""The process that trains ends with the one that it works for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from metahuman.training.job import JOB
from metahuman.training.telling import PARENT

#: Starts a trainer, tells its number, and waits for it.
STARTER = """
import os, subprocess, sys
env = {**os.environ, sys.argv[1]: str(os.getpid())}
trainer = subprocess.Popen([sys.executable, "-m", "metahuman.training", "train", sys.argv[2]], env=env)
print(trainer.pid, flush=True)
trainer.wait()
"""


@pytest.mark.slow
def test_it_does_not_go_on_when_whoever_started_it_was_killed(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    os.mkfifo(tmp_path / JOB)  # nobody writes into it: whoever reads it waits
    command = [sys.executable, "-c", STARTER, PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        trainer = psutil.Process(int(starter.stdout.readline()))
        time.sleep(3)
        assert trainer.is_running()
        starter.send_signal(signal.SIGKILL)
        gone, _ = psutil.wait_procs([trainer], timeout=20)
    assert gone == [trainer]
