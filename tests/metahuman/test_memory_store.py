"""Tests of the home's memories as a store of LangGraph's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore

from metahuman.api import MetaHuman
from metahuman.audit.reader import tail
from metahuman.memory_store import MEMORIES, MemoryStore
from metahuman.state.errors import BadChoice, MetaHumanError, SettingError
from tests.homes import scripted


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[MetaHuman]:
    with scripted(tmp_path) as opened:
        yield opened


@pytest.fixture
def store(twin: MetaHuman) -> MemoryStore:
    return MemoryStore(twin.home, twin.services)


def told(twin: MetaHuman) -> list[str]:
    return [line["event"] for line in tail(twin.home.audit, 20)]


def test_a_memory_is_put_found_changed_and_forgotten(store: MemoryStore, twin: MetaHuman) -> None:
    assert store.get(MEMORIES, "boat") is None
    assert store.list_namespaces() == []
    store.put(MEMORIES, "boat", {"content": "The boat is called Marisol.", "type": "fact", "tags": ["boat"]})
    (file,) = (twin.home.root / "memory" / "episodic").rglob("*.json")
    assert json.loads(file.read_text())["content"] == "The boat is called Marisol."
    found = store.get(MEMORIES, "boat")
    assert found
    assert (found.key, found.value["type"], found.namespace) == ("boat", "fact", MEMORIES)
    store.put(MEMORIES, "boat", {"tags": ["boat", "name"]})
    changed = store.get(MEMORIES, "boat")
    assert changed
    assert (changed.value["tags"], changed.value["content"]) == (["boat", "name"], "The boat is called Marisol.")
    assert changed.created_at == found.created_at
    store.delete(MEMORIES, "boat")
    assert store.get(MEMORIES, "boat") is None
    assert not file.exists()
    store.delete(MEMORIES, "boat")  # gone is gone
    assert told(twin) == ["memory_saved", "memory_edited", "memory_forgotten"]


def test_searching_is_recall_with_a_query_and_the_newest_without_one(store: MemoryStore) -> None:
    days = {"a": "Ilka plays the cello.", "b": "The tomatoes are up.", "c": "Oskar painted the boat."}
    for day, (key, content) in enumerate(days.items(), 1):
        store.put(MEMORIES, key, {"content": content, "type": "journal", "timestamp": f"2026-11-0{day}T08:00:00Z"})
    assert [one.key for one in store.search(MEMORIES)] == ["c", "b", "a"]
    assert [one.key for one in store.search(MEMORIES, limit=1, offset=1)] == ["b"]
    assert [one.key for one in store.search((), query="who plays the cello?")] == ["a"]
    assert [one.score is not None for one in store.search(MEMORIES, query="cello")] == [True]
    assert len(store.search(MEMORIES, filter={"type": "journal"})) == 3
    assert store.search(MEMORIES, filter={"type": "fact"}) == []
    assert store.search(("others",)) == []


def test_the_one_namespace_is_listed(store: MemoryStore) -> None:
    store.put(MEMORIES, "a", {"content": "Herons."})
    assert store.list_namespaces() == [MEMORIES]
    assert store.list_namespaces(prefix=("memories",)) == [MEMORIES]
    assert store.list_namespaces(suffix=("*",)) == [MEMORIES]
    assert store.list_namespaces(prefix=("others",)) == []
    assert store.list_namespaces(prefix=("memories", "more")) == []
    assert store.list_namespaces(offset=1) == []


@pytest.mark.parametrize(
    ("namespace", "key", "value", "error"),
    [
        (("others",), "a", {"content": "x"}, BadChoice),
        (MEMORIES, "a", {"type": "fact"}, SettingError),
        (MEMORIES, "../../a", {"content": "x"}, MetaHumanError),
        (MEMORIES, "a", {"content": "x", "timestamp": "soon"}, SettingError),
    ],
)
def test_what_is_no_memory_is_refused(
    store: MemoryStore,
    tmp_path: Path,
    namespace: tuple[str, ...],
    key: str,
    value: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        store.put(namespace, key, value)
    assert not list((tmp_path / "memory" / "episodic").rglob("*.json"))


async def test_a_graph_of_the_owners_own_can_use_it(store: MemoryStore) -> None:
    class State(TypedDict):
        said: str

    async def look(_: State, *, store: BaseStore) -> State:
        found = await store.asearch(MEMORIES, query="boat")
        return {"said": found[0].value["content"]}

    await store.aput(MEMORIES, "a", {"content": "The boat is called Marisol."})
    graph = StateGraph(State)
    graph.add_node("look", look)
    graph.add_edge(START, "look")
    graph.add_edge("look", END)
    assert await graph.compile(store=store).ainvoke({"said": ""}) == {"said": "The boat is called Marisol."}
