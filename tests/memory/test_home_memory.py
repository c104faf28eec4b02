"""The memory service of a home."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from metahuman.home import SHIPPED
from metahuman.memory.home import HomeMemory
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.parts import ConversationContext, ShortTerm
from metahuman.state.short_term import TASKS, add_active_task
from tests.fakes import NOON
from tests.homes import files

if TYPE_CHECKING:
    from metahuman.state.services import Memory

SHORT_TERM = ShortTerm(
    currentFocus="the garden",
    activeTasks=["weed"],
    recentToolOutputs={"clock": {"now": "noon"}},
    conversationContext=ConversationContext(lastTopics=["rain"], userIntent="to chat"),
    lastUpdated="2026-05-17T12:00:00.000Z",
)


@pytest.fixture
def memory(tmp_path: Path) -> HomeMemory:
    return HomeMemory(tmp_path, SHIPPED / "persona" / "core.json")


async def test_a_home_with_nothing_in_it_answers_everything_and_stays_empty(memory: Memory, tmp_path: Path) -> None:
    assert await memory.current_mode() == "dual"
    assert await memory.recall("anything", thread="main") == []
    assert (await memory.persona_summary()).startswith("You are MetaHuman, ")
    assert (await memory.short_term())["conversationContext"] == {"lastTopics": [], "userIntent": ""}
    assert files(tmp_path) == {}


async def test_the_mode_is_switched_for_every_program(memory: Memory, tmp_path: Path) -> None:
    assert await memory.set_mode("agent", "human", NOON) == "dual"
    assert await HomeMemory(tmp_path, SHIPPED / "persona" / "core.json").current_mode() == "agent"


async def test_what_is_saved_is_recalled_from_other_threads(memory: Memory) -> None:
    taught = {
        "id": "evt-1",
        "timestamp": "2026-05-17T12:00:00.000Z",
        "content": "I like rain",
        "metadata": {"conversationId": "main"},
    }
    assert await memory.save(taught) == "memory/episodic/2026/evt-1.json"
    assert [evidence["text"] for evidence in await memory.recall("rain", thread="other")] == ["I like rain"]
    assert await memory.recall("rain", thread="main") == []


async def test_the_short_term_state_comes_back_and_other_programs_keys_stay(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "out" / "state" / "short-term.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"currentFocus": "old", "ofAnotherProgram": {"a": [1]}}')
    assert "currentFocus" in await memory.change_short_term(lambda _: SHORT_TERM)
    assert await memory.short_term() == SHORT_TERM
    assert json.loads(path.read_text()) == {**SHORT_TERM, "ofAnotherProgram": {"a": [1]}}


async def test_turns_side_by_side_do_not_spoil_the_short_term_state(memory: Memory) -> None:
    tasks = [f"task {number}" for number in range(TASKS)]
    changes = (partial(add_active_task, task=task, now="2026-05-17T12:00:00.000Z") for task in tasks)
    await asyncio.gather(*map(memory.change_short_term, changes))
    assert set((await memory.short_term())["activeTasks"]) == set(tasks)


async def test_a_short_term_state_that_cannot_be_read_is_named_and_left(memory: Memory, tmp_path: Path) -> None:
    path = tmp_path / "out" / "state" / "short-term.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"currentFocus": ')
    with pytest.raises(SettingError, match=r"short-term\.json: not JSON"):
        await memory.short_term()
    with pytest.raises(SettingError, match=r"short-term\.json: not JSON"):
        await memory.change_short_term(lambda _: SHORT_TERM)
    assert path.read_text() == '{"currentFocus": '


async def test_a_home_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = HomeMemory(tmp_path / "file", SHIPPED / "persona" / "core.json")
    with pytest.raises(StoreError, match="check that the folder can be written"):
        await memory.change_short_term(lambda _: SHORT_TERM)
    with pytest.raises(StoreError, match="check that the folder can be written"):
        await memory.save({"id": "evt-1", "timestamp": "2026", "content": ""})
