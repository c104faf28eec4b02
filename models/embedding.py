"""Embeddings: vectors that tell which texts are near each other, made without taking memory from those who chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.messages import AIMessage, UsageMetadata
from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from metahuman.models.calls import CallRecord
from metahuman.models.hierarchy import Try
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.models.schema import first_problem
from metahuman.state.errors import BadAnswer, ModelMissing, ModelSetAside
from metahuman.state.events import model_evicted
from metahuman.state.services import Audit

#: Texts sent at once: few enough for a small machine to be done with before its server counts as silent.
BATCH = 64

_VECTORS = TypeAdapter(list[Annotated[list[FiniteFloat], Field(min_length=1)]])


def serves_embeddings(registry: Registry, role: str) -> bool:
    """Tell whether the registry names a model for `role`, which neither `fallback` nor a chat model stands in for."""
    named = registry.file.defaults.get(role) or registry.file.role_hierarchy.get(role)
    return bool(named and registry.candidates(role, listed_only=True))


def require_embedder(registry: Registry, role: str) -> None:
    """See that the registry names a model for `role`.

    Raises:
        ModelMissing: If it does not.
    """
    if not serves_embeddings(registry, role):
        remedy = f"name one there, whose `roles` list {role} or nothing"
        raise ModelMissing(f"{registry.path}: defaults.{role}: no model for embeddings; {remedy}")


class Embedder:
    """Asks models for embeddings, and no server again that took another model out of memory to make room for one.

    Args:
        audit: Where it is written down who had to leave.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        # What each such server did, by its address.
        self._evictions: dict[str, str] = {}

    async def embed(self, texts: Sequence[str], record: CallRecord, this: Try) -> list[list[float]]:
        """Return what one model makes of `texts`.

        Raises:
            ModelSetAside: If its server has no room for it.
            BadAnswer: If what comes back is not one vector for each text, all of one length.
            ModelError: If it does not answer.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            self._see_that_there_is_room(this.model)
            made = await this.client.provider.embed(this.model, this.client.served, batch)
            record.used(_spent(made.tokens))
            await self._note(this.model, made.evicted)
            vectors += _checked(made.vectors, len(batch), this.model)
        if len({len(vector) for vector in vectors}) > 1:
            raise BadAnswer(f"the embeddings of {this.model.model} are not all of one length")
        return vectors

    def _see_that_there_is_room(self, model: ResolvedModel) -> None:
        if what := self._evictions.get(model.address):
            remedy = "raise its OLLAMA_MAX_LOADED_MODELS, or name an embedder on another server, then start again"
            raise ModelSetAside(f"{what}: {remedy}")

    async def _note(self, model: ResolvedModel, evicted: Sequence[str]) -> None:
        """Remember that a server made room; of two calls that saw it happen, one writes it down."""
        if not evicted or model.address in self._evictions:
            return
        what = f"{model.address} took {', '.join(evicted)} out of memory to make room for {model.model}"
        self._evictions[model.address] = what
        for name in evicted:
            await self._audit.arecord(model_evicted(model.provider, name, model.model))


def _checked(answer: Any, count: int, model: ResolvedModel) -> list[list[float]]:
    """Return the vectors of an answer, which are to be `count`."""
    try:
        vectors = _VECTORS.validate_python(answer)
    except ValidationError as error:
        place, problem = first_problem(error)
        raise BadAnswer(f"{model.model} made no embeddings: {place + ': ' if place else ''}{problem}") from None
    if len(vectors) != count:
        raise BadAnswer(f"{model.model} made {len(vectors)} embeddings of {count} texts")
    return vectors


def _spent(tokens: int) -> AIMessage:
    """Return what the texts of a request cost, as an answer would tell it."""
    usage = UsageMetadata(input_tokens=tokens, output_tokens=0, total_tokens=tokens)
    return AIMessage(content="", usage_metadata=usage)
