"""A talk with the embedded model, from the command line to the files it leaves. Run by CI; a few seconds each."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from metahuman.api import MetaHuman
from metahuman.clock import SystemClock
from metahuman.models.registry import Registry
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.models.router import RoleRouter
from metahuman.state.errors import ContextOverflow, ModelMissing, NoModelAnswered
from tests.cli.test_chat import sitting_with
from tests.fakes import FakeAudit
from tests.homes import EMBEDDED, embedded, in_process, write_registry
from tests.resolved import write_lora
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

pytestmark = [
    pytest.mark.real_model,
    pytest.mark.skipif(not EMBEDDED.exists(), reason="the embedded model is not there: metahuman models pull"),
]


def audited(home: Path) -> list[dict[str, Any]]:
    lines = [line for day in sorted((home / "logs" / "audit").iterdir()) for line in day.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def test_asking_on_standard_input_answers_remembers_and_audits(tmp_path: Path) -> None:
    embedded(tmp_path)
    done = in_process(tmp_path, "ask", typed="Hello, who are you?\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) > 3
    (memory,) = (json.loads(path.read_text()) for path in (tmp_path / "memory" / "episodic").rglob("*.json"))
    assert memory["content"] == "Hello, who are you?"
    assert memory["response"].split() == done.stdout.split()
    calls = {event["actor"]: event["details"] for event in audited(tmp_path) if event["event"] == "llm_call"}
    assert set(calls) == {"assistant"}  # the classifier was sure
    spoken = calls["assistant"]
    assert (spoken["role"], spoken["modelId"], spoken["provider"]) == ("persona", "embedded", "local")
    assert spoken["fallback"] is True
    assert "nothing answers at http://127.0.0.1:9" in spoken["why"]
    assert spoken["tokens"]["completion"] > 0
    assert spoken["latencyMs"] > 0
    status = json.loads(in_process(tmp_path, "status", "--json").stdout)["modelRoles"]["persona"]
    assert (status["modelId"], status["answering"], status["fallback"]) == ("default.persona", "embedded", True)
    assert status["lastCall"]["fallback"] is True


def test_when_ollama_stops_between_two_turns_the_embedded_model_goes_on(tmp_path: Path) -> None:
    embedded(tmp_path)
    path = tmp_path / "etc" / "models.json"
    with OllamaServer(models=("qwen3:30b", "qwen3:1.7b")) as server:
        content = json.loads(path.read_text())
        content["providers"]["ollama"]["baseUrl"] = server.url
        path.write_text(json.dumps(content))
        server.say(Answer("good morning"))
        with MetaHuman(tmp_path) as twin:
            assert twin.chat("Hello").fallbacks == []
            server.stop()
            reply = twin.chat("And now?")
            (fallback,) = reply.fallbacks
    assert (fallback["modelId"], fallback["why"]) == (
        "embedded",
        f"default.persona: nothing answers at {server.url}",
    )
    assert reply.route["decidedBy"] == "classifier"
    assert (
        json.loads(in_process(tmp_path, "status", "--json").stdout)["modelRoles"]["persona"]["answering"] == "embedded"
    )
    assert "fallback" in in_process(tmp_path, "audit", "--role", "persona").stdout
    with MetaHuman(tmp_path) as twin:
        assert "fallback, because default.persona" in sitting_with(twin).take("/why")


@pytest.fixture
def router(tmp_path: Path) -> RoleRouter:
    embedded(tmp_path)
    registry = Registry.load(tmp_path / "etc" / "models.json", tmp_path)
    return RoleRouter(lambda: registry, FakeAudit(), SystemClock())


def briefly(model: RoleChatModel) -> RoleChatModel:
    """Return a model that says one word: where only what it does before that is looked at."""
    return model.model_copy(update={"options": {**model.options, "maxTokens": 1}})


class Colour(BaseModel):
    """A colour."""

    name: str = Field(max_length=12)
    warm: bool


def test_the_embedded_model_fills_a_schema(router: RoleRouter) -> None:
    answer = router.chat_model("fallback").with_structured_output(Colour).invoke("Name a colour.")
    assert isinstance(answer, Colour)


def test_a_prompt_it_has_seen_is_not_computed_again(router: RoleRouter) -> None:
    prompt = "The owl sleeps by day and hunts by night. " * 8
    model = briefly(router.chat_model("fallback"))
    model.invoke("Something else altogether.")
    first, second = (model.invoke(prompt).response_metadata["modelCall"]["tokens"] for _ in range(2))
    assert first["cached"] < first["prompt"] / 2
    assert second["cached"] > second["prompt"] * 0.9


def test_the_same_seed_says_the_same(router: RoleRouter) -> None:
    model = router.chat_model("fallback").model_copy(update={"options": {"seed": 1, "temperature": 0.8}})
    assert model.invoke("Tell me a story.").text == model.invoke("Tell me a story.").text


def test_a_prompt_longer_than_the_window_is_told(router: RoleRouter) -> None:
    with pytest.raises(NoModelAnswered, match="exceeds the available context size") as raised:
        router.chat_model("fallback").invoke("word " * 6000)
    assert isinstance(raised.value.failures[0][1], ContextOverflow)


def test_a_long_paste_is_refused_once_and_does_not_spoil_the_thread(tmp_path: Path) -> None:
    embedded(tmp_path)
    with MetaHuman(tmp_path) as twin:
        with pytest.raises(NoModelAnswered):
            twin.chat("word " * 6000)
        assert twin.chat("Hello?").text


@pytest.mark.parametrize("content", [None, b"not a model"])
def test_a_model_file_that_is_not_there_or_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "model.gguf"
    if content:
        file.write_bytes(content)
    entry = {"provider": "local", "model": str(file)}
    write_registry(tmp_path, {"defaults": {"orchestrator": "m", "persona": "m"}, "models": {"m": entry}})
    with MetaHuman(tmp_path) as twin, pytest.raises(NoModelAnswered) as raised:
        twin.chat("hello")
    assert isinstance(raised.value.failures[0][1], ModelMissing)
    assert str(file) in str(raised.value)


def test_one_loaded_base_speaks_with_an_adapter_or_without(tmp_path: Path) -> None:
    embedded(tmp_path)
    write_lora(tmp_path / "voice.gguf")
    path = tmp_path / "etc" / "models.json"
    content = json.loads(path.read_text())
    content["models"]["voice"] = content["models"]["embedded"] | {"adapters": ["voice.gguf"]}
    path.write_text(json.dumps(content))
    registry = Registry.load(path, tmp_path)
    router = RoleRouter(lambda: registry, FakeAudit(), SystemClock())
    voice, plain = router.chat_model("persona", model_id="voice"), router.chat_model("fallback")
    muted = voice.model_copy(update={"options": {"adapterScale": 0}})
    for model in (voice, plain, muted):  # a prompt read anew and one from the cache differ in the last digits
        briefly(model).invoke("Tell me a story.")
    said = [model.invoke("Tell me a story.").text for model in (voice, plain, muted)]
    assert said[0] != said[1] == said[2]
    assert briefly(voice).invoke("Hi").response_metadata["modelCall"]["adapters"] == [str(tmp_path / "voice.gguf")]


def test_leaving_a_stream_stops_the_engine(router: RoleRouter) -> None:
    """What is asked next need not wait for what nobody listens to: it is far quicker than the whole answer was."""
    long = router.chat_model("fallback").model_copy(update={"options": {"maxTokens": 150}})
    started = time.perf_counter()
    long.invoke("Count to a thousand.")
    whole = time.perf_counter() - started
    for _ in long.stream("Count to a thousand."):
        break
    started = time.perf_counter()
    briefly(long).invoke("Hi")
    assert time.perf_counter() - started < whole / 2


def test_the_process_ends_when_its_work_does(tmp_path: Path) -> None:
    """A twin that nobody closed, and an engine that is loaded, must not keep the process alive."""
    embedded(tmp_path, maxTokens=4)
    code = f"from metahuman.api import MetaHuman; print(MetaHuman({str(tmp_path)!r}).chat('Hi').text)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
