"""What is brought into memory while the person types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from metahuman.home import Home
from metahuman.warm import warm_up
from tests.homes import write_registry
from tests.servers.ollama import OllamaServer


def content(address: str, *persona: str, **sections: Any) -> dict[str, Any]:
    """Return a registry whose orchestrator is always loaded, and whose persona is one of several models."""
    kept = {"metadata": {"alwaysLoaded": True}}
    models = {name: {"provider": "ollama", "model": name} for name in ("small", "coder", *persona)}
    models["small"] |= kept
    return {
        "defaults": {"orchestrator": "small", "persona": persona[0], "coder": "coder"},
        "models": models,
        "roleHierarchy": {"persona": list(persona)},
        "providers": {"ollama": {"baseUrl": address}},
        **sections,
    }


def loaded(home: Path) -> list[tuple[str, str]]:
    days = (home / "logs" / "audit").glob("*.ndjson")
    events = [json.loads(line) for day in days for line in day.read_text().splitlines()]
    assert all(event["details"]["ms"] > 0 for event in events if event["event"] == "model_loaded")
    return [(event["details"]["model"], event["details"]["why"]) for event in events]


def warm(home: Path, **more: Any) -> None:
    warm_up(Home(home), **more).join(30)


def test_what_is_always_loaded_comes_first_then_whoever_will_speak(tmp_path: Path) -> None:
    with OllamaServer(models=("small", "second", "coder")) as server:
        write_registry(tmp_path, content(server.url, "first", "second"))
        warm(tmp_path)
        assert list(server.loaded) == ["small:latest", "second:latest"]
        assert loaded(tmp_path) == [("small", "always loaded"), ("second", "about to be asked")]
        warm(tmp_path)
    assert len(loaded(tmp_path)) == 2


def test_a_role_that_is_off_needs_no_model(tmp_path: Path) -> None:
    off = {"cognitiveModeMappings": {"emulation": {"orchestrator": None}}}
    with OllamaServer(models=("small", "first")) as server:
        write_registry(tmp_path, content(server.url, "first", **off))
        warm(tmp_path, mode="emulation")
        assert list(server.loaded) == ["first:latest"]


def test_who_may_not_be_asked_is_not_loaded(tmp_path: Path) -> None:
    with OllamaServer(models=("small", "big-cloud", "second")) as server:
        write_registry(tmp_path, content(server.url, "big-cloud", "second"))
        warm(tmp_path)
        assert list(server.loaded) == ["small:latest", "second:latest"]


def test_nothing_depends_on_it(tmp_path: Path) -> None:
    write_registry(tmp_path, content("http://127.0.0.1:9", "first"))
    warm(tmp_path)
    write_registry(tmp_path, {"defaults": {"persona": "nobody"}})
    warm(tmp_path)
    assert loaded(tmp_path) == []
