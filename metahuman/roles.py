"""The roles as functions and as a LangChain chat model: whoever the home's registry names answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue

from metahuman.home import Home, find_home
from metahuman.models.calls import RoleCall
from metahuman.models.resolved import ResolvedModel
from metahuman.models.role_chat_model import RoleChatModel as AnyRoleChatModel
from metahuman.models.router import RoleRouter
from metahuman.opening import open_registry
from metahuman.state.background import background
from metahuman.state.events import ModelCall, Tokens
from metahuman.wiring import shared_services


@dataclass(frozen=True)
class LLMResponse:
    """What a role answered.

    Args:
        content: Its words.
        model: The model that answered, as its provider calls it.
        role: The role that was asked.
        tokens: What it cost.
        call: The whole record of the call: times, whether a fallback answered, and why.
    """

    content: str
    model: str | None
    role: str
    tokens: Tokens
    call: ModelCall


def call_llm(
    role: str, messages: LanguageModelInput, *, mode: str | None = None, home: str | None = None, **options: Any
) -> LLMResponse:
    """Ask whoever answers for `role`.

    Args:
        role: A role of the registry.
        messages: A text, or messages as LangChain or as dictionaries have them.
        mode: The cognitive mode, which may choose another model.
        home: The home whose registry holds; METAHUMAN_HOME's by default.
        options: Options over the registry's: `temperature=0, max_tokens=200`.

    Raises:
        ModelError: If no model could answer, or the request is at fault.
        SettingError: If the registry cannot be used.
    """
    return background.run(acall_llm(role, messages, mode=mode, home=home, **options))


async def acall_llm(
    role: str, messages: LanguageModelInput, *, mode: str | None = None, home: str | None = None, **options: Any
) -> LLMResponse:
    """As `call_llm`, for async callers."""
    message = await _router(find_home(home)).generate(_call(role, messages, mode, options))
    call: ModelCall = message.response_metadata["modelCall"]
    return LLMResponse(message.text, call["model"], role, call["tokens"], call)


def stream_llm(
    role: str, messages: LanguageModelInput, *, mode: str | None = None, home: str | None = None, **options: Any
) -> Iterator[str]:
    """Yield the answer of `call_llm` as it comes.

    Raises:
        BrokenAnswer: If it breaks off; it carries what had come.
    """
    chunks = _router(find_home(home)).stream(_call(role, messages, mode, options))
    return (chunk.text for chunk in background.iterate(chunks) if chunk.text)


class RoleChatModel(AnyRoleChatModel):
    """The LangChain chat model of a role of a home's registry, to bind tools and schemas on.

    Args:
        role: The role it is.
        home: The home; METAHUMAN_HOME's by default.
        others: `mode`, `overrides`, `options`, as for the class it extends.
    """

    def __init__(self, role: str, home: str | None = None, **others: Any) -> None:
        super().__init__(role=role, **{"router": _router(find_home(home)), **others})


def resolve_model(
    role: str, mode: str | None = None, overrides: Mapping[str, Any] | None = None, *, home: str | None = None
) -> ResolvedModel | None:
    """Return the model asked first for `role`; see `Registry.resolve_model`."""
    return open_registry(find_home(home)).resolve_model(role, mode, overrides)


def list_available_roles(*, home: str | None = None) -> list[str]:
    """Return every role of the registry that has a model."""
    return open_registry(find_home(home)).list_available_roles()


def validate_registry(*, home: str | None = None) -> tuple[bool, list[str]]:
    """Return whether the registry has no error, and a line for each; see `Registry.validate_registry`."""
    return open_registry(find_home(home)).validate_registry()


def _router(home: Home) -> RoleRouter:
    return shared_services(home).models


def _call(role: str, messages: LanguageModelInput, mode: str | None, options: Mapping[str, Any]) -> RoleCall:
    return RoleCall(role, _messages(messages), mode, options=options)


def _messages(messages: LanguageModelInput) -> list[BaseMessage]:
    if isinstance(messages, PromptValue):
        return messages.to_messages()
    return convert_to_messages([messages] if isinstance(messages, str) else messages)
