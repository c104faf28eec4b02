"""Several processes that serve one address: started, started again when one dies, and ended together."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

from metahuman.home import Home
from metahuman.server.app import create_app
from metahuman.server.running import GRACE, run, serve, until_signalled
from metahuman.server.settings import Settings
from metahuman.state.errors import ServerFailed

#: A worker that ends so often in a row with an error, before it has answered anything, would do so again.
TRIES = 3
#: Seconds before one that was killed that early is started again, for each time in a row, and at most.
PAUSE, LONGEST = 1.0, 10.0
#: Seconds that a worker has to close what is open, once the answers under way have had theirs.
CLOSING = 5.0


@dataclass(frozen=True)
class Work:
    """What a process serves; it can be pickled.

    Args:
        home: The home.
        settings: How it is served.
        listener: Where.
        began: Called once requests are answered.
        tell: Is told what the agents do, and what becomes of the workers, a line each.
    """

    home: Home
    settings: Settings
    listener: socket.socket
    began: Callable[[], None]
    tell: Callable[[str], None]

    async def run(self) -> None:
        """Serve in this process until it is signalled or, in a worker, until the process that started it has gone."""
        app = create_app(self.home, self.settings, tell=self.tell)
        await until_signalled(partial(serve, app, self.listener, self._ready))

    async def share(self, count: int) -> None:
        """Have several processes do it until this one is signalled; the first of them runs the agents.

        Args:
            count: How many.

        Raises:
            ServerFailed: If one dies again and again.
        """

        async def one(number: int, stop: asyncio.Event) -> None:
            try:
                await self._keep(number, stop)
            finally:
                stop.set()

        async def all_of_them(stop: asyncio.Event) -> None:
            ended = await asyncio.gather(*(one(number, stop) for number in range(count)), return_exceptions=True)
            for error in filter(None, ended):
                raise error

        await until_signalled(all_of_them)

    async def _keep(self, number: int, stop: asyncio.Event) -> None:
        """Keep one worker alive until all are to stop."""
        mine = replace(self, settings=replace(self.settings, worker=number), began=_nothing if number else self.began)
        (process, serves), deaths = _started(mine), 0
        try:
            while True:
                await _ended(process, stop)
                if stop.is_set():
                    return
                await asyncio.to_thread(process.join, CLOSING)  # how it ended is known a moment later
                deaths = 0 if serves.is_set() else deaths + 1
                if deaths:
                    await _wait(stop, min(deaths * PAUSE, LONGEST))
                died = f"worker {number + 1} died (exit code {process.exitcode})"
                if deaths >= TRIES and (process.exitcode or 0) > 0:
                    raise ServerFailed(f"{died}, {TRIES} times in a row; see why with --workers 1")
                self.tell(f"{died} and is started again")
                process, serves = _started(replace(mine, began=_nothing))
        finally:
            process.terminate()
            await asyncio.to_thread(process.join, GRACE + CLOSING)
            process.kill()

    def _ready(self) -> None:
        from metahuman.warm import warm_up

        self.began()
        warm_up(self.home)


def _started(work: Work) -> tuple[BaseProcess, Event]:
    """Return a new process that does it, and what is set once it answers requests."""
    context = multiprocessing.get_context("spawn")
    serves = context.Event()
    process = context.Process(target=_in_worker, args=(work, serves))
    process.start()
    return process, serves


def _in_worker(work: Work, serves: Event) -> None:
    def began() -> None:
        serves.set()
        work.began()

    run(replace(work, began=began).run())


def _nothing() -> None:
    """Say nothing: the first worker has said it."""


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait for a while, or until all are to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _ended(process: BaseProcess, stop: asyncio.Event) -> None:
    """Return when a process has ended, or all are to stop."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(process.sentinel, ended.set)
    waits = [asyncio.create_task(event.wait()) for event in (ended, stop)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(process.sentinel)
        for wait in waits:
            wait.cancel()
