"""Tests of the Python API, on scripted models and real files."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from metahuman.api import MetaHuman
from metahuman.audit.reader import tail
from metahuman.reply import Begun, Found, Reply, Routed, Token
from metahuman.state.errors import EmptyTurn, ModelDown, NoModelAnswered, SettingError, StoreError, ThreadBusy
from metahuman.status import collect
from tests.fakes import ScriptedProvider, Slow, registry_content
from tests.homes import TALK, files, scripted, served, write_registry
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer
from tests.servers.openai import OpenAIServer
from tests.talk import CODE


def test_a_reply_tells_all_that_led_to_it(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=["good morning"]) as twin:
        reply = twin.chat("  hello\n")
        assert (reply.text, reply.question, reply.thread, reply.mode) == ("good morning", "hello", "main", "dual")
        assert [call["role"] for call in reply.calls] == ["orchestrator", "persona"]
        assert reply.fallbacks == []
        assert reply.latency_ms is not None
        again = twin.last_reply()
    assert again is not None
    assert (again.text, again.route, again.calls) == (reply.text, reply.route, reply.calls)
    (file,) = (tmp_path / "memory" / "episodic").rglob("*.json")
    assert file.name == f"{reply.memory_id}.json"
    memory = json.loads(file.read_text())
    assert (memory["content"], memory["response"]) == ("hello", "good morning")
    assert memory["metadata"]["conversationId"] == "main"
    assert json.loads((tmp_path / "out" / "state" / "short-term.json").read_text())["lastUpdated"]


def test_a_stream_tells_what_happens_as_it_happens(tmp_path: Path) -> None:
    route = TALK.replace("conversation", "coder")
    with scripted(tmp_path, orchestrator=[route], coder=[CODE], persona=["here you are"]) as twin:
        events = list(twin.stream("sort it"))
    kinds = [type(event) for event in events]
    assert kinds == [Routed, Begun, Found, Token, Token, Token, Reply]
    assert "".join(event.text for event in events if isinstance(event, Token)) == "here you are"


async def test_async_callers_on_their_own_loop(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["one", "two"]) as twin:
        assert (await twin.achat("first")).text == "one"
        assert [event.text async for event in twin.astream("second") if isinstance(event, Token)] == ["two"]


def test_threads_go_on_in_another_process_and_do_not_mix(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["one", "two"]) as twin:
        twin.chat("first", thread="a")
        twin.chat("second", thread="b")
    with scripted(tmp_path, orchestrator=[TALK], persona=["three"]) as twin:
        twin.chat("third", thread="a")
        assert [message.text for message in twin.history("a")] == ["first", "one", "third", "three"]
        assert twin.threads() == ["a", "b"]
        twin.delete_thread("a")
        assert twin.threads() == ["b"]
        assert twin.last_reply("a") is None
        assert len(twin.memories()) == 3
        assert [memory["response"] for memory in twin.memories("SECOND")] == ["two"]


def unlogged(home: Path) -> dict[str, bytes]:
    """Return every file of a home but the audit and the ledger of model calls, which every mode writes."""
    found = files(home, but="logs")
    return {place: content for place, content in found.items() if not place.startswith("state/usage.sqlite")}


def test_emulation_talks_on_from_the_thread_and_leaves_no_trace(tmp_path: Path) -> None:
    script = {"orchestrator": [TALK, TALK], "persona": ["one", "two", "three", "four"]}
    write_registry(tmp_path, registry_content())
    with ScriptedProvider(script) as provider, MetaHuman(tmp_path, providers=lambda _: provider) as twin:
        twin.chat("first")
        before = unlogged(tmp_path)
        twin.chat("second", mode="emulation")
        reply = twin.chat("third", mode="emulation")
        assert [call["role"] for call in reply.calls] == ["persona"]
        assert reply.memory_id is None
        assert unlogged(tmp_path) == before
        assert [message.text for message in provider.asked[-1].messages][1:] == [
            "first",
            "one",
            "second",
            "two",
            "third",
        ]
        twin.chat("fourth")
        assert [message.text for message in twin.history()] == ["first", "one", "fourth", "four"]


def test_a_home_in_emulation_stays_byte_for_byte_as_it_was(tmp_path: Path) -> None:
    """Also where the registry has a model for the orchestrator, and in a program that was started only now."""
    mapping = {"cognitiveModeMappings": {"emulation": {"orchestrator": "orchestrator"}}}
    with scripted(tmp_path, orchestrator=[TALK], persona=["one"]) as twin:
        twin.chat("first")
        twin.switch_mode("emulation")
    write_registry(tmp_path, registry_content(**mapping))
    before = unlogged(tmp_path)
    with (
        ScriptedProvider({"persona": ["two", "three"]}) as provider,
        MetaHuman(tmp_path, providers=lambda _: provider) as twin,
    ):
        assert twin.chat("second").route["decidedBy"] == "mode"
        assert twin.chat("a thread of its own", thread="other").memory_id is None
    assert unlogged(tmp_path) == before


def test_the_mode_is_switched_for_every_program_and_audited(tmp_path: Path) -> None:
    with scripted(tmp_path) as twin, scripted(tmp_path) as other:
        assert twin.mode == "dual"
        twin.switch_mode("agent")
        assert other.mode == "agent"
        other.switch_mode("agent", "system")
        with pytest.raises(SettingError, match="mode: no mode 'dreaming'; use one of dual, agent, emulation"):
            twin.switch_mode("dreaming")
    (event,) = tail(tmp_path / "logs" / "audit", 10, event="mode_changed")
    assert (event["actor"], event["details"]) == ("human", {"before": "dual", "after": "agent"})


def test_a_turn_in_a_mode_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with scripted(tmp_path) as twin, pytest.raises(SettingError, match="no mode 'Emulation'"):
        twin.chat("hello", mode="Emulation")  # type: ignore[arg-type]


def test_an_edited_registry_is_used_from_the_next_turn_on_and_a_broken_one_is_not(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK] * 3, persona=["one"], second=["two", "three"]) as twin:
        assert twin.chat("first").calls[-1]["modelId"] == "persona"
        write_registry(tmp_path, registry_content({"persona": ["second"]}))
        assert twin.chat("second").calls[-1]["modelId"] == "second"
        (tmp_path / "etc" / "models.json").write_text("{")
        assert twin.chat("third").calls[-1]["modelId"] == "second"
        assert "not JSON" in str(twin.registry.problem)
        status = asyncio.run(collect(twin.home, twin.registry)).as_json()
        assert status["registryProblem"] == str(twin.registry.problem)
    events = tail(tmp_path / "logs" / "audit", 10, actor="system")
    assert [event["event"] for event in events if event["event"].startswith("registry_")] == [
        "registry_loaded",
        "registry_refused",
    ]


def test_an_override_holds_for_the_turns_of_its_block(tmp_path: Path) -> None:
    small = {
        "models": {"small": {"provider": "local", "model": "small"}},
        "roleHierarchy": {"persona": ["small"]},
        "defaults": {"persona": "small"},
    }
    with scripted(tmp_path, orchestrator=[TALK] * 2, persona=["two"], small=["one"]) as twin:
        with twin.registry.override(small):
            assert twin.chat("first").text == "one"
        assert twin.chat("second").text == "two"


@pytest.mark.slow
def test_the_thread_stays_bounded_on_disk(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK] * 40, persona=["word " * 50] * 40) as twin:
        for number in range(40):
            twin.chat(f"question {number}")
    assert (tmp_path / "state" / "checkpoints.sqlite").stat().st_size < 500_000


@pytest.mark.parametrize("message", ["", " \n"])
def test_nothing_to_answer(tmp_path: Path, message: str) -> None:
    with scripted(tmp_path) as twin, pytest.raises(EmptyTurn, match="the message is empty"):
        twin.chat(message)


def test_a_thread_that_is_busy_elsewhere_is_told(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=["one"]) as twin:
        twin.chat("first")
        (lock,) = (tmp_path / "state" / "locks").iterdir()
        with FileLock(lock), pytest.raises(ThreadBusy, match="'main' is in the middle of a turn"):
            twin.chat("second")


def test_leaving_a_stream_early_frees_the_thread(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["a long long story", "short"]) as twin:
        for event in twin.stream("a story"):
            if isinstance(event, Token):
                break
        assert twin.chat("hello").text == "short"


def test_a_failed_turn_keeps_the_question_and_can_be_taken_up_again(tmp_path: Path) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=[ModelDown("no server"), "here I am"]) as twin:
        with pytest.raises(NoModelAnswered, match="persona: no server"):
            twin.chat("are you there?")
        assert twin.unanswered() == "are you there?"
        *_, reply = twin.resume()
        assert isinstance(reply, Reply)
        assert reply.text == "here I am"
        assert twin.unanswered() is None
        assert len(twin.memories()) == 1


def test_two_threads_are_answered_at_once(tmp_path: Path) -> None:
    answers = [Slow("one", 0.5), Slow("two", 0.5)]
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=answers) as twin:
        talks = [threading.Thread(target=twin.chat, args=("hi",), kwargs={"thread": name}) for name in "ab"]
        for talk in talks:
            talk.start()
        for talk in talks:
            talk.join(timeout=10)
        assert len(twin.memories()) == 2


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_turn_that_was_cut_short_before_its_first_step_is_taken_up(tmp_path: Path, earlier: int) -> None:
    with scripted(
        tmp_path, orchestrator=[TALK] * (earlier + 1), persona=["yes"] * earlier + [ModelDown("gone")]
    ) as twin:
        for _ in range(earlier):
            twin.chat("hello")
        with pytest.raises(NoModelAnswered):
            twin.chat("are you there?")
    with closing(sqlite3.connect(tmp_path / "state" / "checkpoints.sqlite")) as threads, threads:
        # As where the disk is full, or the program dies, after the first of a turn's checkpoints.
        threads.execute("DELETE FROM writes")
        threads.execute("DELETE FROM checkpoints WHERE json_extract(CAST(metadata AS TEXT), '$.source') <> 'input'")
    with scripted(tmp_path, orchestrator=[TALK], persona=["here I am"]) as twin:
        assert twin.unanswered() == "are you there?"
        *_, reply = twin.resume()
        assert isinstance(reply, Reply)
        assert (reply.question, reply.text) == ("are you there?", "here I am")
        assert twin.unanswered() is None


@pytest.mark.slow
def test_killed_in_the_middle_of_an_answer_nothing_said_before_is_lost(tmp_path: Path) -> None:
    slow = Answer("a long story " * 50, chunk_delay=0.05)
    with OllamaServer(models=("m",), answers=[Answer("one"), slow, Answer("the end")]) as server:
        write_registry(tmp_path, served(server.url))
        with MetaHuman(tmp_path) as twin:
            twin.chat("first")
        command = [sys.executable, "-m", "metahuman", "--home", str(tmp_path), "ask", "a story"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.read(5)
            process.kill()
        with MetaHuman(tmp_path) as twin:
            assert [message.text for message in twin.history()] == ["first", "one", "a story"]
            assert twin.unanswered() == "a story"
            *_, reply = list(twin.resume())
            assert isinstance(reply, Reply)
            assert reply.text == "the end"
            assert [memory["content"] for memory in twin.memories()] == ["a story", "first"]


def test_when_the_first_server_stops_between_two_turns_the_second_answers(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("big")]) as first, OpenAIServer(models=("m",)) as second:
        second.say(Answer("small"))
        write_registry(tmp_path, served(first.url, fallback=second.base_url))
        with MetaHuman(tmp_path) as twin:
            assert twin.chat("one").fallbacks == []
            first.stop()
            (call,) = twin.chat("two").fallbacks
    assert (call["modelId"], call["why"]) == ("second", f"first: nothing answers at {first.url}")


def test_a_home_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file/home: "):
        MetaHuman(tmp_path / "file" / "home")


def test_a_broken_registry_stops_before_anything_is_written(tmp_path: Path) -> None:
    write_registry(tmp_path, {"defaults": {"persona": "nobody"}})
    before = files(tmp_path)
    with pytest.raises(SettingError, match="no model 'nobody'"):
        MetaHuman(tmp_path)
    assert files(tmp_path) == before


def test_a_database_of_threads_that_is_none(tmp_path: Path) -> None:
    with scripted(tmp_path) as twin:
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / "checkpoints.sqlite").write_bytes(b"not a database" * 100)
        with pytest.raises(StoreError, match="file is not a database"):
            twin.chat("hello")
