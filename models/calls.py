"""One call of a role: what it asks for, and the record it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage

from metahuman.models.providers import Wish
from metahuman.models.registry import ResolvedModel
from metahuman.state.errors import ModelError
from metahuman.state.events import ModelCall, Tokens
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
        thread: The thread it belongs to.
    """

    role: str
    messages: Sequence[BaseMessage]
    mode: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    wish: Wish = field(default_factory=Wish)
    listed_only: bool = False
    thread: str | None = None


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
        self._usage: UsageMetadata | None = None
        self.model: ResolvedModel | None = None
        self.failures: list[tuple[str, ModelError]] = []
        self.error: str | None = None
        self.text = ""

    def saw(self, message: BaseMessage) -> None:
        """Note a part of the answer."""
        if self._first_token is None and speaks(message):
            self._first_token = self._elapsed()
        self.text += message.text
        if isinstance(message, AIMessage) and message.usage_metadata:
            self._usage = add_usage(self._usage, message.usage_metadata)

    def finish(self) -> ModelCall:
        """Return the record of the call, which ends the first time this is asked."""
        self._finished = self._finished or self._told()
        return self._finished

    def _told(self) -> ModelCall:
        model, failed = self.model, [f"{model_id}: {error}" for model_id, error in self.failures]
        return ModelCall(
            role=self._call.role,
            modelId=model.model_id if model else None,
            provider=model.provider if model else None,
            model=model.model if model else None,
            adapters=[str(adapter) for adapter in model.adapters] if model else [],
            tokens=_tokens(self._usage),
            latencyMs=self._elapsed(),
            firstTokenMs=self._first_token,
            fallback=bool(failed) and self.error is None,
            why="; ".join(failed) or None,
            mode=self._call.mode,
            thread=self._call.thread,
            error=self.error,
        )

    def _elapsed(self) -> float:
        return round(self._clock.milliseconds() - self._started, 2)


def speaks(message: BaseMessage) -> bool:
    """Tell whether a message, or a chunk of one, says anything: text, a tool call, or a thought."""
    calls = getattr(message, "tool_calls", None) or getattr(message, "tool_call_chunks", None)
    return bool(message.content or calls or message.additional_kwargs.get("reasoning_content"))


def _tokens(usage: UsageMetadata | None) -> Tokens:
    if usage is None:
        return Tokens(prompt=0, completion=0, cached=0)
    cached = usage.get("input_token_details", {}).get("cache_read", 0)
    return Tokens(prompt=usage["input_tokens"], completion=usage["output_tokens"], cached=cached)
