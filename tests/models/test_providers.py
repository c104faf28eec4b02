"""One contract for every provider that is a server, run against servers that speak the real protocols."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from metahuman.models.providers import open_provider
from metahuman.models.registry import Registry
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.models.router import RoleRouter
from metahuman.state.errors import (
    BadKey,
    BadRequest,
    BrokenAnswer,
    ContextOverflow,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelFailed,
    ModelMissing,
    ModelTimeout,
    NoModelAnswered,
)
from tests.fakes import FakeAudit, FakeClock
from tests.servers.answer import Answer
from tests.servers.http import eventually
from tests.servers.ollama import OllamaServer
from tests.servers.openai import OpenAIServer

OPTIONS = {
    "contextWindow": 4096,
    "maxTokens": 64,
    "temperature": 0.3,
    "topP": 0.8,
    "topK": 40,
    "repeatPenalty": 1.2,
    "stop": ["\n\n"],
    "seed": 7,
    "keepAlive": "5m",
    "think": False,
}


@dataclass
class Case:
    """A provider and the server it is tried on."""

    name: str
    server: Any
    address: str
    audit: FakeAudit
    routers: list[RoleRouter] = field(default_factory=list)

    def model(self, model: str = "m", options: dict[str, Any] | None = None, timeout: int = 10_000) -> RoleChatModel:
        entry = {"provider": self.name, "model": model, "roles": ["persona"], "options": options or {}}
        content = {
            "defaults": {"orchestrator": "one", "persona": "one"},
            "models": {"one": entry},
            "providers": {
                self.name: {"baseUrl": self.address, "timeout": timeout, "connectTimeout": 500, "retries": 0}
            },
        }
        registry = Registry.parse(content, Path("models.json"), Path("/nowhere"))
        self.routers.append(RoleRouter(lambda: registry, self.audit, FakeClock()))
        return self.routers[-1].chat_model("persona")

    async def close(self) -> None:
        for router in self.routers:
            await router.aclose()

    async def failure(self, model: RoleChatModel) -> ModelError:
        with pytest.raises(NoModelAnswered) as raised:
            await model.ainvoke("hello")
        return raised.value.failures[0][1]


@pytest.fixture(params=["ollama", "openai"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    server = OllamaServer(models=("m",)) if request.param == "ollama" else OpenAIServer(models=("m",))
    with server:
        address = server.base_url if isinstance(server, OpenAIServer) else server.url
        it = Case(request.param, server, address, FakeAudit())
        yield it
        await it.close()
    assert not server.unscripted


def sent(case: Case) -> dict[str, Any]:
    body: dict[str, Any] = next(
        r.body for r in reversed(case.server.requests) if r.path.endswith(("/chat", "completions"))
    )
    return body


async def test_whole_answers_and_their_tokens(case: Case) -> None:
    case.server.say(Answer("good morning to you"))
    message = await case.model().ainvoke("hello")
    assert message.text == "good morning to you"
    tokens = case.audit.named("llm_call")[0]["tokens"]
    assert tokens["completion"] == Answer("good morning to you").chunks
    assert tokens["prompt"] > 0


async def test_streams_and_their_tokens(case: Case) -> None:
    case.server.say(Answer("good morning to you"))
    chunks = [chunk.text async for chunk in case.model().astream("hello") if chunk.text]
    assert "".join(chunks) == "good morning to you"
    assert len(chunks) > 1
    call = case.audit.named("llm_call")[0]
    assert call["tokens"]["completion"] == Answer("good morning to you").chunks
    assert call["firstTokenMs"] <= call["latencyMs"]


async def test_every_option_reaches_the_server_in_its_own_words(case: Case) -> None:
    case.server.say(Answer("ok"))
    await case.model(options=OPTIONS).ainvoke("hello")
    body = sent(case)
    if case.name == "ollama":
        assert body["options"] == {
            "num_ctx": 4096,
            "num_predict": 64,
            "temperature": 0.3,
            "top_p": 0.8,
            "top_k": 40,
            "repeat_penalty": 1.2,
            "stop": ["\n\n"],
            "seed": 7,
        }
        assert (body["keep_alive"], body["think"]) == ("5m", False)
    else:
        names = ("max_completion_tokens", "temperature", "top_p", "top_k", "repeat_penalty", "stop", "seed")
        assert [body[name] for name in names] == [64, 0.3, 0.8, 40, 1.2, ["\n\n"], 7]
        assert body["repetition_penalty"] == 1.2


class Mood(BaseModel):
    """A mood."""

    word: str


@pytest.mark.parametrize("text", ['{"word": "glad"}', '{"word": "glad'])
async def test_structured_answers_are_asked_for_by_schema(case: Case, text: str) -> None:
    case.server.say(Answer(text))
    try:
        mood = await case.model().with_structured_output(Mood).ainvoke("how is it?")
    except ModelError as error:  # OpenAI's client refuses what is no JSON before it can be repaired
        assert case.name == "openai"
        assert "no whole answer" in str(error)  # noqa: PT017
        return
    assert mood == Mood(word="glad")
    body = sent(case)
    schema = body["format"] if case.name == "ollama" else body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["word"]["type"] == "string"


async def test_tool_calls(case: Case) -> None:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    case.server.say(Answer(tool_calls=(("add", {"a": 1, "b": 2}),)))
    message = await case.model().bind_tools([add]).ainvoke("1 + 2?")
    assert isinstance(message, AIMessage)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("add", {"a": 1, "b": 2})]
    assert sent(case)["tools"][0]["function"]["name"] == "add"


async def test_a_server_that_is_not_there_is_down(case: Case) -> None:
    model = case.model()
    case.server.stop()
    assert isinstance(await case.failure(model), ModelDown)


async def test_a_model_the_server_does_not_have_is_missing(case: Case) -> None:
    assert isinstance(await case.failure(case.model("other")), ModelMissing)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=503, error="loading"), ModelBusy),
        (Answer(status=429, error="slow down", headers={"Retry-After": "1"}), ModelBusy),
        (Answer("never", cut_after=0), ModelFailed),
        (Answer("late", first_token_delay=5), ModelTimeout),
    ],
)
async def test_failures_are_told_apart(case: Case, answer: Answer, kind: type[ModelError]) -> None:
    case.server.say(answer)
    assert isinstance(await case.failure(case.model(timeout=400)), kind)


async def test_a_refused_request_is_the_callers_error(case: Case) -> None:
    case.server.say(Answer(status=400, error="no such option"))
    with pytest.raises(BadRequest, match="no such option"):
        await case.model().ainvoke("hello")


async def test_a_prompt_that_is_too_long(case: Case) -> None:
    if case.name == "openai":
        error = {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}
        case.server.say(Answer(status=400, error=error))
    else:
        case.server.say(Answer(status=400, error="input exceeds the context length"))
    assert isinstance(await case.failure(case.model()), ContextOverflow)


async def test_a_stream_cut_after_its_first_words(case: Case) -> None:
    case.server.say(Answer("once upon a time there was", cut_after=2))
    with pytest.raises(BrokenAnswer) as raised:
        async for _ in case.model().astream("a story"):
            pass
    assert "once upon a time there was".startswith(raised.value.partial)
    assert raised.value.partial


async def test_leaving_a_stream_stops_the_server(case: Case) -> None:
    case.server.say(Answer("word " * 200, chunk_delay=0.02))
    stream = case.model().astream("a story")
    async for chunk in stream:
        if chunk.text:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: case.server.disconnects)


async def test_checking_asks_nothing_of_the_model(case: Case) -> None:
    provider = open_provider(case.name)
    there, missing = _resolved(case.model("m")), _resolved(case.model("other"))
    await provider.check(there)
    with pytest.raises(ModelMissing):
        await provider.check(missing)
    case.server.stop()
    with pytest.raises(ModelDown):
        await provider.check(there)


async def test_a_wrong_key_is_told() -> None:
    with OpenAIServer(models=("m",), api_key="right") as server:
        case = Case("openai", server, server.base_url, FakeAudit())
        failure = await case.failure(case.model())
        await case.close()
    assert isinstance(failure, BadKey)
    assert "providers.openai.apiKey" in str(failure)


def _resolved(model: RoleChatModel) -> Any:
    return model.router.registry().resolve_model("persona")


@pytest.mark.parametrize("address", ["not an address", "http://127.0.0.1:port", "http://[::1", ""])
async def test_an_address_that_is_none_is_a_server_that_is_down(address: str) -> None:
    for name in ("ollama", "openai"):
        case = Case(name, None, address, FakeAudit())
        with pytest.raises(ModelDown):
            await open_provider(name).check(_resolved(case.model()))


def test_the_router_imports_no_sdk() -> None:
    code = "import sys, metahuman.models.router; print({'ollama', 'openai', 'xllamacpp'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
