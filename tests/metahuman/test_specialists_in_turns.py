"""Specialists in turns: stopped in the middle, and asked again alone."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from metahuman.api import MetaHuman
from metahuman.audit.reader import tail
from metahuman.reply import Begun, Found, Noted, Reply
from metahuman.state.errors import EmptyTurn, ModelDown
from tests.fanout import JOBS, MESSAGE, REPORT, SAYS, WAVE, job_asked, models, on_server, said_in, within
from tests.homes import TALK, scripted, write_registry
from tests.servers.answer import JSON, Answer
from tests.servers.openai import OpenAIServer
from tests.talk import CODE, plan, to

#: Seconds after which a stop must have reached a server on a busy machine; benchmarks/specialists.py measures it.
SOON = 1.0


class Patient:
    """A server's models: those of the first wave keep silent until they are told to speak."""

    def __init__(self) -> None:
        self.silent, self.asked = True, Counter[str]()

    def __call__(self, body: JSON) -> Answer:
        job = job_asked(body)
        self.asked[job] += 1
        return Answer(SAYS[body["model"]], first_token_delay=30 if self.silent and job in WAVE else 0)

    def waits(self) -> bool:
        """Tell whether all eight have been asked."""
        return self.asked.keys() >= WAVE


@contextmanager
def at_work(home: Path) -> Iterator[tuple[OpenAIServer, Patient]]:
    """Run a server, and write a registry that has all roles there."""
    patient = Patient()
    with OpenAIServer(models(), patient) as server:
        write_registry(home, on_server(server.base_url))
        yield server, patient


def test_a_stream_that_is_closed_ends_all_calls_and_the_thread_goes_on(tmp_path: Path) -> None:
    with at_work(tmp_path) as (server, patient), MetaHuman(tmp_path) as twin:
        events = twin.stream(MESSAGE)
        begun = next(event for event in events if isinstance(event, Begun))
        assert len(begun.who) == 8
        within(5, patient.waits)
        closing = threading.Thread(target=events.close)  # type: ignore[attr-defined]
        closing.start()
        within(SOON, lambda: len(server.disconnects) == 8)
        closing.join()
        cancelled = [event["details"] for event in tail(tmp_path / "logs" / "audit", 99, event="llm_call")]
        assert sum(call["error"] == "cancelled" for call in cancelled) == 8
        patient.silent = False
        assert twin.unanswered() == MESSAGE
        *_, reply = twin.resume()
        assert isinstance(reply, Reply)
        assert (reply.text, reply.failed, len(reply.findings)) == (SAYS["persona"], [], 4)
        assert patient.asked["orchestrator"] == 1
        assert twin.unanswered() is None
        assert twin.chat("/dream of it").text == SAYS["persona"]


def test_after_a_stop_the_next_message_is_answered_and_the_first_left_alone(tmp_path: Path) -> None:
    with at_work(tmp_path) as (server, patient), MetaHuman(tmp_path) as twin:
        events = twin.stream(MESSAGE)
        next(events)
        within(5, patient.waits)
        events.close()  # type: ignore[attr-defined]
        within(SOON, lambda: len(server.disconnects) == 8)  # the server hears of it a moment later
        patient.silent = False
        reply = twin.chat("/code that sorts")
        assert [finding["source"] for finding in reply.findings] == ["coder"]
        assert twin.unanswered() is None


async def test_async_callers_that_leave_stop_it_too(tmp_path: Path) -> None:
    with at_work(tmp_path) as (server, patient), MetaHuman(tmp_path) as twin:
        events = twin.astream(MESSAGE)
        await anext(events)
        within(5, patient.waits)
        await events.aclose()  # type: ignore[attr-defined]
        within(SOON, lambda: len(server.disconnects) == 8)  # the server hears of it a moment later


def test_events_tell_who_works_and_how_far_a_text_is_read(tmp_path: Path) -> None:
    with at_work(tmp_path) as (_, patient), MetaHuman(tmp_path) as twin:
        patient.silent = False
        events = list(twin.stream(MESSAGE))
    begun = [event.who for event in events if isinstance(event, Begun)]
    assert begun == [["summarizer"] * 5 + ["coder", "planner", "dreamer"], ["summarizer"]]
    assert sorted((event.part, event.of) for event in events if isinstance(event, Noted)) == [
        (part, 5) for part in range(1, 6)
    ]
    found = [event.finding["source"] for event in events if isinstance(event, Found)]
    assert (set(found[:-1]), found[-1]) == ({"coder", "planner", "dreamer"}, "summarizer")
    assert patient.asked == Counter([*JOBS, "orchestrator", "persona"])


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ask", "chat"])
def test_ctrl_c_at_a_terminal_stops_the_calls_and_leaves_it_tidy(tmp_path: Path, command: str) -> None:
    with at_work(tmp_path) as (server, patient):
        terminal, inside = pty.openpty()
        arguments = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), command]
        process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=inside, stderr=inside, process_group=0, text=True
        )
        os.close(inside)
        assert process.stdin
        process.stdin.write(f"{MESSAGE}\n")
        process.stdin.flush()
        if command == "ask":
            process.stdin.close()
        within(20, patient.waits)
        os.killpg(process.pid, signal.SIGINT)
        within(SOON, lambda: len(server.disconnects) == 8)
        if command == "chat":
            patient.silent = False
            process.stdin.write("/retry\n/quit\n")
            process.stdin.close()
        shown = _all_of(terminal)
        assert process.wait(10) == {"ask": 130, "chat": 0}[command]
    assert "Traceback" not in shown
    assert shown.count("\x1b[?25l") <= shown.count("\x1b[?25h")  # whoever hides the cursor shows it again
    assert shown.endswith("\n") or command == "chat"
    if command == "chat":
        assert "stopped; /retry answers it after all" in shown
        assert SAYS["persona"] in shown


def _all_of(terminal: int) -> str:
    """Return all that a program showed at its terminal, once it has ended."""
    shown = b""
    try:
        while more := os.read(terminal, 65_536):
            shown += more
    except OSError:  # so a terminal on Linux says that nobody is there any more
        pass
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


def memories(home: Path) -> list[str]:
    """Return the texts of a home's memories."""
    return [path.read_text() for path in (home / "memory" / "episodic").rglob("*.json")]


def test_again_asks_only_whoever_failed_and_its_answer_takes_the_place_of_the_last(tmp_path: Path) -> None:
    route = to(("coder", "sort a list"), ("planner", "the harvest"), ("dreamer", "of the sea"))
    script = {
        "orchestrator": [route, TALK],
        "coder": [CODE],
        "planner": [ModelDown("no server"), plan("pick")],
        "dreamer": ["the sea"],
        "persona": ["no plan, sorry", "now with a plan", "you are welcome"],
    }
    with scripted(tmp_path, **script) as twin:
        first = twin.chat("sort, plan and dream")
        assert [finding["source"] for finding in first.failed] == ["planner"]
        again = twin.again()
        assert (again.text, again.failed, again.memory_id) == ("now with a plan", [], first.memory_id)
        assert {finding["source"] for finding in again.findings} == {"coder", "planner", "dreamer"}
        assert [message.text for message in twin.history()] == ["sort, plan and dream", "now with a plan"]
        (memory,) = memories(tmp_path)
        assert "now with a plan" in memory
        assert "no plan, sorry" not in memory
        with pytest.raises(EmptyTurn, match="no specialist's work is to be done again on thread 'main'"):
            twin.again()
        assert [message.text for message in twin.history()] == ["sort, plan and dream", "now with a plan"]
        twin.chat("thanks")
        with pytest.raises(EmptyTurn):
            twin.again("coder")


def test_again_does_what_was_made_from_it_anew_too(tmp_path: Path) -> None:
    route = to(("coder", "sort a list"), ("planner", "plan how to test it"), ("dreamer", "of the sea"))
    script = {
        "orchestrator": [route],
        "coder": [CODE, "```python\nlist.sort\n```"],
        "planner": [plan("test sorted"), plan("test list.sort")],
        "dreamer": ["the sea"],
        "persona": ["there", "there, anew"],
    }
    with scripted(tmp_path, **script) as twin:
        twin.chat("sort, plan tests, and dream")
        events = list(twin.stream_again("coder"))
        assert [event.who for event in events if isinstance(event, Begun)] == [["coder"], ["planner"]]
        reply = events[-1]
        assert isinstance(reply, Reply)
        assert sorted(artifact["text"] for artifact in reply.artifacts) == [
            "1. test list.sort (1 hour)\n",
            "list.sort\n",
            "the sea\n",
        ]
        saved = {path.name: path.read_text() for path in twin.save_artifacts(tmp_path / "saved")}
        assert sorted(saved.values()) == sorted(artifact["text"] for artifact in reply.artifacts)


def test_again_reads_only_the_piece_that_failed_and_makes_the_summary_from_what_is_new(tmp_path: Path) -> None:
    down, merged = {"summarizer 3"}, list[str]()

    def answer(body: JSON) -> Answer:
        job = job_asked(body)
        merged.extend([said_in(body["messages"])] if job == "summarizer" else [])
        asked[job] += 1
        return Answer(status=500, error="gone") if job in down else Answer(f"{SAYS[body['model']]} By {job}.")

    asked = Counter[str]()
    with OpenAIServer(models(), answer) as server:
        content = on_server(server.base_url)
        content["providers"]["openai"]["cooldown"] = 1
        write_registry(tmp_path, content)
        with MetaHuman(tmp_path) as twin:
            (failed,) = twin.chat(f"/summarize {REPORT}").failed
            assert str(failed["error"]).startswith("part 3 of 5 of the text is missing")
            down.clear()
            assert twin.again().failed == []
    assert asked == Counter([*(WAVE - {"coder", "planner", "dreamer"}), "summarizer 3", *["summarizer", "persona"] * 2])
    assert ["By summarizer 3." in prompt for prompt in merged] == [False, True]


def test_again_that_is_stopped_is_finished_by_a_resume(tmp_path: Path) -> None:
    with at_work(tmp_path) as (_, patient), MetaHuman(tmp_path) as twin:
        patient.silent = False
        twin.chat(MESSAGE)
        patient.silent = True
        events = twin.stream_again("dreamer")
        next(events)
        within(5, lambda: patient.asked["dreamer"] == 2)
        events.close()  # type: ignore[attr-defined]
        patient.silent = False
        *_, reply = twin.resume()
        assert isinstance(reply, Reply)
        assert len(reply.findings) == 4
        assert patient.asked["coder"] == patient.asked["summarizer 1"] == 1
        assert [message.type for message in twin.history()] == ["human", "ai"]
        assert len(memories(tmp_path)) == 1
