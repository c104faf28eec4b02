"""What is done with models beside asking them, on a scripted Ollama and in this process."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from metahuman.models.keepers import Footprint, open_keeper
from metahuman.models.keepers.local import KEEPER as LOCAL
from metahuman.models.keepers.ollama import KEEPER as OLLAMA
from metahuman.models.providers import Served, Wish
from metahuman.models.providers.baking import served_name
from metahuman.models.providers.local import PROVIDER as LOCAL_PROVIDER
from metahuman.models.providers.ollama import PROVIDER as OLLAMA_PROVIDER
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelDown, ModelError, ModelFailed, ModelMissing
from tests.homes import EMBEDDED
from tests.resolved import real_model, resolved, write_gguf, write_lora
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer
from tests.servers.ollama_store import SIZE

#: What the scripted Ollama says of its models: 48 layers of 4 heads, 128 long, keys and values in f16.
KV_OF_A_TOKEN = 48 * 4 * (128 + 128) * 2
MODEL = "qwen3:30b"


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=(MODEL, "small")) as running:
        yield running


def on(server: OllamaServer, model: str = MODEL, **more: Any) -> ResolvedModel:
    return resolved("ollama", model, baseUrl=server.url, **more)


def bodies(server: OllamaServer, path: str) -> list[Any]:
    return [request.body for request in server.requests if request.path == path]


def ignore(done: int, total: int) -> None:
    """Hear of a pull, and do nothing."""


def test_there_is_a_keeper_where_models_can_be_kept() -> None:
    assert (open_keeper("ollama"), open_keeper("local"), open_keeper("openai")) == (OLLAMA, LOCAL, None)


async def test_ollama_models_are_weighed(server: OllamaServer, tmp_path: Path) -> None:
    assert await OLLAMA.footprint(on(server)) == Footprint(SIZE, KV_OF_A_TOKEN * 4096, 0)
    wide = await OLLAMA.footprint(on(server, options={"contextWindow": 32768}))
    assert wide.kv == KV_OF_A_TOKEN * 32768
    assert wide.total == SIZE + wide.kv
    lora = write_lora(tmp_path / "voice.gguf", blocks=1)
    adapted = await OLLAMA.footprint(on(server, adapters=[lora]))
    assert adapted == Footprint(SIZE, KV_OF_A_TOKEN * 4096, size_of(lora))
    assert await OLLAMA.footprint(on(server, "small")) == await OLLAMA.footprint(on(server, "small:latest"))


def size_of(path: Path) -> int:
    return path.stat().st_size


async def test_what_cannot_be_weighed_is_told(server: OllamaServer) -> None:
    server.models.append("big:cloud")
    server.remote["big:cloud"] = "https://ollama.com:443"
    assert (await OLLAMA.footprint(on(server, "big:cloud"))).total == 0
    with pytest.raises(ModelMissing, match="ollama pull none"):
        await OLLAMA.footprint(on(server, "none"))
    server.built.pop("block_count")
    with pytest.raises(ModelMissing, match=r"qwen3:30b .* it has no qwen3.block_count"):
        await OLLAMA.footprint(on(server))


async def test_ollama_loads_and_unloads(server: OllamaServer) -> None:
    model = on(server, "small", options={"contextWindow": 8192, "keepAlive": "10m"})
    assert not await OLLAMA.resident(model)
    await OLLAMA.load(model)
    assert await OLLAMA.resident(model)
    assert await OLLAMA.resident(on(server, "small:latest"))
    assert not await OLLAMA.resident(on(server))
    body = {"model": "small", "options": {"num_ctx": 8192}, "keep_alive": "10m", "stream": False}
    assert bodies(server, "/api/generate") == [body]
    await OLLAMA.unload(model)
    assert not await OLLAMA.resident(model)
    await OLLAMA.unload(model)  # which it does not ask for twice
    assert bodies(server, "/api/generate")[1:] == [{"model": "small", "keep_alive": 0, "stream": False}]


@pytest.mark.parametrize(
    ("always", "option", "kept"), [(True, None, -1), (True, "1h", "1h"), (False, None, None), (False, 0, 0)]
)
async def test_what_should_always_be_loaded_stays(
    server: OllamaServer, *, always: bool, option: str | int | None, kept: str | int | None
) -> None:
    model = on(server, metadata={"alwaysLoaded": always}, options={} if option is None else {"keepAlive": option})
    await OLLAMA.load(model)
    assert bodies(server, "/api/generate")[0].get("keep_alive") == kept
    # Else the first chat would set it back to five minutes.
    assert OLLAMA_PROVIDER.request(model, Served("m"), Wish()).get("keep_alive") == kept


async def test_a_chat_does_not_load_a_model_anew(server: OllamaServer) -> None:
    server.say(Answer("hello"))
    model = on(server, options={"contextWindow": 8192})
    await OLLAMA.load(model)
    served = await OLLAMA_PROVIDER.prepare(model)
    client = OLLAMA_PROVIDER.connect(model, served)
    await client.ainvoke("hello", **OLLAMA_PROVIDER.request(model, served, Wish()))
    await OLLAMA_PROVIDER.disconnect(client)
    assert server.loads == [MODEL]


async def test_a_baked_model_is_the_one_that_is_loaded(server: OllamaServer, tmp_path: Path) -> None:
    model = on(server, adapters=[write_lora(tmp_path / "voice.gguf", blocks=1)])
    assert not await OLLAMA.resident(model)
    await OLLAMA.unload(model)
    assert server.baked == {}
    await OLLAMA.load(model)
    assert server.loads == list(server.baked) == [await served_name(model)]
    assert await OLLAMA.resident(model)
    assert not await OLLAMA.resident(on(server))
    await OLLAMA.unload(model)
    assert server.loaded == {}


async def test_a_pull_tells_how_far_it_is(server: OllamaServer) -> None:
    told: list[tuple[int, int]] = []
    await OLLAMA.pull(on(server, "gemma3"), lambda done, total: told.append((done, total)))
    assert "gemma3:latest" in server.models
    assert told[0] == (0, 0)
    assert told[-1] == (SIZE + 1000, SIZE + 1000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    await OLLAMA.pull(on(server, "gemma3"), ignore)
    assert bodies(server, "/api/pull") == [{"model": "gemma3", "stream": True}]


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (Answer(error="pull model manifest: file does not exist"), ModelMissing, "nobody offers gemma3 to Ollama"),
        (Answer(error="max retries exceeded: EOF"), ModelFailed, "max retries exceeded"),
        (Answer(cut_after=3), ModelFailed, "broke off"),
        (Answer(malformed_at=2), ModelFailed, "broke off"),
        (Answer(status=500, error="no space left on device"), ModelFailed, "no space left on device"),
    ],
)
async def test_a_pull_that_breaks_off_is_told(
    server: OllamaServer, fault: Answer, kind: type[ModelError], text: str
) -> None:
    server.transfer = fault
    with pytest.raises(kind, match=text):
        await OLLAMA.pull(on(server, "gemma3"), ignore)


async def test_an_ollama_that_is_not_there_is_told(server: OllamaServer) -> None:
    server.stop()
    model = on(server)
    for work in (OLLAMA.footprint(model), OLLAMA.resident(model), OLLAMA.load(model), OLLAMA.pull(model, ignore)):
        with pytest.raises(ModelDown, match="nothing answers at"):
            await work


async def test_local_models_are_weighed(tmp_path: Path) -> None:
    built = {"block_count": 2, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2}
    file = write_gguf(tmp_path / "m.gguf", {f"llama.{key}": value for key, value in built.items()})
    lora = write_lora(tmp_path / "voice.gguf", blocks=1)
    kv = 2 * 2 * (16 + 16) * 2
    assert await LOCAL.footprint(resolved("local", str(file))) == Footprint(size_of(file), kv * 4096, 0)
    adapted = resolved("local", str(file), adapters=[lora], options={"contextWindow": 512})
    assert await LOCAL.footprint(adapted) == Footprint(size_of(file), kv * 512, size_of(lora))
    with pytest.raises(ModelMissing, match=r"voice\.gguf is no language model that can be weighed"):
        await LOCAL.footprint(resolved("local", str(lora)))
    with pytest.raises(ModelMissing, match="cannot be read"):
        await LOCAL.footprint(resolved("local", str(tmp_path / "none.gguf")))


async def test_a_local_pull_fetches_what_can_be_fetched(tmp_path: Path) -> None:
    there = write_gguf(tmp_path / "m.gguf", {"general.type": "model"})
    await LOCAL.pull(resolved("local", str(there)), ignore)
    with pytest.raises(ModelMissing, match=r"no model file .*none\.gguf: put it there, or name a download"):
        await LOCAL.pull(resolved("local", str(tmp_path / "none.gguf")), ignore)
    with pytest.raises(ModelMissing, match="no model file"):
        await LOCAL.load(resolved("local", str(tmp_path / "none.gguf")))


@real_model
async def test_unloading_frees_the_memory() -> None:
    model = resolved("local", str(EMBEDDED), options={"contextWindow": 8192})
    weight = await LOCAL.footprint(model)
    await LOCAL.unload(model)
    client = LOCAL_PROVIDER.connect(model, Served("m"))
    for _ in range(2):  # the first time round, the library keeps a little for itself
        before = resident_bytes()
        await LOCAL.load(model)
        assert (await client.ainvoke("Hi", max_tokens=2)).text
        assert await LOCAL.resident(model)
        loaded = resident_bytes()
        assert loaded - before > weight.weights
        await LOCAL.unload(model)
        assert not await LOCAL.resident(model)
        freed = resident_bytes()
    assert loaded - freed > 0.9 * weight.total
    assert (await client.ainvoke("Hi", max_tokens=2)).text
    await LOCAL.unload(model)


@real_model
async def test_an_answer_under_way_is_given_to_its_end() -> None:
    model = resolved("local", str(EMBEDDED))
    client = LOCAL_PROVIDER.connect(model, Served("m"))
    options: dict[str, Any] = {"max_tokens": 60, "temperature": 0}
    whole = (await client.ainvoke("Tell me a long story.", **options)).text
    await LOCAL.unload(model)
    stream = client.astream("Tell me a long story.", **options)
    text = str((await anext(stream)).text)
    await LOCAL.unload(model)
    assert not await LOCAL.resident(model)
    text += "".join([chunk.text async for chunk in stream])
    assert len(text.split()) > 30
    assert text == whole


@real_model
async def test_a_wider_window_replaces_the_engine_and_a_narrower_one_shares_it() -> None:
    from metahuman.models.providers.engine import find_engine, open_engine

    await LOCAL.unload(resolved("local", str(EMBEDDED)))  # another test may have opened a wider one
    narrow, wide = await asyncio.to_thread(open_engine, EMBEDDED, 512), open_engine(EMBEDDED, 2048)
    assert narrow is not wide
    assert open_engine(EMBEDDED, 512) is wide is find_engine(EMBEDDED, 1024, ())
    assert min(narrow.loaded_ms, wide.loaded_ms) > 0
    await LOCAL.unload(resolved("local", str(EMBEDDED)))
    assert find_engine(EMBEDDED, 512, ()) is None


def resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


@real_model
async def test_an_engine_can_be_dropped_as_soon_as_it_is_loaded() -> None:
    for _ in range(4):  # without a word said, every third or so would never end
        await LOCAL.load(resolved("local", str(EMBEDDED)))
        await asyncio.wait_for(LOCAL.unload(resolved("local", str(EMBEDDED))), 30)
