"""What others need for a turn; run by `turn.py`, under any Python that has langchain and langgraph-supervisor.

python benchmarks/turn_peers.py URL WARM TURNS THREAD
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI

MESSAGE = "We had tea with Anna in the garden yesterday, and it was lovely. It was number {}"
PROMPT = "You are Ada, a gardener. Answer as she would."


def model(url: str, name: str = "persona") -> ChatOpenAI:
    """Return a client of a model on the server."""
    return ChatOpenAI(model=name, base_url=url, api_key="none", stream_usage=True, max_retries=0)  # type: ignore[arg-type]


def bare(url: str, _saver: Any) -> Callable[[str, str], AsyncIterator[Any]]:
    """Return what asks the model and does nothing else."""
    client = model(url)
    return lambda message, _thread: client.astream([("system", PROMPT), ("human", message)])


def create_agent(url: str, saver: Any) -> Callable[[str, str], AsyncIterator[Any]]:
    """Return LangChain's agent, without tools, with checkpoints."""
    from langchain.agents import create_agent as create

    graph = create(model(url), [], system_prompt=PROMPT, checkpointer=saver)
    return lambda message, thread: _messages(graph, message, thread)


def supervisor(url: str, saver: Any) -> Callable[[str, str], AsyncIterator[Any]]:
    """Return a supervisor that hands each message to its one worker, with checkpoints."""
    from langgraph.prebuilt import create_react_agent
    from langgraph_supervisor import create_supervisor

    worker = create_react_agent(model(url), [], name="persona", prompt=PROMPT)
    graph = create_supervisor([worker], model=model(url, "supervisor")).compile(checkpointer=saver)
    return lambda message, thread: _messages(graph, message, thread)


async def _messages(graph: Any, message: str, thread: str) -> AsyncIterator[Any]:
    config = {"configurable": {"thread_id": thread}}
    async for chunk, _ in graph.astream({"messages": [HumanMessage(message)]}, config, stream_mode="messages"):
        yield chunk


async def measured(say: Callable[[str, str], AsyncIterator[Any]], warm: int, turns: int, thread: int) -> dict[str, Any]:
    """Return the milliseconds to the first word and to the end of each turn, and the processor's."""
    firsts, ends, began = list[float](), list[float](), 0.0
    for number in range(warm + turns):
        if number == warm:
            began = time.process_time()
        started, first = time.perf_counter(), 0.0
        async for chunk in say(MESSAGE.format(number), f"thread-{number // thread}"):
            if not first and isinstance(chunk, AIMessage) and chunk.content:
                first = time.perf_counter() - started
        firsts.append(first * 1000)
        ends.append((time.perf_counter() - started) * 1000)
    processor = (time.process_time() - began) / turns * 1000
    return {"firstMs": firsts[warm:], "endMs": ends[warm:], "processorMs": round(processor, 1)}


async def main(url: str, warm: int, turns: int, thread: int) -> dict[str, Any]:
    """Return the figures of each way."""
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    warnings.simplefilter("ignore")  # the supervisor builds on what LangGraph means to move
    found: dict[str, Any] = {}
    for way, package in ((bare, ""), (create_agent, "langchain"), (supervisor, "langgraph_supervisor")):
        name = way.__name__
        if package and not importlib.util.find_spec(package):
            found[name] = {"why": f"{package.replace('_', '-')} is not installed"}
            continue
        with tempfile.TemporaryDirectory() as folder:
            async with AsyncSqliteSaver.from_conn_string(str(Path(folder) / "threads.sqlite")) as saver:
                found[name] = await measured(way(url, saver), warm, turns, thread)
    return found


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    print(json.dumps(asyncio.run(main(url, *map(int, numbers)))))  # type: ignore[arg-type]
