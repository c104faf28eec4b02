"""A server that speaks OpenAI's chat completions, streams, and waits for nothing: the models of `load.py`.

    python benchmarks/load_server.py

It runs in a process of its own and prints its port. The orchestrator answers with a route, all others with twenty words
and the last word of what they were asked, so that each answer tells which question it is of. One called `supervisor`
hands every question to the worker `persona`.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ROUTE = json.dumps({"tasks": [{"destination": "conversation", "task": ""}], "confidence": 1})
WORDS = "I remember that day well, and I would gladly go there again with you, for the tea was good. So, "
USAGE = {"prompt_tokens": 40, "completion_tokens": 24, "total_tokens": 64}


@contextmanager
def served() -> Iterator[str]:
    """Run the server; yield its base URL."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"  # type: ignore[union-attr]
        finally:
            process.terminate()


def registry(url: str) -> dict[str, Any]:
    """Return a models.json of which every role has a model on the server."""
    roles = ("orchestrator", "persona", "curator", "coder", "planner", "summarizer", "dreamer", "fallback")
    return {
        "defaults": {role: role for role in roles},
        "models": {role: {"provider": "openai", "model": role, "roles": [role]} for role in roles},
        "providers": {"openai": {"baseUrl": url}},
    }


def _answer(asked: dict[str, Any]) -> bytes:
    """Return the answer to a request, streamed or whole."""
    last = asked["messages"][-1]
    text = ROUTE if asked["model"] == "orchestrator" else WORDS + str(last["content"]).split()[-1]
    hands_off = asked["model"] == "supervisor" and last["role"] == "user"
    about = {"id": "c", "created": 0, "model": asked["model"]}
    if not asked.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        whole = {**about, "object": "chat.completion", "choices": [choice], "usage": USAGE}
        return _response("application/json", json.dumps(whole).encode())
    deltas = [_handoff()] if hands_off else [{"content": word} for word in re.findall(r"\S+\s*", text)]
    said = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    chunks = [*said, end, {"choices": [], "usage": USAGE}]
    events = [f"data: {json.dumps({**about, 'object': 'chat.completion.chunk', **one})}\n\n" for one in chunks]
    return _response("text/event-stream", "".join([*events, "data: [DONE]\n\n"]).encode())


def _handoff() -> dict[str, Any]:
    """Return how langgraph-supervisor's model hands a message to the worker `persona`."""
    call = {"name": "transfer_to_persona", "arguments": "{}"}
    return {"role": "assistant", "tool_calls": [{"index": 0, "id": "1", "type": "function", "function": call}]}


def _response(kind: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind.encode(), len(body), body)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), b":0")
            body = await reader.readexactly(int(length.partition(b":")[2]))
            known = b'{"data": [{"id": "persona"}]}'
            writer.write(_answer(json.loads(body)) if body else _response("application/json", known))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
