"""What the role router needs of a provider, and where each is found. SDKs are imported when one is first used."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import httpx
from langchain_core.language_models import BaseChatModel

from metahuman.models.registry import SUPPORTED_PROVIDERS, ResolvedModel
from metahuman.models.schema import ModelOptions
from metahuman.state.errors import BadKey, ModelDown, ModelError, ModelMissing, ModelTimeout

#: Options that every provider calls by the same names.
SAMPLING = {name: name for name in ("temperature", "top_p", "stop", "seed")}
#: Those that llama.cpp has beside them, and Ollama from it.
LLAMA_SAMPLING = SAMPLING | {name: name for name in ("top_k", "repeat_penalty")}


@dataclass(frozen=True)
class AnswerSchema:
    """The JSON schema an answer must fit, and the name some providers want for it."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """What one call asks for beside its messages.

    Args:
        tools: Tools the model may call, in OpenAI's format.
        tool_choice: "auto", "none", "required" or a tool's name, where the provider knows it.
        schema: The schema the answer must fit.
    """

    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str | None = None
    schema: AnswerSchema | None = None


class Provider(Protocol):
    """One kind of model server."""

    def connect(self, model: ResolvedModel) -> BaseChatModel:
        """Return a client for `model`; what may differ from call to call is left to `request`."""
        ...

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close the connections of a client that `connect` returned."""
        ...

    def request(self, model: ResolvedModel, wish: Wish) -> dict[str, Any]:
        """Return the keyword arguments of one call: the model's options and the call's wishes, in its own words."""
        ...

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what `error` means, or None if it is not about the model."""
        ...

    async def check(self, model: ResolvedModel) -> None:
        """Ask, without generating anything, whether `model` could answer now.

        Raises:
            ModelError: If it could not.
        """
        ...


def open_provider(name: str) -> Provider:
    """Return the provider called `name`.

    Raises:
        ModelMissing: If this program has no such provider.
    """
    if name not in SUPPORTED_PROVIDERS:
        raise ModelMissing(f"provider {name!r} is not one of {', '.join(SUPPORTED_PROVIDERS)}")
    return cast(Provider, importlib.import_module(f"metahuman.models.providers.{name}").PROVIDER)


def explain_http(error: Exception, model: ResolvedModel) -> ModelError | None:
    """Return what a failed HTTP exchange means for `model`, or None if `error` is not one."""
    address = model.settings.base_url or model.provider
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return ModelTimeout(f"{model.model} at {address} took too long")
    if isinstance(error, httpx.ConnectError | ConnectionError):
        return ModelDown(f"nothing answers at {address}")
    if isinstance(error, json.JSONDecodeError):
        return ModelDown(f"{address} broke off in the middle of its JSON")
    if isinstance(error, httpx.TransportError | httpx.InvalidURL):
        return ModelDown(f"{address} broke off: {error or type(error).__name__}")
    return None


def require_files(*files: Path) -> None:
    """See that a local model's files are there.

    Raises:
        ModelMissing: Naming the first that is not.
    """
    for file in files:
        if not file.is_file():
            raise ModelMissing(f"no model file {file}: `metahuman models pull` fetches the embedded one")


def bad_key(model: ResolvedModel) -> BadKey:
    """Return what to tell when a server does not accept the key it was given."""
    return BadKey(f"{model.settings.base_url} refuses the key: set providers.{model.provider}.apiKey")


async def ask_json(model: ResolvedModel, path: str) -> dict[str, Any]:
    """Return what a model's server says at `path`, a JSON object; empty if it has no such place.

    Raises:
        ModelError: If nobody answers, the key is refused, or what answers is no model server.
    """
    settings = model.settings
    address, wait = (settings.base_url or "").rstrip("/"), settings.connect_timeout / 1000
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    try:
        async with httpx.AsyncClient(timeout=wait, headers=headers, verify=is_secure(model)) as client:
            response = await client.get(f"{address}{path}")
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise bad_key(model)
        answer = response.json() if response.is_success else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise explain_http(error, model) or ModelDown(f"{address} is no model server: {error}") from error
    if not isinstance(answer, dict):
        raise ModelDown(f"{address} is no model server")
    return answer


def is_secure(model: ResolvedModel) -> bool:
    """Tell whether a model's server wants certificates: loading them takes longer than a small model's answer."""
    return (model.settings.base_url or "").startswith("https:")


def given(options: ModelOptions, **names: str) -> dict[str, Any]:
    """Return those options that were set, under a provider's own names.

    Args:
        options: The model's options.
        names: The provider's name for each option it knows: `max_tokens="num_predict"`.
    """
    chosen = options.model_dump(include=set(names), exclude_none=True)
    return {names[option]: value for option, value in chosen.items()}
