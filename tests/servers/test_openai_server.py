"""The scripted OpenAI-compatible service serves the real clients as OpenAI does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import langchain_core.exceptions as langchain
import openai
import pytest
from langchain_core.messages import AIMessageChunk
from langchain_openai import ChatOpenAI
from openai.types.chat import ChatCompletionUserMessageParam
from pydantic import BaseModel, SecretStr

from tests.servers.answer import Answer, pieces
from tests.servers.http import eventually
from tests.servers.openai import OpenAIServer, Refused

MODEL = "gpt-4.1-mini"
SKY = "The sky is blue because air scatters short waves more."
ASK: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Why is the sky blue?"}]
COUNT = len(pieces(SKY))


class City(BaseModel):
    """A city."""

    name: str
    people: int


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"fine in {city}"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(api_key="sk-right", context_length=50) as running:
        yield running


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(verify=False)
    with openai.OpenAI(base_url=server.base_url, api_key="sk-right", max_retries=0, http_client=http) as connected:
        yield connected


@asynccontextmanager
async def chat_model(server: OpenAIServer, **settings: Any) -> AsyncIterator[ChatOpenAI]:
    common = {"model": MODEL, "base_url": server.base_url, "api_key": SecretStr("sk-right"), "max_retries": 0}
    # Reading the system's certificates takes longer than any of these tests, and none of them speaks TLS.
    async with openai.DefaultAsyncHttpxClient(verify=False) as asynchronous:
        with openai.DefaultHttpxClient(verify=False) as synchronous:
            yield ChatOpenAI(**{**common, "http_client": synchronous, "http_async_client": asynchronous, **settings})


def streaming(model: ChatOpenAI) -> aclosing[AsyncGenerator[AIMessageChunk, None]]:
    """Closing the stream is how a reader leaves early; it is a generator, though typed as an iterator."""
    return aclosing(cast("AsyncGenerator[AIMessageChunk, None]", model.astream("Why?")))


def test_models_are_listed_to_who_has_the_key(server: OpenAIServer, client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    with pytest.raises(openai.AuthenticationError, match="Incorrect API key") as caught:
        client.with_options(api_key="sk-wrong").models.list()
    assert caught.value.code == "invalid_api_key"
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/models"]


def test_a_server_without_a_key_asks_for_none() -> None:
    with OpenAIServer() as server, openai.OpenAI(base_url=server.base_url, api_key="any") as client:
        assert [model.id for model in client.models.list()] == [MODEL]


def test_a_whole_answer_carries_its_usage(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.say(Answer(SKY, finish="length"))
    completion = client.chat.completions.create(model=MODEL, messages=ASK)
    [choice] = completion.choices
    assert (choice.message.content, choice.finish_reason) == (SKY, "length")
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (5, COUNT)


def test_a_stream_ends_with_the_usage_it_was_asked_for(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.say(Answer(SKY), Answer(SKY))
    bare = list(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))
    metered = list(
        client.chat.completions.create(model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True})
    )
    assert bare[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].delta.content for chunk in bare[1:-1]] == pieces(SKY)
    assert bare[-1].choices[0].finish_reason == "stop"
    assert not any(chunk.usage for chunk in [*bare, *metered[:-1]])
    assert metered[-1].choices == []
    assert metered[-1].usage is not None
    assert metered[-1].usage.total_tokens == 5 + COUNT


async def test_chat_openai_invokes_and_streams(server: OpenAIServer) -> None:
    server.say(Answer(SKY), Answer(SKY), Answer(SKY))
    async with chat_model(server, stream_usage=True) as model:
        assert (await model.ainvoke("Why is the sky blue?")).content == SKY
        chunks = [chunk async for chunk in model.astream("Why is the sky blue?")]
        whole = sum(chunks[1:], start=chunks[0])
        assert model.invoke("Why is the sky blue?").content == whole.content == SKY
    assert isinstance(whole, AIMessageChunk)
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == 5 + COUNT


async def test_chat_openai_parses_structured_output(server: OpenAIServer) -> None:
    server.say(Answer('{"name": "Oslo", "people": 700000}'))
    async with chat_model(server) as model:
        assert await model.with_structured_output(City).ainvoke("A city?") == City(name="Oslo", people=700_000)
    assert server.requests[0].body["response_format"]["json_schema"]["name"] == "City"


@pytest.mark.parametrize("streams", [True, False])
async def test_chat_openai_calls_tools(server: OpenAIServer, streams: bool) -> None:
    calls = (("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"}), ("weather", '{"city": '))
    server.say(Answer("Let me see.", tool_calls=calls))
    async with chat_model(server, streaming=streams) as model:
        message = await model.bind_tools([weather]).ainvoke("Weather?")
    assert message.content == "Let me see."
    # The third call's broken arguments are the client's affair: it mends a stream's and rejects a whole answer's.
    assert [call["args"] for call in message.tool_calls][:2] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert message.response_metadata["finish_reason"] == "tool_calls"
    assert server.requests[0].body["tools"][0]["function"]["name"] == "weather"


async def test_a_client_that_leaves_stops_the_generation(server: OpenAIServer) -> None:
    server.say(Answer(SKY, chunk_delay=30), Answer(SKY, first_token_delay=30))
    async with chat_model(server) as model:
        async with streaming(model) as stream:
            assert [(await anext(stream)).content for _ in range(2)] == ["", pieces(SKY)[0]]
        await eventually(lambda: len(server.disconnects) == 1)
        asking = asyncio.create_task(model.ainvoke("Why?"))
        await eventually(lambda: len(server.requests) == 2)
        asking.cancel()
        await eventually(lambda: server.disconnects == server.requests)


async def test_a_client_may_lose_patience(server: OpenAIServer) -> None:
    server.say(Answer(SKY, first_token_delay=30))
    async with chat_model(server, timeout=0.05) as model:
        with pytest.raises(langchain.ModelTimeoutError):
            await model.ainvoke("Why?")


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (Answer(SKY, cut_after=3), langchain.ModelConnectionError, "Connection error"),
        (Answer(SKY, malformed_at=1), json.JSONDecodeError, "delimiter"),
        (Answer(SKY, error="The server had an error"), openai.APIError, "The server had an error"),
        (Answer(status=503, error="overloaded"), langchain.ModelAPIError, "503 - overloaded"),
        (Answer(status=429, headers={"Retry-After": "7"}), langchain.ModelRateLimitError, "429 - Too Many Requests"),
    ],
)
async def test_faults_reach_chat_openai(
    server: OpenAIServer, streams: bool, answer: Answer, error: type[Exception], text: str
) -> None:
    server.say(answer)
    async with chat_model(server, streaming=streams) as model:
        with pytest.raises(error, match=text):
            await model.ainvoke("Why?")


@pytest.mark.parametrize(
    ("settings", "prompt", "error", "status", "code"),
    [
        ({"api_key": SecretStr("sk-wrong")}, "Why?", langchain.ModelAuthenticationError, 401, "invalid_api_key"),
        ({"model": "nobody"}, "Why?", langchain.ModelNotFoundError, 404, "model_not_found"),
        ({}, "Why? " * 51, langchain.ModelInvalidRequestError, 400, "context_length_exceeded"),
    ],
)
async def test_refusals_reach_chat_openai(
    server: OpenAIServer, settings: dict[str, Any], prompt: str, error: type[Exception], status: int, code: str
) -> None:
    async with chat_model(server, **settings) as model:
        with pytest.raises(error) as caught:
            await model.ainvoke(prompt)
    assert isinstance(caught.value, openai.APIStatusError)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert server.unscripted == []


async def test_the_client_heeds_retry_after(server: OpenAIServer) -> None:
    server.say(Answer(status=429, headers={"retry-after-ms": "10", "Retry-After": "1"}), Answer("at last"))
    async with chat_model(server, max_retries=1) as model:
        assert (await model.ainvoke("Why?")).content == "at last"
    assert len(server.requests) == 2


async def test_an_error_in_another_servers_shape_is_sent_as_it_stands(server: OpenAIServer) -> None:
    error = {"code": 400, "message": "the request exceeds the context", "type": "exceed_context_size_error"}
    server.say(Answer(status=400, error=error))
    async with chat_model(server) as model:
        with pytest.raises(openai.BadRequestError) as caught:
            await model.ainvoke("Why?")
    assert caught.value.body == error


async def test_an_unscripted_call_is_refused_and_recorded(server: OpenAIServer) -> None:
    async with chat_model(server) as model:
        with pytest.raises(langchain.ModelAPIError, match="no answer is scripted"):
            await model.ainvoke("Why?")
    assert server.unscripted == server.requests


async def test_a_stopped_server_refuses_until_it_starts_again(server: OpenAIServer) -> None:
    server.answers = lambda _: Answer("here")
    async with chat_model(server) as model:
        await model.ainvoke("There?")
        server.stop()
        with pytest.raises(langchain.ModelConnectionError):
            await model.ainvoke("There?")
        server.start()
        assert (await model.ainvoke("There?")).content == "here"


async def test_a_refusal_comes_in_a_field_of_its_own(server: OpenAIServer, client: openai.OpenAI) -> None:
    server.say(Refused("I will not."), Refused("I will not."))
    [choice] = client.chat.completions.create(model=MODEL, messages=ASK).choices
    assert (choice.message.content, choice.message.refusal) == (None, "I will not.")
    chunks = list(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "I will not."
    assert not any(chunk.choices[0].delta.content for chunk in chunks)


def test_adapters_are_listed_as_llama_server_does() -> None:
    with OpenAIServer(loras=["/ada.gguf", "/bob.gguf"], api_key="sk-right") as server:
        assert httpx.get(f"{server.url}/lora-adapters").status_code == 401
        listed = httpx.get(f"{server.url}/lora-adapters", headers={"Authorization": "Bearer sk-right"}).json()
    assert [(one["id"], one["path"]) for one in listed] == [(0, "/ada.gguf"), (1, "/bob.gguf")]


def test_adapters_are_loaded_as_vllm_does(tmp_path: Path) -> None:
    with OpenAIServer(models=("m",), loads_loras=True) as server:
        load, ada = f"{server.base_url}/load_lora_adapter", {"lora_name": "ada", "lora_path": str(tmp_path)}
        answers = [httpx.post(load, json=body) for body in (ada, ada, {"lora_name": "b", "lora_path": "/gone"})]
        assert [model["id"] for model in httpx.get(f"{server.base_url}/models").json()["data"]] == ["m", "ada"]
    assert [answer.status_code for answer in answers] == [200, 400, 404]
    assert answers[0].text == "Success: LoRA adapter 'ada' added successfully."
    assert "already been loaded" in answers[1].json()["error"]["message"]
    assert "No adapter found" in answers[2].json()["error"]["message"]


def test_what_is_not_served_is_not_found() -> None:
    with OpenAIServer() as server:
        for path in ("/lora-adapters", "/v1/load_lora_adapter", "/v1/other"):
            assert httpx.get(f"{server.url}{path}").json() == {"detail": "Not Found"}
