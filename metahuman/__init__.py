"""MetaHuman: a digital twin that runs on its owner's machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metahuman.api import MetaHuman
    from metahuman.reply import Event, Found, Intended, Reply, Routed, Stepped, Token
    from metahuman.roles import (
        LLMResponse,
        RoleChatModel,
        acall_llm,
        call_llm,
        list_available_roles,
        resolve_model,
        stream_llm,
        validate_registry,
    )
    from metahuman.specialists import detect_specialist_type
    from metahuman.state.errors import MetaHumanError

__all__ = [
    "Event",
    "Found",
    "Intended",
    "LLMResponse",
    "MetaHuman",
    "MetaHumanError",
    "Reply",
    "RoleChatModel",
    "Routed",
    "Stepped",
    "Token",
    "acall_llm",
    "call_llm",
    "detect_specialist_type",
    "list_available_roles",
    "resolve_model",
    "stream_llm",
    "validate_registry",
]

_PLACES = {
    "MetaHuman": "api",
    "MetaHumanError": "state.errors",
    "detect_specialist_type": "specialists",
    **dict.fromkeys(("Event", "Found", "Intended", "Reply", "Routed", "Stepped", "Token"), "reply"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: the command line must be quick to say what it can do."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES.get(name, 'roles')}"), name)
