"""Runs a program: so long, so much output, and nothing of it is left afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from pathlib import Path
from typing import NamedTuple

from metahuman.tools.world.sandbox import Held

#: Bytes of output after which a program is stopped, and those kept of its beginning and of its end.
FLOOD, HEAD, TAIL = 16_000_000, 400_000, 100_000
#: Seconds that the system is given to close what a program that was ended had open.
CLOSING = 5.0


class Ran(NamedTuple):
    """What became of a program.

    Args:
        code: Its exit code; negative where a signal ended it, None where its time was over.
        head: How its output begins.
        tail: How it ends, if there is more than the beginning.
        size: Bytes of all of its output.
    """

    code: int | None
    head: bytes
    tail: bytes
    size: int

    @property
    def flooded(self) -> bool:
        """Whether it was stopped for writing too much."""
        return self.size > FLOOD


class _Listener(asyncio.SubprocessProtocol):
    """Keeps the beginning and the end of what a program writes, and notices when it is over."""

    def __init__(self) -> None:
        self.head, self.tail, self.size, self._held = bytearray(), deque[bytes](), 0, 0
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.size += len(data)
        room = HEAD - len(self.head)
        self.head += data[: max(0, room)]
        if rest := data[max(0, room) :]:
            self.tail.append(rest)
            self._held += len(rest)
        while self._held - len(self.tail[0] if self.tail else b"") >= TAIL:
            self._held -= len(self.tail.popleft())
        if self.size > FLOOD:
            self._end()

    def process_exited(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def run_held(held: Held, folder: Path, seconds: float) -> Ran:
    """Run a program to its end, its time's, or that of the room for its output; then end all that it started.

    Args:
        held: The command under its bounds.
        folder: The folder it works in.
        seconds: How long it may take.

    Raises:
        OSError: If it cannot be started.
    """
    loop = asyncio.get_running_loop()
    listener, late = _Listener(), False
    transport, _ = await loop.subprocess_exec(
        lambda: listener,
        *held.command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=held.environment,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(listener.over)
    except TimeoutError:
        late = True
    finally:
        _end_group(transport.get_pid())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING):
                await asyncio.shield(listener.closed)  # the rest of its output comes before
        transport.close()
    code = None if late else transport.get_returncode()
    return Ran(code, bytes(listener.head), b"".join(listener.tail)[-TAIL:], listener.size)


def _end_group(group: int) -> None:
    """End a program and all it started: it was made the head of a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
