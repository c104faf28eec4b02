"""A server that speaks OpenAI's chat completions, and says how many seconds it took: what the benchmarks ask.

    python benchmarks/model_server.py --least 0.2 --most 0.6

It runs in a process of its own, prints its port, and answers each request after a time drawn between the two bounds.
What a call took beyond that is the client's own work.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


@contextmanager
def served(least: float, most: float) -> Iterator[str]:
    """Run the server; yield its base URL.

    Args:
        least: Seconds before an answer at least.
        most: Seconds before an answer at most.
    """
    command = [sys.executable, __file__, "--least", str(least), "--most", str(most)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"  # type: ignore[union-attr]
        finally:
            process.terminate()


def _answer(seconds: float) -> bytes:
    message = {"role": "assistant", "content": str(seconds)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    whole = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": USAGE}
    body = json.dumps(whole).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def _serve(least: float, most: float) -> None:
    drawn = random.Random(7)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            started = asyncio.get_running_loop().time()
            await asyncio.sleep(drawn.uniform(least, most))
            writer.write(_answer(asyncio.get_running_loop().time() - started))

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    bounds = argparse.ArgumentParser(description=__doc__)
    bounds.add_argument("--least", type=float)
    bounds.add_argument("--most", type=float)
    chosen = bounds.parse_args()
    if chosen.least is None or chosen.most is None:
        print("a server for other benchmarks: it needs --least and --most")
    else:
        asyncio.run(_serve(chosen.least, chosen.most))
