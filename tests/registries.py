"""A program that follows a registry, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metahuman.models.live import LiveRegistry
from metahuman.models.registry import Registry
from tests.fakes import FakeAudit, registry_content

SMALL = {"models": {"small": {"provider": "local", "model": "small"}}}
PERSONA_SMALL = {"defaults": {"persona": "small"}, "roleHierarchy": {"persona": ["small"]}}


class Running:
    """A program that follows a registry, which the shipped one stands in for."""

    def __init__(self, home: Path) -> None:
        self.own, self.shipped, self.audit = home / "own.json", home / "shipped.json", FakeAudit()
        self.shipped.write_text(json.dumps(registry_content(version="shipped")))
        self.live = LiveRegistry(lambda: self.own if self.own.exists() else self.shipped, home, self.audit)

    def edit(self, **sections: Any) -> None:
        self.own.write_text(json.dumps({**registry_content(), **sections}))

    def persona(self, registry: Registry | None = None) -> str:
        model = (registry or self.live()).resolve_model("persona")
        assert model is not None
        return model.model_id

    @property
    def told(self) -> list[str]:
        return [event.event for event in self.audit.events]


def with_small(**sections: Any) -> dict[str, Any]:
    content = registry_content()
    return {"models": {**content["models"], **SMALL["models"]}, **sections}
