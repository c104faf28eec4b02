"""What a twin has in mind from turn to turn, and what its owner may change of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from metahuman.api import MetaHuman
from metahuman.state.errors import BadRequest
from tests.fakes import Answer, ScriptedProvider, registry_content
from tests.homes import TALK, in_process, write_registry

CODE = json.dumps({"tasks": [{"destination": "coder", "task": "write a parser"}], "confidence": 1, "focus": "parsers"})


@contextmanager
def watched(home: Path, **script: Iterable[Answer]) -> Iterator[tuple[MetaHuman, ScriptedProvider]]:
    """A twin whose models answer from a script, and what they were asked."""
    write_registry(home, registry_content())
    with ScriptedProvider(script) as provider, MetaHuman(home, providers=lambda _: provider) as twin:
        yield twin, provider


def prompts(provider: ScriptedProvider, model: str) -> list[str]:
    """Return all that a model was told, call by call."""
    return ["\n".join(one.text for one in asked.messages) for asked in provider.asked if asked.model_id == model]


def test_every_turn_sets_the_focus_and_what_the_owner_changes_is_seen_by_the_next(tmp_path: Path) -> None:
    with watched(tmp_path, orchestrator=[TALK] * 4, persona=["ok"] * 4) as (twin, provider):
        twin.chat("I sow peas", thread="garden")
        first = twin.short_term.load()
        assert (first["currentFocus"], first["thread"]) == ("sow peas", "garden")
        assert first["conversationContext"]["sessionStarted"]
        twin.short_term.update_current_focus("taxes")
        twin.short_term.add_active_task("task-7")
        twin.chat("and beans?", thread="garden")
        twin.chat("what now?", thread="garden")
        twin.short_term.cache_tool_output("calendar", "free", asked="monday?")
        twin.chat("and there?", thread="other")
    told = prompts(provider, "orchestrator")
    assert "Focus: taxes" in told[1]
    assert "Open tasks: task-7" in told[1]
    assert "Open tasks: task-7" in told[2]
    assert "Tools: calendar: monday? -> free" in told[3]
    events = in_process(tmp_path, "audit", "--json", "--event", "short_term_changed").stdout.splitlines()
    actors = [json.loads(line)["actor"] for line in events]
    assert actors == ["system", "human", "human", "system", "system", "human", "system"]


def test_a_specialist_that_fails_leaves_its_task_open_until_it_is_done(tmp_path: Path) -> None:
    script = {"orchestrator": [CODE, CODE], "coder": [BadRequest("no"), "```python\nx = 1\n```"], "persona": ["ok"] * 2}
    with watched(tmp_path, **script) as (twin, _):  # type: ignore[arg-type]
        twin.chat("write a parser")
        assert twin.short_term.load()["activeTasks"] == ["coder: write a parser"]
        twin.chat("again")
        known = twin.short_term.load()
    assert (known["activeTasks"], known["currentFocus"]) == ([], "parsers")


def test_what_the_cache_learns_the_persona_is_told(tmp_path: Path) -> None:
    with watched(tmp_path, orchestrator=[TALK], persona=["ok"]) as (twin, provider):
        twin.persona_cache.update_frequent_fact("city", "London", actor="digest", memories=["evt-1"])
        twin.chat("hello")
    assert "You know: city: London" in prompts(provider, "persona")[0]
