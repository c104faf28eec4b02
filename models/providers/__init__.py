"""What the role router needs of a provider, and where each is found. SDKs are imported when one is first used."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import httpx

from metahuman.models.locality import server_away
from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import ModelOptions
from metahuman.models.validation import KINDS
from metahuman.state.errors import BadKey, ModelBusy, ModelDown, ModelError, ModelFailed, ModelMissing, ModelTimeout

if TYPE_CHECKING:  # commands that ask no model need not wait for LangChain
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

#: Options that every provider calls by the same names.
SAMPLING = {name: name for name in ("temperature", "top_p", "stop", "seed")}
#: Those that llama.cpp has beside them, and Ollama from it.
LLAMA_SAMPLING = SAMPLING | {name: name for name in ("top_k", "repeat_penalty")}


@dataclass(frozen=True)
class AnswerSchema:
    """What an answer must fit.

    Args:
        name: A name, which some providers want.
        schema: The JSON schema.
        read: Returns what an answer says, or raises BadAnswer if it does not fit.
    """

    name: str
    schema: Mapping[str, Any]
    read: Callable[[AIMessage], Any]


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


#: How a server takes adapters: chosen with each request, made into a model of its own, or not at all.
AdapterUse = Literal["per_request", "baked", "none"]


@dataclass(frozen=True)
class Served:
    """A model as its server knows it, its adapters ready.

    Args:
        name: What to call it in a request.
        loras: Where a server counts its adapters: the numbers of those this model speaks with.
        loaded_ms: Milliseconds it took to make the adapters ready; None if they were, or there are none.
    """

    name: str
    loras: tuple[int, ...] = ()
    loaded_ms: float | None = None


@dataclass(frozen=True)
class Embedded:
    """What a server made of some texts.

    Args:
        vectors: One for each text, in the texts' order, if all is well: as they came, and not looked at yet.
        tokens: How many the texts have.
        evicted: The models that it took out of memory to make room for the one that was asked.
    """

    vectors: Any
    tokens: int
    evicted: tuple[str, ...] = ()


class Provider(Protocol):
    """One kind of model server."""

    def adapter_use(self, model: ResolvedModel) -> AdapterUse:
        """Return how the server of `model` takes adapters."""
        ...

    async def prepare(self, model: ResolvedModel) -> Served:
        """Make the adapters of `model` ready, and return what its server calls it; asked before the first call.

        Raises:
            AdapterRefused: If the server cannot speak with them.
            ModelError: If it does not answer.
        """
        ...

    def connect(self, model: ResolvedModel, served: Served) -> BaseChatModel:
        """Return a client for `model`; what may differ from call to call is left to `request`."""
        ...

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close the connections of a client that `connect` returned."""
        ...

    def request(self, model: ResolvedModel, served: Served, wish: Wish) -> dict[str, Any]:
        """Return the keyword arguments of one call: the model's options and the call's wishes, in its own words."""
        ...

    async def embed(self, model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
        """Return the vectors of `texts`, which are few enough for one request.

        Raises:
            ModelMissing: If it has no such model, or makes no embeddings.
            ContextOverflow: If a text is too long for the model: none is cut.
            ModelError: If it does not answer.
        """
        ...

    def count(self, model: ResolvedModel, text: str) -> int | None:
        """Return the tokens of `text` as the model's own tokenizer counts them; None if that cannot be had at once."""
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


def open_provider(kind: str) -> Provider:
    """Return the provider of the type `kind`.

    Raises:
        ModelMissing: If this program has no such provider.
    """
    if kind not in KINDS:
        raise ModelMissing(f"provider {kind!r} is not one of {', '.join(KINDS)}")
    return cast(Provider, importlib.import_module(f"metahuman.models.providers.{kind}").PROVIDER)


def explain_http(error: Exception, model: ResolvedModel) -> ModelError | None:
    """Return what a failed HTTP exchange means for `model`, or None if `error` is not one."""
    address = model.address or model.provider
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return ModelTimeout(f"{model.model} at {address} took too long")
    if isinstance(error, httpx.ConnectError | ConnectionError):
        return ModelDown(f"nothing answers at {address}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.ProxyError):
        return ModelDown(f"{address} cannot be reached: {error}")
    if isinstance(error, json.JSONDecodeError):
        return ModelFailed(f"{address} broke off in the middle of its JSON")
    if isinstance(error, httpx.TransportError):
        return ModelFailed(f"{address} broke off: {error or type(error).__name__}")
    return None


def explain_status(status: int, message: str, model: ResolvedModel) -> ModelError | None:
    """Return what an HTTP status means whatever was asked, or None if that depends on the question.

    Args:
        status: The status.
        message: What the server said with it; of a redirect, where it leads.
        model: The model whose server it is.
    """
    address = model.address
    said = f"{address} says {status}: {message}"
    match status:
        case 401 | 403:
            return bad_key(model)
        case 429 | 503:
            return ModelBusy(said)
        case _ if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return ModelFailed(said)
        case _ if httpx.codes.is_redirect(status):
            return ModelDown(
                f"{address} redirects to {message or 'nowhere'}, which is not followed: correct its baseUrl"
            )
    return None


def require_file(file: Path) -> None:
    """See that a local model's file is there.

    Raises:
        ModelMissing: If it is not.
    """
    if not file.is_file():
        raise ModelMissing(f"no model file {file}: `metahuman models pull` fetches the embedded one")


def bad_key(model: ResolvedModel) -> BadKey:
    """Return what to tell when a server does not accept the key it was given."""
    return BadKey(f"{model.address} refuses the key: set providers.{model.provider}.apiKey")


async def ask_json(model: ResolvedModel, path: str) -> dict[str, Any]:
    """Return what a model's server says at `path`, a JSON object; empty if it has no such place.

    Raises:
        ModelError: If nobody answers, the key is refused, or what answers is no model server.
    """
    wait = model.settings.connect_timeout / 1000
    try:
        async with httpx.AsyncClient(timeout=wait, **http_settings(model)) as client:
            response = await client.get(f"{model.address}{path}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise explain_http(error, model) or ModelDown(f"{model.address} is no address: {error}") from error
    return _object(response, model)


def _object(response: httpx.Response, model: ResolvedModel) -> dict[str, Any]:
    said = response.headers.get("Location") or response.reason_phrase
    if failure := explain_status(response.status_code, said, model):
        raise failure
    try:
        answer = response.json() if response.is_success else {}
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ModelDown(f"{model.address} is no model server: correct providers.{model.provider}.baseUrl")
    return answer


def http_settings(model: ResolvedModel) -> dict[str, Any]:
    """Return how any HTTP client for a model's server is set up: its key, and where it may go.

    A prompt goes to the address that the registry names, and to no other: redirects are not followed, and the
    environment's proxies are passed by unless the address is out in the world anyway.
    """
    key = model.settings.api_key
    return {
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        # A context of its own: a client that leaves the environment's proxies would leave its certificates too.
        "verify": httpx.create_ssl_context() if is_secure(model) else False,
        "trust_env": server_away(model) is not None,
        "follow_redirects": False,
    }


def is_secure(model: ResolvedModel) -> bool:
    """Tell whether a model's server wants certificates: loading them takes longer than a small model's answer."""
    return model.address.lower().startswith("https:")


def given(options: ModelOptions, **names: str) -> dict[str, Any]:
    """Return those options that were set, under a provider's own names.

    Args:
        options: The model's options.
        names: The provider's name for each option it knows: `max_tokens="num_predict"`.
    """
    chosen = options.model_dump(include=set(names), exclude_none=True)
    return {names[option]: value for option, value in chosen.items()}
