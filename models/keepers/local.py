"""Keeps the models that run in this process."""

from __future__ import annotations

import asyncio

from metahuman.models import download
from metahuman.models.encoding import is_encoder
from metahuman.models.gguf import read_header
from metahuman.models.keepers import Footprint, Progress, cache_of, size_of
from metahuman.models.providers.local import PROVIDER, model_file, window
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelMissing


class LocalKeeper:
    """Looks at the model's files, and at the engines of this process."""

    async def footprint(self, model: ResolvedModel) -> Footprint:
        """Read the file's header; every adapter of the base is loaded with it. An encoder keeps no attention."""
        path = model_file(model)
        if is_encoder(path):
            return Footprint(size_of([path]), 0, 0)
        header = await asyncio.to_thread(read_header, path)
        kv = cache_of(model, header.metadata, window(model))
        return Footprint(header.size, kv, size_of(model.siblings))

    async def resident(self, model: ResolvedModel) -> bool:
        """Look among the loaded engines and encoders."""
        from metahuman.models.providers.engine import is_loaded

        path = model_file(model)
        if not is_encoder(path):
            return is_loaded(path)
        from metahuman.models.encoding.encoder import is_open

        return is_open(path)

    async def load(self, model: ResolvedModel) -> None:
        """Load the engine; it stays until it is unloaded, or the program ends."""
        await asyncio.to_thread(PROVIDER.load, model)

    async def unload(self, model: ResolvedModel) -> None:
        """Drop the engine: its memory is free as soon as the last answer under way is done."""
        from metahuman.models.providers.engine import drop_engine

        path = model_file(model)
        if not is_encoder(path):
            return await asyncio.to_thread(drop_engine, path)
        from metahuman.models.encoding.encoder import close_encoder

        return await asyncio.to_thread(close_encoder, path)

    async def pull(self, model: ResolvedModel, progress: Progress) -> None:
        """Fetch a download of the registry; `progress` is told in another thread."""
        if one := model.settings.downloads.get(model.model):
            await asyncio.to_thread(download.pull, one, download.models_folder(), progress=progress)
        elif not (path := model_file(model)).is_file():
            known = ", ".join(model.settings.downloads) or "none"
            remedy = f"put it there, or name a download of providers.{model.provider}: {known}"
            raise ModelMissing(f"no model file {path}: {remedy}")


KEEPER = LocalKeeper()
