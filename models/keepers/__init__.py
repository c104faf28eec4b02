"""What is done with models beside asking them: bringing them onto the disk and into memory, and weighing them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from metahuman.models.gguf import kv_bytes
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelMissing

#: Told the bytes that have come and the bytes in all (0 if nobody knows).
Progress = Callable[[int, int], None]
#: Servers of the OpenAI kind load what they were started with: there is nothing to keep.
KEEPERS = ("ollama", "local")


@dataclass(frozen=True)
class Footprint:
    """What a model takes up, in bytes.

    Args:
        weights: The base model's own.
        kv: The attention cache at the model's context window.
        adapters: Its LoRAs.
    """

    weights: int
    kv: int
    adapters: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.kv + self.adapters


class Keeper(Protocol):
    """Looks after the models of one kind of provider."""

    async def footprint(self, model: ResolvedModel) -> Footprint:
        """Return what `model` takes up once it is loaded.

        Raises:
            ModelError: If it is not there, or says nothing of its size.
        """
        ...

    async def resident(self, model: ResolvedModel) -> bool:
        """Tell whether `model` is in memory.

        Raises:
            ModelError: If its server does not answer.
        """
        ...

    async def load(self, model: ResolvedModel) -> None:
        """Bring `model` into memory, unless it is there, and keep it for as long as its options say.

        Raises:
            ModelError: If that cannot be done.
        """
        ...

    async def unload(self, model: ResolvedModel) -> None:
        """Take `model` out of memory; a later call loads it again.

        Raises:
            ModelError: If its server does not answer.
        """
        ...

    async def pull(self, model: ResolvedModel, progress: Progress) -> None:
        """Bring `model` onto the disk, unless it is there.

        Raises:
            ModelError: If that cannot be done.
        """
        ...


def open_keeper(kind: str) -> Keeper | None:
    """Return who looks after models of the provider type `kind`, or None if nobody can."""
    if kind not in KEEPERS:
        return None
    return cast(Keeper, importlib.import_module(f"metahuman.models.keepers.{kind}").KEEPER)


def cache_of(model: ResolvedModel, metadata: Mapping[str, Any], window: int) -> int:
    """Return the bytes of the attention cache of `model` at a window of so many tokens.

    Raises:
        ModelMissing: If its metadata does not say how it is built.
    """
    try:
        return kv_bytes(metadata, window)
    except ValueError as error:
        raise ModelMissing(f"{model.model} is no language model that can be weighed: {error}") from error


def size_of(files: Iterable[Path]) -> int:
    """Return the bytes of those files that are there."""
    return sum(file.stat().st_size for file in files if file.is_file())
