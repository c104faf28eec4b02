"""Each call is made once, whatever happens to whoever waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.tools.gates import World, acting, approved, call, yes


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "home")


async def test_a_call_is_made_once(world: World) -> None:
    one = call("put", path="a.txt", text="new")
    first = await approved(world, one)
    for gate in (world.gate, world.opened()):
        again = await gate.run(one, acting(), yes(one["arguments"]))
        assert again == first
    assert await world.gate.run(one, acting()) == first  # the yes is not needed for what was done
    assert len(world.tools.done) == len(world.audit.events) == 1


async def test_a_call_is_made_once_whatever_it_is_edited_to(world: World) -> None:
    await approved(world, call("put", path="a.txt"))
    outcome = await world.gate.run(call("put", path="a.txt"), acting(), yes({"path": "b.txt"}))
    assert (outcome.ended, outcome.ruling["rule"]) == ("refused", "hard.once")
    assert len(world.tools.done) == 1
    assert [event.event for event in world.audit.events] == ["tool_called", "tool_refused"]


async def test_the_same_call_of_another_turn_or_thread_is_another(world: World) -> None:
    for whom in (acting(), acting(turn="2"), acting(thread="b"), acting(thread=None)):
        assert (await world.gate.run(call("note"), whom)).ended == "done"
    assert len(world.tools.done) == 4


async def test_a_call_made_twice_at_once_is_made_once(world: World) -> None:
    other = world.opened()
    runs = [gate.run(call("note", text=str(1)), acting()) for gate in (world.gate, other) * 4]
    outcomes = await asyncio.gather(*runs)
    assert len(world.tools.done) == 1
    assert {outcome.ended for outcome in outcomes} <= {"done", "refused"}
    assert len(world.audit.named("tool_called")) == 1


async def test_while_a_call_is_being_made_it_is_not_made_again(world: World) -> None:
    running = asyncio.create_task(world.gate.run(call("wait"), acting()))
    await world.tools.begun.wait()
    for gate in (world.gate, world.opened()):
        outcome = await gate.run(call("wait"), acting())
        assert (outcome.ended, outcome.ruling["rule"]) == ("refused", "hard.once")
        assert await gate.unfinished() == []
    world.tools.waits.set()
    assert (await running).ended == "done"


async def broken_off(world: World, one: Any) -> None:
    world.tools.begun.clear()
    running = asyncio.create_task(world.gate.run(one, acting(), yes(one["arguments"])))
    await world.tools.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_call_that_nobody_waits_for_is_settled(world: World) -> None:
    await broken_off(world, call("wait", text="x"))
    assert not world.audit.events
    (left,) = await world.gate.unfinished()
    assert (left.tool, left.ended, left.call, left.said) == ("wait", "unknown", "call-1", '{"text": "x"}')
    assert "not done again" in left.why
    outcome = await world.gate.run(call("wait", text="x"), acting())
    assert (outcome.ended, outcome.output) == ("unknown", None)
    assert [details["ended"] for details in world.audit.named("tool_called")] == ["unknown"]
    assert len(world.tools.done) == 1


async def test_what_was_broken_off_is_settled_when_the_gate_is_closed_or_used(world: World) -> None:
    await broken_off(world, call("wait"))
    await world.gate.run(call("note", 2), acting())
    await broken_off(world, call("wait", 3))
    world.gate.close()
    assert [details["ended"] for details in world.audit.named("tool_called")] == ["unknown", "done", "unknown"]
