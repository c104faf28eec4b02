"""Ollama, through its native API: the `/v1` one ignores the context window and the thinking switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx

from metahuman.models.providers import LLAMA_SAMPLING, AdapterUse, Embedded, Served, Wish, explain_http, given
from metahuman.models.providers import http_settings as http
from metahuman.models.providers.baking import bake
from metahuman.models.providers.ollama_api import evicted, explain_refusal, listed, missing, send, tagged
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class OllamaProvider:
    """Asks an Ollama server."""

    def adapter_use(self, model: ResolvedModel) -> AdapterUse:
        """Ollama bakes one adapter into a model of its own; from version 0.34.1 on, none."""
        return "baked"

    async def prepare(self, model: ResolvedModel) -> Served:
        """Return the model's own name, or that of the model its adapters are baked into."""
        if not model.adapters:
            await self.check(model)  # sooner done, where nobody answers, than importing the SDK
        return await bake(model)

    def connect(self, model: ResolvedModel, served: Served) -> BaseChatModel:
        """Return a client; nothing is asked of the server yet."""
        from langchain_ollama import ChatOllama

        settings = model.settings
        timeout = httpx.Timeout(settings.timeout / 1000, connect=settings.connect_timeout / 1000)
        kwargs = {"timeout": timeout, **http(model)}
        return ChatOllama(model=served.name, base_url=model.address, client_kwargs=kwargs)

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close a client's connections."""
        await client._async_client._client.aclose()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way

    def request(self, model: ResolvedModel, served: Served, wish: Wish) -> dict[str, Any]:
        """Return Ollama's own names for the model's options, and the schema as `format`."""
        run = given(model.options, **LLAMA_SAMPLING, max_tokens="num_predict") | loading(model)
        call = given(model.options, think="reasoning") | keeping(model)
        if wish.tools:
            call["tools"] = list(wish.tools)
        if wish.schema:
            call["format"] = dict(wish.schema.schema)
        return {"model": served.name, "options": run, **call}

    async def embed(self, model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
        """Have the model run in RAM, which leaves the graphics memory to those who chat, and see who had to go."""
        name = tagged(served.name)
        before = await listed(model, "/api/ps")
        here = before.get(name)
        # One that is on a card already would be loaded anew: it may be somebody's chat model.
        run = loading(model) | ({} if here and here.get("size_vram") else {"num_gpu": 0})
        body = {"model": name, "input": list(texts), "truncate": False, "options": run, **keeping(model)}
        answer = await send(model, "/api/embed", body)
        gone = () if here else evicted(before, await listed(model, "/api/ps"), name)
        return Embedded(answer.get("embeddings"), int(answer.get("prompt_eval_count") or 0), gone)

    def count(self, model: ResolvedModel, text: str) -> int | None:
        """Return None: Ollama counts no tokens but those that it computes."""
        return None

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error of the client means."""
        status, message = getattr(error, "status_code", None), getattr(error, "error", None)
        if isinstance(status, int) and message is not None:  # ollama.ResponseError, without importing its SDK
            return explain_refusal(status, _place(error) or str(message), model)
        return explain_http(error, model)

    async def check(self, model: ResolvedModel) -> None:
        """Ask the server which models it has."""
        if tagged(model.model) not in await listed(model):
            raise missing(model)


def loading(model: ResolvedModel) -> dict[str, Any]:
    """Return the options a model is loaded with: with others, a server loads it anew."""
    return {"num_ctx": model.window} if model.window else {}


def keeping(model: ResolvedModel) -> dict[str, Any]:
    """Return how long the server keeps the model loaded; every request that does not say so sets it back."""
    keep = model.options.keep_alive
    if keep is None and model.always_loaded:
        keep = -1
    return {} if keep is None else {"keep_alive": keep}


def _place(error: Exception) -> str | None:
    """Return where a redirect leads, which the client knows but does not tell."""
    behind = error.__context__
    return behind.response.headers.get("Location") if isinstance(behind, httpx.HTTPStatusError) else None


PROVIDER = OllamaProvider()
