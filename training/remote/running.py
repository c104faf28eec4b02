"""A run that is trained on another machine: sent, started, followed, fetched and cleared away.

Each of these can be done again: whoever was cut off, or died, does the same again and goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh import SSHClientConnection

from metahuman.state.files import write_atomic
from metahuman.training.job import CARD, PROGRESS, Job, read_job
from metahuman.training.remote import moving
from metahuman.training.remote.bundle import bundle_of, packed
from metahuman.training.remote.errors import RemoteFailed
from metahuman.training.remote.reaching import Connect, Patience, insisting
from metahuman.training.remote.results import card_of, write_card
from metahuman.training.remote.settings import RemoteSettings

CONTROL = Path(__file__).with_name("control.sh")
#: What the trainer tells, over there.
TOLD = "told.ndjson"
#: Told of each event of the trainer, and of those of the way there and back: sending, lost, started, fetching.
Tell = Callable[[dict[str, Any]], None]


@dataclass
class There:
    """Where a run is trained, and how far that is.

    Args:
        connect: Opens a connection.
        root: The folder for jobs over there.
        settings: Of training elsewhere.
        patience: How long a lost connection is tried again.
    """

    connect: Connect
    root: str
    settings: RemoteSettings
    patience: Patience
    read: int = field(default=0, init=False)
    begun: bool = field(default=False, init=False)

    def folder(self, job: Job) -> str:
        """Return the folder of a job over there."""
        return f"{self.root}/{job.name}"


async def train_there(run: Path, there: There, tell: Tell = lambda event: None, *, keep: bool = False) -> list[str]:
    """Train a run on another machine, and bring what came of it here; return the names of the files.

    Args:
        run: The run's folder; its job says what to train on.
        there: The other machine.
        tell: Told as it goes on.
        keep: Whether the job's folder stays over there.

    Raises:
        Unreachable: If it cannot be reached for too long, or does not let this one in.
        RemoteFailed: If training failed there.
        SettingError: If the job, or what came back, is wrong.
        StoreError: If something here cannot be read or written.
    """

    async def work(connection: SSHClientConnection) -> list[str]:
        there.patience.met()  # no more than that: a machine may let one in and cut every connection short
        if not (run / CARD).exists():  # else only clearing away was cut short
            await _begin(connection, run, there, tell)
            await _follow(connection, job, there, tell)
            fetched.extend(await _fetch(connection, run, job, there, tell))
        if not keep:
            await _control(connection, "clean", there.folder(job), job.name)
        return fetched

    job, fetched = read_job(run), list[str]()
    return await insisting(there.connect, work, there.patience, lambda why: tell({"event": "lost", "why": why}))


async def clear_away(run: Path, there: There) -> None:
    """Stop what runs there of a run, and delete its folder there.

    Raises:
        Unreachable: If it cannot be reached.
    """
    job = read_job(run)
    await insisting(there.connect, lambda one: _control(one, "clean", there.folder(job), job.name), there.patience)


async def _control(connection: SSHClientConnection, command: str, folder: str, *more: str) -> str:
    """Run one of the commands of `control.sh` there, which needs not be there for that."""
    words = " ".join(shlex.quote(word) for word in (command, folder, *more))
    done = await connection.run(f"sh -s -- {words}", input=CONTROL.read_text("utf-8"), check=False)
    if done.exit_status is None:
        raise asyncssh.ConnectionLost("the connection was lost in the middle of a command")
    if done.exit_status:
        raise RemoteFailed(f"{command} failed on the other machine: {_line(done.stderr)}")
    return str(done.stdout or "").strip()


async def _begin(connection: SSHClientConnection, run: Path, there: There, tell: Tell) -> None:
    """See that the job runs there, or has been done."""
    job = read_job(run)
    folder = there.folder(job)
    state = await _control(connection, "state", folder, job.name)
    if state in ("running", "ended 0") or (there.begun and state.startswith("ended")):
        there.begun = True
        return
    files = packed(bundle_of(run, there.settings))

    def moved(done: int, of: int) -> None:
        there.patience.reached()
        tell({"event": "sending", "done": done, "of": of})

    async with connection.start_sftp_client() as sftp:
        await moving.send(sftp, folder, files, moved)
        there.read = len(await moving.read(sftp, f"{folder}/{TOLD}"))  # what an earlier try has told, is told
    command = f"export METAHUMAN_PYTHON={shlex.quote(there.settings.python)}; {there.settings.command}"
    await _control(connection, "start", folder, job.name, next(iter(files)), command)
    there.begun = True


async def _follow(connection: SSHClientConnection, job: Job, there: There, tell: Tell) -> None:
    """Tell what the trainer tells, until it has ended well.

    Raises:
        RemoteFailed: If it ended otherwise.
    """
    folder = there.folder(job)
    async with connection.start_sftp_client() as sftp:
        while True:
            state = await _control(connection, "state", folder, job.name)
            while _hear(await moving.read(sftp, f"{folder}/{TOLD}", there.read, moving.PIECE), there, tell):
                pass
            there.patience.reached()
            if state != "running":
                break
            await asyncio.sleep(there.settings.poll_seconds)
    if state != "ended 0":
        why = _line(await _control(connection, "log", folder, job.name)) or "it said nothing"
        raise RemoteFailed(
            f"training failed on the other machine ({state}): {why}; the same command goes on from there"
        )


def _hear(data: bytes, there: There, tell: Tell) -> bool:
    """Tell the whole lines of what was read; return whether there may be more."""
    whole = data[: data.rfind(b"\n") + 1]
    if not whole and len(data) == moving.PIECE:  # no line of the trainer's is that long
        whole = data
    for line in whole.splitlines():
        if event := _event(line):
            tell(event)
    there.read += len(whole)
    return len(data) == moving.PIECE


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


async def _fetch(connection: SSHClientConnection, run: Path, job: Job, there: There, tell: Tell) -> list[str]:
    """Bring the files here that the card names, and the card last: a run that has one is whole."""
    folder = there.folder(job)
    async with connection.start_sftp_client() as sftp:
        card = card_of(await moving.read(sftp, f"{folder}/{CARD}"), job)
        names = sorted(card["files"])
        for number, name in enumerate(names):
            tell({"event": "fetching", "what": name, "done": number, "of": len(names)})
            size, sha256 = card["files"][name]["bytes"], card["files"][name]["sha256"]
            await moving.fetch(sftp, f"{folder}/{name}", run / name, size, sha256)
            there.patience.reached()
        write_atomic(run / PROGRESS, await moving.read(sftp, f"{folder}/{PROGRESS}"))
    write_card(run, job, card)
    return [*names, CARD]


def _line(text: str | bytes | None) -> str:
    """Return the last line of what was said over there, fit for one line here."""
    lines = (text if isinstance(text, str) else (text or b"").decode("utf-8", "replace")).strip().splitlines()
    return "".join(one for one in lines[-1] if one.isprintable())[:300] if lines else ""
