"""The specialists' part of the turn graph: waves, long texts, checks, and what the next turn knows of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from metahuman.models.registry import Registry
from metahuman.state.errors import ModelDown
from metahuman.state.parts import Evidence
from tests.fakes import Answer, registry
from tests.memories import FakeMemory
from tests.operators import FakeTools
from tests.talk import CODE, Talk, note, plan, to, use

#: A text that a prompt of 700 tokens has no room for.
STORY = " ".join(f"On day {day} the river rose by {day + 10} inches near the old mill of Anna." for day in range(1, 91))
#: A model with little room, and how many pieces of the story it reads.
SMALL = {
    "provider": "local",
    "model": "s",
    "roles": ["summarizer"],
    "options": {"contextWindow": 1100, "maxTokens": 100},
}
PIECES = 3


def found(state: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["job"]: (one["content"], one["error"]) for one in state["findings"]}


def asked_of(talk: Talk, model: str) -> list[str]:
    return [asked.messages[-1].text for asked in talk.world.provider.asked if asked.model_id == model]


async def test_what_builds_on_something_is_done_after_it() -> None:
    tasks = to(("summarizer", "shorten the report"), ("coder", "sort a list"), ("planner", "plan my week from it"))
    talk = Talk(
        orchestrator=[tasks],
        summarizer=["Buy seeds."],
        coder=[CODE],
        planner=[plan("buy seeds", "sow them", s2=[1])],
        persona=["there"],
    )
    state = await talk.say("three things, please")
    assert [asked.model_id for asked in talk.world.provider.asked].index("planner") == 3
    assert "CODE" not in asked_of(talk, "planner")[0]
    assert "<coder>" in asked_of(talk, "planner")[0]  # what "it" is nobody knows: the one before
    assert found(state)["2"] == ("1. buy seeds (1 hour)\n2. sow them (1 hour; after 1)\n", None)


async def test_a_model_says_what_a_task_is_made_from() -> None:
    tasks = [
        {"destination": "summarizer", "task": "shorten the report"},
        {"destination": "coder", "task": "sort"},
        {"destination": "planner", "task": "plan my week", "after": [1]},
    ]
    talk = Talk(
        orchestrator=[json.dumps({"tasks": tasks})],
        summarizer=["Buy seeds."],
        coder=[CODE],
        planner=[plan("buy seeds")],
        persona=["there"],
    )
    await talk.say("three things, please")
    assert "<summarizer>\nBuy seeds.\n</summarizer>" in asked_of(talk, "planner")[0]
    assert "<coder>" not in asked_of(talk, "planner")[0]


async def test_the_operator_waits_for_what_it_needs_and_others_for_the_operator() -> None:
    tasks = to(("operator", "read the log"), ("coder", "mend the program it complains of"))
    talk = Talk(
        tools=FakeTools({"fs_read": "line 3: no such thing"}),
        orchestrator=[tasks, use("fs_read", path="log"), note("it complains")],
        coder=[CODE],
        persona=["mended"],
    )
    state = await talk.say("read the log and mend the program it complains of")
    assert "no such thing" in asked_of(talk, "coder")[0]
    assert [one["source"] for one in state["findings"]] == ["operator", "coder"]


async def test_the_operator_is_told_of_what_was_made_and_can_save_it() -> None:
    tools = FakeTools({"fs_save": "made"})
    tasks = to(("coder", "sort a list"), ("operator", "save it as a.py"))
    steps = [tasks, use("fs_save", name="sort.py", path="a.py"), note("saved")]
    talk = Talk(tools=tools, orchestrator=steps, coder=[CODE], persona=["there"])
    await talk.say("sort a list and save it as a.py")
    assert "Made here: sort.py: sort.py (python, 1 line)" in talk.world.provider.asked[2].messages[1].text
    (_, acting, _) = tools.made[0]
    assert acting.made == {"sort.py": "sorted()\n"}


async def test_a_word_that_the_operator_waits_for_costs_the_specialists_nothing() -> None:
    both = to(("operator", "tidy up"), ("coder", "sort a list"))
    talk = Talk(
        tools=FakeTools({"fs_delete": "gone"}, {"fs_delete": "ask"}),
        orchestrator=[both, use("fs_delete", path="a")],
        coder=[CODE],
    )
    await talk.say("both, please")
    talk.world.provider.script = {"orchestrator": [note("done")], "persona": ["both done"]}
    state = await talk.answer("yes")
    assert set(found(state)) == {"1", "operator"}
    assert state["messages"][-1].text == "both done"


async def test_an_answer_that_fails_its_check_is_sent_back_once_with_the_reason() -> None:
    talk = Talk(orchestrator=[to(("coder", "sort"))], coder=["```python\ndef f(:\n```", CODE], persona=["there"])
    state = await talk.say("sort it")
    second = asked_of(talk, "coder")[1]
    assert second == "That cannot be used yet: sort.py: line 1: invalid syntax. Answer again, whole and corrected."
    assert found(state)["0"] == (CODE, None)
    (event,) = talk.world.audit.named("specialist_done")
    assert (event["tries"], event["problem"]) == (2, None)


async def test_what_fails_its_check_twice_is_told_as_it_is() -> None:
    circle = plan("a", "b", s1=[2], s2=[1])
    talk = Talk(orchestrator=[to(("planner", "plan"))], planner=[circle, circle], persona=["there"])
    state = await talk.say("plan it")
    (artifact,) = state["findings"][0]["artifacts"]
    assert artifact["problem"].startswith("steps wait for each other")
    assert "[but: steps wait for each other" in asked_of(talk, "persona")[0]


async def test_an_answer_of_which_nothing_can_be_made_is_a_failure_that_keeps_its_words() -> None:
    talk = Talk(orchestrator=[to(("coder", "sort"))], coder=["I would rather not.", "No."], persona=["sorry"])
    state = await talk.say("sort it")
    assert found(state)["0"] == ("No.", "there is no fenced block of code in the answer")
    assert "No. [but: there is no fenced block" in asked_of(talk, "persona")[0]


async def test_a_text_that_no_prompt_has_room_for_is_read_in_pieces() -> None:
    talk = Talk(known=_small(), orchestrator=[to(("summarizer", "shorten this"))], persona=["short"])
    talk.world.provider.script["summarizer"] = [
        *("The river rose near the old mill." for _ in range(PIECES)),
        "The river rose near the old mill of Anna.",
    ]
    state = await talk.say(f"Summarize this in one sentence. {STORY}")
    read = asked_of(talk, "summarizer")
    assert [f"part {number} of {PIECES}" in text for number, text in enumerate(read[:-1], 1)] == [True] * PIECES
    assert all(f"On day {day} " in "".join(read[:-1]) for day in range(1, 91))
    assert read[-1].count("The river rose near the old mill.") == PIECES
    (summary,) = [one for one in state["findings"] if not one["part"]]
    assert summary["content"] == "The river rose near the old mill of Anna."
    (artifact,) = summary["artifacts"]
    (pointer,) = artifact["pointers"]
    assert "the river rose" in f"Summarize this in one sentence. {STORY}"[pointer["start"] : pointer["end"]]
    assert "The river rose" in asked_of(talk, "persona")[0]
    assert "part 1" not in asked_of(talk, "persona")[0]


async def test_a_piece_that_nobody_could_read_is_told_and_alone_done_again() -> None:
    talk = Talk(known=_small(), orchestrator=[to(("summarizer", "shorten this"))], persona=["short"])
    notes: list[Answer] = ["The river rose near the old mill."] * (PIECES - 1)
    talk.world.provider.script["summarizer"] = [ModelDown("gone"), *notes, "The river rose."]
    state = await talk.say(f"Summarize this in one sentence. {STORY}")
    (summary,) = [one for one in state["findings"] if not one["part"]]
    assert summary["error"].startswith(f"part 1 of {PIECES} of the text is missing: no model could answer")
    assert "[but: part 1 of" in asked_of(talk, "persona")[0]


def _small() -> Registry:
    return registry(models={**_models(), "summarizer": SMALL})


def _models() -> dict[str, Any]:
    return {name: entry.model_dump(by_alias=True) for name, entry in registry().file.models.items()}


async def test_the_persona_gets_an_outline_of_code_and_never_the_code() -> None:
    code = "Here it is:\n```python search.py\ndef search(items, wanted):\n    return wanted in items\n```\nIt is slow."
    talk = Talk(orchestrator=[to(("coder", "search"))], coder=[code], persona=["there"])
    state = await talk.say("a search, please")
    spoken = asked_of(talk, "persona")[0]
    assert "search.py (python, 2 lines, defines search)" in spoken
    assert "return wanted" not in spoken
    assert "It is slow." in spoken
    (kept,) = state["artifacts"]
    assert kept["artifact"]["text"] == "def search(items, wanted):\n    return wanted in items\n"


async def test_the_next_turn_knows_what_was_made() -> None:
    talk = Talk(orchestrator=[to(("coder", "sort"))], coder=[CODE], persona=["there"])
    await talk.say("sort my list")
    talk.world.provider.script = {"orchestrator": [to(("coder", "and backwards"))], "coder": [CODE], "persona": ["so"]}
    state = await talk.say("and backwards", number=2)
    assert "sorted()" in asked_of(talk, "coder")[-1]
    assert "human: sort my list" in asked_of(talk, "coder")[-1]
    assert "there" not in asked_of(talk, "coder")[-1].split("human: ")[1]
    assert [(one["turn"], one["job"]) for one in state["artifacts"]] == [("q1", "0"), ("q2", "0")]


@pytest.mark.parametrize(("destination", "answer", "told"), [("planner", plan("pack"), True), ("coder", CODE, False)])
async def test_memories_are_told_to_those_who_stay_at_home(destination: str, answer: str, told: bool) -> None:
    memory = Evidence(
        id="1", timestamp="2026-05-01", type="conversation", text="Anna is afraid of boats", why="", score=1
    )
    script: dict[str, Any] = {destination: [answer]}
    talk = Talk(FakeMemory(evidence=[memory]), orchestrator=[to((destination, "a trip"))], persona=["there"], **script)
    await talk.say("a trip for Anna, please")
    assert ("afraid of boats" in asked_of(talk, destination)[0]) is told


async def test_all_that_fails_is_told_by_the_persona() -> None:
    talk = Talk(
        orchestrator=[to(("coder", "sort"), ("dreamer", "dream"))],
        coder=[ModelDown("no server")],
        dreamer=["a red boat"],
        persona=["one of two"],
    )
    await talk.say("both, please")
    spoken = asked_of(talk, "persona")[0]
    assert "- coder: no model could answer as coder" in spoken
    assert "- dreamer: a red boat" in spoken
    (whole,) = talk.world.audit.named("specialists_done")
    assert (whole["jobs"], whole["failed"]) == (2, 1)
