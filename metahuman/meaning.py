"""The embedder role, as recall asks it: only where the owner wants memories found by their meaning too."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from metahuman.home import Home
from metahuman.memory.minded import Minded
from metahuman.memory.recall.meaning import Vectors
from metahuman.models.router import RoleRouter
from metahuman.state.background import background
from metahuman.state.errors import SettingError
from metahuman.state.files import read_json

ROLE = "embedder"


class RoleMeaning:
    """Asks the embedder role of the registry: down its hierarchy, audited, like every model call.

    Args:
        models: The role router.
    """

    def __init__(self, models: RoleRouter) -> None:
        self._models = models

    def vectors(self, texts: Sequence[str], *, asking: bool) -> Vectors:
        """Return a vector of length one for each text, (n, d); blocks.

        Raises:
            ModelError: If no embedder answers.
        """
        found = np.array(background.run(self._models.embed(list(texts))), np.float32)
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), np.float32)


def minded(home: Home, models: RoleRouter) -> Minded | None:
    """Return what knows the meanings of a home's memories; None unless `etc/memory.json` says `"meaning": true`.

    Raises:
        SettingError: If it says anything else but true or false.
    """
    path = home.setting("memory.json")
    wanted = read_json(path).get("meaning", False)
    if not isinstance(wanted, bool):
        raise SettingError(path, "meaning", f"is {wanted!r}", "write true or false")
    if not wanted or not models.serves_embeddings():
        return None
    model = models.registry().candidates(ROLE, listed_only=True)[0]
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{model.provider}-{model.model}")[-80:]
    return Minded(RoleMeaning(models), home.root / "state" / "vectors" / f"{name}.sqlite")
