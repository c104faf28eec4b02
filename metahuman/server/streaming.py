"""A stream of events to a client; it ends when the client goes, and so does the work behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from metahuman.reply import Event, Reply
from metahuman.server.errors import STOPPING, Refused, told
from metahuman.server.iterating import reading
from metahuman.server.limits import Streams
from metahuman.server.wire import named
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import whole

#: Seconds of silence after which a comment tells the client, and what stands between, that the stream is alive.
BEAT = 10.0


def sse(name: str, data: Any) -> bytes:
    """Return an event as server-sent events have it."""
    return f"event: {name}\ndata: {dumps(data)}\n\n".encode()


def dumps(data: Any) -> str:
    """Return JSON in one line; half a character, as of a cut emoji, is replaced."""
    try:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(whole(data), ensure_ascii=False, separators=(",", ":"))
    return text


async def turn_events(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    """Yield a turn as server-sent events; a call that waits for a person's word is told before the reply."""
    async with reading(events) as happening:
        async for event in happening:
            if isinstance(event, Reply) and event.waiting:
                yield sse("ask", event.waiting)
            yield sse(*named(event))


class Events(Response):
    """Server-sent events, as the API's description has them."""

    media_type = "text/event-stream"


class EventStream(Events):
    """Streams what `parts` yields.

    The status waits for the first part: what goes wrong before it is an ordinary answer with its own status. What goes
    wrong later is an event of the stream.

    Args:
        parts: Yields what is sent. It is closed as soon as the client has gone.
        streams: The streams that are under way.
        beat: Seconds of silence after which a comment is sent.
    """

    def __init__(self, parts: AsyncIterator[bytes], streams: Streams, *, beat: float = BEAT) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["Cache-Control"], self.headers["X-Accel-Buffering"] = "no-store", "no"
        self._parts, self._streams, self._beat = parts, streams, beat
        self._begun, self._spoke = False, 0.0

    def failed(self, error: BaseException) -> bytes:
        """Return how an error is told in the midst of the stream."""
        return sse("error", told(error).body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the end, or until the client has gone or the server stops."""
        with self._streams.one():
            pump = asyncio.ensure_future(self._pump(send))
            others = [_task(self._keep_alive(send)), _task(_gone(receive)), _task(self._streams.stopping.wait())]
            try:
                await asyncio.wait([pump, *others], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (pump, *others):
                    if not task.done():
                        task.cancel()
                await asyncio.wait([pump, *others])
        await self._end(scope, receive, send, pump)

    async def _end(self, scope: Scope, receive: Receive, send: Send, pump: asyncio.Future[None]) -> None:
        """Tell how it ended."""
        error = None if pump.cancelled() else pump.exception()
        if pump.cancelled() and self._streams.stopping.is_set():
            error = Refused(503, "stopping", STOPPING)
        if error is not None and not self._begun:
            await told(error).response()(scope, receive, send)
        elif error is not None:
            await self._send(send, self.failed(error))
        if self._begun:
            await send({"type": "http.response.body", "body": b""})
        if error is not None and not isinstance(error, MetaHumanError):
            raise error

    async def _pump(self, send: Send) -> None:
        async with reading(self._parts) as parts:
            async for part in parts:
                await self._send(send, part)

    async def _keep_alive(self, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self._beat)
            if clock() - self._spoke >= self._beat:
                await self._send(send, b": \n\n")

    async def _send(self, send: Send, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._spoke = asyncio.get_running_loop().time()
        await send({"type": "http.response.body", "body": data, "more_body": True})


def _task(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.create_task(work)


async def _gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
