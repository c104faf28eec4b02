"""The clients of model servers: made when a model is first asked, kept as long as its event loop."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Hashable
from typing import NamedTuple

from langchain_core.language_models import BaseChatModel

from metahuman.models.providers import Provider, Served
from metahuman.models.resolved import ResolvedModel
from metahuman.state.events import adapter_loaded
from metahuman.state.services import Audit


class Client(NamedTuple):
    """A chat model, and what its server calls it."""

    chat: BaseChatModel
    served: Served
    provider: Provider


#: By `ResolvedModel.connection`.
_Open = dict[tuple[Hashable, ...], Client]


class Clients:
    """Opens clients, once for each connection and event loop: a connection belongs to the loop it was made on.

    Args:
        providers: Finds a provider by its type.
        audit: Where it is written down which adapters were made ready.
    """

    def __init__(self, providers: Callable[[str], Provider], audit: Audit) -> None:
        self._providers, self._audit = providers, audit
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = weakref.WeakKeyDictionary()

    def provider(self, model: ResolvedModel) -> Provider:
        """Return the provider of `model`.

        Raises:
            ModelMissing: If this program has none of that type.
        """
        return self._providers(model.kind)

    async def of(self, model: ResolvedModel) -> Client:
        """Return the client of `model`, its adapters ready.

        Raises:
            ModelError: If they cannot be made ready.
        """
        opened = self._here()
        if model.connection not in opened:
            provider = self.provider(model)
            served = await provider.prepare(model)
            if served.loaded_ms is not None:
                adapters, how = [str(adapter) for adapter in model.adapters], provider.adapter_use(model)
                event = adapter_loaded(model.model_id, model.provider, adapters, how, served.loaded_ms)
                await self._audit.arecord(event)
            if model.connection not in opened:  # two calls may have been the first
                opened[model.connection] = Client(provider.connect(model, served), served, provider)
        return opened[model.connection]

    def forget(self, model: ResolvedModel) -> None:
        """Have the next call of `model` make its adapters ready anew; calls that are under way go on."""
        opened = self._here()
        if model.adapters and (client := opened.pop(model.connection, None)):
            opened[object(),] = client  # still to be closed

    async def aclose(self) -> None:
        """Close the clients made on this event loop."""
        for client in self._loops.pop(asyncio.get_running_loop(), {}).values():
            await client.provider.disconnect(client.chat)

    def _here(self) -> _Open:
        return self._loops.setdefault(asyncio.get_running_loop(), {})
