"""A server of models that speaks OpenAI's chat completions, answers after a while, and notes when a client leaves.

    python benchmarks/specialists_server.py --latency 0.2

It runs in a process of its own and prints its port. A model answers what its role is asked for (`tests/fanout.py`);
`failing` answers with an error, `hanging` never. `GET /watch` tells how many requests are under way, and when clients
left before they had their answer, in seconds of the clock that processes of a machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fanout import SAYS, said_in

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
#: A finding of which the persona is told that it failed.
_FAILED = re.compile(r"^- (\w+): (no model could answer.{0,120})", re.M)


@dataclass
class Watch:
    """What a server sees of its clients: requests under way, and when clients left."""

    under_way: int = 0
    left: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Address:
    """Where a server runs."""

    url: str

    @property
    def base_url(self) -> str:
        """What a registry is given."""
        return f"{self.url}/v1"

    def watch(self) -> Watch:
        """Return what the server sees now."""
        with urllib.request.urlopen(f"{self.url}/watch") as answer:
            return Watch(**json.load(answer))

    def wait_for(self, under_way: int, seconds: float = 10.0) -> None:
        """Return once so many requests are under way."""
        until = time.monotonic() + seconds
        while self.watch().under_way != under_way:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.watch().under_way} requests are under way, not {under_way}")
            time.sleep(0.002)


@contextmanager
def serving(latency: float) -> Iterator[Address]:
    """Run a server; yield its address.

    Args:
        latency: Seconds before an answer.
    """
    command = [sys.executable, __file__, "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Address(f"http://127.0.0.1:{int(process.stdout.readline())}")  # type: ignore[union-attr]
        finally:
            process.terminate()


def answer_to(body: dict[str, Any]) -> str:
    """Return what a model says; the persona repeats what it is told has failed."""
    if body["model"] != "persona":
        return SAYS[body["model"]]
    failed = _FAILED.findall(said_in(body["messages"]))
    return " ".join([SAYS["persona"], *(f"Missing: {who} ({why})." for who, why in failed)])


def _response(body: dict[str, Any]) -> bytes:
    if body["model"] == "failing":
        return _http(b'{"error": {"message": "out of memory", "type": "server_error"}}', status=b"500 Oops")
    head = {"id": "c", "created": 0, "model": body["model"]}
    if not body.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer_to(body)}}
        whole = {**head, "object": "chat.completion", "choices": [choice], "usage": USAGE}
        return _http(json.dumps(whole).encode())
    said = {"index": 0, "delta": {"role": "assistant", "content": answer_to(body)}, "finish_reason": None}
    events = [{"choices": [said]}, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    lines = [json.dumps({**head, "object": "chat.completion.chunk", **event}) for event in events]
    return _http("".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode(), kind=b"text/event-stream")


def _http(content: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (status, kind, len(content), content)


class Server:
    """The server.

    Args:
        latency: Seconds before an answer.
    """

    def __init__(self, latency: float) -> None:
        self._latency, self._watch = latency, Watch()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until it ends."""
        try:
            while response := await self._respond(reader):
                writer.write(response)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader) -> bytes:
        """Return the response to the next request; nothing if the client leaves before it."""
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /watch"):
            return _http(json.dumps(vars(self._watch)).encode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        body = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
        self._watch.under_way += 1
        try:
            left = await _leaves(reader, None if body["model"] == "hanging" else self._latency)
        finally:
            self._watch.under_way -= 1
        if left:
            self._watch.left.append(time.monotonic())
        return b"" if left else _response(body)


async def _leaves(reader: asyncio.StreamReader, seconds: float | None) -> bool:
    """Return whether a client leaves within so many seconds; it has no more to say before it is answered."""
    try:
        async with asyncio.timeout(seconds):
            return await reader.read(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def _serve(latency: float) -> None:
    server = await asyncio.start_server(Server(latency).connection, "127.0.0.1", 0, limit=2**22)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--latency", type=float, help="Seconds before an answer; without it, nothing is served.")
    if (latency := arguments.parse_args().latency) is not None:
        asyncio.run(_serve(latency))
