"""Loads a base anew when the registry names other adapters for it: beside the turns, not within one."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from metahuman.models.providers.local import model_file, window
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel, distinct
from metahuman.state.errors import ModelError
from metahuman.state.events import adapter_loaded
from metahuman.state.services import Audit

if TYPE_CHECKING:
    from types import ModuleType

#: Where engines are. It is not imported for this: where nobody has, nothing is loaded.
ENGINES = "metahuman.models.providers.engine"
_Wanted = tuple[Path, tuple[Path, ...]]


class Swapper:
    """Sees to it that the engines of this process hold what a changed registry names.

    Args:
        audit: Where it is written down what was loaded.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._begun: dict[_Wanted, threading.Thread] = {}

    def ready(self, registry: Registry) -> bool:
        """Tell whether every base that is loaded has been loaded with the adapters that `registry` names for it.

        What is missing begins to load in a thread of its own, once: an adapter that cannot be loaded is told when it is
        asked for.
        """
        engines = sys.modules.get(ENGINES)
        if not engines:
            return True
        lacking = [model for model in _local_models(registry) if self._lacks(model, engines)]
        return not any(thread.is_alive() for thread in map(self._loading, lacking))

    def _lacks(self, model: ResolvedModel, engines: ModuleType) -> bool:
        held = engines.adapters_of(model_file(model))
        return held is not None and not set(model.adapters) <= set(held)

    def _loading(self, model: ResolvedModel) -> threading.Thread:
        wanted = model_file(model), model.siblings
        with self._lock:
            if wanted not in self._begun:
                thread = threading.Thread(target=self._load, args=(model,), name="metahuman-adapters", daemon=True)
                self._begun[wanted] = thread
                thread.start()
            return self._begun[wanted]

    def _load(self, model: ResolvedModel) -> None:
        from metahuman.models.providers.engine import renew_engine

        with contextlib.suppress(ModelError):
            engine = renew_engine(model_file(model), window(model), model.siblings)
            if engine:
                adapters = [str(adapter) for adapter in engine.adapters]
                event = adapter_loaded(model.model_id, model.provider, adapters, "per_request", engine.loaded_ms)
                self._audit.record(event)


def _local_models(registry: Registry) -> list[ResolvedModel]:
    """Return the models with adapters that some role may ask for in this process, in any mode."""
    modes = (None, *registry.file.cognitive_mode_mappings)
    asked = {
        f"{role} {mode}": registry.candidates(role, mode) for role in registry.list_available_roles() for mode in modes
    }
    return [model for model in distinct(asked) if model.kind == "local" and model.adapters]
