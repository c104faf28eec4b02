"""Model calls as the audit tells them."""

from __future__ import annotations

from typing import Any


def a_call(**changes: Any) -> dict[str, Any]:
    return {
        "role": "persona",
        "modelId": "default.persona",
        "provider": "ollama",
        "model": "qwen3:8b",
        "adapters": [],
        "tokens": {"prompt": 100, "completion": 20, "cached": 60},
        "cost": 0.5,
        "latencyMs": 3000.0,
        "firstTokenMs": 200.0,
        "fallback": False,
        "failed": [],
        "why": None,
        "mode": "dual",
        "thread": "main",
        "error": None,
        **changes,
    }


def a_try(kind: str = "timeout", **changes: Any) -> dict[str, Any]:
    tokens = {"prompt": 7, "completion": 1, "cached": 0}
    named = {"modelId": "first", "provider": "openai", "model": "big"}
    return {**named, "kind": kind, "why": "too slow", "tokens": tokens, "cost": 0.25, "latencyMs": 1000.0, **changes}
