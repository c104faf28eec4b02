"""Tests of turns over HTTP: streamed, waited with, cancelled, done again."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from metahuman.audit.reader import tail
from metahuman.server.settings import Limits, Settings
from metahuman.state.errors import ModelDown
from tests.fakes import Broken, Slow
from tests.homes import TALK
from tests.serving import Served, serving
from tests.talk import CODE, note, to, use

CODER = TALK.replace("conversation", "coder")


def test_a_turn_streams_what_happens_and_ends_with_the_reply(tmp_path: Path) -> None:
    with serving(tmp_path, orchestrator=[CODER], coder=[CODE], persona=["here you are"]) as served:
        events = served.events("/api/chat", {"message": " sort it ", "thread": "work/1"})
        names = [name for name, _ in events]
        assert names == ["route", "begun", "found", "token", "token", "token", "reply"]
        assert "".join(data["text"] for name, data in events if name == "token") == "here you are"
        reply = events[-1][1]
        assert (reply["text"], reply["question"], reply["thread"]) == ("here you are", "sort it", "work/1")
        assert reply["artifacts"][0]["kind"] == "code"
        with served.client() as client:
            assert client.get("/api/threads").json() == {"threads": ["work/1"]}
            thread = client.get("/api/threads/work/1").json()
            assert [(one["role"], one["text"]) for one in thread["messages"]] == [
                ("user", "sort it"),
                ("assistant", "here you are"),
            ]
            assert thread["reply"]["route"] == reply["route"]
            (kept,) = client.get("/api/artifacts", params={"thread": "work/1"}).json()["artifacts"]
            assert kept["artifact"] == reply["artifacts"][0]
            assert client.delete("/api/threads/work/1").status_code == 204
            assert client.get("/api/threads").json() == {"threads": []}


def test_a_failed_turn_is_told_in_one_line_and_can_be_taken_up_again(tmp_path: Path) -> None:
    script = [ModelDown("no server"), "here I am"]
    with serving(tmp_path, orchestrator=[TALK], persona=script) as served, served.client() as client:
        events = served.events("/api/chat", {"message": "are you there?"})
        assert [name for name, _ in events] == ["route", "error"]
        error = events[-1][1]["error"]
        assert error["message"] == "no model could answer as persona: persona: no server"
        assert (error["code"], error["type"]) == ("none_answered", "server_error")
        assert client.get("/api/threads/main").json()["unanswered"] == "are you there?"
        assert served.events("/api/chat/retry", {})[-1][1]["text"] == "here I am"


def test_what_goes_wrong_before_the_first_event_has_a_status(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client:
        for body, status, code in [
            ({"message": "  "}, 409, "empty_turn"),
            ({"message": ""}, 400, "invalid_request"),
            ({"message": "x", "mode": "dreaming"}, 400, "invalid_request"),
            ({"message": "x", "thread": ""}, 400, "invalid_request"),
        ]:
            answer = client.post("/api/chat", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert client.post("/api/chat/retry", json={}).json()["error"]["code"] == "empty_turn"
        assert client.post("/api/again", json={"specialists": ["cook"]}).json()["error"]["code"] == "bad_choice"
        assert client.post("/api/wrong", json={"right": ["nowhere"]}).status_code == 404


def test_a_client_that_goes_away_has_its_turn_stopped_at_once(tmp_path: Path) -> None:
    """The thread is free again, and the audit says that nobody waited."""
    with serving(tmp_path, orchestrator=[TALK, TALK], persona=[Slow("late", 30), "here"]) as served:
        _leave(served, "/api/chat", {"message": "a long story"}, asked=2)
        left = time.monotonic()
        while not (calls := tail(tmp_path / "logs" / "audit", 1, event="llm_call", role="persona")):
            assert time.monotonic() - left < 5
            time.sleep(0.005)
        assert time.monotonic() - left < 1  # on a loaded machine too
        assert calls[0].details["error"] == "cancelled"
        assert served.events("/api/chat", {"message": "again"})[-1][1]["text"] == "here"


def _leave(served: Served, path: str, body: dict[str, object], *, asked: int) -> None:
    """Post, and go once the models have been asked so often."""
    place = urlsplit(served.url)
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((str(place.hostname), place.port or 0)) as client:
        client.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        served.wait_until_asked(asked)


def test_a_call_that_needs_a_word_waits_for_it(tmp_path: Path) -> None:
    wanted = use("fs_write", path="note.txt", content="hello")
    script = {"orchestrator": [to(("operator", "write it down")), wanted, note("written")], "persona": ["written"]}
    with serving(tmp_path, **script) as served, served.client() as client:
        events = served.events("/api/chat", {"message": "write hello into note.txt"})
        assert [name for name, _ in events][-2:] == ["ask", "reply"]
        ask = events[-2][1]
        assert ask["call"]["tool"] == "fs_write"
        assert events[-1][1]["waiting"] == ask
        assert client.get("/api/approvals").json() == {"approvals": [ask]}
        refused = client.post("/api/chat", json={"message": "and now?"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "answer_first")
        edited = {**ask["call"]["arguments"], "content": "good morning"}
        done = served.events("/api/approvals/answer", {"approved": True, "arguments": edited})
        assert done[-1][1]["text"] == "written"
        (written,) = tmp_path.rglob("note.txt")
        assert written.read_text() == "good morning"


def test_more_streams_than_allowed_are_told_to_come_back(tmp_path: Path) -> None:
    settings = Settings(port=0, agents=False, limits=Limits(streams=1))
    with serving(tmp_path, settings) as served, served.client() as client:
        with client.stream("GET", "/api/events") as feed:
            lines = feed.iter_lines()
            assert next(lines) == "event: status"
            answer = client.post("/api/chat", json={"message": "x"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_streams")
        assert answer.headers["retry-after"] == "2"


def test_a_server_that_stops_ends_its_streams_and_frees_the_thread(tmp_path: Path) -> None:
    with serving(tmp_path, orchestrator=[TALK], persona=[Slow("late", 30)]) as served:
        client = served.client()
        stream = client.stream("POST", "/api/chat", json={"message": "x"})
        lines = stream.__enter__().iter_lines()
        assert next(lines) == "event: route"
        served.wait_until_asked(2)
        started = time.monotonic()
    assert time.monotonic() - started < 4
    rest = "\n".join(lines)
    assert "event: error" in rest
    assert "the server is stopping" in rest
    client.close()
    with serving(tmp_path, persona=["after all"]) as served:
        assert served.events("/api/chat/retry", {})[-1][1]["text"] == "after all"


def test_an_answer_that_breaks_off_keeps_what_was_said(tmp_path: Path) -> None:
    with serving(tmp_path, orchestrator=[TALK], persona=[Broken("one two", ModelDown("gone"))]) as served:
        events = served.events("/api/chat", {"message": "x"})
    assert events[-1][0] == "reply"
    assert events[-1][1]["text"] == "one two"
    assert "gone" in events[-1][1]["broken"]


@pytest.mark.parametrize("mode", ["agent", "emulation"])
def test_the_mode_of_a_turn_and_the_owners(tmp_path: Path, mode: str) -> None:
    script = {"orchestrator": [TALK] if mode == "agent" else [], "persona": ["one"]}
    with serving(tmp_path, **script) as served, served.client() as client:
        assert client.put("/api/mode", json={"mode": mode}).json() == {"mode": mode, "before": "dual"}
        assert client.get("/api/mode").json()["mode"] == mode
        assert served.events("/api/chat", {"message": "hello"})[-1][1]["mode"] == mode
