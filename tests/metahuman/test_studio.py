"""Drives the shipped `langgraph.json` in LangGraph's own server, as Studio does, through its SDK."""

from __future__ import annotations

import asyncio
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
from typing import Any

import pytest
from langgraph_sdk import get_client

from metahuman.agents.person import PersonTurns
from metahuman.home import Home
from metahuman.state.files import write_json
from tests.curations import Desk, a_talk
from tests.homes import files, served, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 120


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


def _fetched(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            _fetched(address)
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"langgraph dev did not start:\n{log.read_text()[-2000:]}")


@pytest.mark.skipif(find_spec("langgraph_api") is None, reason="langgraph-api has no wheels for this machine")
async def test_studio_streams_the_persona_and_shows_state_and_choices(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("good morning to you"), Answer("as you like")]) as server:
        write_registry(tmp_path, served(server.url))
        with studio(tmp_path) as address:
            status = await asyncio.to_thread(_fetched, f"{address}/api/status")
            client = get_client(url=address)
            (assistant,) = await client.assistants.search(graph_id="turn")
            schemas = await client.assistants.get_schemas(assistant["assistant_id"])
            thread = (await client.threads.create())["thread_id"]
            said = {"messages": [{"role": "user", "content": "hello"}]}
            parts = client.runs.stream(thread, "turn", input=said, stream_mode="messages-tuple")
            words = [part.data[0]["content"] async for part in parts if part.event == "messages"]
            state = await client.threads.get_state(thread)
            said = {"messages": [{"role": "user", "content": "and alone?"}]}
            alone = await client.runs.wait(thread, "turn", input=said, context={"mode": "emulation"})
            await client.aclose()
    assert status["modelRoles"]["persona"]["model"] == "m"
    assert "mode" in (schemas["context_schema"] or {})["properties"]
    assert "messages" in (schemas["input_schema"] or {})["properties"]
    assert "".join(words) == "good morning to you"
    assert len([word for word in words if word]) > 1
    assert [message["content"] for message in state["values"]["messages"]] == ["hello", "good morning to you"]  # type: ignore[call-overload]
    assert state["values"]["route"]["decidedBy"] == "mode"  # type: ignore[call-overload]
    assert alone["messages"][-1]["content"] == "as you like"  # type: ignore[call-overload]
    assert alone["mode"] == "emulation"  # type: ignore[call-overload]
    assert len(list((tmp_path / "memory" / "episodic").rglob("*.json"))) == 1
    assert PersonTurns(Home(tmp_path)).last() is not None
    assert not PersonTurns(Home(tmp_path)).under_way()
    log = (tmp_path / "studio.log").read_text()
    assert "BlockingError" not in log
    assert "Failed to get" not in log


@pytest.mark.skipif(find_spec("langgraph_api") is None, reason="langgraph-api has no wheels for this machine")
async def test_what_the_twin_does_by_itself_runs_on_the_server_and_by_its_crons(tmp_path: Path) -> None:
    content = served("http://127.0.0.1:9")  # nobody listens: what needs a model is left for later, or fails
    content["models"]["first"]["roles"] += ["curator", "dreamer", "summarizer", "fallback"]
    content["defaults"] |= {"curator": "first", "dreamer": "first", "summarizer": "first", "fallback": "first"}
    write_registry(tmp_path, content)
    write_json(tmp_path / "persona" / "cognitive-mode.json", {"currentMode": "dual"})
    Desk(tmp_path, *(a_talk(f"evt-{number}", f"I like number {number}, and Marta does too.") for number in range(3)))
    with studio(tmp_path) as address:
        client = get_client(url=address)
        graphs = {one["graph_id"] for one in await client.assistants.search()}
        told = {
            name: await client.runs.wait(None, name, input={}, raise_error=False)
            for name in ("curator", "digest", "dream")
        }
        (tmp_path / "persona" / "cognitive-mode.json").write_text('{"currentMode": "emulation"}')
        silent = await client.runs.wait(None, "digest", input={}, raise_error=False)
        assistants = {one["graph_id"]: one["assistant_id"] for one in await client.assistants.search()}
        drawn = await client.assistants.get_graph(assistants["curator"])
        cron = await client.crons.create("digest", schedule="0 3 * * *", input={})
        there = [one["cron_id"] for one in await client.crons.search()]
        await client.crons.delete(cron["cron_id"])  # type: ignore[index]
        left = await client.crons.search()
        await client.aclose()
    assert graphs == {"turn", "curator", "digest", "dream"}
    assert {node["id"] for node in drawn["nodes"]} >= {"pick", "curate", "settle"}
    assert told["curator"]["fates"] == {"again": 3}  # type: ignore[call-overload, index]
    assert told["digest"]["noted"] == []  # type: ignore[call-overload, index]
    assert told["dream"]["made"][0]["error"]  # type: ignore[call-overload, index]
    assert silent["__error__"]  # type: ignore[call-overload]
    assert (len(there), left) == (1, [])
    log = (tmp_path / "studio.log").read_text()
    assert "nothing is written" in log  # the server tells no client why
    assert "BlockingError" not in log


def _answer(asked: dict[str, Any]) -> Answer:
    """Return what an operator says that wants to write a file, and what a persona says of it."""
    if any(message["role"] == "tool" for message in asked["messages"]):
        return Answer("It is written.")
    if asked.get("tools"):
        return Answer(tool_calls=(("fs_write", {"path": "note.txt", "content": "milk"}),))
    return Answer(f"I hear {len(asked['messages'])} messages.")


@pytest.mark.skipif(find_spec("langgraph_api") is None, reason="langgraph-api has no wheels for this machine")
async def test_studio_answers_interrupts_travels_back_and_keeps_memories(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=_answer) as server:
        content = served(server.url)
        content["models"]["first"]["roles"] += ["orchestrator"]
        del content["cognitiveModeMappings"]
        write_registry(tmp_path, content)
        (tmp_path / "etc" / "trust.json").write_text('{"level": "suggest"}')
        with studio(tmp_path) as address:
            client = get_client(url=address)
            thread = (await client.threads.create())["thread_id"]

            async def say(text: str, **more: Any) -> dict[str, Any]:
                given = {"messages": [{"role": "user", "content": text}]}
                return dict(await client.runs.wait(thread, "turn", input=given, **more))  # type: ignore[arg-type]

            waits = await say("/tools write milk into note.txt")
            asked = (await client.threads.get_state(thread))["interrupts"]
            done = await client.runs.wait(thread, "turn", command={"resume": True})
            await say("/talk and so it goes")
            history = await client.threads.get_history(thread, limit=100)
            past = next(one for one in history if one["next"] == [] and len(one["values"]["messages"]) == 2)  # type: ignore[call-overload, index]
            other = await say("/talk another way", checkpoint=past["checkpoint"])
            await client.store.put_item(["memories"], "boat", {"content": "The boat is called Marisol."})
            found = await client.store.search_items(["memories"], query="what is the boat called?")
            listed = await client.store.list_namespaces()
            await client.store.delete_item(["memories"], "boat")
            gone = await client.store.search_items(["memories"], query="what is the boat called?")
            await client.aclose()
    assert waits["__interrupt__"][0]["value"]["call"]["tool"] == "fs_write"
    assert asked[0]["value"]["ruling"]["verdict"] == "ask"
    assert done["steps"][0]["ended"] == "done"  # type: ignore[call-overload, index]
    assert [path for path in files(tmp_path) if path.endswith("note.txt")]
    said = [message["content"] for message in other["messages"] if message["type"] == "human"]
    assert said == ["/tools write milk into note.txt", "/talk another way"]
    assert [one["value"]["content"] for one in found["items"]] == ["The boat is called Marisol."]
    assert listed["namespaces"] == [["memories"]]
    assert "boat" not in [one["key"] for one in gone["items"]]
    log = (tmp_path / "studio.log").read_text()
    assert "BlockingError" not in log
