"""The tools of all servers in `etc/mcp.json`; no server is started, and no library loaded, before they are wanted."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from metahuman.state.errors import MetaHumanError, ToolError
from metahuman.tools.mcp.offering import as_tool
from metahuman.tools.mcp.server import Server
from metahuman.tools.mcp.settings import ServerSettings, filled_in, read_servers
from metahuman.tools.tool import Tool

#: Seconds that a server is left alone after it could not be started.
PAUSE = 60.0
P = ParamSpec("P")
T = TypeVar("T")


class _Built(NamedTuple):
    """A server's tools, made of what it listed, and what is wrong with others."""

    listed: list[Any]
    tools: list[Tool[Any]]
    wrong: list[str]


class McpTools:
    """The servers' tools. It may be used from any event loop; the servers have one of their own, in a thread.

    Args:
        path: Returns the settings file in force; an edit counts from the next time the tools are asked for.
        pause: Seconds that a server is left alone after it could not be started.

    Attributes:
        problems: For the owner: what is wrong, by the server's name; by "" what is wrong with the settings.
    """

    def __init__(self, path: Callable[[], Path], *, pause: float = PAUSE) -> None:
        self._path, self._pause = path, pause
        self.problems: dict[str, str] = {}
        self._servers: dict[str, Server] = {}
        self._given: dict[str, ServerSettings] = {}
        self._built: dict[str, _Built] = {}
        self._trying: dict[str, asyncio.Task[None]] = {}
        self._stack, self._folder = ExitStack(), Path()
        self._portal: BlockingPortal | None = None
        self._lock = threading.Lock()

    async def tools(self) -> list[Tool[Any]]:
        """Return the tools of the servers that are there.

        Servers that were never asked are waited for; one that failed is tried again beside, when its pause is over. A
        tool stays offered while its server is away: calling it says so.
        """
        given = await asyncio.to_thread(self._read)
        if not given and not self._servers:
            return []
        if find_spec("mcp") is None:
            self.problems[""] = "the servers' tools need more packages: pip install 'metahuman[mcp]'"
            return []
        await asyncio.to_thread(self._open)
        return await self._there(self._list, given)

    async def aclose(self) -> None:
        """End all servers. Asking for the tools again starts them again."""
        if self._portal is not None:
            await self._there(self._end_all)
            await asyncio.to_thread(self._stack.close)
            self._portal = None

    def _read(self) -> dict[str, ServerSettings]:
        """Return what the settings say; what they said before, where they are wrong."""
        try:
            path = self._path()
            self._given = {name: filled_in(server, path, name) for name, server in read_servers(path).items()}
            self.problems.pop("", None)
        except MetaHumanError as error:
            self.problems[""] = str(error)
        return self._given

    def _open(self) -> None:
        """Begin the servers' thread, once."""
        with self._lock:
            if self._portal is None:
                logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it tells of every odd line, to the screen
                folder = tempfile.mkdtemp(prefix="metahuman-mcp-")
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
                self._folder = Path(folder)
                self._portal = self._stack.enter_context(start_blocking_portal())

    async def _there(self, do: Callable[P, Awaitable[T]], *arguments: P.args, **_: P.kwargs) -> T:
        """Do something on the servers' loop, and wait for it on this one; giving up here gives it up there."""
        if self._portal is None:
            raise ToolError("the servers' tools are closed; ask for the tools again")
        return await asyncio.wrap_future(self._portal.start_task_soon(do, *arguments))

    async def _list(self, given: dict[str, ServerSettings]) -> list[Tool[Any]]:
        gone = [server for name, server in self._servers.items() if given.get(name) != server.settings]
        await asyncio.gather(*(self._drop(server) for server in gone))
        for server in self._servers.values():
            if server.away and server.name not in self._trying:
                self._try(server)
        new = [self._try(self._add(name, given[name])) for name in given if name not in self._servers]
        if new:
            await asyncio.wait(new)
        return [tool for server in self._servers.values() for tool in self._of(server)]

    def _add(self, name: str, settings: ServerSettings) -> Server:
        self._servers[name] = Server(name, settings, self._folder / f"{name}.txt", self._pause)
        return self._servers[name]

    def _try(self, server: Server) -> asyncio.Task[None]:
        task = self._trying[server.name] = asyncio.create_task(self._begin(server))
        task.add_done_callback(lambda _: self._trying.pop(server.name, None))
        return task

    async def _begin(self, server: Server) -> None:
        with suppress(ToolError):  # it has noted why
            await server.ready()

    async def _drop(self, server: Server) -> None:
        del self._servers[server.name]
        self.problems.pop(server.name, None)
        await server.end()

    async def _end_all(self) -> None:
        for task in self._trying.values():
            task.cancel()
        await asyncio.gather(*(self._drop(server) for server in list(self._servers.values())))

    def _of(self, server: Server) -> list[Tool[Any]]:
        """Return a server's tools, and note for the owner what is wrong with it."""
        built = self._built.get(server.name)
        if built is None or built.listed is not server.listed:
            built = self._built[server.name] = self._build(server)
        self.problems.pop(server.name, None)
        if wrong := [*([server.problem] if server.problem else []), *built.wrong]:
            self.problems[server.name] = "; ".join(wrong)
        return built.tools

    def _build(self, server: Server) -> _Built:
        """Make a server's tools ours; descriptions that cannot be used are left out."""
        found: dict[str, Tool[Any]] = {}
        wrong = []

        async def call(tool: str, arguments: dict[str, Any]) -> Any:
            return await self._there(server.call, tool, arguments)

        for listed in server.listed:
            try:
                tool = as_tool(server.name, server.settings, listed, call)
            except ToolError as error:
                wrong.append(str(error))
            else:
                found.setdefault(tool.name, tool)
        return _Built(server.listed, list(found.values()), wrong)
