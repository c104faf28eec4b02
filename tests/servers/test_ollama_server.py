"""The scripted Ollama serves the real clients as Ollama does."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import ollama
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from tests.servers.answer import Answer, pieces
from tests.servers.http import eventually
from tests.servers.ollama import OllamaServer

MODEL = "qwen3:30b"
SKY = "The sky is blue because air scatters short waves more."
ASK = [{"role": "user", "content": "Why is the sky blue?"}]


class City(BaseModel):
    """A city."""

    name: str
    people: int


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"fine in {city}"


@asynccontextmanager
async def chat_model(server: OllamaServer, **settings: Any) -> AsyncIterator[ChatOllama]:
    # Reading the system's certificates takes longer than any of these tests, and none of them speaks TLS.
    model = ChatOllama(**{"model": MODEL, "base_url": server.url, "client_kwargs": {"verify": False}, **settings})
    try:
        yield model
    finally:
        model._client.close()  # type: ignore[no-untyped-call]
        await model._async_client.close()  # type: ignore[no-untyped-call]


def streaming(model: ChatOllama) -> aclosing[AsyncGenerator[AIMessageChunk, None]]:
    """Closing the stream is how a reader leaves early; it is a generator, though typed as an iterator."""
    return aclosing(cast("AsyncGenerator[AIMessageChunk, None]", model.astream("Why?")))


def test_models_are_listed_and_shown(client: ollama.Client) -> None:
    [listed] = client.list().models
    assert listed.model == MODEL
    assert listed.details is not None
    assert listed.details.parameter_size == "30B"
    shown = client.show(MODEL)
    assert shown.capabilities == ["completion", "tools", "thinking", "embedding"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["qwen3.context_length"] == 40960


def test_version_and_unknown_paths(server: OllamaServer) -> None:
    assert httpx.get(f"{server.url}/api/version", verify=False).json() == {"version": "0.12.6"}
    assert httpx.get(f"{server.url}/api/nothing", verify=False).status_code == 404


@pytest.mark.parametrize(("call", "given"), [("show", ()), ("chat", (ASK,)), ("embed", ("text",))])
def test_a_missing_model_is_404(client: ollama.Client, call: str, given: tuple[Any, ...]) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as caught:
        getattr(client, call)("nobody", *given)
    assert caught.value.status_code == 404


def test_a_whole_answer_carries_its_counts(server: OllamaServer, client: ollama.Client) -> None:
    server.say(Answer(SKY, thinking="Rayleigh.", finish="length"))
    answer = client.chat(MODEL, ASK, options={"num_predict": 11})
    assert (answer.message.content, answer.message.thinking, answer.done_reason) == (SKY, "Rayleigh.", "length")
    assert (answer.prompt_eval_count, answer.eval_count) == (5, len(pieces(SKY)) + 2)
    assert (answer.total_duration or 0) > (answer.eval_duration or 0) > 0
    [request] = server.requests
    assert (request.method, request.path, request.body["options"]) == ("POST", "/api/chat", {"num_predict": 11})


async def test_a_stream_thinks_then_speaks_then_ends(server: OllamaServer) -> None:
    server.say(Answer(SKY, thinking="Rayleigh."), Answer(SKY, thinking="Rayleigh."))
    async with ollama.AsyncClient(server.url, verify=False) as client:
        parts = [part async for part in await client.chat(MODEL, ASK, stream=True)]
        silent = [part async for part in await client.chat(MODEL, ASK, stream=True, think=False)]
    assert [part.message.thinking for part in parts[:2]] == pieces("Rayleigh.")
    assert [part.message.content for part in parts[2:-1]] == pieces(SKY)
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert not any(part.message.thinking for part in silent)


def test_a_model_is_loaded_kept_and_unloaded(server: OllamaServer, client: ollama.Client) -> None:
    assert client.ps().models == []
    assert client.chat(MODEL, keep_alive="1h30m").done_reason == "load"
    [running] = client.ps().models
    assert running.expires_at is not None
    assert abs(running.expires_at - datetime.now(UTC) - timedelta(hours=1.5)) < timedelta(seconds=10)
    assert client.chat(MODEL, keep_alive=0).done_reason == "unload"
    assert client.ps().models == []
    client.chat(MODEL, keep_alive=-1)
    assert server.loaded[MODEL].year > 2300
    client.chat(MODEL, keep_alive=0.01)
    time.sleep(0.02)
    assert client.ps().models == []
    with pytest.raises(ollama.ResponseError, match="invalid duration"):
        client.chat(MODEL, keep_alive="300")


def test_an_answer_loads_its_model(server: OllamaServer, client: ollama.Client) -> None:
    server.say(Answer("one"), Answer("two"))
    client.chat(MODEL, ASK)
    assert [running.model for running in client.ps().models] == [MODEL]
    list(client.chat(MODEL, ASK, stream=True, keep_alive=0))
    assert client.ps().models == []


def test_embeddings_are_near_when_words_are_shared(client: ollama.Client) -> None:
    blue, bluer, cat = client.embed(MODEL, ["the sky is blue", "blue is the sky today", "cats purr"]).embeddings
    assert sum(a * b for a, b in zip(blue, bluer, strict=True)) > sum(a * b for a, b in zip(blue, cat, strict=True))
    assert len(client.embed(MODEL, "text", dimensions=8).embeddings[0]) == 8


def test_a_pull_and_a_create_add_their_models(server: OllamaServer, client: ollama.Client) -> None:
    progress = list(client.pull("gemma3", stream=True))
    assert progress[0].status == "pulling manifest"
    assert max(step.completed or 0 for step in progress) == progress[1].total
    assert client.create("twin", from_="gemma3", system="You are me.").status == "success"
    assert server.models == [MODEL, "gemma3:latest", "twin:latest"]
    server.transfer = Answer(error="pull model manifest: file does not exist")
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(client.pull("nothing", stream=True))
    assert "nothing:latest" not in server.models


def test_a_request_beyond_the_models_abilities_is_refused() -> None:
    with (
        OllamaServer(["plain"], capabilities=["completion"]) as server,
        ollama.Client(server.url, verify=False) as client,
    ):
        with pytest.raises(ollama.ResponseError, match="does not support thinking"):
            client.chat("plain", ASK, think=True)
        with pytest.raises(ollama.ResponseError, match="does not support tools"):
            client.chat("plain", ASK, tools=[{"type": "function", "function": {"name": "weather"}}])
        assert server.unscripted == []


async def test_chat_ollama_invokes_and_streams(server: OllamaServer) -> None:
    server.say(Answer(SKY, thinking="Rayleigh."), Answer(SKY), Answer(SKY))
    async with chat_model(server, reasoning=True) as model:
        message = await model.ainvoke("Why is the sky blue?")
        assert (message.content, message.additional_kwargs["reasoning_content"]) == (SKY, "Rayleigh.")
        assert message.response_metadata["done_reason"] == "stop"
        chunks = [chunk async for chunk in model.astream("Why is the sky blue?")]
        whole = sum(chunks[1:], start=chunks[0])
        assert model.invoke("Why is the sky blue?").content == whole.content == SKY
    assert isinstance(whole, AIMessageChunk)
    count = len(pieces(SKY))
    assert whole.usage_metadata == {"input_tokens": 5, "output_tokens": count, "total_tokens": 5 + count}


async def test_chat_ollama_parses_structured_output(server: OllamaServer) -> None:
    server.say(Answer('{"name": "Oslo", "people": 700000}'))
    async with chat_model(server) as model:
        assert await model.with_structured_output(City).ainvoke("A city?") == City(name="Oslo", people=700_000)
    assert server.requests[0].body["format"]["required"] == ["name", "people"]


async def test_chat_ollama_calls_tools(server: OllamaServer) -> None:
    server.say(Answer("Let me see.", tool_calls=(("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"}))))
    async with chat_model(server) as model:
        message = await model.bind_tools([weather]).ainvoke("Weather?")
    assert message.content == "Let me see."
    assert [call["args"] for call in message.tool_calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert server.requests[0].body["tools"][0]["function"]["name"] == "weather"


async def test_answers_may_depend_on_the_request(server: OllamaServer) -> None:
    server.answers = lambda body: Answer(body["messages"][-1]["content"][::-1])
    async with chat_model(server) as model:
        assert (await model.ainvoke("abc")).content == "cba"


async def test_a_client_that_leaves_stops_the_generation(server: OllamaServer) -> None:
    server.say(Answer(SKY, chunk_delay=30), Answer(SKY, first_token_delay=30))
    async with chat_model(server) as model:
        async with streaming(model) as stream:
            assert (await anext(stream)).content == pieces(SKY)[0]
        await eventually(lambda: len(server.disconnects) == 1)
        asking = asyncio.create_task(model.ainvoke("Why?"))
        await eventually(lambda: len(server.requests) == 2)
        asking.cancel()
        await eventually(lambda: server.disconnects == server.requests)


async def test_a_client_may_lose_patience(server: OllamaServer) -> None:
    server.say(Answer(SKY, first_token_delay=30))
    async with chat_model(server, async_client_kwargs={"timeout": 0.05}) as model:
        with pytest.raises(httpx.ReadTimeout):
            await model.ainvoke("Why?")


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (Answer(SKY, cut_after=3), httpx.RemoteProtocolError, "peer closed connection"),
        (Answer(SKY, malformed_at=1), json.JSONDecodeError, "delimiter"),
        (Answer(SKY, error="CUDA error: out of memory"), ollama.ResponseError, "CUDA error: out of memory"),
        (Answer(status=503, error="server busy"), ollama.ResponseError, r"server busy \(status code: 503\)"),
        (Answer(status=429, headers={"Retry-After": "7"}), ollama.ResponseError, r"Too Many Requests \(status code"),
    ],
)
async def test_faults_reach_chat_ollama(
    server: OllamaServer, streams: bool, answer: Answer, error: type[Exception], text: str
) -> None:
    server.say(answer)
    async with chat_model(server) as model:
        with pytest.raises(error, match=text):
            await model.ainvoke("Why?", stream=streams)


async def test_a_cut_comes_after_the_chunks_before_it(server: OllamaServer) -> None:
    server.say(Answer(SKY, cut_after=3))
    async with chat_model(server) as model, streaming(model) as stream:
        assert [(await anext(stream)).content for _ in range(3)] == pieces(SKY)[:3]
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(stream)
    assert server.disconnects == []


async def test_an_unscripted_call_is_refused_and_recorded(server: OllamaServer) -> None:
    async with chat_model(server) as model:
        with pytest.raises(ollama.ResponseError, match="no answer is scripted"):
            await model.ainvoke("Why?")
    assert server.unscripted == server.requests


async def test_a_stopped_server_refuses_until_it_starts_again(server: OllamaServer) -> None:
    server.answers = lambda _: Answer("here")
    async with chat_model(server) as model:
        await model.ainvoke("There?")
        server.stop()
        with pytest.raises(httpx.ConnectError):
            await model.ainvoke("There?")
        server.start()
        assert (await model.ainvoke("There?")).content == "here"


async def test_a_stop_breaks_the_stream_under_way(server: OllamaServer) -> None:
    server.say(Answer(SKY, chunk_delay=30))
    async with chat_model(server) as model, streaming(model) as stream:
        await anext(stream)
        server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(stream)
    await eventually(lambda: not any("process_request_thread" in thread.name for thread in threading.enumerate()))
    assert server.disconnects == []
