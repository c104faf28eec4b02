"""A circuit breaker: a model that failed, or a whole server, is left alone for a while and does not cost every turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from metahuman.models.providers import Provider
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError, ModelSetAside
from metahuman.state.events import model_back, model_set_aside
from metahuman.state.services import Audit, Clock

#: Seconds a server gets to show that it is there again: a turn is waiting.
PROBE_SECONDS = 0.3
#: Seconds that nobody is set aside beyond, however often it failed.
LONGEST = 300.0
#: A provider's address, and the model there; None for the server as a whole.
Place = tuple[str, str | None, str | None]


@dataclass
class Circuit:
    """A model, or a server, that is set aside.

    Args:
        failures: How often it failed in a row.
        until: When it may be tried again, in the clock's milliseconds.
        why: What went wrong last.
        trying: Whether one call is finding out if it is back; the others do not wait for that.
    """

    failures: int = 0
    until: float = 0.0
    why: str = ""
    trying: bool = False


class Breaker:
    """Keeps calls from models that failed a moment ago.

    After its cooldown a model is looked for with a cheap request; if it is there, one call tries it. Should that fail
    too, it is set aside for twice as long.

    Args:
        clock: Tells when a cooldown is over.
        audit: Where it is written down who was set aside, and who is back.
    """

    def __init__(self, clock: Clock, audit: Audit) -> None:
        self._clock, self._audit = clock, audit
        self._open: dict[Place, Circuit] = {}

    @asynccontextmanager
    async def admitted(
        self, model: ResolvedModel, provider: Provider, *, last_hope: bool = False
    ) -> AsyncIterator[None]:
        """Let one call to `model` through, and learn from how it ends.

        Args:
            model: The model.
            provider: Its provider.
            last_hope: Whether nobody could answer instead; then it is asked in any case.

        Raises:
            ModelSetAside: If the model, or its server, is not to be asked now.
        """
        here = model.provider, model.settings.base_url
        known: list[Place] = [(*here, None), (*here, model.model)]
        places = [place for place in known if place in self._open]
        circuits = [] if last_hope else self._due(places)
        with _trying(circuits):
            if circuits:
                await self._look(circuits, model, provider)
            try:
                yield
            except ModelError as error:
                if error.trips == "no":  # it answered, if not as hoped
                    await self._close(places)
                elif error.trips:
                    # What runs in this process has no server that could be down.
                    whole_server = error.trips == "server" and model.settings.base_url
                    await self._set_aside((*here, None if whole_server else model.model), model, error)
                raise
            await self._close(places)

    def _due(self, places: list[Place]) -> list[Circuit]:
        """Return the circuits of `places` if their time is over and nobody else is trying them."""
        circuits = [self._open[place] for place in places]
        for circuit in circuits:
            left = (circuit.until - self._clock.milliseconds()) / 1000
            if circuit.trying or left > 0:
                raise ModelSetAside(f"set aside for {max(left, 0):.0f} s: {circuit.why}")
        return circuits

    async def _look(self, circuits: list[Circuit], model: ResolvedModel, provider: Provider) -> None:
        """Look, with a cheap request, whether the model is there again."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await provider.check(model)
        except (ModelError, TimeoutError) as error:
            for circuit in circuits:
                self._extend(circuit, model, str(error) or circuit.why)
            raise ModelSetAside(f"still set aside: {circuits[0].why}") from error

    async def _set_aside(self, place: Place, model: ResolvedModel, error: ModelError) -> None:
        circuit = self._open.setdefault(place, Circuit())
        seconds = self._extend(circuit, model, str(error), error.retry_after or 0)
        await self._audit.arecord(model_set_aside(model.provider, place[2], circuit.why, seconds))

    def _extend(self, circuit: Circuit, model: ResolvedModel, why: str, at_least: float = 0.0) -> float:
        """Set aside for the cooldown, doubled with every failure in a row; return the seconds."""
        cooldown = min(model.settings.cooldown / 1000 * 2.0**circuit.failures, LONGEST)
        seconds = max(cooldown, at_least)
        circuit.failures, circuit.why = circuit.failures + 1, why
        circuit.until = self._clock.milliseconds() + seconds * 1000
        return seconds

    async def _close(self, places: list[Place]) -> None:
        for place in places:
            if self._open.pop(place, None):
                await self._audit.arecord(model_back(place[0], place[2]))


@contextmanager
def _trying(circuits: list[Circuit]) -> Iterator[None]:
    """Keep others off the circuits for as long as the block lasts."""
    for circuit in circuits:
        circuit.trying = True
    try:
        yield
    finally:
        for circuit in circuits:
            circuit.trying = False
