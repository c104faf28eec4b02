"""The home's short-term state: what is changed beside the turns, by several processes too."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.persona.short_term import AuditedShortTerm, ShortTermFile
from metahuman.state.errors import SettingError, StoreError
from metahuman.state.short_term import SESSION_BREAK, from_file
from tests.fakes import NOON, FakeAudit, FakeClock

#: Another program that opens ten tasks and caches five outputs.
WORKER = """
import sys
from functools import partial
from pathlib import Path
from metahuman.memory.persona.short_term import ShortTermFile
from metahuman.state.short_term import add_active_task, cache_tool_output
file = ShortTermFile(Path(sys.argv[1]))
for number in range(5):
    file.change(partial(add_active_task, task=f"{sys.argv[2]}{number}", now="2026-05-17T12:00:00Z"))
    file.change(partial(cache_tool_output, tool=f"{sys.argv[2]}{number}", output="x", now="2026-05-17T12:00:00Z"))
"""


@dataclass
class Late(FakeClock):
    """A clock that a test sets."""

    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment


def opened(tmp_path: Path) -> tuple[AuditedShortTerm, ShortTermFile, FakeAudit, Late]:
    file, audit, clock = ShortTermFile(tmp_path / "out" / "state" / "short-term.json"), FakeAudit(), Late()
    return AuditedShortTerm(file, audit, clock), file, audit, clock


def test_every_function_of_the_plan_is_kept_in_the_file_and_audited(tmp_path: Path) -> None:
    state, file, audit, _ = opened(tmp_path)
    state.update_current_focus("the garden")
    state.add_active_task("task-1", actor="operator")
    state.add_active_task("task-2")
    state.remove_active_task("task-1")
    state.cache_tool_output("fs_list", ["a", "b"], asked="packages/")
    state.update_conversation_context(["rain"], "to chat")
    assert state.get_orchestrator_context().splitlines() == [
        "Focus: the garden",
        "Topics: rain",
        "Open tasks: task-2",
        "Tools: fs_list: packages/ -> ['a', 'b']",
    ]
    kept = file.load()
    assert kept["conversationContext"]["userIntent"] == "to chat"
    state.clear_short_term_state()
    assert state.get_orchestrator_context() == ""
    state.save(kept, actor="system")
    assert state.load()["currentFocus"] == "the garden"
    assert [event.event for event in audit.events] == ["short_term_changed"] * 8
    assert [event.actor for event in audit.events][:3] == ["human", "operator", "human"]
    assert "currentFocus" in audit.events[0].details["changed"]


def test_what_is_changed_here_belongs_to_no_thread_and_other_keys_stay(tmp_path: Path) -> None:
    state, file, _, _ = opened(tmp_path)
    file.path.parent.mkdir(parents=True)
    file.path.write_text('{"thread": "main", "ofAnotherProgram": [1], "currentFocus": 3}')
    state.add_active_task("one")
    content = json.loads(file.path.read_text())
    assert "thread" not in content
    assert (content["ofAnotherProgram"], content["currentFocus"]) == ([1], "")


def test_a_focus_fades_while_nobody_is_there(tmp_path: Path) -> None:
    state, _, _, clock = opened(tmp_path)
    state.update_current_focus("the garden")
    clock.moment += timedelta(seconds=SESSION_BREAK - 1)
    assert state.get_orchestrator_context() == "Focus: the garden"
    clock.moment += timedelta(seconds=2)
    assert state.get_orchestrator_context() == ""
    state.add_active_task("one")
    assert state.load()["currentFocus"] == ""


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    file = ShortTermFile(tmp_path / "short-term.json")
    command = [sys.executable, "-c", WORKER, str(file.path)]
    others = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    while any(other.poll() is None for other in others):
        assert file.load()["activeTasks"] is not None  # whole at every moment
    assert [other.returncode for other in others] == [0, 0]
    names = {f"{name}{number}" for name in "ab" for number in range(5)}
    assert set(file.load()["activeTasks"]) == set(file.load()["recentToolOutputs"]) == names


@pytest.mark.parametrize("content", ["", '{"currentFocus": ', "[]"])
def test_a_file_that_is_none_is_named_and_left(tmp_path: Path, content: str) -> None:
    state, file, audit, _ = opened(tmp_path)
    file.path.parent.mkdir(parents=True)
    file.path.write_text(content)
    for method in (state.clear_short_term_state, state.load):
        call: Any = method
        with pytest.raises(SettingError, match=r"short-term\.json: "):
            call()
    assert (file.path.read_text(), audit.events) == (content, [])


def test_a_home_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = ShortTermFile(tmp_path / "file" / "short-term.json")
    with pytest.raises(StoreError, match="check that the folder can be written"):
        file.change(lambda _: from_file({}))
