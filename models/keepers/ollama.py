"""Keeps the models of an Ollama server."""

from __future__ import annotations

from typing import Any

from metahuman.models.keepers import Footprint, Progress, cache_of, size_of
from metahuman.models.providers.baking import bake, served_name
from metahuman.models.providers.ollama import keeping, loading
from metahuman.models.providers.ollama_api import listed, missing, send, steps, tagged
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelFailed, ModelMissing

#: The context window that Ollama loads a model with when nobody asks for one, on a small machine.
DEFAULT_WINDOW = 4096
#: Seconds that a server may say nothing in a download: it checks the hash of all that came at its end.
CHECKING = 3600.0


class OllamaKeeper:
    """Asks the server what it has, and tells it what to keep."""

    async def footprint(self, model: ResolvedModel) -> Footprint:
        """Return what the server says of the model's size; one that it runs elsewhere takes up nothing."""
        entry = (await listed(model)).get(tagged(model.model))
        if entry is None:
            raise missing(model)
        if entry.get("remote_host"):
            return Footprint(0, 0, 0)
        shown = await send(model, "/api/show", {"model": model.model})
        kv = cache_of(model, shown.get("model_info") or {}, model.window or DEFAULT_WINDOW)
        return Footprint(int(entry.get("size") or 0), kv, size_of(model.adapters))

    async def resident(self, model: ResolvedModel) -> bool:
        """Look among the models that the server runs."""
        return tagged(await served_name(model)) in await listed(model, "/api/ps")

    async def load(self, model: ResolvedModel) -> None:
        """Send an empty prompt, with the window that prompts are sent with later."""
        served = await bake(model)
        await send(model, "/api/generate", {"model": served.name, "options": loading(model), **keeping(model)})

    async def unload(self, model: ResolvedModel) -> None:
        """Send an empty prompt that is to be kept for no time."""
        if await self.resident(model):
            await send(model, "/api/generate", {"model": await served_name(model), "keep_alive": 0})

    async def pull(self, model: ResolvedModel, progress: Progress) -> None:
        """Have the server fetch the base."""
        if tagged(model.model) in await listed(model):
            return
        layers: dict[str, tuple[int, int]] = {}
        try:
            async for step in steps(model, "/api/pull", {"model": model.model}, CHECKING):
                _count(step, layers)
                progress(sum(done for done, _ in layers.values()), sum(total for _, total in layers.values()))
        except ModelFailed as error:
            if "does not exist" in str(error):
                problem = f"nobody offers {model.model} to Ollama at {model.address}"
                raise ModelMissing(f"{problem}: correct models.{model.model_id}.model") from error
            raise


def _count(step: dict[str, Any], layers: dict[str, tuple[int, int]]) -> None:
    """Note how far the layer that `step` is about has come, in bytes."""
    if digest := step.get("digest"):
        layers[digest] = int(step.get("completed") or 0), int(step.get("total") or 0)


KEEPER = OllamaKeeper()
