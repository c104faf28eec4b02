"""Ollama, through its native API: the `/v1` one ignores the context window and the thinking switch."""

from __future__ import annotations

from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel

from metahuman.models.providers import LLAMA_SAMPLING, Wish, ask_json, explain_http, given, is_secure
from metahuman.models.registry import ResolvedModel
from metahuman.state.errors import BadRequest, ContextOverflow, ModelDown, ModelError, ModelMissing


class OllamaProvider:
    """Asks an Ollama server."""

    def connect(self, model: ResolvedModel) -> BaseChatModel:
        """Return a client; nothing is asked of the server yet."""
        from langchain_ollama import ChatOllama

        http = {"timeout": _timeout(model), "verify": is_secure(model)}
        return ChatOllama(model=model.model, base_url=model.settings.base_url, client_kwargs=http)

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close a client's connections."""
        await client._async_client._client.aclose()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way

    def request(self, model: ResolvedModel, wish: Wish) -> dict[str, Any]:
        """Return Ollama's own names for the model's options, and the schema as `format`."""
        run = given(model.options, **LLAMA_SAMPLING, context_window="num_ctx", max_tokens="num_predict")
        call = given(model.options, keep_alive="keep_alive", think="reasoning")
        if wish.tools:
            call["tools"] = list(wish.tools)
        if wish.schema:
            call["format"] = dict(wish.schema.schema)
        return {"options": run, **call}

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error of the client means."""
        status, message = getattr(error, "status_code", None), getattr(error, "error", None)
        if isinstance(status, int) and isinstance(message, str):  # ollama.ResponseError, without importing its SDK
            return _explain_status(status, message, model)
        return explain_http(error, model)

    async def check(self, model: ResolvedModel) -> None:
        """Ask the server which models it has."""
        listed = (await ask_json(model, "/api/tags")).get("models", [])
        names = {name for entry in listed for name in (entry.get("name"), entry.get("model"))}
        if not {model.model, f"{model.model}:latest"} & names:
            raise _missing(model)


def _timeout(model: ResolvedModel) -> httpx.Timeout:
    return httpx.Timeout(model.settings.timeout / 1000, connect=model.settings.connect_timeout / 1000)


def _missing(model: ResolvedModel) -> ModelMissing:
    return ModelMissing(f"Ollama has no {model.model}: `ollama pull {model.model}`")


def _explain_status(status: int, message: str, model: ResolvedModel) -> ModelError:
    if status == httpx.codes.NOT_FOUND:
        return _missing(model)
    if status == httpx.codes.BAD_REQUEST:
        refused = BadRequest(f"Ollama refuses the request: {message}")
        return ContextOverflow(message) if "context" in message.lower() else refused
    return ModelDown(f"Ollama at {model.settings.base_url} says {status}: {message}")


PROVIDER = OllamaProvider()
