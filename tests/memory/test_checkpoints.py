"""Threads in SQLite: what comes back, what is forgotten, and what can never be brought in by a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypedDict

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel

from metahuman.memory.checkpoints import LOG_BYTES, ThreadSaver, open_checkpoints, open_overlay
from metahuman.state.errors import StoreError
from tests.homes import files

Graph = CompiledStateGraph[Any, None, Any, Any]


class Talk(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    note: Any


class Loud(BaseModel):
    """A class that counts how often it is made."""

    word: str
    made: ClassVar[list[str]] = []

    def model_post_init(self, context: Any, /) -> None:
        self.made.append(self.word)


def talk(saver: BaseCheckpointSaver[str], note: Callable[[], object] = lambda: None) -> Graph:
    """A graph that echoes the last message."""

    def echo(state: Talk) -> dict[str, Any]:
        said = state["messages"][-1].text
        return {"messages": [AIMessage(f"you said {said}", response_metadata={"modelCall": {"ms": 1.5}})]}

    graph = StateGraph(Talk)
    graph.add_node("echo", echo)
    graph.add_node("note", lambda state: {"note": note()})
    graph.add_edge(START, "echo")
    graph.add_edge("echo", "note")
    return graph.compile(checkpointer=saver)


def thread(name: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": name})


async def say(graph: Graph, name: str, text: str) -> None:
    await graph.ainvoke({"messages": [HumanMessage(text)]}, thread(name))


async def heard(graph: Graph, name: str) -> list[str]:
    state = await graph.aget_state(thread(name))
    return [message.text for message in state.values.get("messages", [])]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def rows(saver: ThreadSaver) -> list[Any]:
    """Return everything that the database holds."""
    held: list[Any] = []
    for table in ("checkpoints", "writes"):
        held += saver.conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").fetchall()
    return held


@pytest.fixture
async def saver(tmp_path: Path) -> AsyncIterator[ThreadSaver]:
    async with open_checkpoints(tmp_path / "state" / "checkpoints.sqlite") as opened:
        yield opened


async def test_a_thread_goes_on_after_the_file_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "checkpoints.sqlite"
    async with open_checkpoints(path) as first:
        await say(talk(first, lambda: {"tasks": [("a", 1)], "at": 1.5, "on": None}), "main", "one")
        before = (await talk(first).aget_state(thread("main"))).values
    async with open_checkpoints(path) as second:
        after = (await talk(second).aget_state(thread("main"))).values
        assert after["messages"] == before["messages"]
        assert after["messages"][-1].response_metadata == {"modelCall": {"ms": 1.5}}
        assert after["note"] == {"tasks": [["a", 1]], "at": 1.5, "on": None}
        await say(talk(second), "main", "two")
        assert await heard(talk(second), "main") == ["one", "you said one", "two", "you said two"]


async def test_only_the_owner_can_read_it(tmp_path: Path, saver: ThreadSaver) -> None:
    await say(talk(saver), "main", "one")
    folder = tmp_path / "state"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"checkpoints.sqlite": 0o600, "checkpoints.sqlite-shm": 0o600, "checkpoints.sqlite-wal": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_threads_are_listed_the_latest_spoken_in_first(saver: ThreadSaver) -> None:
    assert await saver.threads() == []
    for name in ("first", "second", "third", "first"):
        await say(talk(saver), name, "hello")
    assert await saver.threads() == ["first", "third", "second"]
    await saver.adelete_thread("third")
    assert await saver.threads() == ["first", "second"]


async def test_pruning_keeps_the_latest_state_of_those_threads_only(saver: ThreadSaver) -> None:
    graph = talk(saver)
    for text in ("one", "two"):
        await say(graph, "main", text)
        await say(graph, "other", text)
    before = await graph.aget_state(thread("main"))
    of_other = [point async for point in saver.alist(thread("other"))]
    await saver.aprune(["main", "never spoken in"])
    after = await graph.aget_state(thread("main"))
    assert (after.values, after.config) == (before.values, before.config)
    assert len([point async for point in saver.alist(thread("main"))]) == 1
    assert [point async for point in saver.alist(thread("other"))] == of_other
    assert {row[2] for row in await rows(saver) if row[0] == "main"} == {after.config["configurable"]["checkpoint_id"]}


async def test_pruning_keeps_what_a_turn_that_was_cut_short_had_done(saver: ThreadSaver) -> None:
    done: list[str] = []
    power: list[bool] = []

    def careful(state: Talk) -> dict[str, Any]:
        done.append("careful")
        return {"note": "kept"}

    def failing(state: Talk) -> dict[str, Any]:
        if not power:
            raise LookupError("cut")
        return {"messages": [AIMessage("at last")]}

    building = StateGraph(Talk)
    for node in (careful, failing):
        building.add_node(node.__name__, node)
        building.add_edge(START, node.__name__)
    graph: Graph = building.compile(checkpointer=saver)
    with pytest.raises(LookupError, match="cut"):
        await say(graph, "main", "one")
    await saver.aprune(["main"])
    power.append(True)
    values = await graph.ainvoke(None, thread("main"))
    assert [message.text for message in values["messages"]] == ["one", "at last"]
    assert values["note"] == "kept"
    assert done == ["careful"]


async def test_pruning_knows_one_strategy(saver: ThreadSaver) -> None:
    with pytest.raises(ValueError, match="'delete' is not keep_latest"):
        await saver.aprune(["main"], strategy="delete")


async def test_an_overlay_goes_on_from_its_base_and_leaves_no_trace_there(saver: ThreadSaver) -> None:
    await say(talk(saver), "main", "one")
    before = await rows(saver)
    async with open_overlay(saver) as overlay:
        graph = talk(overlay)
        assert await heard(graph, "main") == ["one", "you said one"]
        await say(graph, "main", "two")
        await say(graph, "of its own", "three")
        await overlay.aprune(["main"])
        assert await heard(graph, "main") == ["one", "you said one", "two", "you said two"]
        assert await overlay.threads() == ["of its own", "main"]
        await overlay.adelete_thread("main")
        assert await heard(graph, "main") == ["one", "you said one"]
    assert await rows(saver) == before
    async with open_overlay(saver) as another:
        assert await heard(talk(another), "of its own") == []


async def test_neither_the_file_nor_its_log_grows_with_the_turns(tmp_path: Path, saver: ThreadSaver) -> None:
    graph = talk(saver, lambda: "word " * 4000)
    for number in range(80):
        await say(graph, f"thread {number % 2}", "hello")
        await saver.aprune([f"thread {number % 2}"])
        await graph.aupdate_state(thread(f"thread {number % 2}"), {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES)]})
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "state").iterdir()}
    assert sizes["checkpoints.sqlite"] < 500_000
    assert sizes["checkpoints.sqlite-wal"] < 2 * LOG_BYTES


async def test_of_a_deleted_thread_nothing_is_left_in_any_file(tmp_path: Path, saver: ThreadSaver) -> None:
    for name in ("main", "other"):
        await say(talk(saver, lambda: "padding " * 4000), name, f"a secret of {name}")
    before = files(tmp_path)
    await saver.adelete_thread("main")
    await saver.compact()
    assert "secret of main" in str(before)
    assert "secret of main" not in str(files(tmp_path))
    assert len(files(tmp_path)["state/checkpoints.sqlite"]) < sum(map(len, before.values()))
    assert await heard(talk(saver), "other") == ["a secret of other", "you said a secret of other"]


async def test_a_file_that_is_no_database_is_one_line_and_left_alone(tmp_path: Path) -> None:
    path, content = tmp_path / "checkpoints.sqlite", b"not a database, but a text that someone put here\n" * 100
    path.write_bytes(content)
    with pytest.raises(StoreError, match=f"^{path}: file is not a database; move it away and it is made anew"):
        async with open_checkpoints(path):
            pytest.fail("there is nothing to open")
    assert path.read_bytes() == content
    path.rename(tmp_path / "away")
    async with open_checkpoints(path) as anew:
        assert await anew.threads() == []


@pytest.mark.parametrize("place", ["file/checkpoints.sqlite", "folder"])
async def test_a_place_where_no_file_can_be_is_one_line(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=f"^{tmp_path / place.split('/')[0]}.*: .*check that the folder"):
        async with open_checkpoints(tmp_path / place):
            pytest.fail("there is nothing to open")


async def test_an_object_in_a_state_comes_back_as_plain_values(saver: ThreadSaver) -> None:
    await say(talk(saver, lambda: Loud(word="hello")), "main", "one")
    assert Loud.made == ["hello"]
    assert (await talk(saver).aget_state(thread("main"))).values["note"] == {"word": "hello"}
    assert Loud.made == ["hello"]
    kind, data = saver.serde.dumps_typed(Loud(word="again"))
    assert JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed((kind, data)) == Loud(word="again")


async def test_a_checkpoint_can_name_no_code_to_run(tmp_path: Path, saver: ThreadSaver) -> None:
    """Someone who can write the file could otherwise have any function called when the thread is read."""
    before = names(tmp_path)
    owned = [str(tmp_path / f"owned {number}") for number in range(4)]
    named = [
        (0, ("os", "mkdir", owned[0])),
        (1, ("os", "mkdir", (owned[1],))),
        (2, ("os", "mkdir", {"path": owned[2]})),
        (3, ("shutil", "os", owned[3], "mkdir")),
    ]
    await say(talk(saver, lambda: [ormsgpack.Ext(code, ormsgpack.packb(call)) for code, call in named]), "main", "one")
    values = (await talk(saver).aget_state(thread("main"))).values
    assert values["note"] == [call[2] if code != 1 else [owned[1]] for code, call in named]
    assert names(tmp_path) == before
