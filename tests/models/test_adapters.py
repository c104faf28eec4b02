"""A LoRA on Ollama becomes a model of its own; in this process it is chosen with each request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from langchain_core.messages import HumanMessage

from metahuman.models.gguf import ALPHA, read_adapter
from metahuman.models.providers import Served, Wish
from metahuman.models.providers.baking import served_name
from metahuman.models.providers.local import PROVIDER as LOCAL
from metahuman.models.providers.ollama import PROVIDER as OLLAMA
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import AdapterRefused, ModelDown, ModelError, ModelFailed, ModelMissing
from metahuman.training.export.lora_gguf import BASE_SHA256, RUN, Heads, Shape
from metahuman.training.export.lora_gguf import write_lora as export_lora
from tests.homes import EMBEDDED
from tests.resolved import real_model, resolved, write_gguf, write_lora
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=("qwen3:30b", "other")) as running:
        yield running


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    return write_lora(tmp_path / "voice.gguf", blocks=1)


def voice(server: OllamaServer, *adapters: Path, model: str = "qwen3:30b", **options: Any) -> ResolvedModel:
    return resolved("ollama", model, adapters=adapters, options=options, baseUrl=server.url)


def asked(server: OllamaServer) -> list[str]:
    return [f"{request.method} {request.path.split(':')[0]}" for request in server.requests]


def content(path: Path) -> bytes:
    return path.read_bytes()


async def refused(model: ResolvedModel) -> str:
    with pytest.raises(AdapterRefused) as raised:
        await OLLAMA.prepare(model)
    assert "\n" not in str(raised.value)
    return str(raised.value)


async def test_a_model_without_adapters_is_itself(server: OllamaServer, lora: Path) -> None:
    assert await OLLAMA.prepare(voice(server)) == Served("qwen3:30b")
    assert await OLLAMA.prepare(voice(server, lora, adapterScale=0)) == Served("qwen3:30b")
    assert {request.path for request in server.requests} == {"/api/tags"}


async def test_an_adapter_is_uploaded_and_baked_once(server: OllamaServer, lora: Path) -> None:
    model = voice(server, lora)
    made = await OLLAMA.prepare(model)
    assert made.name.startswith("metahuman-qwen3-30b:")
    assert made.loaded_ms
    digest = hashlib.sha256(content(lora)).hexdigest()
    assert server.blobs == {digest: content(lora)}
    baked = {"model": made.name, "from": "qwen3:30b", "adapters": {"voice.gguf": f"sha256:{digest}"}, "stream": True}
    assert server.baked == {made.name: baked}
    steps = ["GET /api/tags", "HEAD /api/blobs/sha256", "POST /api/blobs/sha256", "POST /api/create"]
    assert asked(server) == steps
    assert await OLLAMA.prepare(model) == Served(made.name)
    assert asked(server) == [*steps, "GET /api/tags"]


async def test_what_was_trained_here_is_baked_as_it_is(server: OllamaServer, tmp_path: Path) -> None:
    a, b = np.ones((2, 8), np.float32), np.ones((8, 2), np.float32)
    part = "base_model.model.model.layers.0.self_attn.q_proj"
    adapter = tmp_path / "2026-05-17-one" / "adapter.gguf"
    tensors = {f"{part}.lora_A.weight": a, f"{part}.lora_B.weight": b}
    export_lora(adapter, tensors, 8.0, Shape("qwen3", 1, Heads(2, 2)), {BASE_SHA256: "abc", RUN: "one"})
    await OLLAMA.prepare(voice(server, adapter, adapterScale=0.5))
    ((_, sent),) = server.blobs.items()
    (tmp_path / "sent.gguf").write_bytes(sent)
    assert read_adapter(tmp_path / "sent.gguf").metadata == read_adapter(adapter).metadata | {ALPHA: 4.0}


async def test_a_file_that_the_server_has_is_not_sent_again(server: OllamaServer, lora: Path) -> None:
    await OLLAMA.prepare(voice(server, lora))
    server.requests.clear()
    await OLLAMA.prepare(voice(server, lora, model="other"))
    assert asked(server) == ["GET /api/tags", "HEAD /api/blobs/sha256", "POST /api/create"]


async def test_two_at_once_bake_once(server: OllamaServer, lora: Path) -> None:
    served = await asyncio.gather(*(OLLAMA.prepare(voice(server, lora)) for _ in range(8)))
    assert {one.name for one in served} == {await served_name(voice(server, lora))}
    assert asked(server).count("POST /api/create") == 1
    assert sum(one.loaded_ms is not None for one in served) == 1


async def test_two_event_loops_at_once_do_not_break_each_other(server: OllamaServer, lora: Path) -> None:
    def bake() -> Served:
        return asyncio.run(OLLAMA.prepare(voice(server, lora)))

    served = await asyncio.gather(*(asyncio.to_thread(bake) for _ in range(4)))
    assert len({one.name for one in served}) == len(server.baked) == 1


async def test_the_name_tells_base_file_and_strength_apart(server: OllamaServer, lora: Path, tmp_path: Path) -> None:
    same = tmp_path / "copy.gguf"
    same.write_bytes(content(lora))
    other = write_lora(tmp_path / "other.gguf", alpha=4.0, blocks=1)
    name = await served_name(voice(server, lora))
    assert {await served_name(voice(server, same)), await served_name(voice(server, lora, adapterScale=1))} == {name}
    models = (voice(server, other), voice(server, lora, adapterScale=0.5), voice(server, lora, model="other"))
    assert len({name, *[await served_name(model) for model in models]}) == 4
    assert await served_name(voice(server, lora, model="other")) == await served_name(
        voice(server, lora, model="other:latest")
    )
    long = await served_name(voice(server, lora, model="hf.co/" + "x" * 200))
    assert len(long.partition(":")[0]) <= 80
    assert server.requests == []


async def test_the_strength_is_written_into_what_is_sent(server: OllamaServer, lora: Path, tmp_path: Path) -> None:
    before = content(lora)
    await OLLAMA.prepare(voice(server, lora, adapterScale=0.25))
    assert content(lora) == before
    ((digest, sent),) = server.blobs.items()
    assert hashlib.sha256(sent).hexdigest() == digest
    got = tmp_path / "sent.gguf"
    got.write_bytes(sent)
    ours, theirs = gguf.GGUFReader(lora), gguf.GGUFReader(got)
    assert (ours.fields[ALPHA].contents(), theirs.fields[ALPHA].contents()) == (8.0, 2.0)
    assert sum(one != another for one, another in zip(before, sent, strict=True)) <= 4
    assert [tensor.data.tobytes() for tensor in ours.tensors] == [tensor.data.tobytes() for tensor in theirs.tensors]


async def test_an_adapter_trained_again_is_baked_again(server: OllamaServer, lora: Path) -> None:
    first = await OLLAMA.prepare(voice(server, lora))
    write_lora(lora, alpha=16.0, blocks=2)
    second = await OLLAMA.prepare(voice(server, lora))
    assert second.loaded_ms
    assert first.name != second.name


async def test_what_ollama_cannot_speak_with_is_refused(server: OllamaServer, lora: Path, tmp_path: Path) -> None:
    plain = write_gguf(tmp_path / "model.gguf", {"general.type": "model"})
    (tmp_path / "peft").mkdir()
    mute = write_lora(tmp_path / "mute.gguf", alpha=None, blocks=1)
    assert "has 2 adapters, and Ollama takes one" in await refused(voice(server, lora, plain))
    assert "no LoRA" in await refused(voice(server, plain))
    assert "Is a directory" in await refused(voice(server, tmp_path / "peft"))
    assert "No such file" in await refused(voice(server, tmp_path / "none.gguf"))
    assert "take adapterScale out" in await refused(voice(server, mute, adapterScale=0.5))
    assert server.requests == []
    assert (await OLLAMA.prepare(voice(server, mute))).loaded_ms


async def test_an_ollama_that_takes_no_adapters_is_told(server: OllamaServer, lora: Path) -> None:
    server.takes_adapters = False
    said = await refused(voice(server, lora))
    assert "LoRA adapters are no longer supported" in said
    assert "from 0.34.1 on it takes none: run the base as provider local" in said


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Answer(error="no space left on device"), ModelFailed),
        (Answer(cut_after=1), ModelFailed),
        (Answer(status=500, error="broken"), ModelFailed),
    ],
)
async def test_a_bake_that_breaks_off_is_told(
    server: OllamaServer, lora: Path, fault: Answer, kind: type[ModelError]
) -> None:
    server.transfer = fault
    with pytest.raises(kind):
        await OLLAMA.prepare(voice(server, lora))
    server.transfer = Answer()
    assert (await OLLAMA.prepare(voice(server, lora))).loaded_ms


async def test_a_base_that_is_not_there_is_not_fetched(server: OllamaServer, lora: Path) -> None:
    with pytest.raises(ModelMissing, match="ollama pull qwen3:8b"):
        await OLLAMA.prepare(voice(server, lora, model="qwen3:8b"))
    assert asked(server) == ["GET /api/tags"]
    server.stop()
    with pytest.raises(ModelDown):
        await OLLAMA.prepare(voice(server, lora))


async def test_the_baked_model_is_the_one_that_is_asked(server: OllamaServer, lora: Path) -> None:
    server.say(Answer("aye"), Answer("plain"))
    model = voice(server, lora)
    served = await OLLAMA.prepare(model)
    client = OLLAMA.connect(model, served)
    await client.ainvoke("hello", **OLLAMA.request(model, served, Wish()))
    # A strength of one call's is another model, behind the same client.
    await client.ainvoke("hello", **OLLAMA.request(model, Served("qwen3:30b"), Wish()))
    await OLLAMA.disconnect(client)
    assert [request.body["model"] for request in server.requests if request.path == "/api/chat"] == [
        served.name,
        "qwen3:30b",
    ]


def local(*adapters: Path, **options: Any) -> ResolvedModel:
    return resolved("local", str(EMBEDDED), adapters=adapters, options={"contextWindow": 2048, **options})


@real_model
async def test_a_base_is_loaded_with_its_adapters_once(tmp_path: Path) -> None:
    from metahuman.models.providers.engine import drop_engine

    drop_engine(EMBEDDED)
    model = local(write_lora(tmp_path / "voice.gguf"))
    assert (await LOCAL.prepare(model)).loaded_ms
    assert await LOCAL.prepare(model) == await LOCAL.prepare(local()) == Served(str(EMBEDDED))
    # For a LoRA that came later the base is loaded anew, with both.
    assert (await LOCAL.prepare(local(write_lora(tmp_path / "second.gguf")))).loaded_ms
    assert (await LOCAL.prepare(model)).loaded_ms is None
    drop_engine(EMBEDDED)


@real_model
async def test_a_broken_adapter_is_refused_and_does_not_hurt_the_others(tmp_path: Path) -> None:
    from metahuman.models.providers.engine import drop_engine, open_engine

    drop_engine(EMBEDDED)
    good, foreign = write_lora(tmp_path / "good.gguf"), write_lora(tmp_path / "foreign.gguf", width=64)
    (tmp_path / "text.gguf").write_text("no model")
    with pytest.raises(AdapterRefused, match=r"does not fit .*SmolLM2.*: its blk"):
        await LOCAL.prepare(local(foreign))
    for bad in (tmp_path / "text.gguf", tmp_path / "none.gguf"):
        with pytest.raises(AdapterRefused, match=str(bad)):
            await LOCAL.prepare(local(bad))
        with pytest.raises(AdapterRefused, match=str(bad)):
            await LOCAL.check(local(bad))
    engine = open_engine(EMBEDDED, 2048, (), (good, tmp_path / "none.gguf"))
    assert engine.adapters == (good,)
    drop_engine(EMBEDDED)
    assert open_engine(EMBEDDED, 2048, (good,), (foreign,)).adapters == (good,)
    reply = await LOCAL.connect(local(), Served("")).ainvoke([HumanMessage("Hi")], max_tokens=4)
    assert reply.text
    drop_engine(EMBEDDED)
