"""The role router: every model call of the product goes through here, down the role's hierarchy, and is audited."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from metahuman.models.calls import CallRecord, RoleCall, speaks
from metahuman.models.providers import Provider, open_provider
from metahuman.models.registry import Registry, ResolvedModel
from metahuman.models.role_chat_model import RoleChatModel
from metahuman.state.context import Mode
from metahuman.state.errors import BadAnswer, BrokenAnswer, ModelError, NoModelAnswered
from metahuman.state.events import CANCELLED, llm_call
from metahuman.state.services import Audit, Clock

T = TypeVar("T")
#: One try at one model, with its client and the keyword arguments of the call.
Attempt = Callable[[ResolvedModel, BaseChatModel, dict[str, Any]], Awaitable[T]]
#: By `ResolvedModel.connection`, whose first part is the provider.
Clients = dict[tuple[Hashable, ...], BaseChatModel]
#: What a prompt may hold when the registry says nothing of windows.
DEFAULT_WINDOW, DEFAULT_ANSWER = 4096, 512


class RoleRouter:
    """Answers for roles.

    Args:
        registry: Returns the registry in force; asked at every call.
        audit: Where every call is written down.
        clock: Times the calls.
        providers: Finds a provider by name; tests put fakes here.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        audit: Audit,
        clock: Clock,
        providers: Callable[[str], Provider] = open_provider,
    ) -> None:
        self.registry, self._audit, self._clock, self._open = registry, audit, clock, providers
        # A client's connections belong to the event loop it was first used on.
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Clients] = weakref.WeakKeyDictionary()

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
        options = [model.options for model in self.registry().candidates(role, mode, {"modelId": model_id})]
        windows = [(one.context_window or DEFAULT_WINDOW) - (one.max_tokens or DEFAULT_ANSWER) for one in options]
        return max(min(windows, default=DEFAULT_WINDOW - DEFAULT_ANSWER), 1)

    async def aclose(self) -> None:
        """Close the connections made on this event loop; a later call opens new ones."""
        for (provider, *_), client in self._clients.pop(asyncio.get_running_loop(), {}).items():
            await self._open(str(provider)).disconnect(client)

    async def generate(self, call: RoleCall) -> AIMessage:
        """Return the whole answer; its `response_metadata["modelCall"]` is the record of the call.

        Raises:
            NoModelAnswered: If every model of the hierarchy failed.
            ModelError: If the request itself is at fault.
        """

        async def whole(_: ResolvedModel, client: BaseChatModel, options: dict[str, Any]) -> AIMessage:
            result = await client._agenerate(list(call.messages), **options)  # noqa: SLF001 - as its own subclass would
            message = result.generations[0].message
            if not isinstance(message, AIMessage) or not speaks(message):
                raise BadAnswer("the answer is empty")
            return message

        async with self._recorded(call) as record:
            message = await self._first(call, record, whole)
            record.saw(message)
        return message.model_copy(
            update={"response_metadata": {**message.response_metadata, "modelCall": record.finish()}}
        )

    async def stream(self, call: RoleCall) -> AsyncIterator[ChatGenerationChunk]:
        """Yield the answer as it comes; the last chunk's `response_metadata["modelCall"]` is the record of the call.

        Raises:
            NoModelAnswered: If every model failed before its first word.
            BrokenAnswer: If a model failed after it; another model's words cannot follow on.
            ModelError: If the request itself is at fault.
        """

        async def opened(model: ResolvedModel, client: BaseChatModel, options: dict[str, Any]) -> _Opened:
            async with asyncio.timeout(model.settings.timeout / 1000):
                return await _open_stream(client._astream(list(call.messages), **options))  # noqa: SLF001

        async with self._recorded(call) as record:
            stream = await self._first(call, record, opened)
            async with aclosing(stream):
                async for chunk in self._unbroken(stream, record):
                    record.saw(chunk.message)
                    yield chunk
        metadata = {"modelCall": record.finish()}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=metadata, chunk_position="last"))

    @asynccontextmanager
    async def _recorded(self, call: RoleCall) -> AsyncIterator[CallRecord]:
        """Write the call to the audit however it ends, cancelled included."""
        record = CallRecord(call, self._clock)
        try:
            yield record
        except (asyncio.CancelledError, GeneratorExit):
            record.error = CANCELLED
            raise
        except Exception as error:
            record.error = str(error) or type(error).__name__
            raise
        finally:
            await self._audit.arecord(llm_call(record.finish()))

    async def _first(self, call: RoleCall, record: CallRecord, attempt: Attempt[T]) -> T:
        """Return the first answer of the hierarchy. This is the one place that decides who is asked next."""
        for model in self._candidates(call):
            record.model, provider = model, None
            try:
                provider = self._open(model.provider)
                return await attempt(model, self._client(provider, model), provider.request(model, call.wish))
            except Exception as error:
                failure = _explained(error, provider, model)
                if failure is None:
                    raise
                if not failure.falls_back:
                    raise failure from error
                record.failures.append((model.model_id, failure))
        record.model = None
        raise NoModelAnswered(call.role, record.failures)

    def _candidates(self, call: RoleCall) -> list[ResolvedModel]:
        models = self.registry().candidates(call.role, call.mode, call.overrides, listed_only=call.listed_only)
        return [model.with_options(call.options) for model in models] if call.options else models

    def _client(self, provider: Provider, model: ResolvedModel) -> BaseChatModel:
        clients = self._clients.setdefault(asyncio.get_running_loop(), {})
        if (client := clients.get(model.connection)) is None:
            client = clients[model.connection] = provider.connect(model)
        return client

    async def _unbroken(self, stream: _Opened, record: CallRecord) -> AsyncIterator[ChatGenerationChunk]:
        """Yield the stream's chunks, and tell an error in the middle as what it is."""
        try:
            async for chunk in stream:
                yield chunk
        except Exception as error:
            failure = record.model and _explained(error, self._open(record.model.provider), record.model)
            if failure is None:
                raise
            raise BrokenAnswer(f"the answer broke off: {failure}", record.text) from error


class _Opened:
    """A stream whose first words have been seen, so that no fallback is needed any more."""

    def __init__(self, seen: list[ChatGenerationChunk], rest: AsyncIterator[ChatGenerationChunk]) -> None:
        self._seen, self._rest = seen, rest

    async def __aiter__(self) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._seen:
            yield chunk
        async for chunk in self._rest:
            yield chunk

    async def aclose(self) -> None:
        await self._rest.aclose()  # type: ignore[attr-defined]


async def _open_stream(stream: AsyncIterator[ChatGenerationChunk]) -> _Opened:
    seen: list[ChatGenerationChunk] = []
    async for chunk in stream:
        seen.append(chunk)
        if speaks(chunk.message):
            return _Opened(seen, stream)
    raise BadAnswer("the answer is empty")


def _explained(error: Exception, provider: Provider | None, model: ResolvedModel) -> ModelError | None:
    if isinstance(error, ModelError):
        return error
    return provider.explain(error, model) if provider else None
