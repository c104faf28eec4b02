"""One server: started when it is first needed, ended when it hangs or nobody wants it, and tried again later.

All of this runs on one event loop, the one that `McpTools` has for its servers.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.state.errors import ToolError
from metahuman.tools.mcp.connecting import session_with
from metahuman.tools.mcp.settings import ServerSettings
from metahuman.tools.world.texts import in_a_line

if TYPE_CHECKING:  # the library is an extra
    from mcp import ClientSession
    from mcp.types import CallToolResult
    from mcp.types import Tool as Listed

#: Seconds for a server to end by itself when it is told to; the library takes four to end one that does not listen.
ENDING = 8.0
#: Tools of one server that are offered, and pages of their list that are read.
MOST, PAGES = 100, 20


class Server:
    """One server and its session.

    Args:
        name: Its name in the settings.
        settings: Its settings, filled in.
        note: A file for the end of what it has to say beside.
        pause: Seconds that it is left alone after it could not be started.
    """

    def __init__(self, name: str, settings: ServerSettings, note: Path, pause: float) -> None:
        self.name, self.settings = name, settings
        self.listed: list[Listed] = []
        self.problem: str | None = None
        self._note, self._pause, self._again = note, pause, 0.0
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._session: ClientSession | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether it could not be started, and may be tried again."""
        return self._again > 0 and not self.resting and not (self._keeper and not self._keeper.done())

    @property
    def resting(self) -> bool:
        """Whether it failed a moment ago and is left alone."""
        return time.monotonic() < self._again

    async def ready(self) -> ClientSession:
        """Return its session, beginning one if there is none.

        Raises:
            ToolError: If it is not available.
        """
        async with self._lock:
            if self._session and self._keeper and not self._keeper.done():
                return self._session
            if self.resting:
                raise self._unavailable()
            return await self._begin()

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Return what a tool of it brings. A call that is given up ends the server: nothing goes on behind our back.

        Raises:
            ToolError: If it is not available, takes too long, or refuses.
        """
        from mcp import McpError
        from mcp.types import CONNECTION_CLOSED

        session = await self.ready()
        asked = asyncio.create_task(session.call_tool(tool, arguments))
        asked.add_done_callback(_seen)
        both: set[asyncio.Future[Any]] = {asked, *([self._keeper] if self._keeper else [])}
        try:
            ended, _ = await asyncio.wait(both, timeout=self.settings.seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not asked.done():
                asked.cancel()
                await self.end(f"it did not answer {tool}, and was ended")
        if not ended:
            raise ToolError(f"{self.name}: {tool} took more than {self.settings.seconds:g} seconds; ask it for less")
        error = asked.exception() if asked in ended else None
        if asked in ended and error is None:
            return asked.result()
        if isinstance(error, McpError) and error.error.code != CONNECTION_CLOSED:
            raise ToolError(f"{self.name} refuses the call: {in_a_line(str(error), 300)}")
        await self.end(f"it broke off: {in_a_line(str(error or 'it has ended'))}")
        raise self._unavailable()

    async def end(self, problem: str | None = None) -> None:
        """End the server, if it runs; the next call starts it again."""
        keeper, self._keeper, self._session = self._keeper, None, None
        self.problem = problem
        if keeper:
            await self._finish(keeper)

    async def _begin(self) -> ClientSession:
        opened: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        keeper = asyncio.create_task(self._keep(opened))
        keeper.add_done_callback(_seen)
        self._note.unlink(missing_ok=True)
        try:
            both: set[asyncio.Future[Any]] = {keeper, opened}
            await asyncio.wait(both, timeout=self.settings.start_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not opened.done():
                self._again = time.monotonic() + self._pause
                late = not keeper.done()
                keeper.cancel()
                await asyncio.wait({keeper}, timeout=ENDING)
                self.problem = self._why(keeper, late=late)
        if not opened.done():
            raise self._unavailable()
        self._keeper, self._session, self.problem = keeper, opened.result(), None
        return self._session

    async def _keep(self, opened: asyncio.Future[ClientSession]) -> None:
        """Hold the session open: it has to be closed by the task that opened it."""
        async with session_with(self.settings, self._note) as session:
            await session.initialize()
            self.listed = await _listed(session)
            opened.set_result(session)
            await self._stop.wait()

    async def _finish(self, keeper: asyncio.Task[None]) -> None:
        self._stop.set()
        if not (await asyncio.wait({keeper}, timeout=ENDING))[0]:
            keeper.cancel()
            await asyncio.wait({keeper}, timeout=ENDING)

    def _unavailable(self) -> ToolError:
        return ToolError(f"not available: {self.name} cannot be reached; try without it, or again later")

    def _why(self, keeper: asyncio.Task[None], *, late: bool) -> str:
        """Return for the owner why the server could not be started: its own words, if it left any."""
        left = in_a_line(self._note.read_text("utf-8", "replace")) if self._note.is_file() else ""
        if late:
            return f"it was not ready after {self.settings.start_seconds:g} seconds. {left}".strip()
        error = None if keeper.cancelled() or not keeper.done() else keeper.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return left or in_a_line(str(error) or type(error).__name__)


def _seen(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended, so that it is not told on the screen."""
    if not task.cancelled():
        task.exception()


async def _listed(session: ClientSession) -> list[Listed]:
    """Return a server's tools, so many of them."""
    found: list[Listed] = []
    cursor = None
    for _ in range(PAGES):
        page = await session.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.nextCursor
        if not cursor or len(found) >= MOST:
            break
    return found[:MOST]
