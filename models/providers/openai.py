"""Any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, llama-server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import openai
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr, ValidationError

from metahuman.models.providers import SAMPLING, Wish, ask_json, bad_key, explain_http, given, is_secure
from metahuman.models.registry import ResolvedModel
from metahuman.state.errors import BadAnswer, BadRequest, ContextOverflow, ModelDown, ModelError, ModelMissing

#: OpenAI's own service refuses fields it does not know; the servers people run at home read these.
OPENAI_HOST = "api.openai.com"
#: How OpenAI and llama-server say that a prompt is too long.
OVERFLOWS = {"context_length_exceeded", "exceed_context_size_error"}


class OpenAIProvider:
    """Asks a server that speaks OpenAI's protocol."""

    def connect(self, model: ResolvedModel) -> BaseChatModel:
        """Return a client; nothing is asked of the server yet."""
        settings, secure = model.settings, is_secure(model)
        timeout = openai.Timeout(settings.timeout / 1000, connect=settings.connect_timeout / 1000)
        return ChatOpenAI(
            model=model.model,
            base_url=settings.base_url,
            # Servers at home want no key, yet the client insists on one.
            api_key=SecretStr(settings.api_key or "none"),
            timeout=timeout,
            # Clients of its own: those that ChatOpenAI would take are shared between event loops.
            http_client=openai.DefaultHttpxClient(timeout=timeout, verify=secure),
            http_async_client=openai.DefaultAsyncHttpxClient(timeout=timeout, verify=secure),
            max_retries=0,  # the role router decides what is tried again
            stream_usage=True,
            use_responses_api=False,
        )

    async def disconnect(self, client: BaseChatModel) -> None:
        """Close a client's connections."""
        await client.root_async_client.close()  # type: ignore[attr-defined]

    def request(self, model: ResolvedModel, wish: Wish) -> dict[str, Any]:
        """Return OpenAI's names for the model's options, and the schema as `response_format`."""
        call = given(model.options, **SAMPLING, max_tokens="max_tokens")
        if extra := self._extra_body(model):
            call["extra_body"] = extra
        if wish.tools:
            call["tools"] = list(wish.tools)
            call["tool_choice"] = wish.tool_choice or "auto"
        if wish.schema:
            schema = {"name": wish.schema.name, "schema": dict(wish.schema.schema)}
            call["response_format"] = {"type": "json_schema", "json_schema": schema}
        return call

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        """Return what an error of the client means."""
        if isinstance(error, openai.APIStatusError):
            return _explain_status(error, model)
        if isinstance(error, openai.APITimeoutError):
            return explain_http(TimeoutError(), model)
        if isinstance(error, openai.APIConnectionError):
            return ModelDown(f"{model.settings.base_url} does not answer: {error.__cause__ or error}")
        if isinstance(error, openai.APIError):
            return ModelDown(f"{model.settings.base_url} broke off: {error.message}")
        if isinstance(error, openai.OpenAIError | ValidationError):  # a structured answer cut short, or none
            return BadAnswer(f"{model.model} gave no whole answer: {error}")
        return explain_http(error, model)

    async def check(self, model: ResolvedModel) -> None:
        """Ask the server which models it has; one that cannot list them is believed to have any."""
        listed = (await ask_json(model, "/models")).get("data", [])
        if listed and model.model not in [entry.get("id") for entry in listed]:
            raise _missing(model)

    def _extra_body(self, model: ResolvedModel) -> dict[str, Any]:
        if urlsplit(model.settings.base_url or "").hostname == OPENAI_HOST:
            return {}
        # The first name of the penalty is llama-server's, the other vLLM's.
        return given(model.options, repeat_penalty="repeat_penalty", top_k="top_k") | given(
            model.options, repeat_penalty="repetition_penalty"
        )


def _missing(model: ResolvedModel) -> ModelMissing:
    return ModelMissing(f"{model.settings.base_url} has no model {model.model}")


def _explain_status(error: openai.APIStatusError, model: ResolvedModel) -> ModelError:
    match error.status_code:
        case 401 | 403:
            return bad_key(model)
        case 404:
            return _missing(model)
        case 400 | 422 if {error.code, error.type} & OVERFLOWS:
            return ContextOverflow(f"the prompt is too long for {model.model}")
        case 400 | 422:
            return BadRequest(f"{model.settings.base_url} refuses the request: {error.message}")
    return ModelDown(f"{model.settings.base_url} says {error.status_code}: {error.message}")


PROVIDER = OpenAIProvider()
