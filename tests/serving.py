"""A server over a scripted twin: a real uvicorn on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from fastapi import FastAPI

from metahuman.home import Home
from metahuman.server.app import create_app
from metahuman.server.running import bind, serve
from metahuman.server.settings import Settings
from tests.fakes import Answer, ScriptedProvider, registry_content
from tests.homes import write_registry

TOKEN = "a-token-for-tests-0123456789"


@dataclass
class Served:
    """A running server.

    Args:
        url: Its address.
        app: What it serves.
        home: The twin's home.
        provider: The models behind it.
    """

    url: str
    app: FastAPI
    home: Path
    provider: ScriptedProvider
    token: str | None = None

    def client(self, **options: Any) -> httpx.Client:
        """Return a client that shows the token, if there is one."""
        client = self.stranger(**options)
        if self.token:
            client.headers["Authorization"] = f"Bearer {self.token}"
        return client

    def stranger(self, **options: Any) -> httpx.Client:
        """Return a client that shows no token."""
        return httpx.Client(base_url=self.url, timeout=10, verify=False, **options)  # certificates take long to read

    def wait_until_asked(self, count: int) -> None:
        """Return once the models have been asked so often."""
        until = time.monotonic() + 10
        while len(self.provider.asked) < count:
            assert time.monotonic() < until
            time.sleep(0.002)

    def events(self, path: str, body: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Post, and return the events of the stream that comes back."""
        with self.client() as client:
            answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return parsed(answer.text)


def parsed(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream: their names, and what they say."""
    blocks = [block.split("\n", 1) for block in text.split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


@dataclass
class _Running:
    """A server's thread, and how it is told to stop."""

    ready: threading.Event = field(default_factory=threading.Event)
    loop: asyncio.AbstractEventLoop | None = None
    stop: asyncio.Event | None = None


@contextmanager
def running(app: FastAPI, settings: Settings) -> Iterator[str]:
    """Serve an application while the block runs; hand out its address."""
    listener, state = bind(settings), _Running()

    async def work() -> None:
        state.loop, state.stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(app, listener, state.ready.set, state.stop)

    thread = threading.Thread(target=asyncio.run, args=(work(),), daemon=True)
    thread.start()
    try:
        assert state.ready.wait(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        if state.loop and state.stop:
            state.loop.call_soon_threadsafe(state.stop.set)
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def serving(
    home: Path,
    settings: Settings | None = None,
    registry: Mapping[str, Any] | None = None,
    **script: Iterable[Answer],
) -> Iterator[Served]:
    """Serve a twin whose models answer from a script, all of which must be asked for."""
    write_registry(home, registry or registry_content())
    settings = settings or Settings(port=0, agents=False)
    with ScriptedProvider(script) as provider:
        app = create_app(Home(home), settings, lambda _: provider)
        with running(app, settings) as url:
            yield Served(url, app, home, provider, settings.token)


def workers_of(keeper: psutil.Process) -> list[psutil.Process]:
    """Return the processes that serve for the one that keeps them."""
    found = []
    for child in keeper.children():
        with suppress(psutil.NoSuchProcess):  # it has just died
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child)
    return found
