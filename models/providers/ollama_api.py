"""Ollama's own API, as far as it is not chatting: which models a server has, and what is done with them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from metahuman.models.providers import ask_json, explain_http, explain_status, http_settings
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import BadRequest, ContextOverflow, ModelDown, ModelError, ModelFailed, ModelMissing


def tagged(name: str) -> str:
    """Return a model's whole name: without a tag, Ollama means the latest."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


async def listed(model: ResolvedModel, path: str = "/api/tags") -> dict[str, dict[str, Any]]:
    """Return what the server of `model` says of each model it has, by whole name.

    Args:
        model: Any model of that server.
        path: `/api/tags` for those on its disk, `/api/ps` for those in its memory.

    Raises:
        ModelError: If it does not answer.
    """
    entries = (await ask_json(model, path)).get("models") or []
    names = ((entry.get("model") or entry.get("name"), entry) for entry in entries)
    return {tagged(name): entry for name, entry in names if name}


def evicted(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], name: str
) -> tuple[str, ...]:
    """Return who had to leave a server's memory for the model called `name`.

    Not those whose time was up; and nobody if others came as well, since it may have been for them.

    Args:
        before: Who was in memory, as `listed` tells it.
        after: Who is now.
        name: The whole name of the model that was loaded.
    """
    if after.keys() - before.keys() - {name}:
        return ()
    return tuple(sorted(gone for gone in before.keys() - after.keys() if not _is_due(before[gone])))


def _is_due(entry: Mapping[str, Any]) -> bool:
    """Tell whether a model's time in memory is up."""
    try:
        return datetime.fromisoformat(entry["expires_at"]) <= datetime.now(UTC)
    except (KeyError, TypeError, ValueError):  # an older server, which does not say
        return False


async def send(model: ResolvedModel, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Post `body`, and return the one object that comes back.

    Raises:
        ModelError: If the server refuses, breaks off or does not answer.
    """
    answers = [answer async for answer in lines(model, path, {**body, "stream": False})]
    return answers[-1] if answers else {}


async def steps(model: ResolvedModel, path: str, body: Mapping[str, Any], silence: float) -> AsyncIterator[Any]:
    """Post `body`, and yield each step of long work as it is told, up to its success.

    Args:
        model: Any model of the server.
        path: Where to.
        body: What to do.
        silence: Seconds that the server may say nothing.

    Raises:
        ModelError: If the server refuses, breaks off or does not answer.
    """
    last: Mapping[str, Any] = {}
    async for last in lines(model, path, {**body, "stream": True}, silence):
        yield last
    if last.get("status") != "success":
        raise ModelFailed(f"Ollama at {model.address} broke off before it was done")


async def lines(
    model: ResolvedModel, path: str, body: Mapping[str, Any], silence: float | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Post `body`, and yield the objects that come back, one a line; arguments and errors as for `steps`."""
    async with talk(model, silence) as client, client.stream("POST", path, json=body) as response:
        await check(response, model)
        async for line in response.aiter_lines():
            said = json.loads(line)
            if not isinstance(said, dict):
                raise ModelDown(f"{model.address} is no Ollama server")
            if error := said.get("error"):
                raise explain_refusal(-1, str(error), model)
            yield said


@contextlib.asynccontextmanager
async def talk(model: ResolvedModel, silence: float | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client for the server of `model`; what goes wrong on the way is told as an error of this program's.

    Args:
        model: Any model of the server.
        silence: Seconds that the server may say nothing; by default what the registry allows.

    Raises:
        ModelError: If the server breaks off or does not answer.
    """
    settings = model.settings
    timeout = httpx.Timeout(silence or settings.timeout / 1000, connect=settings.connect_timeout / 1000)
    try:
        async with httpx.AsyncClient(base_url=model.address, timeout=timeout, **http_settings(model)) as client:
            yield client
    except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
        raise explain_http(error, model) or ModelFailed(f"{model.address} broke off: {error}") from error


async def check(response: httpx.Response, model: ResolvedModel) -> None:
    """See that the server did what it was asked.

    Raises:
        ModelError: If it did not.
    """
    if response.is_success:
        return
    said = response.headers.get("Location") or (await response.aread()).decode(errors="replace")
    with contextlib.suppress(ValueError, AttributeError):
        said = json.loads(said).get("error", said)
    raise explain_refusal(response.status_code, said, model)


def explain_refusal(status: int, message: str, model: ResolvedModel) -> ModelError:
    """Return what it means that Ollama said no; `status` is -1 in the middle of an answer."""
    if "does not support embeddings" in message:  # with various statuses, as if something had gone wrong inside
        return ModelMissing(f"{model.model} at {model.address} makes no embeddings: name a model that does")
    if failure := explain_status(status, message, model):
        return failure
    if status == httpx.codes.NOT_FOUND:
        return missing(model)
    if status < 0:
        return ModelFailed(f"Ollama at {model.address} broke off: {message}")
    if "context" in message.lower():
        return ContextOverflow(message)
    return BadRequest(f"Ollama refuses the request: {message}")


def missing(model: ResolvedModel) -> ModelMissing:
    """Return what to tell when the server does not have the model."""
    return ModelMissing(f"Ollama has no {model.model}: `ollama pull {model.model}`")
