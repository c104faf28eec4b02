"""Threads in a real PostgreSQL: as in SQLite, and held for a turn across machines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph

from metahuman.memory.checkpoints import open_checkpoints, open_overlay
from metahuman.memory.postgres.address import address_of
from metahuman.memory.postgres.checkpoints import PostgresThreadSaver, open_postgres_checkpoints
from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.locks import alone
from metahuman.memory.postgres.migration import move_threads
from metahuman.state.errors import StoreError
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow

Graph = CompiledStateGraph[Any, None, Any, Any]


class Talk(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    note: Any


def talk(saver: BaseCheckpointSaver[str], note: object = None, power: list[bool] | None = None) -> Graph:
    """A graph that echoes the last message; without power, its second step fails."""

    def echo(state: Talk) -> dict[str, Any]:
        return {"messages": [AIMessage(f"you said {state['messages'][-1].text}")]}

    def noting(state: Talk) -> dict[str, Any]:
        if power == []:
            raise LookupError("cut")
        return {"note": note}

    graph = StateGraph(Talk)
    graph.add_node("echo", echo)
    graph.add_node("noting", noting)
    graph.add_edge(START, "echo")
    graph.add_edge(START, "noting")
    return graph.compile(checkpointer=saver)


def thread(name: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": name})


async def say(graph: Graph, name: str, text: str) -> None:
    await graph.ainvoke({"messages": [HumanMessage(text)]}, thread(name))


async def heard(graph: Graph, name: str) -> list[str]:
    values = (await graph.aget_state(thread(name))).values
    return [message.text for message in values.get("messages", [])]


@pytest.fixture
async def saver(database: Database) -> AsyncIterator[PostgresThreadSaver]:
    async with open_postgres_checkpoints(database) as opened:
        yield opened


async def test_a_thread_goes_on_where_it_was(database: Database) -> None:
    async with open_postgres_checkpoints(database) as first:
        await say(talk(first, {"tasks": [("a", 1)], "on": None}), "main", "one \0 \U0001f600")
    async with open_postgres_checkpoints(database) as second:
        await say(talk(second, "NUL \0"), "main", "two")
        values = (await talk(second).aget_state(thread("main"))).values
    assert [message.text for message in values["messages"]][::2] == ["one \0 \U0001f600", "two"]
    assert values["note"] == "NUL \ufffd"


async def test_threads_are_listed_pruned_and_deleted(saver: PostgresThreadSaver) -> None:
    graph = talk(saver)
    for name in ("first", "second", "first"):
        await say(graph, name, "hello")
    assert await saver.threads() == ["first", "second"]
    await saver.aprune(["first", "never spoken in"])
    assert len([point async for point in saver.alist(thread("first"))]) == 1
    assert len(await heard(graph, "first")) == 4
    await saver.adelete_thread("first")
    await saver.compact()
    assert await saver.threads() == ["second"]


async def test_emulation_goes_on_from_it_and_leaves_no_trace(saver: PostgresThreadSaver) -> None:
    await say(talk(saver), "main", "one")
    async with open_overlay(saver) as overlay:
        await say(talk(overlay), "main", "two")
        assert len(await heard(talk(overlay), "main")) == 4
    assert await heard(talk(saver), "main") == ["one", "you said one"]


async def test_a_checkpoint_can_name_no_code_to_run(tmp_path: Path, saver: PostgresThreadSaver) -> None:
    call = ormsgpack.Ext(0, ormsgpack.packb(("os", "mkdir", str(tmp_path / "owned"))))
    await say(talk(saver, [call]), "main", "one")
    assert (await talk(saver).aget_state(thread("main"))).values["note"] == [str(tmp_path / "owned")]
    assert not (tmp_path / "owned").exists()


async def test_homes_do_not_see_each_other_s_threads(saver: PostgresThreadSaver, url: str) -> None:
    await say(talk(saver), "main", "one")
    other = Database(address_of(url), "another")
    other.open()
    async with open_postgres_checkpoints(other) as theirs:
        assert (await theirs.threads(), await heard(talk(theirs), "main")) == ([], [])
    other.close()


async def test_workers_that_start_at_once_all_start(url: str) -> None:
    async def threads() -> list[str]:
        with contextlib.closing(Database(address_of(url), "new")) as database:
            async with open_postgres_checkpoints(database) as opened:
                return await opened.threads()

    assert await asyncio.gather(*(threads() for _ in range(4))) == [[]] * 4


async def test_a_server_that_is_gone_is_one_line_and_used_again_when_it_is_back(
    saver: PostgresThreadSaver, database: Database
) -> None:
    await say(talk(saver), "main", "one")
    server = postgres_server()
    server.stop()
    try:
        with pytest.raises(StoreError, match="see that PostgreSQL runs"):
            await saver.threads()
        with pytest.raises(StoreError, match="see that PostgreSQL runs"):
            await alone(database, "main", 1).__aenter__()
    finally:
        server.start()
    assert await saver.threads() == ["main"]


async def test_threads_go_to_postgresql_and_back_with_what_was_cut_short(
    tmp_path: Path, saver: PostgresThreadSaver
) -> None:
    power: list[bool] = []
    async with open_checkpoints(tmp_path / "a.sqlite") as source, open_checkpoints(tmp_path / "b.sqlite") as target:
        await say(talk(source, {"plain": [1, 2]}), "main", "one")
        with pytest.raises(LookupError):
            await say(talk(source, power=power), "cut", "two")
        for here, there in ((source, saver), (saver, target), (source, saver)):
            moved = await move_threads(here, there)
            assert (moved.found, moved.same, moved.differing) == (2, 2, [])
        power.append(True)
        for there in (saver, target):
            values = await talk(there, "done", power=power).ainvoke(None, thread("cut"))
            assert ([message.text for message in values["messages"]], values["note"]) == (
                ["two", "you said two"],
                "done",
            )
        assert (await move_threads(source, target)).differing == ["cut"]  # which has gone on there
        assert await heard(talk(target), "main") == ["one", "you said one"]
        await say(talk(saver), "main", "three")
        assert (await heard(talk(saver), "main"))[-1] == "you said three"
