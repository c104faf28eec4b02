"""OpenAI's protocol, as far as it is not chatting: which models a server has, embeddings, and what errors mean."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import openai
from pydantic import ValidationError

from metahuman.models.locality import server_away
from metahuman.models.providers import Embedded, Served, explain_http, explain_status, http_settings
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import (
    BadAnswer,
    BadKey,
    BadRequest,
    ContextOverflow,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelFailed,
    ModelMissing,
    ModelTimeout,
    RefusedAnswer,
)
from metahuman.state.prompting import shorten

#: How OpenAI and llama-server say that a prompt is too long; vLLM and others say it in words alone.
OVERFLOWS = {"context_length_exceeded", "exceed_context_size_error"}
OVERFLOW_WORDS = re.compile(
    r"context (length|window|size)|maximum model length|(prompt|input) is too long", re.IGNORECASE
)
#: How servers say that an account has nothing left; waiting does not help.
UNPAID = {"insufficient_quota", "billing_hard_limit_reached"}
#: How servers say in the middle of an answer that they have too much to do.
BUSY = {"rate_limit_exceeded", "overloaded_error", "429", "503", "529"}
#: Seconds that counting tokens may take: a turn is not held up for it.
SOON = 0.3
#: Characters of a server's complaint that are told.
ENOUGH = 300
#: A key of fewer characters is none: "none" is sent to servers that want no key.
SHORTEST_KEY = 8


@asynccontextmanager
async def talk(model: ResolvedModel, silence: float) -> AsyncIterator[openai.AsyncOpenAI]:
    """Open a client for the server of `model`; what goes wrong on the way is told as an error of this program's.

    Args:
        model: Any model of the server.
        silence: Seconds that the server may say nothing.

    Raises:
        ModelError: If the server refuses, breaks off or does not answer.
    """
    timeout = httpx.Timeout(silence, connect=model.settings.connect_timeout / 1000)
    try:
        # The address is for its own check: an error of OpenAI's library over it would be one we do not know.
        http: Any = httpx.AsyncClient(base_url=model.address, timeout=timeout, **http_settings(model))
        async with openai.AsyncOpenAI(**account(model), http_client=http) as client:
            yield client
    except (openai.OpenAIError, httpx.InvalidURL, json.JSONDecodeError) as error:
        raise explain(error, model) or ModelFailed(f"{model.address} broke off: {error}") from error


def account(model: ResolvedModel) -> dict[str, Any]:
    """Return whom a client of OpenAI's asks, and with which key; nothing of it is left to the environment."""
    return {
        "base_url": model.address,
        # Servers at home want no key, yet the client insists on one.
        "api_key": model.settings.api_key or "none",
        "max_retries": 0,  # the role router decides what is tried again
    }


async def listed(client: openai.AsyncOpenAI, model: ResolvedModel) -> list[str]:
    """Return the names of the models that a server has; empty if it cannot list them.

    Raises:
        ModelDown: If what answers is no model server.
    """
    try:
        response = await client.get("/models", cast_to=httpx.Response)
        entries = response.json().get("data") or []
        return [entry["id"] for entry in entries]
    except openai.NotFoundError:
        return []
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        key = f"providers.{model.provider}.baseUrl"
        raise ModelDown(f"{model.address} is no model server: correct {key}, which mostly ends in /v1") from error


async def embed(model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
    """Return the vectors of `texts`, in their order.

    Raises:
        BadAnswer: If what comes is no list of vectors.
        ModelError: If the server refuses, breaks off or does not answer.
    """
    body = {"model": served.name, "input": list(texts), "encoding_format": "float"}
    async with talk(model, model.settings.timeout / 1000) as client:
        answer = (await client.post("/embeddings", body=body, cast_to=httpx.Response)).json()
    try:
        entries = sorted(answer["data"], key=lambda entry: entry["index"])
        tokens = (answer.get("usage") or {}).get("prompt_tokens") or 0
        return Embedded([entry["embedding"] for entry in entries], int(tokens))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"{model.address} sent no embeddings: {type(error).__name__} {error}") from error


def explain(error: Exception, model: ResolvedModel) -> ModelError | None:
    """Return what an error of OpenAI's client means, or None if it is not about the model."""
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, model)
    if isinstance(error, openai.APITimeoutError):
        return explain_http(TimeoutError(), model)
    if isinstance(error, openai.APIConnectionError):
        return explain_http(_cause(error), model) or ModelFailed(f"{model.address} broke off: {error}")
    if isinstance(error, openai.APIError):
        return _explain_words(error, model)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return RefusedAnswer("the provider's filter withheld the answer")
    if isinstance(error, openai.LengthFinishReasonError):  # the client reads structured answers itself
        said = [choice.message.content for choice in error.completion.choices]
        return BadAnswer("the answer was cut at its length limit", said[0] or "")
    if isinstance(error, openai.OpenAIError | ValidationError):
        return BadAnswer(f"{model.model} gave no whole answer: {error}")
    return explain_http(error, model)


def told(error: openai.APIError) -> str:
    """Return what a server complained of, in one line, without the key that it was asked with: some repeat it."""
    body = error.body
    said = body.get("message") or body.get("detail") if isinstance(body, Mapping) else body
    line = " ".join(str(said or error.message).split())
    key = error.request.headers.get("Authorization", "").removeprefix("Bearer ")
    return shorten(line.replace(key, "…") if len(key) >= SHORTEST_KEY else line, ENOUGH)


def missing(model: ResolvedModel) -> ModelMissing:
    """Return what to tell when the server does not have the model."""
    return ModelMissing(f"{model.address} has no model {model.model}")


def _explain_status(error: openai.APIStatusError, model: ResolvedModel) -> ModelError:
    status, said, headers = error.status_code, told(error), error.response.headers
    if status == httpx.codes.PAYMENT_REQUIRED or error.code in UNPAID:
        return BadKey(f"{model.address} has no credit left for providers.{model.provider}.apiKey: {said}")
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE or (status in (400, 422) and _is_overflow(error)):
        return ContextOverflow(f"the prompt is too long for {model.model}: {said}")
    match status:
        case 429 | 503 | 529:
            return ModelBusy(f"{model.address} says {status}: {said}", _retry_after(headers))
        case 404 | 405:
            return _explain_not_found(error, model)
        case 408:
            return ModelTimeout(f"{model.model} at {model.address} took too long: {said}")
        case 501:
            return ModelMissing(f"{model.address} cannot do that: {said}")
    refused = BadRequest(f"{model.address} refuses the request: {said}")
    return explain_status(status, headers.get("Location") or said, model) or refused


def _explain_words(error: openai.APIError, model: ResolvedModel) -> ModelError:
    """Return what an error in the middle of an answer means: no status goes with it."""
    said = f"{model.address} broke off: {told(error)}"
    if _is_overflow(error):
        return ContextOverflow(f"{model.model} has come to the end of its window: {told(error)}")
    return ModelBusy(said) if {error.code, error.type} & BUSY else ModelFailed(said)


def _explain_not_found(error: openai.APIStatusError, model: ResolvedModel) -> ModelMissing:
    if error.code == "model_not_found" or "model" in told(error).lower():
        return missing(model)
    key = f"providers.{model.provider}.baseUrl"
    asked = "embeddings" if error.request.url.path.endswith("/embeddings") else "chat completions"
    return ModelMissing(f"{model.address} has no {asked}: correct {key}, which mostly ends in /v1")


def _is_overflow(error: openai.APIError) -> bool:
    return bool({error.code, error.type} & OVERFLOWS or OVERFLOW_WORDS.search(told(error)))


def _cause(error: Exception) -> Exception:
    """Return what the client of OpenAI's, and LangChain around it, have wrapped."""
    while isinstance(error, openai.APIError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server wants to be left alone, which it says as a number or as a date."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(ValueError):
            seconds = float(headers.get(name, "")) / unit
            return max(seconds, 0.0) if math.isfinite(seconds) else None
    with suppress(ValueError, TypeError):
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        # By the server's own clock, where it tells the time.
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max((until - now).total_seconds(), 0.0)
    return None


def count(model: ResolvedModel, text: str) -> int | None:
    """Return what a llama-server or vLLM counts; None for other servers, and where no answer comes at once.

    Memories are counted before it is known which model answers: no server but one at home is shown them for that.
    """
    bodies = {"llama-server": {"content": text}, "vllm": {"model": model.model, "prompt": text}}
    if model.settings.server not in bodies or server_away(model):
        return None
    address = model.address.removesuffix("/v1")
    try:
        with httpx.Client(timeout=SOON, **http_settings(model)) as client:
            answer = client.post(f"{address}/tokenize", json=bodies[model.settings.server]).json()
        return int(answer["count"]) if "count" in answer else len(answer["tokens"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, KeyError):
        return None
