"""Tests of what a home asks of the runs of LangGraph's own server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from metahuman.agents.alone import AlreadyRunning, alone
from metahuman.agents.person import PersonTurns
from metahuman.home import Home
from metahuman.state.errors import MetaHumanError
from metahuman.state.files import write_json
from metahuman.studio_runs import Alone, PersonsTurn, Runs


class Count(TypedDict, total=False):
    steps: int


def graph(runs: Runs, *steps: Any) -> Any:
    made = StateGraph(Count)
    names = [f"step {number}" for number, _ in enumerate(steps)]
    for name, step in zip(names, steps, strict=True):
        made.add_node(name, step)
    for before, after in zip([START, *names], [*names, END], strict=True):
        made.add_edge(before, after)
    return made.compile().with_config(RunnableConfig(callbacks=[runs]))


async def test_a_run_is_alone_until_it_ends_or_fails(tmp_path: Path) -> None:
    home, held = Home(tmp_path), list[str]()

    async def look(_: Count) -> Count:
        with pytest.raises(AlreadyRunning):
            async with alone(home, "curate"):
                pass
        held.append("held")
        return {"steps": 1}

    async def fail(_: Count) -> Count:
        raise MetaHumanError("it fails")

    ready = list[int]()
    runs = Alone(home, "curate", lambda: ready.append(1))
    assert await graph(runs, look).ainvoke({}) == {"steps": 1}
    with pytest.raises(MetaHumanError, match="it fails"):
        await graph(runs, look, fail).ainvoke({})
    assert (held, ready) == (["held"] * 2, [1, 1])
    async with alone(home, "curate"):
        with pytest.raises(AlreadyRunning):
            await graph(runs, look).ainvoke({})
    assert len(held) == 2


async def test_nothing_runs_in_emulation(tmp_path: Path) -> None:
    write_json(tmp_path / "persona" / "cognitive-mode.json", {"currentMode": "emulation"})

    async def never(_: Count) -> Count:
        raise AssertionError

    with pytest.raises(MetaHumanError, match="nothing is written"):
        await graph(Alone(Home(tmp_path), "digest", lambda: None), never).ainvoke({})


async def test_a_turn_is_seen_by_others(tmp_path: Path) -> None:
    turns = PersonTurns(Home(tmp_path))

    async def look(_: Count) -> Count:
        return {"steps": int(turns.under_way())}

    assert await graph(PersonsTurn(Home(tmp_path)), look).ainvoke({}) == {"steps": 1}
    assert not turns.under_way()
