"""What goes wrong with Ollama, and where its client may go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from metahuman.models.keepers.ollama import KEEPER
from metahuman.models.providers import Served, Wish, ask_json
from metahuman.models.providers.ollama import PROVIDER
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import (
    BadKey,
    BadRequest,
    ContextOverflow,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelFailed,
    ModelMissing,
)
from tests.resolved import resolved
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("m",)) as running:
        yield running


@asynccontextmanager
async def client_of(model: ResolvedModel) -> AsyncIterator[BaseChatModel]:
    client = PROVIDER.connect(model, Served(model.model))
    yield client
    await PROVIDER.disconnect(client)


async def failure(model: ResolvedModel, *, streams: bool = True, **options: Any) -> ModelError | None:
    request = PROVIDER.request(model, Served(model.model), Wish()) | {"stream": streams, **options}
    async with client_of(model) as client:
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the client raises is what is explained
            await client.ainvoke("hello", **request)
    return PROVIDER.explain(raised.value, model)


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (Answer(status=401, error="unauthorized"), BadKey, "providers.ollama.apiKey"),
        (Answer(status=403, error="forbidden"), BadKey, "providers.ollama.apiKey"),
        (Answer(status=404, error="model 'm' not found"), ModelMissing, "ollama pull m"),
        (Answer(status=400, error="input exceeds the context length"), ContextOverflow, "context"),
        (Answer(status=400, error="invalid option"), BadRequest, "invalid option"),
        (Answer(status=413, error="too large"), BadRequest, "too large"),
        (Answer(status=429, error="slow down"), ModelBusy, "slow down"),
        (Answer(status=503, error="maximum pending requests exceeded"), ModelBusy, "maximum pending requests"),
        (Answer(status=500, error="llama runner process has terminated"), ModelFailed, "has terminated"),
        (Answer(status=502, error="bad gateway"), ModelFailed, "502"),
        (Answer("some words", error="CUDA error: out of memory"), ModelFailed, "CUDA error"),
        (Answer("some words", cut_after=1), ModelFailed, "broke off"),
        (Answer("some words", malformed_at=1), ModelFailed, "broke off"),
    ],
)
async def test_failures_are_told_apart(
    server: OllamaServer, answer: Answer, kind: type[ModelError], text: str, *, streams: bool
) -> None:
    server.say(answer)
    told = await failure(resolved("ollama", baseUrl=server.url), streams=streams)
    assert type(told) is kind
    assert text in str(told)
    assert "\n" not in str(told)
    assert told.retry_after is None


async def test_a_redirect_is_told_and_not_followed(server: OllamaServer) -> None:
    model = resolved("ollama", baseUrl=server.url)
    with OllamaServer(models=("m",)) as elsewhere:
        server.redirect = elsewhere.url
        failures = [await failure(model)]
        for work in (PROVIDER.check(model), KEEPER.resident(model), KEEPER.pull(model, lambda *_: None)):
            with pytest.raises(ModelDown) as raised:
                await work
            failures.append(raised.value)
    assert elsewhere.requests == []
    assert {type(one) for one in failures} == {ModelDown}
    assert all(f"redirects to {elsewhere.url}/api/" in str(one) for one in failures)
    assert all("is not followed: correct its baseUrl" in str(one) for one in failures)


async def test_what_stays_near_goes_through_no_proxy(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = resolved("ollama", baseUrl=server.url)
    with OllamaServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        server.say(Answer("hello"))
        async with client_of(model) as client:
            assert (await client.ainvoke("hello")).text == "hello"
        await PROVIDER.check(model)
        await KEEPER.load(model)
    assert proxy.requests == []
    assert [request.path for request in server.requests] == ["/api/chat", "/api/tags", "/api/generate"]


async def test_nobody_but_the_registry_says_where_it_is(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    async with client_of(resolved("ollama")) as client:
        assert str(client._async_client._client.base_url) == "http://127.0.0.1:11434"  # type: ignore[attr-defined]
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "kind"), [(401, BadKey), (307, ModelDown), (429, ModelBusy), (503, ModelBusy), (500, ModelFailed)]
)
async def test_a_server_that_cannot_tell_what_it_has_is_told(status: int, kind: type[ModelError]) -> None:
    class Refusing(OllamaServer):
        def respond(self, exchange: Any) -> None:
            exchange.reply({"error": "no"}, status)

    with Refusing() as server, pytest.raises(kind):
        await PROVIDER.check(resolved("ollama", baseUrl=server.url))


@pytest.mark.parametrize("body", [[], "text", None])
async def test_a_server_of_another_kind_is_told(body: Any) -> None:
    class Other(OllamaServer):
        def respond(self, exchange: Any) -> None:
            exchange.reply(body)

    with Other() as server:
        model = resolved("ollama", baseUrl=server.url)
        with pytest.raises(ModelDown, match=r"is no model server: correct providers\.ollama\.baseUrl"):
            await ask_json(model, "/api/tags")
        with pytest.raises(ModelDown, match="is no Ollama server"):
            await KEEPER.load(model)


async def test_a_place_that_is_not_there_is_empty(server: OllamaServer) -> None:
    assert await ask_json(resolved("ollama", baseUrl=server.url), "/api/none") == {}
