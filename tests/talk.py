"""A conversation with the turn graph over a scripted world."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from metahuman.graph.turn import build
from metahuman.models.registry import Registry
from metahuman.state.context import TurnContext
from tests.fakes import Answer, World, world
from tests.memories import FakeMemory
from tests.operators import FakeTools

#: What a coder answers.
CODE = "```python\nsorted()\n```"
CONFIG: Any = {"configurable": {"thread_id": "t"}}


class Talk:
    """A graph over a scripted world, on one thread; at the end every scripted answer must have been asked for."""

    def __init__(
        self,
        memory: FakeMemory | None = None,
        tools: FakeTools | None = None,
        known: Registry | None = None,
        **script: list[Answer],
    ) -> None:
        self.world: World = world(script, memory, known, tools)
        strict = InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.graph: CompiledStateGraph[Any, TurnContext, Any, Any] = build(self.world.services).compile(strict)

    async def say(self, text: str, context: TurnContext | None = None, number: int = 1) -> dict[str, Any]:
        said = {"messages": [HumanMessage(text, id=f"q{number}")]}
        with self.world.provider:
            state: dict[str, Any] = await self.graph.ainvoke(said, CONFIG, context=context)
        return state

    async def answer(self, word: Any) -> dict[str, Any]:
        with self.world.provider:
            state: dict[str, Any] = await self.graph.ainvoke(Command(resume=word), CONFIG)
        return state


def to(*tasks: tuple[str, str]) -> str:
    listed = [{"destination": destination, "task": task} for destination, task in tasks]
    return json.dumps({"tasks": listed, "topics": ["tea"], "intent": "ask", "focus": "breakfast", "confidence": 0.9})


def use(tool: str, **arguments: Any) -> str:
    """Return what a model answers that wants a tool called."""
    return json.dumps({"step": {"tool": tool, "arguments": arguments}})


def plan(*steps: str, **after: list[int]) -> str:
    """Return what a planner answers: steps of an hour each; `after` maps "s2" to the steps before the second."""
    filled = [
        {"step": step, "after": after.get(f"s{number}", []), "takes": "1 hour"} for number, step in enumerate(steps, 1)
    ]
    return json.dumps({"steps": filled})


def note(text: str) -> str:
    """Return what a model answers that is done."""
    return json.dumps({"step": {"note": text}})
