"""One call of a role: what it asks for, and the record it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from metahuman.models.pricing import cost
from metahuman.models.providers import Wish
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelError
from metahuman.state.events import CANCELLED, FailedTry, ModelCall, Tokens
from metahuman.state.services import Clock


@dataclass(frozen=True)
class RoleCall:
    """A request to whoever answers for a role.

    Args:
        role: The role that is asked.
        messages: The prompt.
        mode: The cognitive mode, which may choose another model or none.
        overrides: See `Registry.resolve_model`.
        options: Options of this call, over the registry's; camelCase as there.
        wish: Tools, and the schema that the answer must fit.
        listed_only: Ask only models that the registry lists for the role; none stands in.
        alone: Ask only the first model.
        deadline: Milliseconds it may take, if that is less than the role's own.
        thread: The thread it belongs to.
    """

    role: str
    messages: Sequence[BaseMessage]
    mode: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    wish: Wish = field(default_factory=Wish)
    listed_only: bool = False
    alone: bool = False
    deadline: float | None = None
    thread: str | None = None

    def models(self, registry: Registry) -> list[ResolvedModel]:
        """Return the models to ask, in order, each with the options of this call."""
        models = registry.candidates(self.role, self.mode, self.overrides, listed_only=self.listed_only)
        asked = models[:1] if self.alone else models
        return [model.with_options(self.options) for model in asked] if self.options else asked


class CallRecord:
    """What is known of a call as it goes on; `finish` turns it into the audit's words.

    Args:
        call: The call.
        clock: Times it, from now.
    """

    def __init__(self, call: RoleCall, clock: Clock) -> None:
        self._call, self._clock, self._started = call, clock, clock.milliseconds()
        self._first_token: float | None = None
        self._finished: ModelCall | None = None
        self._tries: list[FailedTry] = []
        self.failures: list[tuple[str, ModelError]] = []
        self.error: str | None = None
        self.model: ResolvedModel | None = None
        self.text = ""
        self._usage: UsageMetadata | None = None
        self._asked = self._started

    def turn_to(self, model: ResolvedModel) -> None:
        """Note that `model` is asked from now on."""
        self.model = model
        self._begin()

    def failed(self, error: ModelError) -> None:
        """Note that the model failed; it may be asked again."""
        if self.model is None:
            return
        failed = FailedTry(
            modelId=self.model.model_id,
            provider=self.model.provider,
            model=self.model.model,
            kind=error.kind,
            why=str(error),
            tokens=_tokens(self._usage),
            cost=self._cost(self.model),
            latencyMs=self._since(self._asked),
        )
        self._tries.append(failed)
        self.failures.append((self.model.model_id, error))
        self._begin()

    def nobody(self) -> None:
        """Note that no model answered."""
        self.model = None

    def saw(self, message: BaseMessage) -> None:
        """Note a part of the answer."""
        if self._first_token is None and speaks(message):
            self._first_token = self._since(self._started)
        self.text += str(message.text)
        self.used(message)

    def ended_by(self, error: BaseException) -> None:
        """Note that the call ended without an answer, because of this error or because nobody waited."""
        cancelled = isinstance(error, asyncio.CancelledError | GeneratorExit)
        self.error = CANCELLED if cancelled else str(error) or type(error).__name__
        if isinstance(error, ModelError):
            error.call = self.finish()

    def used(self, message: BaseMessage) -> None:
        """Note what a message cost, whether or not it will do as an answer."""
        if isinstance(message, AIMessage) and message.usage_metadata:
            self._usage = add_usage(self._usage, message.usage_metadata)

    def finish(self) -> ModelCall:
        """Return the record of the call, which ends the first time this is asked."""
        self._finished = self._finished or self._told()
        return self._finished

    def _told(self) -> ModelCall:
        model = self.model
        return ModelCall(
            role=self._call.role,
            modelId=model.model_id if model else None,
            provider=model.provider if model else None,
            model=model.model if model else None,
            adapters=[str(adapter) for adapter in model.adapters] if model else [],
            tokens=_tokens(self._usage),
            cost=self._cost(model) if model else 0.0,
            latencyMs=self._since(self._started),
            firstTokenMs=self._first_token,
            fallback=self.error is None and any(model and one["modelId"] != model.model_id for one in self._tries),
            failed=self._tries,
            why="; ".join(f"{one['modelId']}: {one['why']}" for one in self._tries) or None,
            mode=self._call.mode,
            thread=self._call.thread,
            error=self.error,
        )

    def _begin(self) -> None:
        self._asked, self._usage, self.text = self._clock.milliseconds(), None, ""

    def _cost(self, model: ResolvedModel) -> float:
        return cost(model.price, _tokens(self._usage), self._since(self._asked) / 1000)

    def _since(self, moment: float) -> float:
        return round(self._clock.milliseconds() - moment, 2)


def speaks(message: BaseMessage) -> bool:
    """Tell whether a message, or a chunk of one, says something: text or a tool call. A thought is no answer yet."""
    calls = getattr(message, "tool_calls", None) or getattr(message, "tool_call_chunks", None)
    return bool(message.text.strip() or calls)


def _tokens(usage: UsageMetadata | None) -> Tokens:
    if usage is None:
        return Tokens(prompt=0, completion=0, cached=0)
    cached = usage.get("input_token_details", {}).get("cache_read", 0)
    return Tokens(prompt=usage["input_tokens"], completion=usage["output_tokens"], cached=cached)
