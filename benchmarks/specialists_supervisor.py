"""What a handoff of langgraph-supervisor costs, on models that answer at once.

    python benchmarks/specialists_supervisor.py [TURNS]

Prints JSON: milliseconds of each handoff, there and back, and of each turn with one. There is from the supervisor's
answer, a call of its handoff tool, until the worker's model is asked; back is from that one's answer until the
supervisor's model is asked again. It needs the extra `bench`, and says so where that is not installed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import time
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class Instant(BaseChatModel):
    """A model that answers at once, and notes when."""

    who: str
    heard: Any

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **_: Any) -> Instant:
        """Return itself: it knows what it will say."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.heard.append((self.who, time.perf_counter() * 1000))
        hands_off = self.who == "supervisor" and messages[-1].type == "human"
        calls = [{"name": "transfer_to_coder", "args": {}, "id": "1"}] if hands_off else []
        message = AIMessage("" if hands_off else "There it is.", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, **kwargs)


async def measured(turns: int) -> dict[str, list[float]]:
    """Return the milliseconds of handoffs and turns, after a few that are not counted."""
    import warnings

    warnings.simplefilter("ignore")  # it builds on what LangGraph means to move
    from langgraph.prebuilt import create_react_agent
    from langgraph_supervisor import create_supervisor

    heard: list[tuple[str, float]] = []
    worker = create_react_agent(Instant(who="coder", heard=heard), [], name="coder", prompt="You write code.")
    graph = create_supervisor([worker], model=Instant(who="supervisor", heard=heard)).compile()
    took: dict[str, list[float]] = {"handoff": [], "turn": []}
    for _ in range(turns + 3):
        heard.clear()
        started = time.perf_counter()
        await graph.ainvoke({"messages": [HumanMessage("sort a list")]})
        took["turn"].append((time.perf_counter() - started) * 1000)
        (_, first), (who, _), (_, last) = heard
        assert who == "coder"
        took["handoff"].append(last - first)
    return {name: values[3:] for name, values in took.items()}


def missing() -> str | None:
    """Return why it cannot be measured here; None if it can."""
    found = importlib.util.find_spec("langgraph_supervisor")
    return None if found else "langgraph-supervisor is not installed: pip install langgraph-supervisor"


if __name__ == "__main__":
    print(missing() or json.dumps(asyncio.run(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 40))))
