"""How servers that speak OpenAI's protocol are brought to speak with adapters, which it knows nothing of."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

import httpx
import openai

from metahuman.models.providers import Served
from metahuman.models.providers.openai_api import explain, listed, talk, told
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import AdapterRefused, ModelError

#: Endings of adapters that are files; vLLM's are folders, whose names may have dots.
ENDINGS = {".gguf", ".safetensors", ".bin"}
#: What the folder of an adapter that was trained here is called, within its run's.
OF_A_RUN = "adapter"


async def make_ready(model: ResolvedModel) -> Served:
    """Make the adapters of `model` ready on its server, and return what it is called there.

    Raises:
        AdapterRefused: If the server cannot speak with them.
        ModelError: If it does not answer.
    """
    if not model.adapters:
        return Served(model.model)
    match model.settings.server:
        case "vllm":
            return await _load_into_vllm(model)
        case "llama-server":
            return await _find_in_llama_server(model)
    raise AdapterRefused(
        f"{model.address} takes no adapters; if it is vLLM or llama-server, "
        f'set providers.{model.provider}.server to "vllm" or "llama-server"'
    )


def chosen(model: ResolvedModel, served: Served) -> dict[str, Any]:
    """Return what a request says of adapters: to llama-server, which of those it holds; to others, nothing.

    Adapters that are not listed are left out, but an empty list means all that the server was started with, and keeps
    what it has computed with others. So a base without adapters lists the first, with no strength.
    """
    if model.settings.server != "llama-server" or not model.siblings:
        return {}
    return {"lora": [{"id": number, "scale": model.scale} for number in served.loras] or [{"id": 0, "scale": 0.0}]}


async def _load_into_vllm(model: ResolvedModel) -> Served:
    """Have vLLM load the adapter, unless it has: it is then a model of its own, called like the adapter's file."""
    adapter = _only(model)
    name = _called(adapter)
    async with talk(model, model.settings.timeout / 1000) as client:
        if name in await listed(client, model):
            return Served(name)
        started, body = time.perf_counter(), {"lora_name": name, "lora_path": str(adapter)}
        try:
            await client.post("/load_lora_adapter", body=body, cast_to=httpx.Response)
        except openai.APIStatusError as error:
            if "already been loaded" not in told(error):  # by another process, a moment ago
                raise _explain(error, model, name) from error
        return Served(name, loaded_ms=round((time.perf_counter() - started) * 1000, 2))


def _called(adapter: Path) -> str:
    """Return what to call an adapter: those of training runs are all called alike, and so named after their run."""
    if adapter.name == OF_A_RUN:
        return adapter.parent.name
    return adapter.stem if adapter.suffix in ENDINGS else adapter.name


def _only(model: ResolvedModel) -> Path:
    """Return the one adapter that vLLM can speak with at a time.

    Raises:
        AdapterRefused: If more is asked of it.
    """
    key = f"models.{model.model_id}"
    if len(model.adapters) > 1:
        raise AdapterRefused(f"vLLM speaks with one adapter at a time: leave one in {key}.adapters, or merge them")
    if model.scale != 1:
        raise AdapterRefused(f"vLLM takes adapters as they are: take {key}.options.adapterScale out")
    return model.adapters[0]


def _explain(error: openai.APIStatusError, model: ResolvedModel, name: str) -> ModelError:
    adapter, address = model.adapters[0], model.address
    says_why = isinstance(error.body, Mapping) and "message" in error.body
    if error.status_code in (404, 405) and not says_why:
        return AdapterRefused(
            f"{address} loads no adapters while it runs: start vLLM with --enable-lora and "
            f"VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, or with --enable-lora --lora-modules {name}={adapter}"
        )
    if error.status_code in (400, 404, 422):
        return AdapterRefused(f"{address} cannot load {adapter}: {told(error)}")
    return explain(error, model) or AdapterRefused(f"{address} does not load {adapter}: {told(error)}")


async def _find_in_llama_server(model: ResolvedModel) -> Served:
    """Find the adapters among those that llama-server was started with."""
    async with talk(model, model.settings.connect_timeout / 1000) as client:
        try:
            response = await client.get(f"{model.address.removesuffix('/v1')}/lora-adapters", cast_to=httpx.Response)
            answer = response.json()
        except openai.NotFoundError:
            answer = []
    held = answer if isinstance(answer, list) else []
    return Served(model.model, loras=tuple(_number(adapter, held, model) for adapter in model.adapters))


def _number(adapter: Path, held: list[dict[str, Any]], model: ResolvedModel) -> int:
    """Return the number of an adapter, by its path, or by its file's name if the server runs elsewhere."""
    same = [one["id"] for one in held if one["path"] == str(adapter)]
    # Windows' paths are split at both kinds of slash.
    called = [one["id"] for one in held if PureWindowsPath(one["path"]).name == adapter.name]
    found = same or called
    if len(found) != 1:
        problem = f"holds {len(found)} adapters called {adapter.name}" if found else f"does not hold {adapter.name}"
        raise AdapterRefused(
            f"{model.address} {problem}: start llama-server with --lora {adapter} --lora-init-without-apply"
        )
    return int(found[0])
