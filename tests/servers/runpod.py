"""A RunPod that rents nothing: it speaks the part of its REST API, version 2, that a training run needs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from tests.servers.answer import JSON
from tests.servers.http import Exchange, Refusal, Request, Server

#: What a request for a pod may hold; anything else is refused, as RunPod does.
BODY = {"name", "image", "cloud", "gpu", "cpu", "disk", "ports", "env", "args", "mounts", "registry", "dataCenterIds"}
PRICES = {"NVIDIA L4": 0.4, "NVIDIA RTX A5000": 0.3, "NVIDIA H100 80GB HBM3": 3.0}


class RunPodServer(Server):
    """Speaks RunPod's protocol.

    Attributes:
        pods: Every pod that was ever created, by id; one that was terminated has that status.
        bodies: What was asked for.
        ssh: Where pods are reached; as long as it is None, they are starting.
        faults: Statuses that the next requests are answered with instead.
        taken: Types of GPU that are listed, but gone when they are asked for.
        slow: Seconds after which a pod that was created appears in the list.
        refuses: The key that it demands.
    """

    def __init__(self, key: str = "key", slow: float = 0.0) -> None:
        super().__init__()
        self.key, self.slow = key, slow
        self.pods: dict[str, dict[str, Any]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.ssh: tuple[str, int] | None = None
        self.faults = deque[int]()
        self.taken = set[str]()
        self.dearer = 0.0

    @property
    def address(self) -> str:
        """The address of the API."""
        return f"{self.url}/v2"

    def running(self) -> list[str]:
        """Return the names of the pods that cost money."""
        return [pod["name"] for pod in self.pods.values() if pod["status"] != "TERMINATED"]

    def routes(self) -> Mapping[tuple[str, str], Callable[[Exchange], None]]:
        """Map the paths that name nothing."""
        return {
            ("GET", "/v2/pods"): self._list,
            ("POST", "/v2/pods"): self._create,
            ("GET", "/v2/catalog/gpus"): self._catalog,
        }

    def route(self, request: Request) -> Callable[[Exchange], None] | None:
        """Find what responds to a request, paths that name a pod among them."""
        found = super().route(request)
        if found or not request.path.startswith("/v2/pods/"):
            return found
        return {"GET": self._get, "DELETE": self._terminate}.get(request.method)

    def respond(self, exchange: Exchange) -> None:
        """Respond, with a fault where one is due."""
        if exchange.headers["Authorization"] != f"Bearer {self.key}":
            exchange.reply(self.error_body(401, "invalid token"), 401)
        elif self.faults and (fault := self.faults.popleft()):
            exchange.reply(self.error_body(fault, "so it was scripted"), fault)
        else:
            super().respond(exchange)

    def error_body(self, status: int, error: str | JSON) -> JSON:
        """Put a complaint in the form of RFC 9457."""
        return {"title": "Problem", "status": status, "detail": error}

    def _catalog(self, exchange: Exchange) -> None:
        gpus = [
            {"id": gpu, "price": {"secure": price, "community": price / 2}, "availability": "HIGH", "memory": 24}
            for gpu, price in PRICES.items()
        ]
        exchange.reply({"gpus": gpus})

    def _create(self, exchange: Exchange) -> None:
        body = exchange.body
        unknown = sorted(body.keys() - BODY)
        if unknown or not {"name", "image"} <= body.keys() or len({"gpu", "cpu"} & body.keys()) != 1:
            raise Refusal(422, f"Request validation failed: {unknown}")
        gpu = body["gpu"]["id"]
        if gpu not in PRICES or gpu in self.taken:
            raise Refusal(400, "no machine has what was asked for")
        self.bodies.append(body)
        pod = {
            "id": f"pod{len(self.pods)}",
            "name": body["name"],
            "cost": PRICES[gpu] + self.dearer,
            "gpu": body["gpu"],
        }
        self.pods[pod["id"]] = pod | {"status": "PROVISIONING", "since": time.monotonic()}
        exchange.reply(self._told(pod["id"]), 201)

    def _told(self, pod_id: str) -> JSON:
        pod = self.pods[pod_id]
        if self.ssh and pod["status"] == "PROVISIONING":
            pod["status"] = "RUNNING"
        ports = [{"private": 22, "public": self.ssh[1], "type": "tcp", "ip": self.ssh[0]}] if self.ssh else []
        runtime = {"uptime": 1, "ports": ports} if pod["status"] == "RUNNING" else None
        return {key: pod[key] for key in ("id", "name", "cost", "gpu", "status")} | {"runtime": runtime}

    def _list(self, exchange: Exchange) -> None:
        there = [pod for pod in self.pods.values() if time.monotonic() - pod["since"] >= self.slow]
        exchange.reply({"pods": [self._told(pod["id"]) for pod in there]})

    def _named(self, exchange: Exchange) -> str:
        pod_id = exchange.request_line.path.rpartition("/")[2]
        if pod_id not in self.pods or self.pods[pod_id]["status"] == "TERMINATED":
            raise Refusal(404, "The requested Pod does not exist.")
        return pod_id

    def _get(self, exchange: Exchange) -> None:
        exchange.reply(self._told(self._named(exchange)))

    def _terminate(self, exchange: Exchange) -> None:
        self.pods[self._named(exchange)]["status"] = "TERMINATED"
        exchange._start(204, {})
