"""The role router: every model call of the product goes through here, down the role's hierarchy, and is audited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from metahuman.models.answers import asked_again, usable, whole_message
from metahuman.models.breaker import Breaker
from metahuman.models.calls import CallRecord, RoleCall
from metahuman.models.clients import Clients
from metahuman.models.embedding import Embedder, require_embedder, serves_embeddings
from metahuman.models.hierarchy import Hierarchy, Try
from metahuman.models.lanes import Lanes
from metahuman.models.providers import Provider, open_provider
from metahuman.models.registry import Registry
from metahuman.models.residency import Residency
from metahuman.models.resolved import ResolvedModel
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.models.schema import EMBEDDER
from metahuman.models.streams import Opened, open_stream
from metahuman.models.thinking import separate
from metahuman.models.token_counting import TokenCounter
from metahuman.models.tool_plans import as_calls, told_of_tools
from metahuman.state.context import Mode
from metahuman.state.errors import BrokenAnswer, ModelError
from metahuman.state.events import ModelCall, adapter_swapped, llm_call
from metahuman.state.services import Audit, Clock, Usage

#: What a prompt may hold when the registry says nothing of windows.
DEFAULT_WINDOW, DEFAULT_ANSWER = 4096, 512


class RoleRouter:
    """Answers for roles.

    Args:
        registry: Returns the registry in force; asked at every call.
        audit: Where every call is written down.
        clock: Times the calls.
        providers: Finds a provider by its type; tests put fakes here.
        usage: What was asked of whom today, for the daily caps; None where nobody counts.
        residency: Who looks after the machine's memory; None where nobody does.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        audit: Audit,
        clock: Clock,
        providers: Callable[[str], Provider] = open_provider,
        usage: Usage | None = None,
        residency: Residency | None = None,
    ) -> None:
        self.registry, self._audit, self._clock, self._residency = registry, audit, clock, residency
        self._clients = Clients(providers, audit)
        self._hierarchy = Hierarchy(registry, self._clients, Breaker(clock, audit), clock, usage)
        self._embedder, self._lanes = Embedder(audit), Lanes()
        # With which adapters each base spoke last.
        self._voices: dict[tuple[Hashable, ...], list[str]] = {}

    def serves(self, role: str, mode: Mode) -> bool:
        """Tell whether `role` has a model in `mode`."""
        return bool(self.registry().candidates(role, mode))

    def chat_model(
        self, role: str, *, mode: Mode | None = None, model_id: str | None = None, listed_only: bool = False
    ) -> RoleChatModel:
        """Return the LangChain chat model of `role`.

        Args:
            role: The role to ask.
            mode: The cognitive mode.
            model_id: An entry of the registry to ask first, instead of the role's own.
            listed_only: Ask only models that the registry lists for the role.
        """
        return RoleChatModel(
            router=self,
            role=role,
            mode=mode,
            overrides={"modelId": model_id} if model_id else {},
            listed_only=listed_only,
            tags=[f"role:{role}"],  # how traces tell the roles apart
            metadata={"role": role, "mode": mode},
        )

    def prompt_budget(self, role: str, *, mode: Mode | None = None, model_id: str | None = None) -> int:
        """Return the tokens a prompt may have so that any model of the role's hierarchy can take it."""
        chosen = {"modelId": model_id} if model_id else None
        options = [model.options for model in self.registry().candidates(role, mode, chosen)]
        windows = [(one.context_window or DEFAULT_WINDOW) - (one.max_tokens or DEFAULT_ANSWER) for one in options]
        return max(min(windows, default=DEFAULT_WINDOW - DEFAULT_ANSWER), 1)

    def token_counter(
        self, role: str, *, mode: Mode | None = None, model_id: str | None = None
    ) -> Callable[[str], int]:
        """Return what counts tokens as the role's model does, where a tokenizer of its hierarchy can be asked."""
        candidates = self.registry().candidates(role, mode, {"modelId": model_id} if model_id else None)
        return TokenCounter((self._clients.provider(model), model) for model in candidates if model.counts_tokens)

    def serves_embeddings(self) -> bool:
        """Tell whether the registry names a model for embeddings."""
        return serves_embeddings(self.registry(), EMBEDDER)

    async def aclose(self) -> None:
        """Close the connections made on this event loop; a later call opens new ones."""
        await self._clients.aclose()

    async def generate(self, call: RoleCall) -> AIMessage:
        """Return the whole answer; its `response_metadata["modelCall"]` is the record of the call.

        Raises:
            NoModelAnswered: If every model of the hierarchy failed.
            ModelError: If the request itself is at fault.
        """

        async def whole(this: Try) -> AIMessage:
            plans = this.wish is not call.wish
            messages = told_of_tools(call.messages, call.wish.tools) if plans else call.messages
            prompt = asked_again(messages, this.mistake)
            result = await this.chat._agenerate(prompt, **this.options)  # noqa: SLF001 - as its own subclass would
            message = separate(whole_message(result.generations[0]))
            record.used(message)
            answer = usable(message, this.wish.schema)
            return as_calls(answer) if plans else answer

        async with self._recorded(call) as record, self._lanes.visit() as visit:
            message = await self._hierarchy.first(call, record, visit, whole)
        metadata = {**message.response_metadata, "modelCall": record.finish()}
        return message.model_copy(update={"response_metadata": metadata})

    async def stream(self, call: RoleCall) -> AsyncIterator[ChatGenerationChunk]:
        """Yield the answer as it comes; the last chunk's `response_metadata["modelCall"]` is the record of the call.

        Raises:
            NoModelAnswered: If every model failed before its first word.
            BrokenAnswer: If a model failed after it; another model's words cannot follow on.
            ModelError: If the request itself is at fault.
        """

        async def opened(this: Try) -> Opened:
            prompt = asked_again(call.messages, this.mistake)
            async with asyncio.timeout(this.model.settings.timeout / 1000):
                return await open_stream(this, prompt)

        async with self._recorded(call) as record, self._lanes.visit() as visit:
            stream = await self._hierarchy.first(call, record, visit, opened)
            async with aclosing(stream):
                async for chunk in self._unbroken(stream, record):
                    record.saw(chunk.message)
                    yield chunk
        metadata = {"modelCall": record.finish()}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=metadata, chunk_position="last"))

    async def embed(self, texts: Sequence[str], *, role: str = EMBEDDER) -> list[list[float]]:
        """Return a vector for each of `texts`, in their order and all of one length; `fallback` does not stand in.

        Raises:
            ModelMissing: If the registry names no model for `role`.
            NoModelAnswered: If every model of the hierarchy failed.
            ModelError: If the request itself is at fault.
        """
        require_embedder(self.registry(), role)
        if not texts:
            return []
        call = RoleCall(role, (), listed_only=True)
        async with self._recorded(call) as record, self._lanes.visit() as visit:
            return await self._hierarchy.first(call, record, visit, partial(self._embedder.embed, texts, record))

    @asynccontextmanager
    async def _recorded(self, call: RoleCall) -> AsyncIterator[CallRecord]:
        """Write the call to the audit however it ends, cancelled included."""
        record = CallRecord(call, self._clock)
        try:
            yield record
        except BaseException as error:
            record.ended_by(error)
            raise
        finally:
            told = record.finish()
            await self._audit.arecord(llm_call(told))
            if record.model and told["error"] is None:
                await self._note_voice(record.model, told)
                if self._residency:
                    await self._residency.used(record.model)

    async def _note_voice(self, model: ResolvedModel, call: ModelCall) -> None:
        """Write it down when a base speaks with other adapters than the time before."""
        base = model.provider, model.settings.base_url, model.model
        before = self._voices.get(base, call["adapters"])
        self._voices[base] = call["adapters"]
        if before != call["adapters"]:
            milliseconds = call["firstTokenMs"] or call["latencyMs"]
            await self._audit.arecord(adapter_swapped(call, before, milliseconds))

    async def _unbroken(self, stream: Opened, record: CallRecord) -> AsyncIterator[ChatGenerationChunk]:
        """Yield the stream's chunks, and tell an error in the middle as what it is."""
        try:
            async for chunk in stream:
                yield chunk
        except ModelError as failure:
            raise BrokenAnswer(f"the answer broke off: {failure}", record.text) from failure
