"""A training run as a process of its own: started, listened to, and stopped so that it can go on later."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from metahuman.agents.alone import alone
from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError
from metahuman.state.voice_events import training_ended, training_started
from metahuman.training.job import CHECKPOINTS
from metahuman.training.needs import require_train
from metahuman.training.telling import PARENT, Event, event_of
from metahuman.voice.runs import Run, find_run

#: Seconds that the process has to write down how far it is; a step of a big model takes a while.
GRACE = 60.0
#: Bytes of a line, at most.
LINE = 1 << 20
Command = Literal["train", "export", "prove"]
#: The kind of run of which a home has one at a time.
TRAIN: Command = "train"
Tell = Callable[[Event], None]


class TrainingFailed(MetaHumanError):  # noqa: N818 - reads as what happened
    """The process that trains could not do it; the line is what it said."""


async def train(home: Home, run: Run, tell: Tell) -> Run:
    """Train a run to its end, or go on with it; return it as it then is.

    Cancelled, the process has written down how far it is before this returns: the run can go on.

    Args:
        home: The home.
        run: The run, begun or cut short.
        tell: Told what happens.

    Raises:
        AlreadyRunning: If another training is under way in the home.
        NotInstalled: If the extra `train` is missing.
        TrainingFailed: If it could not be done.
        StoreError: If something cannot be read or written.
    """
    require_train()
    audit, started, ended, told = AuditLog(home.audit, SystemClock()), time.monotonic(), "stopped", ""
    async with alone(home, TRAIN):
        goes_on = (run.folder / CHECKPOINTS).exists()
        audit.record(training_started(run.name, run.job.base.model_id, run.job.dataset.name, goes_on=goes_on))
        try:
            await child(TRAIN, run.folder, tell)
            ended = "done"
        except TrainingFailed as error:
            ended, told = "failed", str(error)
            raise
        finally:
            audit.record(training_ended(run.name, ended, told, time.monotonic() - started))
    return find_run(home, run.name)


async def child(command: Command, folder: Path, tell: Tell) -> None:
    """Have a process do one thing for a run.

    Args:
        command: What: see `metahuman.training`.
        folder: The run's folder.
        tell: Told what happens.

    Raises:
        TrainingFailed: If it could not be done; the line is what the process said.
    """
    words = [sys.executable, "-m", "metahuman.training", command, str(folder)]
    # A session of its own: Ctrl-C reaches this process, which passes it on, and waits.
    env = {**os.environ, PARENT: str(os.getpid())}
    process = await asyncio.create_subprocess_exec(
        *words, stdout=PIPE, stderr=PIPE, limit=LINE, start_new_session=True, env=env
    )
    try:
        _, complaint = await asyncio.gather(_listen(process, tell), _read_all(process))
        code = await process.wait()
    except BaseException:
        await asyncio.shield(_stop(process))
        raise
    if code:
        raise TrainingFailed(_last(complaint) or _ended(code))


async def _listen(process: Process, tell: Tell) -> None:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    async for line in process.stdout:
        if event := event_of(line):
            tell(event)


async def _read_all(process: Process) -> bytes:
    assert process.stderr is not None  # noqa: S101 - a pipe was asked for
    return await process.stderr.read()


async def _stop(process: Process) -> None:
    """Have the process write down how far it is, and end; what it still tells is not listened to."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(GRACE):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()


def _last(complaint: bytes) -> str:
    """Return the last line that was said; libraries may have warned before."""
    lines = complaint.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _ended(code: int) -> str:
    if code == -signal.SIGKILL:
        return "the process that trains was killed, perhaps for want of memory; run the same again to go on"
    return f"the process that trains ended with {code}; run the same again to go on"
