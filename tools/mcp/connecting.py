"""How a server is reached: through a relay that bounds its lines, or by HTTP with bounded answers."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import httpx

from metahuman.tools.mcp import relay
from metahuman.tools.mcp.settings import ServerSettings

if TYPE_CHECKING:  # the library is an extra
    from mcp import ClientSession

#: Bytes of a message of a server's.
LONGEST = 16_000_000


@asynccontextmanager
async def session_with(server: ServerSettings, note: Path) -> AsyncIterator[ClientSession]:
    """Open a session with a server, not yet begun; it has to be closed by the task that opened it.

    Args:
        server: Its settings.
        note: Where the end of what a program had to say beside is left.
    """
    from mcp import ClientSession

    opened = _by_http if server.url else _by_program
    async with opened(server, note) as (reading, writing), ClientSession(reading, writing) as session:
        yield session


@asynccontextmanager
async def _by_program(server: ServerSettings, note: Path) -> AsyncIterator[tuple[Any, Any]]:
    from mcp.client.stdio import StdioServerParameters, stdio_client

    command, *arguments = _relayed(server, note)
    started = StdioServerParameters(command=command, args=arguments, env=server.env, cwd=_folder(server))
    with _nowhere() as errors:
        async with stdio_client(started, errlog=errors) as streams:
            yield streams


def _relayed(server: ServerSettings, note: Path) -> list[str]:
    relayed = [relay.__file__, str(note), str(LONGEST), str(os.getpid())]
    return [sys.executable, "-I", "-S", *relayed, *server.command, *server.args]


def _folder(server: ServerSettings) -> Path | None:
    return Path(server.cwd).expanduser() if server.cwd else None


def _nowhere() -> TextIO:
    """Return where the relay's own errors go. Ours would not do: in a notebook, it is no file to give to a program."""
    return Path(os.devnull).open("w")


@asynccontextmanager
async def _by_http(server: ServerSettings, _: Path) -> AsyncIterator[tuple[Any, Any]]:
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client

    address, starting, waiting = str(server.url), server.start_seconds, server.seconds + server.start_seconds
    if server.type == "sse":
        async with sse_client(address, server.headers, starting, waiting, bounded_client) as streams:
            yield streams
        return
    async with (
        bounded_client(server.headers, httpx.Timeout(starting, read=waiting)) as client,
        streamable_http_client(address, http_client=client) as (reading, writing, _session_id),
    ):
        yield reading, writing


def bounded_client(
    headers: dict[str, str] | None = None, timeout: httpx.Timeout | None = None, auth: httpx.Auth | None = None
) -> httpx.AsyncClient:
    """Return a client whose answers are bounded, and which does not follow a server elsewhere with the owner's keys."""
    plain = {**(headers or {}), "Accept-Encoding": "identity"}
    return httpx.AsyncClient(headers=plain, timeout=timeout, auth=auth, transport=_Bounded(), follow_redirects=False)


class _Bounded(httpx.AsyncHTTPTransport):
    """Breaks an answer off that is too long, or packed: a few packed bytes may hold gigabytes."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            await response.aclose()
            raise httpx.ReadError("the server packs its answer, which it was asked not to do", request=request)
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - tells the type checker
        response.stream = _Counted(response.stream)
        return response


class _Counted(httpx.AsyncByteStream):
    """An answer's bytes, up to the bound."""

    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > LONGEST:
                raise httpx.ReadError(f"the server sent more than {LONGEST} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
