"""RunPod's public API, as far as a training run needs it.

Version 2 of its REST API: https://docs.runpod.io/api-reference-v2/overview (version 1 ends in November 2026). Pods:
POST, GET and DELETE /v2/pods and /v2/pods/{id}; prices and stock: GET /v2/catalog/gpus. Lists stand under their name,
errors are RFC 9457 problems, and `cost` is in US dollars an hour. It has no interruptible pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from metahuman.training.remote.errors import RemoteFailed, Unreachable

#: The environment variable that holds the owner's key.
KEY = "RUNPOD_API_KEY"
#: Tries of a request that the server could not answer, and seconds before the second; each pause doubles.
TRIES, PAUSE = 4, 1.0
_AGAIN = {429, 500, 502, 503, 504}


class Declined(RemoteFailed):
    """RunPod understood what was asked, and did not do it."""


class Pod(NamedTuple):
    """A rented machine.

    Args:
        id: RunPod's name for it.
        name: Ours.
        status: PROVISIONING, STARTING, RUNNING, EXITED, ERROR or TERMINATED.
        price: US dollars an hour.
        ssh: Where its SSH server is reached, address and port; None as long as it is not.
    """

    id: str
    name: str
    status: str
    price: float
    ssh: tuple[str, int] | None


class Offer(NamedTuple):
    """A type of GPU that can be rented now.

    Args:
        gpu: Its id.
        price: US dollars an hour.
    """

    gpu: str
    price: float


class RunPod:
    """A client of the API, for an `async with` block.

    Args:
        key: The owner's key.
        address: Of the API.
        pause: Seconds before a second try.
    """

    def __init__(self, key: str, address: str, pause: float = PAUSE) -> None:
        self._pause = pause
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.AsyncClient(base_url=address.rstrip("/"), headers=headers, timeout=60)

    async def __aenter__(self) -> Self:
        """Open it."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Close it."""
        await self._client.aclose()

    async def offers(self, cloud: str) -> list[Offer]:
        """Return the types of GPU of which there are some, in a cloud: SECURE or COMMUNITY.

        Raises:
            RemoteError: If RunPod cannot be asked.
        """
        wanted = {"include": "AVAILABILITY", "product": "POD", "cloud": cloud}
        found = (await self._ask("GET", "/catalog/gpus", params=wanted)).get("gpus")
        kinds = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [
            Offer(str(one["id"]), float(one["price"][cloud.lower()]))
            for one in kinds
            if one.get("availability") not in (None, "NONE") and (one.get("price") or {}).get(cloud.lower())
        ]

    async def create(self, body: Mapping[str, Any]) -> Pod:
        """Rent a pod. It is asked for once: a second try could rent a second one.

        Raises:
            Declined: If there is none to be had.
            RemoteError: If nobody knows whether there is one now.
        """
        return _pod(await self._ask("POST", "/pods", tries=1, json=dict(body)))

    async def pods(self) -> list[Pod]:
        """Return all pods of the owner's.

        Raises:
            RemoteError: If RunPod cannot be asked.
        """
        found = (await self._ask("GET", "/pods")).get("pods")
        return [_pod(one) for one in found] if isinstance(found, list) else []

    async def pod(self, pod_id: str) -> Pod:
        """Return a pod as it is now.

        Raises:
            RemoteError: If it is gone, or RunPod cannot be asked.
        """
        return _pod(await self._ask("GET", f"/pods/{pod_id}"))

    async def terminate(self, pod_id: str) -> None:
        """Give a pod back; one that is gone already is fine.

        Raises:
            RemoteError: If RunPod cannot be asked.
        """
        await self._ask("DELETE", f"/pods/{pod_id}", gone=True)

    async def _ask(
        self, method: str, path: str, *, tries: int = TRIES, gone: bool = False, **options: Any
    ) -> dict[str, Any]:
        """Ask, again where the server is too busy or does not answer, and return the object that it answers with."""
        for left in reversed(range(tries)):
            try:
                answer = await self._client.request(method, path, **options)
            except httpx.HTTPError as error:
                if not left:
                    raise Unreachable(f"RunPod cannot be reached: {str(error) or type(error).__name__}") from error
            else:
                if answer.is_success or (gone and answer.status_code == httpx.codes.NOT_FOUND):
                    return _object(answer)
                if not left or answer.status_code not in _AGAIN:
                    raise (Declined if answer.is_client_error else RemoteFailed)(_problem(answer))
            await asyncio.sleep(self._pause * 2 ** (tries - 1 - left))
        raise AssertionError("unreachable")


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json() if answer.content else {}
    except ValueError:
        content = {}
    return content if isinstance(content, dict) else {}


def _problem(answer: httpx.Response) -> str:
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"RunPod does not accept the key: set {KEY} to one that may manage pods"
    content = _object(answer)
    detail = " ".join(str(content.get("detail") or content.get("title") or answer.reason_phrase).split())
    errors = content.get("errors")
    more = f" ({'; '.join(map(str, errors))})" if isinstance(errors, list) and errors else ""
    return f"RunPod: {detail[:300]}{more[:300]} (HTTP {answer.status_code})"


def _pod(content: Any) -> Pod:
    """Return what the API tells of a pod.

    Raises:
        RemoteFailed: If that is no pod.
    """
    try:
        runtime = content.get("runtime") or {}
        ssh = [(one["ip"], int(one["public"])) for one in runtime.get("ports") or [] if one.get("private") == 22]
        price = float(content.get("cost") or 0)
        known = (str(content["id"]), str(content.get("name")), str(content.get("status")))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise RemoteFailed("RunPod answered with something that is no pod") from None
    return Pod(*known, price, ssh[0] if ssh else None)
