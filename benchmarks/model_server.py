"""A server that speaks OpenAI's chat completions and answers the same after a set time: what the benchmarks ask.

    python benchmarks/model_server.py --delay 0.25

Prints its port. It runs in a process of its own, so that what is measured is the client's work alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Good morning to you."}}
USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
BODY = json.dumps(
    {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [CHOICE], "usage": USAGE}
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@contextmanager
def served(delay: float) -> Iterator[str]:
    """Run the server with so many seconds before each answer; yield its address."""
    command = [sys.executable, __file__, "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


async def serve(delay: float) -> None:
    """Answer until terminated."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            await asyncio.sleep(delay)
            writer.write(ANSWER)

    async def tolerant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await connection(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(tolerant, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--delay", type=float, default=0.0)
    asyncio.run(serve(arguments.parse_args().delay))
