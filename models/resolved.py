"""A model of the registry, ready to be asked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metahuman.models.schema import ModelOptions, Price, ProviderSettings, first_problem
from metahuman.state.errors import BadRequest

#: Where a kind of provider is found if the registry does not say.
ADDRESSES = {"ollama": "http://127.0.0.1:11434", "openai": "https://api.openai.com/v1"}


@dataclass(frozen=True)
class ResolvedModel:
    """A model of the registry, ready to be asked.

    Args:
        model_id: Its key in the registry.
        provider: Who runs it: a key of `providers`.
        kind: What sort of provider that is: ollama, openai or local.
        model: The provider's name for it.
        adapters: LoRA files it speaks with.
        options: How it is run.
        settings: How its provider is reached.
        price: What asking it costs.
        roles: The roles it is listed for; in any other it only stands in.
        siblings: All adapters that the registry names for this base, so that one loaded base can serve them all.
        window: The widest context window that the registry names for this base, in tokens: one window for all who
            use it keeps a server from loading it anew each time another role asks.
        always_loaded: Whether it is kept in memory.
        base_sha256: That of the base its adapters were trained on, where the registry says it.
    """

    model_id: str
    provider: str
    kind: str
    model: str
    adapters: tuple[Path, ...]
    options: ModelOptions
    settings: ProviderSettings
    price: Price
    roles: tuple[str, ...]
    siblings: tuple[Path, ...]
    window: int | None
    always_loaded: bool
    base_sha256: str | None = None

    @property
    def address(self) -> str:
        """Where its server is: what the registry says, or else the usual place; empty if it has none."""
        address = self.settings.base_url
        return ADDRESSES.get(self.kind, "") if address is None else address.rstrip("/")

    @property
    def counts_tokens(self) -> bool:
        """Whether its tokenizer can be asked: it runs in this process, or its server says so."""
        return self.kind == "local" or (self.kind == "openai" and self.settings.server != "openai")

    @property
    def calls_tools(self) -> bool:
        """Whether it calls tools of itself: what the registry says; small embedded models ramble when they try."""
        said = self.options.tool_calls
        return self.kind != "local" if said is None else said

    @property
    def scale(self) -> float:
        """How strongly its adapters colour the answer: as they were trained, where the registry does not say."""
        scale = self.options.adapter_scale
        return 1.0 if scale is None else scale

    @property
    def connection(self) -> tuple[Hashable, ...]:
        """Whatever makes two models need clients of their own; options travel with each call."""
        settings = self.settings
        address = (settings.base_url, settings.api_key, settings.timeout, settings.connect_timeout)
        voice = self.adapters, self.siblings, self.options.adapter_scale
        return self.provider, self.kind, self.model, self.window, voice, address

    def with_options(self, changes: Mapping[str, Any]) -> ResolvedModel:
        """Return this model with some options changed for one call, named as in the registry or in snake_case.

        Raises:
            BadRequest: If there is no such option, or it cannot have that value.
        """
        try:
            changed = ModelOptions.model_validate(changes)
        except ValidationError as error:
            key, problem = first_problem(error)
            raise BadRequest(f"option {key}: {problem}") from None
        if changed.model_extra:
            raise BadRequest(
                f"no option {', '.join(changed.model_extra)}; there are {', '.join(ModelOptions.model_fields)}"
            )
        return replace(self, options=self.options.model_copy(update=changed.model_dump(exclude_unset=True)))


def distinct(roles: Mapping[str, Iterable[ResolvedModel]]) -> list[ResolvedModel]:
    """Return every model that one of `roles` may ask, once."""
    return list({model.model_id: model for models in roles.values() for model in models}.values())
