"""Models that run inside this process: the embedded one, or any other GGUF file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from metahuman.models.download import models_folder
from metahuman.models.providers import LLAMA_SAMPLING, Wish, explain_http, given, require_files
from metahuman.models.registry import ResolvedModel
from metahuman.state.errors import ModelError

DEFAULT_WINDOW = 4096
#: Without this, a small model spends its answer on the white space that JSON allows (an extension of llguidance).
COMPACT = {"x-guidance": {"whitespace_flexible": False}}


class LocalProvider:
    """Runs llama.cpp in this process."""

    def connect(self, model: ResolvedModel) -> BaseChatModel:
        """Return a client; the model is loaded by its first call."""
        from metahuman.models.providers.llama import ChatLlama

        return ChatLlama(
            path=model_file(model),
            window=window(model),
            loaded=model.siblings,
            adapters=model.adapters,
        )

    async def disconnect(self, client: BaseChatModel) -> None:
        """Do nothing: the engine belongs to the process, not to one client."""

    def request(self, model: ResolvedModel, wish: Wish) -> dict[str, Any]:
        """Return llama.cpp's names for the model's options, and the schema as a grammar without white space."""
        call = given(model.options, **LLAMA_SAMPLING, max_tokens="max_tokens", adapter_scale="scale")
        if wish.tools:
            call["tools"] = list(wish.tools)
            call["tool_choice"] = wish.tool_choice or "auto"
        if wish.schema:
            schema = {"name": wish.schema.name, "schema": {**wish.schema.schema, **COMPACT}, "strict": True}
            call["response_format"] = {"type": "json_schema", "json_schema": schema}
        return call

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error means; the engine already speaks in this program's errors."""
        return error if isinstance(error, ModelError) else explain_http(error, model)

    def load(self, model: ResolvedModel) -> None:
        """Load the model ahead of its first call.

        Raises:
            ModelMissing: If it cannot be loaded.
        """
        from metahuman.models.providers.llama import open_engine

        open_engine(model_file(model), window(model), model.siblings)

    async def check(self, model: ResolvedModel) -> None:
        """See whether the files are there."""
        await asyncio.to_thread(require_files, model_file(model), *model.adapters)


def model_file(model: ResolvedModel) -> Path:
    """Return the GGUF file of a local model: a download by its name, or a path."""
    if download := model.settings.downloads.get(model.model):
        return models_folder() / download.file
    return Path(model.model).expanduser()


def window(model: ResolvedModel) -> int:
    """Return the context window that a local model is loaded with, in tokens."""
    return model.options.context_window or DEFAULT_WINDOW


PROVIDER = LocalProvider()
