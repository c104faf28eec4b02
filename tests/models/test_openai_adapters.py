"""How servers that speak OpenAI's protocol come to speak with adapters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.providers import Served, open_provider
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import AdapterRefused, BadKey, ModelBusy, ModelDown
from tests.asking import whole
from tests.resolved import resolved
from tests.servers.answer import Answer
from tests.servers.http import Exchange, Refusal
from tests.servers.openai import OpenAIServer

PROVIDER = open_provider("openai")


def model(server: OpenAIServer, kind: str, *adapters: Path, **options: Any) -> ResolvedModel:
    return resolved("openai", adapters=adapters, options=options, baseUrl=server.base_url, server=kind)


def folder(home: Path, name: str = "ada.v2") -> Path:
    (home / name).mkdir()
    return home / name


async def test_without_adapters_nothing_is_asked() -> None:
    with OpenAIServer(models=("m",)) as server:
        for kind in ("openai", "vllm", "llama-server"):
            assert await PROVIDER.prepare(model(server, kind)) == Served("m")
    assert not server.requests


def test_who_takes_adapters() -> None:
    uses = [PROVIDER.adapter_use(resolved("openai", server=kind)) for kind in ("openai", "vllm", "llama-server")]
    assert uses == ["none", "per_request", "per_request"]


async def test_a_server_of_which_nothing_is_said_takes_none(tmp_path: Path) -> None:
    with OpenAIServer() as server, pytest.raises(AdapterRefused, match=r'set providers\.openai\.server to "vllm" or'):
        await PROVIDER.prepare(model(server, "openai", tmp_path))


async def test_voices_that_were_trained_here_are_told_apart_by_their_runs(tmp_path: Path) -> None:
    for run in ("2026-05-17-one", "2026-05-18-two"):
        (tmp_path / run / "adapter").mkdir(parents=True)
    with OpenAIServer(models=("m",), loads_loras=True) as server:
        runs = [tmp_path / run for run in ("2026-05-17-one", "2026-05-18-two")]
        names = [(await PROVIDER.prepare(model(server, "vllm", run / "adapter"))).name for run in runs]
    assert names == [run.name for run in runs]


async def test_vllm_loads_an_adapter_once_and_answers_by_its_name(tmp_path: Path) -> None:
    adapter = folder(tmp_path)
    with OpenAIServer(models=("m",), answers=[Answer("Hello")], loads_loras=True) as server:
        it = model(server, "vllm", adapter)
        first = await PROVIDER.prepare(it)
        assert (first.name, first.loras) == ("ada.v2", ())
        assert first.loaded_ms is not None
        assert first.loaded_ms > 0
        assert await PROVIDER.prepare(it) == Served("ada.v2")
        assert (await whole(it)).text == "Hello"
    loads = [request.body for request in server.requests if request.path == "/v1/load_lora_adapter"]
    assert loads == [{"lora_name": "ada.v2", "lora_path": str(adapter)}]
    asked = server.requests[-1].body
    assert asked["model"] == "ada.v2"
    assert "lora" not in asked


async def test_two_who_load_at_once_both_succeed(tmp_path: Path) -> None:
    adapter = folder(tmp_path)
    with OpenAIServer(loads_loras=True) as server:
        it = model(server, "vllm", adapter)
        served = await asyncio.gather(*(PROVIDER.prepare(it) for _ in range(4)))
    assert {one.name for one in served} == {"ada.v2"}


async def test_the_name_of_a_file_goes_without_its_ending() -> None:
    with OpenAIServer(models=("m", "ada.v2")) as server:
        assert await PROVIDER.prepare(model(server, "vllm", Path("/there/ada.v2.safetensors"))) == Served("ada.v2")


@pytest.mark.parametrize(
    ("adapters", "options", "told"),
    [
        (["a", "b"], {}, r"one adapter at a time: leave one in models\.one\.adapters"),
        (["a"], {"adapterScale": 0.5}, r"take models\.one\.options\.adapterScale out"),
    ],
)
async def test_what_vllm_cannot_do(adapters: Iterable[str], options: dict[str, Any], told: str) -> None:
    with OpenAIServer(loads_loras=True) as server, pytest.raises(AdapterRefused, match=told):
        await PROVIDER.prepare(model(server, "vllm", *map(Path, adapters), **options))
    assert not server.requests


async def test_a_vllm_that_may_not_load_tells_how_it_could(tmp_path: Path) -> None:
    with OpenAIServer() as server, pytest.raises(AdapterRefused) as raised:
        await PROVIDER.prepare(model(server, "vllm", tmp_path, adapterScale=1))
    for remedy in ("--enable-lora", "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True", f"--lora-modules {tmp_path.name}="):
        assert remedy in str(raised.value)


async def test_a_vllm_that_does_not_find_the_adapter_says_so() -> None:
    with OpenAIServer(loads_loras=True) as server, pytest.raises(AdapterRefused, match="No adapter found for /gone"):
        await PROVIDER.prepare(model(server, "vllm", Path("/gone")))


class BusyServer(OpenAIServer):
    """Is too busy to load anything."""

    def _load_lora(self, exchange: Exchange) -> None:
        raise Refusal(503, "Later.", {"Retry-After": "3"})


async def test_a_vllm_that_is_busy_is_no_fault_of_the_adapter(tmp_path: Path) -> None:
    with BusyServer(loads_loras=True) as server, pytest.raises(ModelBusy) as raised:
        await PROVIDER.prepare(model(server, "vllm", tmp_path))
    assert raised.value.retry_after == 3


async def test_llama_server_is_told_which_of_its_adapters_to_use() -> None:
    held = ["/other/ada.gguf", "C:\\models\\bob.gguf", "/home/ada.gguf"]
    with OpenAIServer(models=("m",), answers=[Answer("Hello")], loras=held) as server:
        it = model(server, "llama-server", Path("/home/ada.gguf"), Path("/home/bob.gguf"), adapterScale=0.5, topK=3)
        assert await PROVIDER.prepare(it) == Served("m", loras=(2, 1))
        assert (await whole(it)).text == "Hello"
    asked = server.requests[-1].body
    assert asked["lora"] == [{"id": 2, "scale": 0.5}, {"id": 1, "scale": 0.5}]
    assert asked["top_k"] == 3


async def test_a_base_whose_adapters_others_use_speaks_without_them() -> None:
    with OpenAIServer(models=("m",), answers=[Answer("Hello")], loras=["/ada.gguf"]) as server:
        await whole(replace(model(server, "llama-server"), siblings=(Path("/ada.gguf"),)))
    assert server.requests[-1].body["lora"] == [{"id": 0, "scale": 0}]


async def test_a_scale_of_nothing_is_a_scale() -> None:
    with OpenAIServer(models=("m",), answers=[Answer("Hello")], loras=["/ada.gguf"]) as server:
        await whole(model(server, "llama-server", Path("/ada.gguf"), adapterScale=0))
    assert server.requests[-1].body["lora"] == [{"id": 0, "scale": 0}]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ((), r"does not hold ada\.gguf: start llama-server with --lora /ada\.gguf --lora-init-without-apply"),
        (None, r"does not hold ada\.gguf"),
        (["/a/ada.gguf", "/b/ada.gguf"], r"holds 2 adapters called ada\.gguf"),
    ],
)
async def test_an_adapter_that_llama_server_was_not_started_with(held: Iterable[str] | None, told: str) -> None:
    with OpenAIServer(loras=held) as server, pytest.raises(AdapterRefused, match=told):
        await PROVIDER.prepare(model(server, "llama-server", Path("/ada.gguf")))


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
async def test_a_server_that_does_not_answer_is_no_fault_of_the_adapter(kind: str, tmp_path: Path) -> None:
    with OpenAIServer(api_key="right", loras=()) as server:
        it = model(server, kind, tmp_path)
        with pytest.raises(BadKey):
            await PROVIDER.prepare(it)
        server.stop()
        with pytest.raises(ModelDown):
            await PROVIDER.prepare(it)
