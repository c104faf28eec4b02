"""Which models are in memory: those that should always be are brought there, idle ones leave when memory runs short."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from metahuman.models.keepers import Keeper, open_keeper
from metahuman.models.machine import Memory, machine_memory
from metahuman.models.providers.ollama_api import tagged
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError
from metahuman.state.events import model_loaded, model_unloaded
from metahuman.state.services import Audit, Clock

#: Milliseconds between two looks at the memory, and those after which a model counts as idle.
LOOK_EVERY, IDLE = 5_000.0, 30_000.0


def instance_of(model: ResolvedModel) -> tuple[Hashable, ...]:
    """Return what makes two models of the registry one in memory.

    One engine of this process serves all adapters of its base; Ollama bakes adapters into a model of their own.
    """
    if model.kind != "ollama":
        return model.kind, model.address, model.model
    scale = model.options.adapter_scale
    voice = (model.adapters, scale) if model.adapters and scale != 0 else ()
    return model.kind, model.address, tagged(model.model), voice


class _Use(NamedTuple):
    """When a model answered last, in milliseconds, and who can unload it."""

    when: float
    model: ResolvedModel
    keeper: Keeper


class Residency:
    """Looks after the models that are in memory.

    Args:
        audit: Where it is written down what was loaded and unloaded.
        clock: Tells how long a model was idle.
        reserve: Returns the share of the memory to keep free, 0 to 1.
        keepers: Finds who can load and unload the models of a provider type.
        memory: Returns the machine's memory.
    """

    def __init__(
        self,
        audit: Audit,
        clock: Clock,
        reserve: Callable[[], float],
        keepers: Callable[[str], Keeper | None] = open_keeper,
        memory: Callable[[], Memory] = machine_memory,
    ) -> None:
        self._audit, self._clock, self._reserve, self._keepers, self._memory = audit, clock, reserve, keepers, memory
        self._used: dict[tuple[Hashable, ...], _Use] = {}
        self._looked = float("-inf")

    async def warm(self, models: Iterable[ResolvedModel]) -> None:
        """Bring into memory those of `models` that are not there; one that cannot be loaded is left to its first call.

        Args:
            models: What to load, the most important first.
        """
        for model in models:
            if keeper := self._keepers(model.kind):
                started = self._clock.milliseconds()
                try:
                    if await keeper.resident(model):
                        continue
                    await keeper.load(model)
                except ModelError:
                    continue
                took = round(self._clock.milliseconds() - started, 2)
                why = "always loaded" if model.always_loaded else "about to be asked"
                await self._audit.arecord(model_loaded(model.provider, model.model, why, took))

    async def used(self, model: ResolvedModel) -> None:
        """Note that `model` has just answered; when memory is short, let the one that was idle longest go.

        One at a time: a server needs a moment to give memory back, and the next look may find that it was enough.
        """
        now = self._clock.milliseconds()
        if keeper := self._keepers(model.kind):
            self._used[instance_of(model)] = _Use(now, model, keeper)
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        memory = self._memory()
        if memory.available < memory.total * self._reserve():
            idle = [use for use in self._used.values() if now - use.when >= IDLE and not use.model.always_loaded]
            for longest in sorted(idle, key=lambda use: use.when)[:1]:
                await self._let_go(longest)

    async def _let_go(self, use: _Use) -> None:
        model = use.model
        del self._used[instance_of(model)]
        try:
            if not await use.keeper.resident(model):
                return  # its server has let it go already
            await use.keeper.unload(model)
        except ModelError:
            return  # its server is gone, and the model with it
        await self._audit.arecord(model_unloaded(model.provider, model.model, "memory runs short"))
