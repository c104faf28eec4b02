"""Embeddings of real protocols, and what happens meanwhile to the models that chat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.embedding import BATCH
from metahuman.models.providers.ollama_api import evicted
from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.state.errors import NoModelAnswered
from tests.fakes import FakeAudit, FakeClock, registry_content
from tests.servers.http import Exchange
from tests.servers.ollama import OllamaServer
from tests.servers.openai import OpenAIServer

TEXTS = ["the sky is blue", "blue is the sky today", "cats purr"]
CHAT, SMALL = "qwen3:30b", "nomic-embed-text:latest"


class Asking:
    """A router whose embedders run on servers."""

    def __init__(self, *addresses: str, kind: str = "ollama", **options: Any) -> None:
        names = [f"at{number}" for number, _ in enumerate(addresses)]
        content = registry_content({"embedder": names})
        entry = {"model": SMALL, "roles": ["embedder"], "options": options}
        content["models"] |= {name: {**entry, "provider": name} for name in names}
        content["providers"] = {
            name: {"type": kind, "baseUrl": address, "connectTimeout": 500, "retries": 0}
            for name, address in zip(names, addresses, strict=True)
        }
        known = Registry.parse(content, Path("models.json"), Path("/nowhere"))
        self.audit = FakeAudit()
        self.router = RoleRouter(lambda: known, self.audit, FakeClock())

    async def embed(self, *texts: str) -> list[list[float]]:
        try:
            return await self.router.embed(texts or TEXTS)
        finally:
            await self.router.aclose()

    @property
    def call(self) -> Any:
        return self.audit.named("llm_call")[-1]


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(models=(CHAT, SMALL)) as server:
        yield server


@contextmanager
def openai_server(**settings: Any) -> Iterator[OpenAIServer]:
    with OpenAIServer(models=(SMALL,), **settings) as server:
        yield server


def bodies(server: OllamaServer | OpenAIServer, path: str) -> list[Any]:
    return [request.body for request in server.requests if request.path == path]


def far_future() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def nearness(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_memories_stay_at_home_unless_the_owner_says_so() -> None:
    asking = Asking("https://api.openai.com/v1", kind="openai")
    with pytest.raises(NoModelAnswered, match=r'rolePolicies\.embedder\.locality: "any"'):
        await asking.embed()
    assert asking.call["failed"][0]["kind"] == "remote"


async def test_ollama_embeds_in_ram_and_beside_the_chat_model(ollama: OllamaServer) -> None:
    ollama.loaded[CHAT], ollama.windows[CHAT] = far_future(), 8192
    asking = Asking(ollama.url, contextWindow=2048, keepAlive="30m")
    for _ in range(2):
        near, too, other = await asking.embed()
        assert nearness(near, too) > nearness(near, other)
    assert bodies(ollama, "/api/embed")[0] == {
        "model": SMALL,
        "input": TEXTS,
        "truncate": False,
        "keep_alive": "30m",
        "options": {"num_ctx": 2048, "num_gpu": 0},
        "stream": False,
    }
    assert (list(ollama.loaded), ollama.loads, ollama.in_ram) == ([CHAT, SMALL], [SMALL], {SMALL})
    assert len(bodies(ollama, "/api/ps")) == 3  # once it was loaded, nobody can have had to go
    assert asking.call["tokens"]["prompt"] > 0
    assert asking.audit.named("model_evicted") == []


async def test_a_chat_model_that_also_embeds_is_not_moved_off_its_card(ollama: OllamaServer) -> None:
    ollama.loaded[SMALL], ollama.windows[SMALL] = far_future(), 4096
    await Asking(ollama.url).embed()
    assert bodies(ollama, "/api/embed")[0]["options"] == {}
    assert (ollama.loads, ollama.in_ram) == ([], set())


async def test_a_server_that_makes_room_for_it_is_not_asked_again(ollama: OllamaServer) -> None:
    ollama.loaded[CHAT], ollama.windows[CHAT], ollama.max_loaded = far_future(), 8192, 1
    asking = Asking(ollama.url)
    assert len(await asking.embed()) == len(TEXTS)
    assert asking.audit.named("model_evicted") == [{"provider": "at0", "model": CHAT, "by": SMALL}]
    with pytest.raises(NoModelAnswered, match="raise its OLLAMA_MAX_LOADED_MODELS, or name an embedder on another"):
        await asking.embed()
    assert asking.call["failed"][0]["kind"] == "set_aside"
    assert len(bodies(ollama, "/api/embed")) == 1
    assert len(asking.audit.named("model_evicted")) == 1


async def test_another_server_embeds_instead(ollama: OllamaServer) -> None:
    ollama.loaded[CHAT], ollama.windows[CHAT], ollama.max_loaded = far_future(), 8192, 1
    with OllamaServer(models=(SMALL,)) as other:
        asking = Asking(ollama.url, other.url)
        assert len(await asking.embed(*["text"] * (BATCH + 1))) == BATCH + 1
    # It is not put there a second time for what was left to do.
    assert [len(body["input"]) for body in bodies(ollama, "/api/embed")] == [BATCH]
    assert [len(body["input"]) for body in bodies(other, "/api/embed")] == [BATCH, 1]
    assert asking.call["fallback"] is True


async def test_who_leaves_for_another_reason_was_not_driven_out(ollama: OllamaServer) -> None:
    third = "third:latest"

    class Changing(OllamaServer):
        def _embed(self, exchange: Exchange) -> None:
            del self.loaded[CHAT]
            self.loaded[third], self.windows[third] = far_future(), 4096
            super()._embed(exchange)

    with Changing(models=(CHAT, SMALL, third)) as server:
        server.loaded[CHAT], server.windows[CHAT] = far_future(), 8192
        asking = Asking(server.url)
        await asking.embed()
    assert asking.audit.named("model_evicted") == []


@pytest.mark.parametrize(
    ("leaves", "gone"),
    [
        ({"expires_at": far_future().isoformat()}, ("chat:latest",)),
        ({"expires_at": "2026-01-01T12:00:00.123456789Z"}, ()),
        ({"expires_at": "soon"}, ("chat:latest",)),
        ({}, ("chat:latest",)),
    ],
)
def test_whose_time_was_up_was_not_driven_out(leaves: dict[str, str], gone: tuple[str, ...]) -> None:
    assert evicted({"chat:latest": leaves, "stays:latest": {}}, {"stays:latest": {}, SMALL: {}}, SMALL) == gone


async def test_what_two_calls_saw_is_written_down_once(ollama: OllamaServer) -> None:
    ollama.loaded[CHAT], ollama.windows[CHAT], ollama.max_loaded = far_future(), 8192, 1
    asking = Asking(ollama.url)
    await asyncio.gather(*(asking.router.embed(TEXTS) for _ in range(3)), return_exceptions=True)
    await asking.router.aclose()
    assert len(asking.audit.named("model_evicted")) == 1


@pytest.mark.parametrize(
    ("text", "settings", "kind", "why"),
    [
        ("word " * 300, {}, "context_overflow", "exceeds the context length"),
        ("word", {"capabilities": ["completion"]}, "missing", "makes no embeddings: name a model that does"),
        ("word", {"models": []}, "missing", f"ollama pull {SMALL}"),
    ],
)
async def test_ollamas_refusals_are_told_apart(text: str, settings: dict[str, Any], kind: str, why: str) -> None:
    with OllamaServer(**{"models": (SMALL,), **settings}) as server:
        asking = Asking(server.url, contextWindow=256)
        with pytest.raises(NoModelAnswered, match=why):
            await asking.embed(text)
    assert [one["kind"] for one in asking.call["failed"]] == [kind]


async def test_openais_vectors_are_put_in_the_order_of_the_texts() -> None:
    with openai_server(api_key="sk-right") as server:
        asking = Asking(server.base_url, kind="openai")
        with pytest.raises(NoModelAnswered, match="refuses the key"):
            await asking.embed()
        server.api_key = None
        near, too, other = await asking.embed()
        assert [near] == await asking.embed(TEXTS[0])
    assert nearness(near, too) > nearness(near, other)
    body = {"model": SMALL, "input": TEXTS, "encoding_format": "float"}
    assert bodies(server, "/v1/embeddings")[-2] == body
    assert asking.audit.named("llm_call")[1]["tokens"] == {"prompt": 11, "completion": 0, "cached": 0}


@pytest.mark.parametrize(
    ("settings", "address", "kind", "why"),
    [
        ({"context_length": 2}, "/v1", "context_overflow", "too long"),
        ({"embeds": False}, "/v1", "missing", "Start it with `--embeddings`"),
        ({}, "", "missing", "has no embeddings: correct providers.at0.baseUrl, which mostly ends in /v1"),
    ],
)
async def test_openais_refusals_are_told_apart(settings: dict[str, Any], address: str, kind: str, why: str) -> None:
    with openai_server(**settings) as server:
        asking = Asking(f"{server.url}{address}", kind="openai")
        with pytest.raises(NoModelAnswered) as raised:
            await asking.embed()
    assert why in str(raised.value)
    assert [one["kind"] for one in asking.call["failed"]] == [kind]


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": [{"index": 0}]}, {"data": [1]}])
async def test_a_server_that_says_something_else_made_no_embeddings(answer: Any) -> None:
    class Other(OpenAIServer):
        def _embed(self, exchange: Exchange) -> None:
            exchange.reply(answer)

    with Other() as server:
        asking = Asking(server.base_url, kind="openai")
        with pytest.raises(NoModelAnswered, match="sent no embeddings"):
            await asking.embed()
    assert {one["kind"] for one in asking.call["failed"]} == {"bad_answer"}
