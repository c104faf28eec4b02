"""Tests of traces as they leave the machine: each program is a process of its own, as its exit is part of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.homes import metahuman, served, write_registry
from tests.servers.answer import Answer
from tests.servers.langsmith import CollectorServer, LangSmithServer, attributes
from tests.servers.ollama import OllamaServer

pytestmark = pytest.mark.slow

SECRET = "zanzibar-4711"
QUESTION = "what opens the safe behind the fridge?"


@dataclass
class Asked:
    """A turn that was asked with the command line."""

    done: subprocess.CompletedProcess[str]
    model: OllamaServer

    @property
    def prompt(self) -> str:
        return json.dumps([request.body for request in self.model.requests if request.path == "/api/chat"])


def ask(home: Path, **environment: str) -> Asked:
    """Ask a twin that remembers the secret, and that tells it."""
    memory = {"id": "evt-1", "timestamp": "2026-05-01T10:00:00Z", "type": "observation"}
    place = home / "memory" / "episodic" / "2026" / "evt-1.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({**memory, "content": f"The safe behind the fridge opens with {SECRET}."}))
    with OllamaServer(models=("m",), answers=[Answer(f"With {SECRET}.")]) as server:
        write_registry(home, served(server.url))
        return Asked(metahuman(home, "ask", QUESTION, env={**os.environ, **environment}), server)


def to(server: LangSmithServer | str) -> dict[str, str]:
    address = server if isinstance(server, str) else server.url
    return {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "a-key", "LANGSMITH_ENDPOINT": address}


@pytest.fixture
def smith() -> Iterator[LangSmithServer]:
    with LangSmithServer() as running:
        yield running


class TestLangSmith:
    def test_a_turn_is_told_without_what_was_said_and_remembered(self, tmp_path: Path, smith: LangSmithServer) -> None:
        asked = ask(tmp_path, **to(smith))
        assert (asked.done.returncode, asked.done.stderr) == (0, "")
        assert SECRET in asked.prompt  # the memory was recalled
        assert SECRET in asked.done.stdout
        for payload in (SECRET, "fridge", "digital twin"):
            assert payload.encode() not in smith.sent()
        self.named_and_tagged(smith)

    def named_and_tagged(self, smith: LangSmithServer) -> None:
        (root,) = (run for run in smith.runs.values() if not run.get("parent_run_id"))
        assert root["name"] == "turn"
        assert {"mode:dual", "thread:main", "route:conversation"} <= set(root["tags"])
        known = root["extra"]["metadata"]
        assert (known["mode"], known["thread_id"], known["route"]) == ("dual", "main", ["conversation"])
        (call,) = (run for run in smith.runs.values() if run["run_type"] == "llm")
        assert call["name"] == "persona"
        assert "role:persona" in call["tags"]
        known = call["extra"]["metadata"]
        assert (known["role"], known["ls_provider"], known["ls_model_name"]) == ("persona", "ollama", "m")
        assert known["usage_metadata"]["output_tokens"] > 0
        above = smith.runs[call["parent_run_id"]]
        assert (above["name"], above["parent_run_id"]) == ("persona", root["id"])
        assert {run["name"] for run in smith.runs.values()} >= {"orchestrator", "recall", "persona", "remember"}
        assert all(run["end_time"] for run in smith.runs.values())

    def test_payloads_are_told_where_they_are_allowed(self, tmp_path: Path, smith: LangSmithServer) -> None:
        ask(tmp_path, METAHUMAN_TRACE_PAYLOADS="1", **to(smith))
        assert SECRET.encode() in smith.sent()

    def test_nothing_is_told_unless_asked_for(self, tmp_path: Path, smith: LangSmithServer) -> None:
        ask(tmp_path, **to(smith) | {"LANGSMITH_TRACING": "false"})
        assert smith.requests == []

    def test_without_a_key_a_line_says_so_and_the_turn_is_answered(self, tmp_path: Path) -> None:
        asked = ask(tmp_path, LANGSMITH_TRACING="true")
        assert (asked.done.returncode, asked.done.stdout) == (0, f"With {SECRET}.\n")
        assert asked.done.stderr.startswith("metahuman: nothing is traced: ")
        assert asked.done.stderr.count("\n") == 1
        assert "LANGSMITH_API_KEY" in asked.done.stderr


@pytest.fixture(params=["nobody listens", "they listen and keep silent"])
def deaf(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that takes nothing."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        if request.param == "nobody listens":
            bound.close()
        yield address


def test_a_program_ends_although_its_traces_reach_nobody(tmp_path: Path, deaf: str) -> None:
    """Unbounded, it takes LangSmith's client 13 seconds where nobody listens, and minutes where they keep silent."""
    environment = {**os.environ, **to(deaf), "OTEL_EXPORTER_OTLP_ENDPOINT": deaf, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "ask", QUESTION]
    with OllamaServer(models=("m",), answers=[Answer("With a key.")]) as server:
        write_registry(tmp_path, served(server.url))
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=environment, **piped) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "With a key.\n"
            answered = time.monotonic()
            _, told = running.communicate(timeout=60)
            seconds = time.monotonic() - answered
    assert running.returncode == 0
    assert seconds < 10, seconds  # 1, and what the end of a program takes on a machine that is very busy
    for line in told.splitlines():
        assert line.startswith("metahuman: traces do not reach "), told


def test_opinions_are_told_of_the_turn_that_they_are_about(tmp_path: Path, smith: LangSmithServer) -> None:
    said = f"{QUESTION}\n/good because of {SECRET}\n/bad\n/wrong memory\n/quit\n"
    with OllamaServer(models=("m",), answers=[Answer("With a key.")]) as server:
        write_registry(tmp_path, served(server.url))
        done = metahuman(tmp_path, "chat", input=said, env={**os.environ, **to(smith)})
    assert done.returncode == 0, done.stderr
    (root,) = (run for run in smith.runs.values() if not run.get("parent_run_id"))
    assert {one["run_id"] for one in smith.feedback} == {root["id"]}
    scores = [(one["key"], one["score"], one.get("correction")) for one in smith.feedback]
    assert sorted(scores, key=str) == [
        ("answer", 0.0, None),
        ("answer", 1.0, None),
        ("route", 0.0, {"route": ["memory"]}),
    ]
    assert SECRET.encode() not in smith.sent()


class TestOpenTelemetry:
    def test_turn_steps_and_model_calls_are_spans(self, tmp_path: Path) -> None:
        with CollectorServer() as collector:
            asked = ask(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
            assert (asked.done.returncode, asked.done.stderr) == (0, "")
            spans = {span.name: span for span in collector.spans}
            assert SECRET.encode() not in b"".join(request.body for request in collector.requests)
        assert set(spans) == {"turn", "orchestrator", "recall", "persona", "remember", "chat m"}
        turn, call = spans["turn"], spans["chat m"]
        assert turn.parent_span_id == b""
        assert {span.trace_id for span in spans.values()} == {turn.trace_id}
        assert call.parent_span_id == spans["persona"].span_id
        assert spans["persona"].parent_span_id == turn.span_id
        assert attributes(turn)["metahuman.route"] == ["conversation"]
        known = attributes(call)
        assert (known["gen_ai.operation.name"], known["gen_ai.provider.name"]) == ("chat", "ollama")
        assert (known["gen_ai.request.model"], known["metahuman.role"]) == ("m", "persona")
        assert known["gen_ai.usage.output_tokens"] > 0

    def test_payloads_are_told_where_they_are_allowed(self, tmp_path: Path) -> None:
        with CollectorServer() as collector:
            ask(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, METAHUMAN_TRACE_PAYLOADS="1")
            (call,) = (span for span in collector.spans if span.name == "chat m")
        assert SECRET in attributes(call)["gen_ai.input.messages"]
        assert SECRET in attributes(call)["gen_ai.output.messages"]

    def test_it_can_be_switched_off(self, tmp_path: Path) -> None:
        with CollectorServer() as collector:
            ask(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SDK_DISABLED="true")
            assert collector.requests == []
