"""A scripted Ollama, and its own client on it; other servers' tests have theirs."""

from __future__ import annotations

from collections.abc import Iterator

import ollama
import pytest

from tests.servers.ollama import OllamaServer


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


@pytest.fixture
def client(server: OllamaServer) -> Iterator[ollama.Client]:
    with ollama.Client(server.url, verify=False) as connected:
        yield connected
