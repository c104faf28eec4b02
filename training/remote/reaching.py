"""Connections to the other machine: by key, to a host that is known, and again after they were lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

import asyncssh

from metahuman.training.remote.errors import RemoteError, Unreachable
from metahuman.training.remote.place import Place
from metahuman.training.remote.settings import RemoteSettings

T = TypeVar("T")
#: Opens a connection, for a `with` block.
Connect = Callable[[], AbstractAsyncContextManager[asyncssh.SSHClientConnection]]
#: What trying again does not mend.
REFUSED = (
    asyncssh.PermissionDenied,
    asyncssh.HostKeyNotVerifiable,
    asyncssh.KeyExchangeFailed,
    asyncssh.KeyImportError,
    asyncssh.ConfigParseError,
)
#: What a connection that was lost, or could not be made, looks like from here.
LOST = (
    asyncssh.DisconnectError,
    asyncssh.ChannelOpenError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.SFTPEOFError,
    OSError,
)
#: Seconds: between signs of life, until a connection is made, and the longest pause before another try.
ALIVE, CONNECT, LONGEST_PAUSE = 15, 30, 60.0


def by_ssh(place: Place, settings: RemoteSettings) -> Connect:
    """Return what connects to a machine, as the owner's SSH configuration has it; nobody is asked for a password."""
    options: dict[str, Any] = {"username": place.user} if place.user else {}
    if place.port:
        options["port"] = place.port
    if settings.keys:
        options["client_keys"] = [str(Path(key).expanduser()) for key in settings.keys]
    if settings.known_hosts:
        options["known_hosts"] = str(Path(settings.known_hosts).expanduser())
    return lambda: connected(place.host, **options)


def connected(host: str, **options: Any) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    """Return a connection for a `with` block. It notices within a minute that the other side is gone."""
    return asyncssh.connect(
        host,
        preferred_auth=["publickey"],
        keepalive_interval=ALIVE,
        keepalive_count_max=3,
        connect_timeout=CONNECT,
        login_timeout=CONNECT,
        **options,
    )


class Patience:
    """How long a connection is tried again: pauses that double, and an end.

    Args:
        seconds: How long without anything getting through.
        first: The first pause, in seconds.
        from_the_start: Whether a machine that was never reached is waited for too: it may still be starting.
    """

    def __init__(self, seconds: float, first: float = 1.0, *, from_the_start: bool = False) -> None:
        self._seconds, self._first, self._waits = seconds, first, from_the_start
        self._since, self._pause = time.monotonic(), first

    def met(self) -> None:
        """Note that the machine is there: from now on it is waited for."""
        self._waits = True

    def reached(self) -> None:
        """Note that something got through."""
        self._waits, self._since, self._pause = True, time.monotonic(), self._first

    def over(self) -> bool:
        """Tell whether it is."""
        return not self._waits or time.monotonic() - self._since > self._seconds

    async def pause(self) -> None:
        """Wait before the next try."""
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)


async def insisting(
    connect: Connect,
    work: Callable[[asyncssh.SSHClientConnection], Awaitable[T]],
    patience: Patience,
    lost: Callable[[str], object] = lambda why: None,
) -> T:
    """Do something over a connection; where it is lost, do it again over a new one.

    Args:
        connect: Opens a connection.
        work: What to do; done again, it has to go on where it was.
        patience: How long to try.
        lost: Told why a connection was lost, or could not be made.

    Raises:
        Unreachable: If it cannot be reached, or does not let this one in.
        RemoteError: If the work raises one.
    """
    while True:
        try:
            async with connect() as connection:
                return await work(connection)
        except REFUSED as error:
            raise Unreachable(_refused(error)) from error
        except LOST as error:
            why = " ".join(str(error).split()) or type(error).__name__
            if patience.over():
                raise Unreachable(f"the other machine cannot be reached: {why}") from error
            lost(why)
        except asyncssh.Error as error:
            raise RemoteError(f"the other machine: {' '.join(str(error).split())}") from error
        await patience.pause()


def _refused(error: Exception) -> str:
    why = " ".join(str(error).split())
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return f"the other machine is not known ({why}): connect once with `ssh`, and compare its key"
    if isinstance(error, asyncssh.PermissionDenied):
        return f"the other machine lets nobody in with your keys ({why}): `ssh-copy-id`, or `ssh-add`"
    return f"no connection can be made: {why}"
