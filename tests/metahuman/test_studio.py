"""Drives the shipped `langgraph.json` in LangGraph's own server, as Studio does, through its SDK."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from langgraph_sdk import get_client

from tests.homes import served, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 60


@contextmanager
def studio(home: Path) -> Iterator[str]:
    """Run `langgraph dev` on a free port, with no key and nothing to reach but this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    environment = os.environ | {
        "METAHUMAN_HOME": str(home),
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_STRICT_MSGPACK": "true",
    }
    log = home / "studio.log"
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait(f"http://127.0.0.1:{port}/ok", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                json.load(answer)
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"langgraph dev did not start:\n{log.read_text()[-2000:]}")


@pytest.mark.skipif(find_spec("langgraph_api") is None, reason="langgraph-api has no wheels for this machine")
async def test_studio_streams_the_persona_and_shows_state_and_choices(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("good morning to you"), Answer("as you like")]) as server:
        write_registry(tmp_path, served(server.url))
        with studio(tmp_path) as address:
            client = get_client(url=address)
            (assistant,) = await client.assistants.search()
            schemas = await client.assistants.get_schemas(assistant["assistant_id"])
            thread = (await client.threads.create())["thread_id"]
            said = {"messages": [{"role": "user", "content": "hello"}]}
            parts = client.runs.stream(thread, "turn", input=said, stream_mode="messages-tuple")
            words = [part.data[0]["content"] async for part in parts if part.event == "messages"]
            state = await client.threads.get_state(thread)
            said = {"messages": [{"role": "user", "content": "and alone?"}]}
            alone = await client.runs.wait(thread, "turn", input=said, context={"mode": "emulation"})
            await client.aclose()
    assert "mode" in (schemas["context_schema"] or {})["properties"]
    assert "messages" in (schemas["input_schema"] or {})["properties"]
    assert "".join(words) == "good morning to you"
    assert len([word for word in words if word]) > 1
    assert [message["content"] for message in state["values"]["messages"]] == ["hello", "good morning to you"]  # type: ignore[call-overload]
    assert state["values"]["route"]["decidedBy"] == "mode"  # type: ignore[call-overload]
    assert alone["messages"][-1]["content"] == "as you like"  # type: ignore[call-overload]
    assert alone["mode"] == "emulation"  # type: ignore[call-overload]
    assert len(list((tmp_path / "memory" / "episodic").rglob("*.json"))) == 1
    log = (tmp_path / "studio.log").read_text()
    assert "BlockingError" not in log
    assert "Failed to get" not in log
