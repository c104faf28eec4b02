"""Models that run inside this process: the embedded one, or any other GGUF file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metahuman.models.adapter_fit import require_fit
from metahuman.models.download import models_folder
from metahuman.models.encoding import is_encoder
from metahuman.models.providers import (
    LLAMA_SAMPLING,
    AdapterUse,
    Embedded,
    Served,
    Wish,
    explain_http,
    given,
    require_file,
)
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError, ModelMissing

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DEFAULT_WINDOW = 4096
#: Without this, a small model spends its answer on the white space that JSON allows (an extension of llguidance).
COMPACT = {"x-guidance": {"whitespace_flexible": False}}


class LocalProvider:
    """Runs llama.cpp in this process."""

    def adapter_use(self, model: ResolvedModel) -> AdapterUse:
        """The engine holds every adapter of its base, and each request chooses among them."""
        return "per_request"

    async def prepare(self, model: ResolvedModel) -> Served:
        """Load a base with its adapters; one without is loaded by its first call."""
        loaded_ms = await asyncio.to_thread(self.load, model) if model.adapters else None
        return Served(model.model, loaded_ms=loaded_ms)

    def connect(self, model: ResolvedModel, served: Served) -> BaseChatModel:
        """Return a client; a call loads the model unless it is there."""
        from metahuman.models.providers.llama import ChatLlama

        return ChatLlama(
            path=model_file(model),
            window=window(model),
            adapters=model.adapters,
            siblings=model.siblings,
        )

    async def disconnect(self, client: BaseChatModel) -> None:
        """Do nothing: the engine belongs to the process, not to one client."""

    def request(self, model: ResolvedModel, served: Served, wish: Wish) -> dict[str, Any]:
        """Return llama.cpp's names for the model's options, and the schema as a grammar without white space."""
        call = given(model.options, **LLAMA_SAMPLING, max_tokens="max_tokens", adapter_scale="scale")
        if wish.tools:
            call["tools"] = list(wish.tools)
            call["tool_choice"] = wish.tool_choice or "auto"
        if wish.schema:
            schema = {"name": wish.schema.name, "schema": {**wish.schema.schema, **COMPACT}, "strict": True}
            call["response_format"] = {"type": "json_schema", "json_schema": schema}
        return call

    async def embed(self, model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
        """Return the vectors that a sentence encoder makes; a model that talks makes none."""
        path = model_file(model)
        await asyncio.to_thread(require_file, path)
        if not is_encoder(path):
            remedy = "name multilingual-e5-small, or a model of ollama or openai, for them"
            raise ModelMissing(f"{model.model} of {model.provider} makes no embeddings: {remedy}")
        return await asyncio.to_thread(_embed, path, texts)

    def count(self, model: ResolvedModel, text: str) -> int | None:
        """Return what a model counts that is loaded; none is loaded for that."""
        from metahuman.models.providers.engine import find_engine

        engine = find_engine(model_file(model), window(model), model.adapters)
        return engine.count(text) if engine else None

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error means; the engine already speaks in this program's errors."""
        return error if isinstance(error, ModelError) else explain_http(error, model)

    def load(self, model: ResolvedModel) -> float | None:
        """Load the model ahead of its first call; return the milliseconds it took, None if it was there.

        Raises:
            ModelMissing: If it cannot be loaded.
            AdapterRefused: If it cannot be loaded with its adapters.
        """
        if is_encoder(path := model_file(model)):
            from metahuman.models.encoding.encoder import is_open, open_encoder

            return None if is_open(path) else open_encoder(path).loaded_ms
        from metahuman.models.providers.engine import find_engine, open_engine

        wanted = path, window(model), model.adapters
        if find_engine(*wanted):
            return None
        _require_fit(model)
        return open_engine(*wanted, model.siblings).loaded_ms

    async def check(self, model: ResolvedModel) -> None:
        """See whether the files are there, and the adapters made for the base."""
        await asyncio.to_thread(_require_fit, model)


def _require_fit(model: ResolvedModel) -> None:
    require_file(path := model_file(model))
    for adapter in model.adapters:
        require_fit(path, adapter, model.base_sha256)


def _embed(path: Path, texts: Sequence[str]) -> Embedded:
    from metahuman.models.encoding.encoder import open_encoder

    vectors, tokens = open_encoder(path).encode_whole(texts)
    return Embedded(vectors.tolist(), tokens)


def model_file(model: ResolvedModel) -> Path:
    """Return the file of a local model, GGUF or a sentence encoder's: a download by its name, or a path."""
    if download := model.settings.downloads.get(model.model):
        return models_folder() / download.file
    return Path(model.model).expanduser()


def window(model: ResolvedModel) -> int:
    """Return the context window that a local model is loaded with, in tokens."""
    return model.window or DEFAULT_WINDOW


PROVIDER = LocalProvider()
