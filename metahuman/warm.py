"""Loads the model that will speak while the person is still typing."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from metahuman.home import Home


def warm_up(home: Home) -> threading.Thread:
    """Start loading the persona's model, if it is one that runs in this process and no better one is there.

    Nothing depends on it: what goes wrong here goes wrong again, and is told, when the model is asked.

    Args:
        home: The home whose registry says who the persona is.

    Returns:
        The thread that loads it.
    """
    thread = threading.Thread(target=_load, args=(home,), name="metahuman-warm-up", daemon=True)
    thread.start()
    return thread


def _load(home: Home) -> None:
    from metahuman.models.providers import open_provider
    from metahuman.models.providers.local import LocalProvider
    from metahuman.registry import open_registry
    from metahuman.state.errors import MetaHumanError, ModelError

    with contextlib.suppress(MetaHumanError):
        for model in open_registry(home).candidates("persona"):
            with contextlib.suppress(ModelError):
                provider = open_provider(model.provider)
                asyncio.run(provider.check(model))
                if isinstance(provider, LocalProvider):
                    provider.load(model)
                return
