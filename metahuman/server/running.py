"""Runs the server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from metahuman.server.settings import Settings
from metahuman.state.errors import BadChoice

#: Seconds that answers under way have to end once the server is to stop.
GRACE = 3
#: Connections that wait to be taken.
BACKLOG = 256
#: Bytes that the head of a request may have.
HEAD_BYTES = 64 * 1024


class _Server(uvicorn.Server):
    """Uvicorn, told to stop by the caller's own signal handlers.

    Args:
        config: How it serves.
        began: Called once requests are answered.
    """

    def __init__(self, config: uvicorn.Config, began: Callable[[], None]) -> None:
        super().__init__(config)
        self._began = began

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._began()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def protocol(seconds: float) -> type[H11Protocol]:
    """Return a protocol that closes connections whose first request does not arrive in time.

    Args:
        seconds: How long its head may take.
    """

    class Bounded(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(seconds, self._close_if_silent)

        def _close_if_silent(self) -> None:
            if getattr(self, "cycle", None) is None and not self.transport.is_closing():
                self.transport.close()

    return Bounded


def bind(settings: Settings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        BadChoice: If that cannot be.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, number)
    except OSError as error:
        raise BadChoice(f"--host {settings.host}: {error.strerror or error}; name an address of this machine") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        remedy = "stop what listens there, or choose another --port"
        raise BadChoice(f"{settings.host} port {settings.port}: {error.strerror or error}; {remedy}") from None
    return listener


def url_of(listener: socket.socket, settings: Settings) -> str:
    """Return the address that a browser opens."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, which hands on a word in half the time; where it cannot be had, on asyncio's own loop."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # it has no wheel for this platform
        asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(work)


async def serve(app: FastAPI, listener: socket.socket, began: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then end what streams, close what is open, and return.

    Args:
        app: What is served.
        listener: Where.
        began: Called once requests are answered.
        stop: Set it to end.
    """
    limits = app.state.settings.limits
    options: dict[str, Any] = {"timeout_keep_alive": 30, "timeout_graceful_shutdown": GRACE, "backlog": BACKLOG}
    config = uvicorn.Config(
        app,
        http=protocol(limits.head_seconds),
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        limit_concurrency=limits.connections,
        h11_max_incomplete_event_size=HEAD_BYTES,
        **options,
    )
    server = _Server(config, began)
    watch = asyncio.create_task(_watch(server, app, stop))
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()


async def until_signalled(work: Callable[[asyncio.Event], Any]) -> None:
    """Do some work that ends when the event that it is given is set.

    SIGINT and SIGTERM set it and, in a worker, so does the end of the process that started it.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if starter := multiprocessing.parent_process():
        loop.add_reader(starter.sentinel, stop.set)
    await work(stop)


async def _watch(server: uvicorn.Server, app: FastAPI, stop: asyncio.Event) -> None:
    await stop.wait()
    app.state.streams.stopping.set()  # at once: the server would wait for streams to end by themselves
    server.should_exit = True
