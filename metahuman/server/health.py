"""Whether the models of each role can answer, looked at in the background: no request waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from metahuman.audit.reader import Entry
from metahuman.models.keepers import open_keeper
from metahuman.models.providers import Provider
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel, distinct
from metahuman.state.context import Mode
from metahuman.state.errors import ModelError
from metahuman.state.moments import iso
from metahuman.status import model_json

#: Seconds that one look at one model may take.
PATIENCE = 5.0
#: What a call of the audit's tells of a role.
CALL_KEYS = ("timestamp", "modelId", "latencyMs", "firstTokenMs", "fallback", "why", "error")


@dataclass
class Health:
    """What is known of the models.

    Args:
        providers: Finds a provider by its type.
        checked_at: When the models were last looked at.
    """

    providers: Callable[[str], Provider]
    checked_at: str | None = None
    problems: dict[str, str] = field(default_factory=dict)
    loaded: dict[str, bool | None] = field(default_factory=dict)
    last_calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    _aside: dict[tuple[str, str | None], tuple[float, str]] = field(default_factory=dict)
    _degraded: dict[str, str] = field(default_factory=dict)

    def note(self, entry: Entry) -> None:
        """Learn from an event of the audit log."""
        about = entry.details
        match entry.get("event"):
            case "llm_call":
                told = {"timestamp": entry.get("timestamp"), **about}
                self.last_calls[str(about.get("role"))] = {key: told.get(key) for key in CALL_KEYS}
            case "model_set_aside":
                seconds = about.get("seconds")
                until = time.monotonic() + (seconds if isinstance(seconds, int | float) else 0.0)
                self._aside[_place(about)] = until, f"set aside: {about.get('why')}"
            case "model_back":
                self._aside.pop(_place(about), None)

    async def look(self, registry: Registry, mode: Mode, now: datetime) -> None:
        """Look whether each model that a role may ask is there; all at once, and none is asked to speak."""
        models = distinct(registry.asked(mode))
        found = await asyncio.gather(*(self._problem(model) for model in models))
        loaded = await asyncio.gather(*map(_loaded, models))
        self.problems = {model.model_id: told for model, told in zip(models, found, strict=True) if told}
        self.loaded = {model.model_id: one for model, one in zip(models, loaded, strict=True)}
        self.checked_at = iso(now)

    def roles(self, registry: Registry, mode: Mode, now: datetime) -> dict[str, dict[str, Any]]:
        """Return who answers for each role, and how that goes."""
        return {role: self._role(role, models, iso(now)) for role, models in registry.asked(mode).items()}

    def _role(self, role: str, models: list[ResolvedModel], now: str) -> dict[str, Any]:
        problems = {model.model_id: told for model in models if (told := self._why_not(model))}
        first = models[0] if models else None
        answering = next((model for model in models if model.model_id not in problems), None)
        degraded = first is not None and answering is not first
        if degraded:
            self._degraded.setdefault(role, now)
        else:
            self._degraded.pop(role, None)
        return {
            **model_json(first),
            "answering": answering.model_id if answering else None,
            "fallback": degraded and answering is not None,
            "problems": problems,
            "loaded": self.loaded.get(answering.model_id) if answering else None,
            "degradedSince": self._degraded.get(role),
            "lastCall": self.last_calls.get(role),
        }

    def _why_not(self, model: ResolvedModel) -> str | None:
        for place in ((model.provider, None), (model.provider, model.model)):
            until, why = self._aside.get(place, (0.0, ""))
            if until > time.monotonic():
                return why
        return self.problems.get(model.model_id)

    async def _problem(self, model: ResolvedModel) -> str | None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.providers(model.kind).check(model)
        except ModelError as error:
            return str(error)
        except TimeoutError:
            return f"{model.address or model.provider} did not say in {PATIENCE:g} s whether it is there"
        return None


async def _loaded(model: ResolvedModel) -> bool | None:
    """Tell whether a model is in memory; None where nobody can tell."""
    keeper = open_keeper(model.kind)
    if keeper is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await keeper.resident(model)
    except (ModelError, TimeoutError):
        return None


def _place(about: Mapping[str, Any]) -> tuple[str, str | None]:
    model = about.get("model")
    return str(about.get("provider")), None if model is None else str(model)
