"""A person's turn goes first: work in the background gives way to it, in this process or in another."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from metahuman.agents.person import PersonTurns
from metahuman.agents.yielding import Yielding
from metahuman.home import Home
from metahuman.state.errors import ModelDown
from tests.fakes import Slow, registry, world
from tests.homes import TALK, scripted

#: A process in which turns begin and end as it is told to.
TURNS = """
import sys
from pathlib import Path
from metahuman.agents.person import PersonTurns
from metahuman.home import Home

turns = PersonTurns(Home(Path(sys.argv[1])))
for line in sys.stdin:
    with turns.hold():
        print("begun", flush=True)
        sys.stdin.readline()
    print("ended", flush=True)
"""


@dataclass
class Person:
    """Somebody who talks in another process."""

    process: subprocess.Popen[str]

    def begin(self) -> None:
        self._say("begun")

    def end(self) -> None:
        self._say("ended")

    def _say(self, answer: str) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{answer}\n"


@contextmanager
def person(home: Path) -> Iterator[Person]:
    command = [sys.executable, "-c", TURNS, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Person(process)
        finally:
            process.kill()


@dataclass
class Call:
    """A model call that takes as long as it is let, and counts how often it was made and given up."""

    made: int = 0
    given_up: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def make(self) -> str:
        self.made += 1
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return "answer"


async def until(true: object) -> None:
    """Wait until a function of no arguments says so."""
    assert callable(true)
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - it is other processes that are waited for
            await asyncio.sleep(0.002)


def quick(home: Path) -> Yielding:
    return Yielding(Home(home), every=0.005, rest=0.01)


async def test_a_turn_of_another_process_cancels_a_call_and_it_is_made_again(tmp_path: Path) -> None:
    call = Call()
    with person(tmp_path) as talking:
        asked = asyncio.create_task(quick(tmp_path).gently(call.make))
        await until(lambda: call.made == 1)
        await asyncio.to_thread(talking.begin)
        await until(lambda: call.given_up == 1)
        await asyncio.sleep(0.05)
        assert (call.made, asked.done()) == (1, False)
        await asyncio.to_thread(talking.end)
        await until(lambda: call.made == 2)
        call.answers.set()
        assert await asked == "answer"


async def test_a_process_that_is_killed_in_a_turn_holds_nobody_up(tmp_path: Path) -> None:
    call = Call()
    call.answers.set()
    with person(tmp_path) as talking:
        await asyncio.to_thread(talking.begin)
        assert PersonTurns(Home(tmp_path)).under_way()
        talking.process.send_signal(signal.SIGKILL)
        talking.process.wait()
    assert await quick(tmp_path).gently(call.make) == "answer"
    assert [path.suffix for path in (tmp_path / "state" / "turns").iterdir()] == []


async def test_calls_that_wait_are_all_made_after_the_turn(tmp_path: Path) -> None:
    turns, courtesy, call = PersonTurns(Home(tmp_path)), quick(tmp_path), Call()
    with turns.hold():
        asked = [asyncio.create_task(courtesy.gently(call.make)) for _ in range(20)]
        await asyncio.sleep(0.05)
        assert call.made == 0
    call.answers.set()
    assert await asyncio.gather(*asked) == ["answer"] * 20


async def test_when_free_returns_when_it_is(tmp_path: Path) -> None:
    turns, courtesy = PersonTurns(Home(tmp_path)), quick(tmp_path)
    await asyncio.wait_for(courtesy.when_free(), 1)
    with turns.hold():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(courtesy.when_free(), 0.05)
        with turns.hold():
            pass
        assert turns.under_way()
    assert not turns.under_way()
    await asyncio.wait_for(courtesy.when_free(), 1)


async def test_who_asks_may_be_cancelled(tmp_path: Path) -> None:
    call = Call()
    asked = asyncio.create_task(quick(tmp_path).gently(call.make))
    await until(lambda: call.made == 1)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert call.given_up == 1


async def test_an_error_of_the_call_is_raised(tmp_path: Path) -> None:
    async def fail() -> str:
        raise ModelDown("nobody listens")

    with pytest.raises(ModelDown):
        await quick(tmp_path).gently(fail)


async def test_an_error_that_being_cancelled_makes_is_none(tmp_path: Path) -> None:
    turns, tries = PersonTurns(Home(tmp_path)), list[int]()

    async def make() -> str:
        tries.append(1)
        if len(tries) == 2:
            return "answer"
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        raise ModelDown("the connection is gone")

    asked = asyncio.create_task(quick(tmp_path).gently(make))
    await until(lambda: len(tries) == 1)
    with turns.hold():
        await asyncio.sleep(0.03)
    assert await asked == "answer"


async def test_one_object_serves_one_loop_after_another(tmp_path: Path) -> None:
    courtesy = quick(tmp_path)

    def run() -> str:
        call = Call()
        call.answers.set()
        return asyncio.run(courtesy.gently(call.make))

    assert [await asyncio.to_thread(run) for _ in range(2)] == ["answer", "answer"]


def test_a_turn_of_the_twin_is_seen_while_it_runs_and_noted_after(tmp_path: Path) -> None:
    turns, seen = PersonTurns(Home(tmp_path)), list[bool]()
    with scripted(tmp_path, orchestrator=[TALK], persona=["I nod."]) as twin:
        assert turns.last() is None
        seen.extend(turns.under_way() for _ in twin.stream("Good morning"))
        assert seen[0]
        assert not turns.under_way()
    last = turns.last()
    assert last
    assert abs(last.timestamp() - time.time()) < 60
    assert list((tmp_path / "state" / "turns").glob("*.turn")) == []


async def test_a_persons_call_does_not_queue_behind_the_background(tmp_path: Path) -> None:
    """The one place of a provider is taken, and many wait for it: a turn has it at once."""
    it = world(
        {"curator": [Slow("late", 60)] * 1, "persona": ["I nod."]},
        known=registry(providers={"local": {"parallel": 1}}),
    )
    courtesy, turns = quick(tmp_path), PersonTurns(Home(tmp_path))
    curator, persona = it.services.models.chat_model("curator"), it.services.models.chat_model("persona")
    asked = [asyncio.create_task(courtesy.gently(lambda: curator.ainvoke([HumanMessage("judge")]))) for _ in range(8)]
    await until(lambda: len(it.provider.asked) == 1)
    with turns.hold():
        answer = await asyncio.wait_for(persona.ainvoke([HumanMessage("hello")]), 2)
    assert answer.text == "I nod."
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
