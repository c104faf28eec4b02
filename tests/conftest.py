"""Every test runs on a home of its own, with a clean environment, and can reach nothing but this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

FOREIGN = ("METAHUMAN_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_", "OPENAI_", "OLLAMA_", "OTEL_")
KEPT = ("METAHUMAN_MODELS",)

# How long an example takes says nothing of it where tests share the cores.
settings.register_profile("metahuman", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("metahuman")

# The tests share the cores with each other: a thread of llama.cpp that waits for another must sleep, for one that spins
# takes away the very core that the other needs. Its library reads this once, when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what talks to the embedded model first: one worker gets it all, and nothing long is left for the end."""
    items.sort(key=lambda item: item.get_closest_marker("real_model") is None)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return names for homes that do not exist yet: most tests need none, and making each takes a while."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """Take away what the person running the tests has set, and put the home where it is thrown away."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name not in KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setenv("METAHUMAN_HOME", str(next(homes)))
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise PermissionError(f"a test tried to connect to {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
