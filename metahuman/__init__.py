"""MetaHuman: a digital twin that runs on its owner's machine."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metahuman.api import MetaHuman
    from metahuman.detecting import detect_specialist_type
    from metahuman.reply import Begun, Event, Found, Intended, Noted, Reply, Routed, Stepped, Token
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
    from metahuman.specialists import (
        SpecialistResult,
        SpecialistTask,
        acreate_plan,
        agenerate_code,
        aroute_to_specialist,
        aroute_to_specialists_parallel,
        asummarize_text,
        create_plan,
        generate_code,
        route_to_specialist,
        route_to_specialists_parallel,
        summarize_text,
    )
    from metahuman.state.errors import MetaHumanError

__all__ = [
    "Begun",
    "Event",
    "Found",
    "Intended",
    "LLMResponse",
    "MetaHuman",
    "MetaHumanError",
    "Noted",
    "Reply",
    "RoleChatModel",
    "Routed",
    "SpecialistResult",
    "SpecialistTask",
    "Stepped",
    "Token",
    "acall_llm",
    "acreate_plan",
    "agenerate_code",
    "aroute_to_specialist",
    "aroute_to_specialists_parallel",
    "asummarize_text",
    "call_llm",
    "create_plan",
    "detect_specialist_type",
    "generate_code",
    "list_available_roles",
    "resolve_model",
    "route_to_specialist",
    "route_to_specialists_parallel",
    "stream_llm",
    "summarize_text",
    "validate_registry",
]

_PLACES = {
    "MetaHuman": "api",
    "MetaHumanError": "state.errors",
    "detect_specialist_type": "detecting",
    **dict.fromkeys(("Begun", "Event", "Found", "Intended", "Noted", "Reply", "Routed", "Stepped", "Token"), "reply"),
    **dict.fromkeys(("SpecialistResult", "SpecialistTask"), "specialists"),
    **dict.fromkeys(("route_to_specialist", "route_to_specialists_parallel"), "specialists"),
    **dict.fromkeys(("aroute_to_specialist", "aroute_to_specialists_parallel"), "specialists"),
    **dict.fromkeys(("generate_code", "create_plan", "summarize_text"), "specialists"),
    **dict.fromkeys(("agenerate_code", "acreate_plan", "asummarize_text"), "specialists"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more: the command line must be quick to say what it can do."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES.get(name, 'roles')}"), name)
