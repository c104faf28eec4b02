"""A run that is trained on another machine, as its owner allows: over SSH, or on a pod that is rented for it."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from metahuman.audit.log import AuditLog
from metahuman.clock import SystemClock
from metahuman.home import Home
from metahuman.state import remote_events
from metahuman.state.errors import BadChoice
from metahuman.training.base import base_digest
from metahuman.training.job import read_job
from metahuman.training.needs import NotInstalled
from metahuman.training.remote.bundle import bundle_of, counted, written
from metahuman.training.remote.errors import RemoteFailed
from metahuman.training.remote.ledger import Ledger
from metahuman.training.remote.place import Place, place_of
from metahuman.training.remote.results import adopt
from metahuman.training.remote.settings import RemoteSettings, load_settings
from metahuman.training.remote.skypilot import launch_of, task_of, write_task

#: Told of each event; see `metahuman.training.remote.running`.
Tell = Callable[[dict[str, Any]], None]
#: Where a job goes on a pod.
POD_FOLDER = "metahuman-training"


class Where(NamedTuple):
    """Where a voice is trained.

    Args:
        kind: In which way.
        place: The machine, for SSH.
    """

    kind: Literal["ssh", "runpod", "skypilot"]
    place: Place | None = None

    def __str__(self) -> str:
        """Return it as a person writes it."""
        return str(self.place) if self.place else self.kind


def where_of(address: str) -> Where:
    """Return what `--remote` names: `ssh://…`, `runpod` or `skypilot`.

    Raises:
        BadChoice: If it names nothing.
    """
    if address in ("runpod", "skypilot"):
        return Where("runpod" if address == "runpod" else "skypilot")
    if not address.startswith("ssh:"):
        raise BadChoice(f"{address!r} is nowhere to train: say ssh://user@host:port/folder, runpod or skypilot")
    return Where("ssh", place_of(address))


def leaving(home: Home, run: Path) -> dict[str, int]:
    """Return how many pairs, files and bytes would leave this machine.

    Raises:
        SettingError: If the job, a setting or the dataset is wrong.
        StoreError: If something cannot be read.
    """
    return counted(bundle_of(run, load_settings(home.root)))


async def train_elsewhere(
    home: Home, run: Path, where: Where, tell: Tell = lambda event: None, *, keep: bool = False
) -> None:
    """Train a run on another machine, and bring what came of it here. Its owner has allowed that.

    Args:
        home: The home.
        run: The run's folder.
        where: Where.
        tell: Told as it goes on.
        keep: Whether the job's folder stays over there.

    Raises:
        NotInstalled: If the extra `remote` is not installed.
        RemoteError: If it did not work out.
        SettingError: If the job or a setting is wrong.
    """
    need_ssh()
    from metahuman.training.remote.reaching import Patience, by_ssh
    from metahuman.training.remote.running import There, train_there

    settings, log = load_settings(home.root), AuditLog(home.audit, SystemClock())
    with contextlib.closing(log):
        log.record(remote_events.training_sent(run.name, str(where), counted(bundle_of(run, settings))))
        if where.place:
            there = There(
                by_ssh(where.place, settings), where.place.folder, settings, Patience(settings.give_up_seconds)
            )
            files = await train_there(run, there, tell, keep=keep)
        elif where.kind == "runpod":
            files = await _on_a_pod(home, run, settings, log, tell)
        else:
            raise BadChoice("SkyPilot runs its own commands: `metahuman cycle --remote skypilot --write FILE`")
        log.record(remote_events.training_fetched(run.name, str(where), _digests(run, files)))


async def clear_elsewhere(home: Home, run: Path, where: Where) -> None:
    """Stop what runs elsewhere of a run, and delete its folder there; a pod ends with the run that rented it.

    Raises:
        NotInstalled: If the extra `remote` is not installed.
        RemoteError: If the other machine cannot be reached.
    """
    if where.place is None:
        await give_back(home)
        return
    need_ssh()
    from metahuman.training.remote.reaching import Patience, by_ssh
    from metahuman.training.remote.running import There, clear_away

    settings = load_settings(home.root)
    there = There(by_ssh(where.place, settings), where.place.folder, settings, Patience(settings.give_up_seconds))
    await clear_away(run, there)


def back_of(path: Path, run: str) -> Path:
    """Return where what comes back goes, of a task for SkyPilot that was written to `path`."""
    return path.absolute().with_name(f"{path.stem}-{run}-back")


def write_skypilot(home: Home, run: Path, path: Path) -> list[list[str]]:
    """Write a run's bundle and a task for SkyPilot; return the commands that have it done.

    Args:
        home: The home.
        run: The run's folder.
        path: Where the task is written; the bundle goes beside it.

    Raises:
        SettingError: If the job, a setting or the dataset is wrong.
        StoreError: If something cannot be read or written.
    """
    settings, name = load_settings(home.root), read_job(run).name
    job = path.absolute().with_name(f"{path.stem}-{name}")
    bundle = bundle_of(run, settings)
    written(bundle, job)
    write_task(path, task_of(name, job, settings.skypilot))
    with contextlib.closing(AuditLog(home.audit, SystemClock())) as log:
        log.record(remote_events.training_sent(run.name, str(path), counted(bundle)))
    return launch_of(name, path, back_of(path, name))


def launched(commands: list[list[str]]) -> None:
    """Have a task done by SkyPilot; the machine is given back in any case.

    Raises:
        NotInstalled: If `sky` or `rsync` is not.
        RemoteFailed: If one of its commands failed.
    """
    if missing := [tool for tool in ("sky", "rsync") if not shutil.which(tool)]:
        raise NotInstalled(f"{' and '.join(missing)} is not installed; --write FILE only writes the task")
    *work, down = commands
    try:
        for command in work:
            _called(command)
    finally:
        _called(down)


def taken(home: Home, run: Path, back: Path, host: str) -> None:
    """Take what came of a run from where another program has brought it.

    Raises:
        RemoteFailed: If it is not whole.
    """
    files = adopt(run, back)
    with contextlib.closing(AuditLog(home.audit, SystemClock())) as log:
        log.record(remote_events.training_fetched(run.name, host, _digests(run, files)))


def _called(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - the commands of `skypilot.launch_of`
        raise RemoteFailed(f"`{shlex.join(command)}` failed; see above")


def _digests(run: Path, files: list[str]) -> dict[str, str]:
    return {name: base_digest(run / name) for name in files}


def rented_pods(home: Home) -> list[str]:
    """Return the names of the pods that may still run."""
    return [entry.name for entry in Ledger(ledger_of(home)).entries()]


async def give_back(home: Home) -> list[str]:
    """Give back every pod that an earlier run has left; return their names.

    Raises:
        BadChoice: If there is one, and no key to give it back with.
        RemoteError: If RunPod cannot be asked.
    """
    if not ledger_of(home).exists() or not rented_pods(home):
        return []
    need_ssh()
    settings, log = load_settings(home.root), AuditLog(home.audit, SystemClock())
    with contextlib.closing(log):
        async with _runpod(settings) as api:
            return await _orphans(home, api, settings, log)


def ledger_of(home: Home) -> Path:
    """Return where rented pods are written down."""
    return home.root / "state" / "pods.json"


def need_ssh() -> None:
    """See that the extra `remote` is installed.

    Raises:
        NotInstalled: If it is not.
    """
    try:
        import asyncssh  # noqa: F401
    except ImportError as error:
        raise NotInstalled("training elsewhere needs asyncssh: `pip install 'metahuman[remote]'`") from error


async def _on_a_pod(home: Home, run: Path, settings: RemoteSettings, log: AuditLog, tell: Tell) -> list[str]:
    from metahuman.training.remote.pods import rented
    from metahuman.training.remote.reaching import Patience
    from metahuman.training.remote.running import There, train_there

    def told(name: str, pod: str | None, what: str | float) -> None:
        if isinstance(what, str):
            log.record(remote_events.pod_terminated(name, pod, what))
            tell({"event": "pod", "what": "given back", "name": name})
        else:
            log.record(remote_events.pod_created(name, pod or "", run.name, what))
            tell({"event": "pod", "what": "rented", "name": name, "pricePerHour": what})

    async with _runpod(settings) as api:
        await _orphans(home, api, settings, log)
        async with rented(api, Ledger(ledger_of(home)), run.name, settings.runpod, told) as pod:
            patience = Patience(settings.give_up_seconds, from_the_start=True)
            there = There(pod.connect, POD_FOLDER, settings, patience)
            return await train_there(run, there, tell, keep=True)  # all of it goes with the pod


async def _orphans(home: Home, api: Any, settings: RemoteSettings, log: AuditLog) -> list[str]:
    from metahuman.training.remote.pods import orphans

    def told(name: str, pod: str | None, why: str | float) -> None:
        log.record(remote_events.pod_terminated(name, pod, str(why)))

    return await orphans(api, Ledger(ledger_of(home)), settings.runpod.settle_seconds, told)


@contextlib.asynccontextmanager
async def _runpod(settings: RemoteSettings) -> AsyncIterator[Any]:
    from metahuman.training.remote.runpod import KEY, RunPod

    key = os.environ.get(KEY)
    if not key:
        raise BadChoice(f"set {KEY} to your key of RunPod; it is taken from the environment only")
    async with RunPod(key, settings.runpod.address) as api:
        yield api
