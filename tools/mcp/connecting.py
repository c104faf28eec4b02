"""How a server is reached: through a relay that bounds its lines, or by HTTP with bounded answers."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx

from metahuman.tools.mcp import relay
from metahuman.tools.mcp.settings import ServerSettings

if TYPE_CHECKING:  # the adapters are an extra
    from langchain_mcp_adapters.sessions import Connection

#: Bytes of a message of a server's.
LONGEST = 16_000_000


def connection_of(server: ServerSettings, note: Path) -> Connection:
    """Return a server as the adapters want it.

    Args:
        server: Its settings.
        note: Where the end of what it had to say beside is left.
    """
    if server.url is None:
        command = [relay.__file__, str(note), str(LONGEST), str(os.getpid()), *server.command, *server.args]
        cwd = str(Path(server.cwd).expanduser()) if server.cwd else None
        started = ["-I", "-S", *command]
        return {"transport": "stdio", "command": sys.executable, "args": started, "env": server.env, "cwd": cwd}
    asked = {"url": server.url, "headers": server.headers, "httpx_client_factory": bounded_client}
    waits = {"timeout": server.start_seconds, "sse_read_timeout": server.seconds + server.start_seconds}
    transport = "sse" if server.type == "sse" else "streamable_http"
    return cast("Connection", {"transport": transport, **asked, **waits})


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
