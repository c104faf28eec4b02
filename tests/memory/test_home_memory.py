"""The memory service of a home."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metahuman.home import SHIPPED
from metahuman.memory.home import HomeMemory
from metahuman.memory.minded import Minded
from metahuman.memory.recall.meaning import Vectors
from metahuman.memory.recall.vectors import SqliteVectors
from metahuman.state.errors import ModelTimeout, SettingError, StoreError
from metahuman.state.memories import Question, memory_id
from metahuman.state.parts import ConversationContext, ShortTerm
from metahuman.state.short_term import TASKS, add_active_task
from tests.fakes import NOON
from tests.homes import files

SHORT_TERM = ShortTerm(
    currentFocus="the garden",
    activeTasks=["weed"],
    recentToolOutputs={"clock": {"now": "noon"}},
    conversationContext=ConversationContext(lastTopics=["rain"], userIntent="to chat"),
    lastUpdated="2026-05-17T12:00:00.000Z",
)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[HomeMemory]:
    memory = HomeMemory(tmp_path, SHIPPED / "persona" / "core.json")
    yield memory
    memory.close()


async def test_a_home_with_nothing_in_it_answers_everything_and_stays_empty(memory: HomeMemory, tmp_path: Path) -> None:
    assert await memory.current_mode() == "dual"
    assert await memory.recall(Question("anything", NOON, thread="main")) == []
    assert (await memory.persona_summary()).startswith("You are MetaHuman, ")
    assert (await memory.short_term())["conversationContext"] == {"lastTopics": [], "userIntent": ""}
    memory.close()
    assert [path for path in files(tmp_path) if not path.startswith("state/")] == []


async def test_the_mode_is_switched_for_every_program(memory: HomeMemory, tmp_path: Path) -> None:
    assert await memory.set_mode("agent", "human", NOON) == "dual"
    assert await HomeMemory(tmp_path, SHIPPED / "persona" / "core.json").current_mode() == "agent"


def taught(turn: str, text: str, **metadata: Any) -> dict[str, Any]:
    moment = "2026-05-17T11:00:00.000Z"
    about = {"conversationId": "main", "turn": turn, **metadata}
    return {"id": memory_id(moment, turn), "timestamp": moment, "content": text, "metadata": about}


async def recalled(memory: HomeMemory, text: str, **more: Any) -> list[str]:
    return [evidence["text"] for evidence in await memory.recall(Question(text, NOON, **more))]


async def test_what_is_saved_is_recalled_unless_the_prompt_still_shows_it(memory: HomeMemory) -> None:
    kept = await memory.save(taught("q1", "I like rain in the garden"))
    assert kept == (kept.id, f"memory/episodic/2026/{kept.id}.json", None, [])
    assert await recalled(memory, "rain?", thread="other") == ["I like rain in the garden"]
    assert await recalled(memory, "rain?", thread="main", turns=["q2"]) == ["I like rain in the garden"]
    assert await recalled(memory, "rain?", thread="main", turns=["q1"]) == []


async def test_evidence_keeps_within_its_tokens(memory: HomeMemory) -> None:
    for number, text in enumerate(
        ["drinks tea with lemon", "paints boats at dawn", "sings to gulls", "sleeps till noon"]
    ):
        await memory.save(taught(f"q{number}", f"the lighthouse keeper {text}"))
    assert len(await recalled(memory, "lighthouse keeper", tokens=200)) == 4
    assert len(await recalled(memory, "lighthouse keeper", tokens=30)) == 2


async def test_of_a_long_memory_the_part_is_shown_that_was_asked_for(memory: HomeMemory) -> None:
    await memory.save(
        taught("q1", f"{'We walked on. ' * 60}The lighthouse keeper is called Ansel. {'Then home. ' * 60}")
    )
    (text,) = await recalled(memory, "what is the lighthouse keeper called?")
    assert "Ansel" in text
    assert len(text) < 400


async def test_a_fact_that_changed_is_recalled_as_it_is_now(memory: HomeMemory) -> None:
    await memory.save(taught("q1", "I live in Lisbon."))
    kept = await memory.save(taught("q2", "I live in Oslo now.") | {"timestamp": "2026-05-17T11:30:00.000Z"})
    assert len(kept.changed) == 1
    assert await recalled(memory, "Where do I live?") == ["I live in Oslo now."]
    assert memory.keeper.read(kept.changed[0]).metadata.superseded_by == kept.id


async def test_what_is_said_twice_is_counted_once(memory: HomeMemory) -> None:
    first = await memory.save(taught("q1", "My sister Bea is allergic to peanuts."))
    again = await memory.save(taught("q2", "My sister Bea is allergic to peanuts."))
    assert (again.id, again.place, again.changed) == (first.id, None, [first.id])
    assert memory.keeper.read(str(first.id)).metadata.seen == 2


async def test_all_that_was_said_stays_in_the_file(memory: HomeMemory) -> None:
    answer = "Great question! On Tuesday at nine. Let me know if you need anything else."
    log = "\n".join(f"2024-05-01 10:00:0{n} INFO worker {n} took a job" for n in range(8))
    kept = await memory.save(taught("q1", f"Why does my dentist bot hang?\n{log}") | {"response": answer})
    read = memory.keeper.read(str(kept.id))
    assert (read.content, read.response) == (f"Why does my dentist bot hang?\n{log}", answer)
    (text,) = await recalled(memory, "dentist bot")
    assert "worker" not in text
    assert text.endswith("you answered: On Tuesday at nine.")


async def test_a_file_written_by_hand_is_found(memory: HomeMemory, tmp_path: Path) -> None:
    folder = tmp_path / "memory" / "episodic" / "2026"
    folder.mkdir(parents=True)
    (folder / "note.json").write_text('{"timestamp": "2026-05-01T10:00:00Z", "content": "the boat is called Maja"}')
    assert await recalled(memory, "what is the boat called?") == ["the boat is called Maja"]


async def test_the_short_term_state_comes_back_and_other_programs_keys_stay(memory: HomeMemory, tmp_path: Path) -> None:
    path = tmp_path / "out" / "state" / "short-term.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"currentFocus": "old", "ofAnotherProgram": {"a": [1]}}')
    assert "currentFocus" in await memory.change_short_term(lambda _: SHORT_TERM)
    assert await memory.short_term() == SHORT_TERM
    assert json.loads(path.read_text()) == {**SHORT_TERM, "ofAnotherProgram": {"a": [1]}}


async def test_turns_side_by_side_do_not_spoil_the_short_term_state(memory: HomeMemory) -> None:
    tasks = [f"task {number}" for number in range(TASKS)]
    changes = (partial(add_active_task, task=task, now="2026-05-17T12:00:00.000Z") for task in tasks)
    await asyncio.gather(*map(memory.change_short_term, changes))
    assert set((await memory.short_term())["activeTasks"]) == set(tasks)


async def test_a_short_term_state_that_cannot_be_read_is_named_and_left(memory: HomeMemory, tmp_path: Path) -> None:
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
        await memory.save({"id": "evt-1", "timestamp": "2026-05-17T11:00:00Z", "content": "x"})


class Seas:
    """An embedder to which all words of the sea are alike, and which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str], *, asking: bool) -> Vectors:
        if self.away:
            raise ModelTimeout("away")
        self.asked += texts
        sea = [any(word in text for word in ("boat", "vessel", "harbour")) for text in texts]
        return np.array([[1, 0] if one else [0, 1] for one in sea], np.float32)


@pytest.fixture
def seas(tmp_path: Path) -> Iterator[tuple[HomeMemory, Seas]]:
    embedder = Seas()
    minded = Minded(embedder, tmp_path / "state" / "vectors" / "seas.sqlite")
    memory = HomeMemory(tmp_path, SHIPPED / "persona" / "core.json", minded=minded)
    yield memory, embedder
    memory.close()


async def test_with_an_embedder_what_is_said_in_other_words_is_found(seas: tuple[HomeMemory, Seas]) -> None:
    memory, _ = seas
    await memory.save(taught("q1", "Our boat is painted green."))
    await memory.save(taught("q2", "The cat sleeps on the stove."))
    assert await recalled(memory, "colour of my vessel") == ["Our boat is painted green."]


async def test_words_alone_find_memories_while_the_embedder_is_away(seas: tuple[HomeMemory, Seas]) -> None:
    memory, embedder = seas
    embedder.away = True
    await memory.save(taught("q1", "Our boat is painted green."))
    await memory.save(taught("q2", "The cat sleeps on the stove."))
    assert await recalled(memory, "colour of my vessel") == []
    assert (await recalled(memory, "what colour is our boat painted?"))[0] == "Our boat is painted green."
    embedder.away = False
    memory.close()  # the next look at the files makes up for what was missed
    memory.ready()
    assert await recalled(memory, "colour of my vessel") == ["Our boat is painted green."]


async def test_what_is_forgotten_leaves_no_vector(seas: tuple[HomeMemory, Seas], tmp_path: Path) -> None:
    memory, _ = seas
    kept = await memory.save(taught("q1", "Our boat is painted green."))
    memory.keeper.forget(tmp_path, str(kept.id))
    assert await recalled(memory, "colour of my vessel") == []
    assert SqliteVectors(tmp_path / "state" / "vectors" / "seas.sqlite").get([str(kept.id)]) == {}
