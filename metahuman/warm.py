"""Brings models into memory while the person is still typing."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from metahuman.home import Home

if TYPE_CHECKING:
    from metahuman.models.registry import Registry
    from metahuman.models.resolved import ResolvedModel
    from metahuman.state.context import Mode


def warm_up(home: Home, mode: Mode | None = None) -> threading.Thread:
    """Start loading the models that should always be loaded, then the one that will speak.

    Nothing depends on it: what goes wrong here goes wrong again, and is told, when the model is asked.

    Args:
        home: The home whose registry says which these are.
        mode: The cognitive mode; the owner's own by default.

    Returns:
        The thread that loads them.
    """
    thread = threading.Thread(target=_load, args=(home, mode), name="metahuman-warm-up", daemon=True)
    thread.start()
    return thread


def _load(home: Home, mode: Mode | None) -> None:
    from metahuman.state.errors import MetaHumanError

    # asyncio raises a RuntimeError when the program ends meanwhile and no more threads may be started.
    with contextlib.suppress(MetaHumanError, RuntimeError):
        asyncio.run(_warm(home, mode))


async def _warm(home: Home, mode: Mode | None) -> None:
    from metahuman.audit.log import AuditLog
    from metahuman.clock import SystemClock
    from metahuman.models.residency import Residency
    from metahuman.models.resolved import distinct
    from metahuman.opening import open_memory, open_registry

    registry, clock = open_registry(home), SystemClock()
    roles = registry.asked(mode or await open_memory(home).current_mode())
    with contextlib.closing(AuditLog(home.audit, clock)) as audit:
        residency = Residency(audit, clock, lambda: registry.file.global_settings.memory_reserve)
        await residency.warm(model for model in distinct(roles) if model.always_loaded)
        if speaker := await _answering(registry, roles.get("persona", [])):
            await residency.warm([speaker])


async def _answering(registry: Registry, models: Iterable[ResolvedModel]) -> ResolvedModel | None:
    """Return the first of the persona's models that may be asked and can answer."""
    from metahuman.models.locality import too_far
    from metahuman.models.providers import open_provider
    from metahuman.state.errors import ModelError

    policy = registry.policy("persona")
    for model in models:
        with contextlib.suppress(ModelError):
            if not await too_far(model, policy):
                await open_provider(model.kind).check(model)
                return model
    return None
