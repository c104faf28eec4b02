"""Rented machines, and that each is given back: after the work, after a mistake, after Ctrl-C, after a crash.

Before a pod is asked for, its name, which is no other's, is written into the home's `state/pods.json`. Whoever starts
later finds there what an earlier run did not give back. A pod also ends itself when its money is spent, in case this
machine never comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncssh

from metahuman.training.remote.errors import OverBudget, RemoteError, RemoteFailed
from metahuman.training.remote.ledger import PREFIX, Entry, Ledger
from metahuman.training.remote.reaching import Connect, connected
from metahuman.training.remote.runpod import Declined, Offer, Pod, RunPod
from metahuman.training.remote.settings import RunPodSettings

#: Told of a pod that was created or terminated: its ledger's name, its id, and why or for how much.
Told = Callable[[str, str | None, str | float], object]
_OVER = ("EXITED", "ERROR", "TERMINATED")
# The server's key is ours, so that nobody else can answer in its place; then the image's own start, which lets
# PUBLIC_KEY in. PID 1 has RunPod's variables, and `runpodctl` may remove the pod that it runs in.
_START = """
mkdir -p /etc/ssh && printf '%s' "$METAHUMAN_HOST_KEY" >/etc/ssh/ssh_host_ed25519_key
chmod 600 /etc/ssh/ssh_host_ed25519_key
(sleep {seconds}; runpodctl remove pod "$RUNPOD_POD_ID") &
exec /start.sh
"""


@dataclass(frozen=True)
class Rented:
    """A pod that is ready.

    Args:
        pod: The pod.
        connect: Opens a connection to it.
        seconds: How long it may run before it has cost as much as is allowed.
    """

    pod: Pod
    connect: Connect
    seconds: float


async def orphans(api: RunPod, ledger: Ledger, settle: float, told: Told = lambda name, pod, why: None) -> list[str]:
    """Give back every pod that is written down; return their names.

    Args:
        api: RunPod.
        ledger: What was not given back.
        settle: Seconds that a pod which was asked for may take to appear in the list of pods.
        told: Told of each that is gone.

    Raises:
        RemoteError: If RunPod cannot be asked; what is left stays written down.
    """
    entries = ledger.entries()
    for entry in entries:
        await _give_back(api, ledger, entry, settle)
        told(entry.name, entry.pod, "orphan")
    return [entry.name for entry in entries]


@contextlib.asynccontextmanager
async def rented(
    api: RunPod, ledger: Ledger, run: str, settings: RunPodSettings, told: Told = lambda name, pod, why: None
) -> AsyncIterator[Rented]:
    """Rent a pod for a block of work, and give it back whatever happens.

    The block is cancelled when the pod has cost as much as is allowed.

    Args:
        api: RunPod.
        ledger: Where it is written down.
        run: What it is for.
        settings: What to rent, and what that may cost.
        told: Told when it was created, with its price an hour, and when it is gone, with why.

    Raises:
        OverBudget: If none is to be had for the price, or the money is spent.
        RemoteError: If it does not get ready, or RunPod cannot be asked.
    """
    offers = fitting(await api.offers(settings.cloud), settings)
    name = f"{PREFIX}{run}-{secrets.token_hex(4)}"
    client, server = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    ledger.add(name, run)
    try:
        pod = await _created(api, name, offers, settings, client, server)
        ledger.note(name, pod.id)
        told(name, pod.id, pod.price)
        seconds = allowed(pod.price, settings)
        async with _at_most(seconds, settings):
            ready = await _ready(api, pod, settings)
            yield Rented(ready, _connect(ready, client, server), seconds)
    except Declined:
        ledger.remove(name)
        raise
    finally:
        await _end(api, ledger, name, settings, told)


@contextlib.asynccontextmanager
async def _at_most(seconds: float, settings: RunPodSettings) -> AsyncIterator[None]:
    """Cancel a block of work when the money is spent."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            spent = f"the pod has cost ${settings.max_cost:.2f}, as much as is allowed (runpod.maxCost)"
            raise OverBudget(f"{spent}; it was given back, and what it had learned is gone") from None
        raise


async def _end(api: RunPod, ledger: Ledger, name: str, settings: RunPodSettings, told: Told) -> None:
    """Give a pod back. A second Ctrl-C does not stop that."""
    entry = next((one for one in ledger.entries() if one.name == name), None)
    if entry is None:
        return
    try:
        await asyncio.shield(_give_back(api, ledger, entry, settings.settle_seconds))
    except RemoteError as error:
        remedy = "`metahuman cycle pods --terminate` gives it back"
        raise RemoteFailed(f"pod {name} may still run, and cost money: {error}; {remedy}") from error
    told(name, entry.pod, "done")


def fitting(offers: list[Offer], settings: RunPodSettings) -> list[Offer]:
    """Return what may be rented, in the order of the owner's wishes.

    Raises:
        OverBudget: If all of that is too dear.
        RemoteFailed: If none of it is there.
    """
    known = {one.gpu: one for one in offers}
    there = [known[gpu] for gpu in settings.gpus if gpu in known]
    if not there:
        raise RemoteFailed(
            f"RunPod has none of {', '.join(settings.gpus)} now; try later, or name others (runpod.gpus)"
        )
    cheap = [one for one in there if one.price <= settings.max_price_per_hour]
    if not cheap:
        least = min(one.price for one in there)
        raise OverBudget(f"the cheapest costs ${least:.2f} an hour, more than runpod.maxPricePerHour allows")
    return cheap


def allowed(price: float, settings: RunPodSettings) -> float:
    """Return for how many seconds a pod of a price may run.

    Raises:
        OverBudget: If its price is higher than allowed: it was another one than was offered.
    """
    if price > settings.max_price_per_hour:
        raise OverBudget(f"the pod costs ${price:.2f} an hour, more than runpod.maxPricePerHour allows")
    return 3600 * settings.max_cost / (price or settings.max_price_per_hour)


async def _created(
    api: RunPod,
    name: str,
    offers: list[Offer],
    settings: RunPodSettings,
    client: asyncssh.SSHKey,
    server: asyncssh.SSHKey,
) -> Pod:
    """Ask for one pod after the other, until one is to be had."""
    refused = ""
    for offer in offers:
        body = _body(name, offer, settings, client, server)
        try:
            return await api.create(body)
        except Declined as error:  # taken by another meanwhile; the same name stands for whichever comes
            refused = str(error)
    raise Declined(refused)


def _body(
    name: str, offer: Offer, settings: RunPodSettings, client: asyncssh.SSHKey, server: asyncssh.SSHKey
) -> dict[str, Any]:
    start = _START.format(seconds=round(allowed(offer.price, settings) + 60))
    return {
        "name": name,
        "image": settings.image,
        "cloud": settings.cloud,
        "gpu": {"id": offer.gpu, "count": 1},
        "disk": settings.disk_gigabytes,
        "ports": ["22/tcp"],
        "env": {
            "PUBLIC_KEY": client.export_public_key().decode().strip(),
            "METAHUMAN_HOST_KEY": server.export_private_key().decode(),
        },
        "args": f"bash -c {shlex.quote(start)}",
    }


async def _ready(api: RunPod, pod: Pod, settings: RunPodSettings) -> Pod:
    """Wait until a pod runs and can be reached."""
    end, pause = time.monotonic() + settings.ready_seconds, min(3.0, settings.ready_seconds / 20)
    while not (pod.status == "RUNNING" and pod.ssh):
        if pod.status in _OVER:
            raise RemoteFailed(f"the pod did not start: {pod.status}")
        if time.monotonic() > end:
            raise RemoteFailed(f"the pod was not ready after {settings.ready_seconds:.0f} s (runpod.readySeconds)")
        await asyncio.sleep(pause)
        pod = await api.pod(pod.id)
    return pod


def _connect(pod: Pod, client: asyncssh.SSHKey, server: asyncssh.SSHKey) -> Connect:
    host, port = pod.ssh or ("", 0)
    known = asyncssh.import_known_hosts(f"[{host}]:{port} {server.export_public_key().decode()}")
    return lambda: connected(host, port=port, username="root", client_keys=[client], known_hosts=known, config=None)


async def _give_back(api: RunPod, ledger: Ledger, entry: Entry, settle: float) -> None:
    """Terminate a pod, and strike it out once the list of pods does not have it any more.

    One whose id never came is looked for by its name, until it would have to be there if it had been created.
    """
    if entry.pod:
        await api.terminate(entry.pod)
    while True:
        age = (datetime.now(UTC) - entry.created_at).total_seconds()
        left = [pod for pod in await api.pods() if pod.name == entry.name and pod.status != "TERMINATED"]
        for pod in left:
            await api.terminate(pod.id)
        if not left and (entry.pod or age >= settle):
            break
        await asyncio.sleep(min(1.0, max(settle, 1.0) / 20))
    ledger.remove(entry.name)
