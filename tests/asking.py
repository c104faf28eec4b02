"""Asks a model as the role router does, without the router: one try, its errors told as this program's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import reduce
from operator import add
from typing import NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from metahuman.models.hierarchy import explained
from metahuman.models.providers import Served, Wish, open_provider
from metahuman.models.resolved import ResolvedModel


class Client(NamedTuple):
    """A model's client, and what its server calls the model."""

    chat: BaseChatModel
    served: Served


@asynccontextmanager
async def connected(model: ResolvedModel) -> AsyncIterator[Client]:
    """Connect to the model's server for a `with` block."""
    provider = open_provider(model.kind)
    with explained(provider, model):
        served = await provider.prepare(model)
        client = provider.connect(model, served)
        try:
            yield Client(client, served)
        finally:
            await provider.disconnect(client)


async def whole(model: ResolvedModel, prompt: str = "hello", wish: Wish | None = None) -> AIMessage:
    """Return the model's answer, which comes at once."""
    async with connected(model) as client:
        options = open_provider(model.kind).request(model, client.served, wish or Wish())
        result = await client.chat._agenerate([HumanMessage(prompt)], **options)
        message = result.generations[0].message
    assert isinstance(message, AIMessage)
    return message


async def streamed(model: ResolvedModel, prompt: str = "hello", wish: Wish | None = None) -> AIMessageChunk:
    """Return the model's answer, which comes in chunks, all of it."""
    async with connected(model) as client:
        options = open_provider(model.kind).request(model, client.served, wish or Wish())
        chunks = [chunk async for chunk in client.chat._astream([HumanMessage(prompt)], **options)]
    message = reduce(add, chunks).message
    assert isinstance(message, AIMessageChunk)
    return message
