"""Long threads through the public API: condensed between the turns, and nothing waits for that or is lost by it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from metahuman.api import MetaHuman
from metahuman.state.background import background
from metahuman.state.summaries import MESSAGES
from tests.fakes import Slow
from tests.homes import TALK, scripted

CONFIG: RunnableConfig = {"configurable": {"thread_id": "main"}}
GIST = "They told of fact 0 in Lisbon and of other facts."


def make_long(twin: MetaHuman) -> None:
    """Give the main thread as many messages as it may have."""

    async def write() -> None:
        told = [[HumanMessage(f"fact {number} in Lisbon"), AIMessage("I nod.")] for number in range(MESSAGES // 2)]
        graph = (await twin._turns._open()).graph("dual")
        await graph.aupdate_state(CONFIG, {"messages": [message for turn in told for message in turn]}, "remember")

    background.run(write())


def wait_until_short(twin: MetaHuman) -> None:
    until = time.monotonic() + 20
    while len(twin.history()) > MESSAGES / 2 and time.monotonic() < until:
        time.sleep(0.02)


def test_a_long_thread_is_condensed_while_the_person_reads(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=["one"], summarizer=[GIST]) as twin:
        make_long(twin)
        assert twin.chat("and now?").text == "one"
        wait_until_short(twin)
        assert [message.text for message in twin.history()[-2:]] == ["and now?", "one"]
        reply = twin.last_reply()
    assert reply is not None
    assert reply.text == "one"
    with scripted(tmp_path, orchestrator=[TALK], persona=["two"]) as twin:
        twin.chat("go on")
        assert GIST in background.run(twin._turns.values("main"))["summary"]["text"]


def test_neither_the_next_turn_nor_the_end_of_the_program_waits_for_it(tmp_path: Path) -> None:
    late = Slow(GIST, 60)
    with scripted(tmp_path, orchestrator=[TALK] * 2, persona=["one", "two"], summarizer=[late, late]) as twin:
        make_long(twin)
        started = time.monotonic()
        for text in ("and now?", "and then?"):
            twin.chat(text)
            time.sleep(0.3)
    assert time.monotonic() - started < 20
    with scripted(tmp_path) as twin:
        assert len(twin.history()) == MESSAGES + 4


KILLED = """
import sys, time
from pathlib import Path
from tests.fakes import Slow
from tests.homes import TALK, scripted
from tests.metahuman.test_long_threads import GIST, make_long
with scripted(Path(sys.argv[1]), orchestrator=[TALK], persona=["one"], summarizer=[Slow(GIST, 60)]) as twin:
    make_long(twin)
    twin.chat("and now?")
    time.sleep(0.3)
    print("condensing", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_killed_while_it_is_condensed_a_thread_is_whole(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "condensing\n"
        process.kill()
    with scripted(tmp_path, orchestrator=[TALK], persona=["two"], summarizer=[GIST]) as twin:
        assert len(twin.history()) == MESSAGES + 2
        twin.chat("are you there?")
        wait_until_short(twin)
        assert len(twin.history()) <= MESSAGES / 2
        assert twin.history()[-1].text == "two"
