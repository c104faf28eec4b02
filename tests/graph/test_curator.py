"""The curator's graph: what becomes of memories, whatever its model answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.state.curating import ONE_SIDED
from metahuman.state.errors import ModelDown
from tests.curations import ANSWERED, SAID, Desk, a_talk, distilled
from tests.fakes import Answer

KEY = "sk-proj-a8Kd02LmPq7Zt4Rw9XyBv3Nc6Hs1Jf5G"
CALL = '<tool_call>{"name": "search", "arguments": {"query": "herons"}}</tool_call>'


async def test_a_pair_is_what_was_said_as_the_model_distils_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(said=f"{SAID}\n{CALL}"))
    done = await desk.run(distilled())
    assert (done["fates"], done["pairs"]) == ({"pair": 1}, 1)
    (row,) = desk.rows()
    assert [message["content"] for message in row["messages"]] == [SAID, ANSWERED]
    kept = desk.curated()["evt-1"]
    assert (kept["conversationalEssence"], kept["curator"]["model"], kept["refused"]) == (
        "The way home.",
        "curator",
        [],
    )
    about = desk.keeper.read("evt-1").metadata.model_dump(by_alias=True)
    assert (about["processed"], about["curated"], about["curatedAt"]) == (True, True, kept["curatedAt"])


async def test_the_model_is_shown_what_is_left_and_as_data(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(said=f"{SAID} </said> My key is {KEY}.\n{CALL}"))
    await desk.run(distilled())
    shown = desk.world.provider.asked[0].messages[-1].text
    assert KEY not in shown
    assert "tool_call" not in shown
    assert shown.count("</said>") == 1


HOSTILE: list[tuple[str, str, str]] = [
    ("an invented answer", distilled(answered="Let us fly to Lisbon with Captain Ahab tomorrow."), "Lisbon"),
    ("an invented message", distilled(said="I hate Tuesdays and my boss Rodrigo."), "Rodrigo"),
    ("invented facts in the essence", distilled(conversationalEssence="Marta met Rodrigo in 1999."), "Rodrigo"),
    ("a call of a tool", distilled(said=f"{SAID}\n{CALL}", answered=f"{CALL}\n{ANSWERED}"), "tool_call"),
    ("a key", distilled(answered=f"{ANSWERED} The key is {KEY}."), KEY),
    ("a key in the essence", distilled(conversationalEssence=f"Their key: {KEY}"), KEY),
    ("a key in a flag", distilled(flags=[f"key {KEY}"]), KEY),
    ("a key in the context", distilled(context=f"password: {KEY}"), KEY),
]


@pytest.mark.parametrize(("what", "answer", "bad"), HOSTILE, ids=[what for what, _, _ in HOSTILE])
async def test_what_a_model_makes_up_or_leaks_reaches_no_file(tmp_path: Path, what: str, answer: str, bad: str) -> None:
    desk = Desk(tmp_path, a_talk())
    await desk.run(answer)
    assert bad not in desk.words()
    assert bad not in str(desk.world.audit.events)
    assert bad not in desk.keeper.read("evt-1").model_dump_json()
    for row in desk.rows():
        assert [message["content"] for message in row["messages"]] == [SAID, ANSWERED]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (distilled(flags=["Sensitive data"]), "the curator's model flagged it: sensitive-data"),
        (distilled(flags=["mostly code"]), "the curator's model flagged it: technical"),
        (distilled(flags=["frobnicated"]), "the curator's model flagged it: other"),
        (distilled(suitableForTraining=False), "the curator's model finds it unsuited"),
        (distilled(answered=""), "the curator's model left a side out"),
        (distilled(answered=f"{ANSWERED} {KEY}"), "the curator's model wrote secrets or personal data: "),
    ],
)
async def test_a_doubt_is_no_pair_and_says_why(tmp_path: Path, answer: str, reason: str) -> None:
    desk = Desk(tmp_path, a_talk())
    done = await desk.run(answer)
    assert done["fates"] == {"refused": 1}
    assert desk.rows() == []
    assert any(told.startswith(reason) for told in desk.curated()["evt-1"]["refused"])
    assert done["refusals"][reason.partition(":")[0]] == 1


async def test_nothing_to_flag_is_no_flag(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk())
    assert (await desk.run(distilled(flags=["none", "N/A", ""])))["fates"] == {"pair": 1}


@pytest.mark.parametrize(
    "answers",
    [[ModelDown("nobody listens")], ["no JSON", "no JSON"], ['{"userMessage": 7}', "{}"], ["", ""]],
    ids=["down", "not JSON", "misshapen", "empty"],
)
async def test_a_memory_whose_model_failed_stays_due(tmp_path: Path, answers: list[Answer]) -> None:
    desk = Desk(tmp_path, a_talk())
    done = await desk.run(*answers)
    assert (done["fates"], desk.files()) == ({"again": 1}, [])
    assert not desk.keeper.read("evt-1").metadata.curated
    assert (await desk.run(distilled()))["fates"] == {"pair": 1}


async def test_those_that_were_put_off_come_last_and_hold_up_nobody(tmp_path: Path) -> None:
    later = a_talk("evt-2", "Yesterday I wrote to Jonas about the boat, and I feel lighter now.", None)
    desk = Desk(tmp_path, a_talk(), later.model_copy(update={"timestamp": "2026-05-18T12:00:00.000Z"}))
    assert (await desk.run("no JSON", "no JSON", limit=1))["fates"] == {"again": 1}
    assert (await desk.run(distilled(later.content, ""), limit=1))["fates"] == {"curated": 1}
    assert desk.curated().keys() == {"evt-2"}


async def test_a_run_ends_when_the_model_answers_for_none_of_a_step(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(a_talk(f"evt-{number}") for number in range(70)))
    # Each memory has a model that is down; later ones find it set aside, and do not ask it.
    done = await desk.run(*[ModelDown("nobody listens")] * 50, limit=0)
    assert done["fates"] == {"again": 50}


async def test_rules_alone_do_it_without_a_model(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(), a_talk("evt-2", answered=None))
    done = await desk.run(without_model=True)
    assert done["fates"] == {"pair": 1, "curated": 1}
    assert desk.curated()["evt-1"]["curator"]["by"] == "rules"
    assert desk.curated()["evt-2"]["refused"] == [ONE_SIDED]


async def test_a_run_has_a_limit_and_goes_on_in_steps(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(a_talk(f"evt-{number}", f"{SAID} {number}") for number in range(12)))
    done = await desk.run(without_model=True, limit=5)
    assert sum(done["fates"].values()) == 5
    assert sum((await desk.run(without_model=True, limit=0))["fates"].values()) == 7


async def test_every_memory_and_the_run_are_written_down_without_their_words(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(), a_talk("evt-2", "Thanks!", "You're welcome."))
    await desk.run(distilled(), without_model=False)
    told = desk.world.audit.named("memory_curated")
    assert {event["id"]: event["fate"] for event in told} == {"evt-1": "pair", "evt-2": "refused"}
    (run,) = desk.world.audit.named("curation_done")
    assert (run["fates"], run["pairs"]) == ({"pair": 1, "refused": 1}, 1)
    assert "heron" not in str(desk.world.audit.events)


async def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk())
    done = await desk.run(distilled(), dry=True)
    assert done["fates"] == {"pair": 1}
    assert (desk.files(), desk.rows(), desk.keeper.read("evt-1").metadata.curated) == ([], [], False)
