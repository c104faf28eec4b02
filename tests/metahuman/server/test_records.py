"""Tests of the routes over what the home holds: memories, persona, review, usage, audit, agents."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from metahuman.agents.alone import alone
from metahuman.home import Home
from metahuman.state.background import background
from tests.homes import TALK
from tests.serving import Served, serving


@contextmanager
def told(home: Path, *messages: str) -> Iterator[tuple[Served, httpx.Client, list[dict[str, Any]]]]:
    """Hand out a served twin to whom something was said, and what it remembers, the newest first."""
    answers = {"orchestrator": [TALK] * len(messages), "persona": ["I see"] * len(messages)}
    with serving(home, **answers) as served, served.client() as client:
        for message in messages:
            served.events("/api/chat", {"message": message})
        yield served, client, client.get("/api/memories").json()["memories"]


def test_memories_are_found_and_read(tmp_path: Path) -> None:
    with told(tmp_path, "My sister Anna moved to Lisbon in May.", "I bought a red bicycle.") as (_, client, memories):
        assert [memory["content"] for memory in memories] == [
            "I bought a red bicycle.",
            "My sister Anna moved to Lisbon in May.",
        ]
        assert len(client.get("/api/memories", params={"limit": 1}).json()["memories"]) == 1
        assert client.get("/api/memories", params={"type": "dream"}).json() == {"memories": []}
        (hit, *_) = client.get("/api/memories/search", params={"text": "where does Anna live?"}).json()["hits"]
        assert hit["memory"]["content"].startswith("My sister Anna")
        assert hit["why"]
        one = client.get(f"/api/memories/{memories[0]['id']}").json()
        assert one["memory"] == memories[0]
        assert Path(one["file"]).is_file()
        missing = client.get("/api/memories/evt-none")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "bad_choice")


def test_a_memory_is_changed_key_by_key(tmp_path: Path) -> None:
    with told(tmp_path, "My sister Anna moved to Lisbon in May.") as (_, client, (memory,)):
        place = f"/api/memories/{memory['id']}"
        change = {"content": "My sister Anna moved to Porto in May.", "metadata": {"trainingConsent": False}}
        done = client.patch(place, json=change).json()
        assert sorted(done["changed"])[0] == "content"
        assert "metadata.trainingConsent" in done["changed"]
        assert done["memory"]["content"] == change["content"]
        assert client.patch(place, json={}).json()["changed"] == []
        for wrong in ({"id": "other"}, {"timestamp": "yesterday"}, {"metadata": {"training_consent": True}}):
            answer = client.patch(place, json=wrong)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_memory")
        assert client.patch(place, json=[1]).status_code == 400
        (event,) = client.get("/api/audit", params={"event": "memory_edited"}).json()["events"]
        assert event["actor"] == "human"


def test_a_memory_is_forgotten_with_what_goes_along(tmp_path: Path) -> None:
    said = "My sister Anna moved to Lisbon in May."
    with told(tmp_path, said) as (_, client, (memory,)):
        place = f"/api/memories/{memory['id']}"
        traces = client.get(f"{place}/traces").json()
        assert [one["id"] for one in traces["memories"]] == [memory["id"]]
        assert "its messages" in traces["threads"]["main"]
        gone = client.delete(place, params={"threads": True}).json()
        assert gone["threads"] == ["main"]
        assert gone["forgotten"][0]["id"] == memory["id"]
        assert client.get(place).status_code == 404
        assert client.get("/api/threads").json() == {"threads": []}
    assert not [path for path in (tmp_path / "memory").rglob("*.json") if said in path.read_text()]


def test_the_owners_word_on_what_is_learned_from(tmp_path: Path) -> None:
    folder = tmp_path / "memory" / "curated" / "conversations"
    folder.mkdir(parents=True)
    with serving(tmp_path) as served, served.client() as client:
        assert client.get("/api/review").json() == {"items": []}
        answer = client.post("/api/review/evt-1", json={"word": "keep"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "bad_choice")
        assert client.post("/api/review/evt-1", json={"word": "burn"}).status_code == 400


def test_usage_and_audit_are_filtered_and_paged(tmp_path: Path) -> None:
    with told(tmp_path, "hello", "hello again") as (_, client, _memories):
        rows = client.get("/api/usage", params={"by": "role"}).json()["rows"]
        assert {row["role"]: row["calls"] for row in rows} == {"orchestrator": 2, "persona": 2}
        first = client.get("/api/audit", params={"event": "llm_call", "number": 3}).json()
        assert (len(first["events"]), first["more"]) == (3, True)
        rest = client.get("/api/audit", params={"event": "llm_call", "number": 3, "skip": 3}).json()
        assert (len(rest["events"]), rest["more"]) == (1, False)
        assert rest["events"][0]["timestamp"] <= first["events"][0]["timestamp"]
        spoke = client.get("/api/audit", params={"role": "persona", "thread": "main"}).json()["events"]
        assert {event["actor"] for event in spoke} == {"assistant"}
        assert client.get("/api/audit", params={"number": 10_000}).status_code == 400
        assert client.get("/api/usage", params={"by": "weather"}).status_code == 400


def test_persona_and_artifacts(tmp_path: Path) -> None:
    cache = {"quirks": ["hums"], "sources": {"quirks": {"hums": {"memories": ["evt-1"]}}}}
    (tmp_path / "persona").mkdir()
    (tmp_path / "persona" / "cache.json").write_text(json.dumps(cache))
    with serving(tmp_path) as served, served.client() as client:
        persona = client.get("/api/persona").json()
        assert persona["cache"] == cache
        assert "hums" in persona["prompt"]
        assert client.get("/api/artifacts").json() == {"artifacts": []}


def test_answers_are_judged(tmp_path: Path) -> None:
    with told(tmp_path, "hello") as (_, client, _memories):
        assert client.post("/api/feedback", json={"score": 1, "comment": "well said"}).status_code == 204
        assert client.post("/api/feedback", json={"score": 2}).status_code == 400
        assert client.post("/api/wrong", json={"right": ["code"]}).status_code == 204
        names = [event["event"] for event in client.get("/api/audit").json()["events"]]
        assert {"feedback_given", "route_corrected"} <= set(names)
        empty = client.post("/api/wrong", json={"thread": "new", "right": ["code"]})
        assert (empty.status_code, empty.json()["error"]["code"]) == (409, "empty_turn")


def test_agents_are_listed_switched_and_run(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client:
        assert client.put("/api/agents/maintenance", json={"enabled": False}).json()["enabled"] is False
        listed = {agent["name"]: agent for agent in client.get("/api/agents").json()["agents"]}
        assert listed["maintenance"]["enabled"] is False
        assert client.post("/api/agents/maintenance/run", json={}).status_code == 202
        until = time.monotonic() + 10
        while (ended := one(client, "maintenance")["ended"]) != "done":
            assert time.monotonic() < until, ended
        assert client.post("/api/agents/cook/run", json={}).status_code == 404


def test_an_agent_that_runs_elsewhere_is_not_run_twice(tmp_path: Path) -> None:
    async def meanwhile() -> None:
        async with alone(Home(tmp_path), "agent maintenance"):
            answer = client.post("/api/agents/maintenance/run", json={})
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_running")

    with serving(tmp_path) as served, served.client() as client:
        background.run(meanwhile())


def one(client: httpx.Client, name: str) -> dict[str, Any]:
    (found,) = [agent for agent in client.get("/api/agents").json()["agents"] if agent["name"] == name]
    return dict(found)
