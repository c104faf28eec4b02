"""What stands in for the outside world: a scripted model behind the provider seam, a clock, an audit, a memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from metahuman.models.providers import AdapterUse, Embedded, Served, Wish
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.models.router import RoleRouter
from metahuman.models.schema import ROLES
from metahuman.state.errors import ModelError, ModelTimeout
from metahuman.state.events import AuditEvent
from metahuman.state.services import Services
from tests.classifiers import FakeClassifier
from tests.memories import FakeMemory
from tests.operators import FakeTools

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Noon, and a millisecond more at each look."""

    ticks: int = 0

    def now(self) -> datetime:
        return NOON + timedelta(milliseconds=self.ticks)

    def milliseconds(self) -> float:
        self.ticks += 1
        return float(self.ticks)

    async def sleep(self, seconds: float) -> None:
        self.ticks += int(seconds * 1000)


@dataclass
class StandingClock:
    """A clock that stands where the test put it."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def milliseconds(self) -> float:
        return 0.0


@dataclass
class FakeAudit:
    """Keeps the events."""

    events: list[AuditEvent] = field(default_factory=list)

    def record(self, event: AuditEvent) -> None:
        self.events.append(event)

    async def arecord(self, event: AuditEvent) -> None:
        self.record(event)

    def close(self) -> None:
        pass

    def named(self, name: str) -> list[Mapping[str, Any]]:
        return [event.details for event in self.events if event.event == name]


@dataclass(frozen=True)
class Broken:
    """An answer that fails after its first words."""

    text: str
    error: Exception


@dataclass(frozen=True)
class Slow:
    """A slow answer."""

    text: str
    seconds: float


@dataclass(frozen=True)
class Asked:
    """What a scripted model was asked."""

    model_id: str
    messages: list[BaseMessage]
    wish: Wish
    options: dict[str, Any]


Vectors = list[list[float]]
Answer = str | AIMessage | Exception | Broken | Slow | Vectors


class Unscripted(AssertionError):  # noqa: N818
    """A model was asked more often than the test foresaw."""


class ScriptedProvider:
    """A provider whose models answer from a queue each; asking more, or less, fails the test."""

    def __init__(self, script: Mapping[str, Iterable[Answer]]) -> None:
        self.script = {model_id: list(answers) for model_id, answers in script.items()}
        self.asked: list[Asked] = []
        self.unwell: dict[str, ModelError] = {}

    def __enter__(self) -> ScriptedProvider:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        left = {model_id: answers for model_id, answers in self.script.items() if answers}
        assert kind or not left, f"never asked for: {left}"

    def adapter_use(self, model: ResolvedModel) -> AdapterUse:
        return "per_request"

    async def prepare(self, model: ResolvedModel) -> Served:
        return Served(model.model)

    def connect(self, model: ResolvedModel, served: Served) -> BaseChatModel:
        return ScriptedChatModel(provider=self, model_id=model.model_id)

    async def disconnect(self, client: BaseChatModel) -> None:
        return None

    def request(self, model: ResolvedModel, served: Served, wish: Wish) -> dict[str, Any]:
        return {"wish": wish, "options": model.options.model_dump(exclude_none=True)}

    async def embed(self, model: ResolvedModel, served: Served, texts: Sequence[str]) -> Embedded:
        asked = Asked(model.model_id, [HumanMessage(text) for text in texts], Wish(), {})
        answer: Any = self.next(asked)
        if isinstance(answer, Exception):
            raise answer
        return Embedded(answer, tokens=len(texts))

    def count(self, model: ResolvedModel, text: str) -> int | None:
        return None

    def explain(self, error: Exception, model: ResolvedModel) -> ModelError | None:
        return ModelTimeout("too slow") if isinstance(error, TimeoutError) else None

    async def check(self, model: ResolvedModel) -> None:
        if model.model_id in self.unwell:
            raise self.unwell[model.model_id]

    def next(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if not self.script.get(asked.model_id):
            raise Unscripted(f"{asked.model_id} was asked: {asked.messages[-1].text}")
        return self.script[asked.model_id].pop(0)


class ScriptedChatModel(BaseChatModel):
    """Answers from its provider's script, a word a chunk."""

    provider: Any
    model_id: str

    @property
    def _llm_type(self) -> str:
        return "scripted"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        answer = self.provider.next(Asked(self.model_id, messages, kwargs["wish"], kwargs["options"]))
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Slow):
            await asyncio.sleep(answer.seconds)
        for chunk in _chunks(answer):
            yield ChatGenerationChunk(message=chunk)
        if isinstance(answer, Broken):
            raise answer.error

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message async for chunk in self._astream(messages, stop, **kwargs)]
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole = whole + chunk  # type: ignore[assignment]
        assert isinstance(whole, AIMessageChunk)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(**whole.model_dump(exclude={"type"})))])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("the router only asks asynchronously")


def _chunks(answer: str | AIMessage | Broken | Slow) -> list[AIMessageChunk]:
    if isinstance(answer, AIMessage):
        calls = [
            tool_call_chunk(name=call["name"], args=str(call["args"]).replace("'", '"'), id=call["id"], index=number)
            for number, call in enumerate(answer.tool_calls)
        ]
        return [AIMessageChunk(content=answer.content, tool_call_chunks=calls)]
    text = answer if isinstance(answer, str) else answer.text
    words = [AIMessageChunk(content=f"{word} ") for word in text.split(" ")]
    words[-1].content = words[-1].text[:-1]
    usage = UsageMetadata(input_tokens=10, output_tokens=len(words), total_tokens=10 + len(words))
    return [*words, AIMessageChunk(content="", usage_metadata=usage)]


def registry(hierarchy: Mapping[str, list[str]] | None = None, **sections: Any) -> Registry:
    """Return a registry of scripted models, see `registry_content`."""
    return Registry.parse(registry_content(hierarchy, **sections), Path("models.json"), Path("/nowhere"))


def registry_content(hierarchy: Mapping[str, list[str]] | None = None, **sections: Any) -> dict[str, Any]:
    """Return a models.json in which every role has one model, called like the role, unless `hierarchy` says more."""
    lists = {role: [role] for role in ROLES} | dict(hierarchy or {})
    models = {name: {"provider": "local", "model": name, "roles": [name]} for names in lists.values() for name in names}
    content: dict[str, Any] = {
        "defaults": {role: names[0] for role, names in lists.items()},
        "models": models,
        "roleHierarchy": lists,
        "cognitiveModeMappings": {"emulation": {"orchestrator": None}},
    }
    return {**content, **sections}


@dataclass
class World:
    """Everything a node or a graph uses, scripted."""

    provider: ScriptedProvider
    services: Services
    audit: FakeAudit
    memory: FakeMemory
    clock: FakeClock
    classifier: FakeClassifier
    tools: FakeTools


def world(
    script: Mapping[str, Iterable[Answer]] | None = None,
    memory: FakeMemory | None = None,
    known: Registry | None = None,
    tools: FakeTools | None = None,
) -> World:
    """Return services whose models answer from `script`."""
    provider, audit, clock = ScriptedProvider(script or {}), FakeAudit(), FakeClock()
    models, remembers, decides = known or registry(), memory or FakeMemory(), FakeClassifier()
    router = RoleRouter(lambda: models, audit, clock, lambda name: provider)
    acts = tools or FakeTools()
    of = Services(router, audit, clock, remembers, acts, decides)
    return World(provider, of, audit, remembers, clock, decides, acts)
