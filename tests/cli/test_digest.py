"""Tests of `metahuman digest` and `metahuman dream`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from metahuman.memory.digest.dreams import memory_of
from metahuman.state.dreaming import Linked
from metahuman.state.moments import iso
from tests.digests import noted, write_memories
from tests.fakes import registry_content
from tests.homes import files, in_process, write_registry

SAID = ["the harbour wall is cracked", "I live in Oslo. The harbour wall again", "gulls on the harbour wall"]


def written(home: Path, *said: str) -> None:
    """Write memories of now, for the command looks at the clock."""
    now = iso(datetime.now(UTC))
    write_memories(home, [{**one, "at": now} for one in noted(*(said or SAID))])


class TestDigest:
    def test_it_shows_what_it_found_with_the_memories_it_rests_on(self, tmp_path: Path) -> None:
        written(tmp_path)
        done = in_process(tmp_path, "digest", "--without-model", columns=200)
        assert done.returncode == 0, done.stderr
        assert "3 memories of the last 14 days" in done.stdout
        assert "  harbour wall  3x, " in done.stdout
        assert "  home: Oslo  1x, m1 (" in done.stdout
        assert "changed in frequentFacts: home" in done.stdout
        cache = (tmp_path / "persona" / "cache.json").read_bytes()
        again = in_process(tmp_path, "digest", "--without-model")
        assert "nothing changed in the persona cache" in again.stdout
        assert (tmp_path / "persona" / "cache.json").read_bytes() == cache

    def test_a_dry_run_writes_nothing(self, tmp_path: Path) -> None:
        written(tmp_path)
        done = in_process(tmp_path, "digest", "--without-model", "--dry-run", "--json")
        told = json.loads(done.stdout)
        assert (told["memories"], told["dryRun"], told["changed"]["frequentFacts"]) == (3, True, ["home"])
        assert "persona/cache.json" not in files(tmp_path)

    def test_nothing_to_look_back_on(self, tmp_path: Path) -> None:
        done = in_process(tmp_path, "digest", "--without-model")
        assert (done.returncode, done.stderr) == (0, "")
        assert "0 memories" in done.stdout

    def test_what_a_memory_says_does_not_reach_the_terminal_as_control(self, tmp_path: Path) -> None:
        written(tmp_path, "the \x1b[31mharbour wall", "the \x1b[31mharbour wall!")
        assert "\x1b" not in in_process(tmp_path, "digest", "--without-model").stdout

    def test_a_cache_that_is_no_json_is_told_and_left(self, tmp_path: Path) -> None:
        written(tmp_path)
        (tmp_path / "persona").mkdir()
        (tmp_path / "persona" / "cache.json").write_text("{")
        done = in_process(tmp_path, "digest", "--without-model")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "cache.json: not JSON" in done.stderr
        assert (tmp_path / "persona" / "cache.json").read_text() == "{"


class TestDream:
    def test_without_a_model_nothing_is_dreamt(self, tmp_path: Path) -> None:
        written(tmp_path)
        content = registry_content()
        content["models"] = {name: {**model, "provider": "ollama"} for name, model in content["models"].items()}
        write_registry(tmp_path, {**content, "providers": {"ollama": {"baseUrl": "http://127.0.0.1:9"}}})
        done = in_process(tmp_path, "dream", "--reflect")
        assert done.returncode == 1
        assert "no dream: " in done.stderr
        assert "no reflection: " in done.stderr
        assert sorted(path for path in files(tmp_path) if "episodic/2026" in path) == [
            f"memory/episodic/2026/m{number}.json" for number in range(3)
        ]

    def test_too_few_memories(self, tmp_path: Path) -> None:
        done = in_process(tmp_path, "dream")
        assert done.returncode == 1
        assert "Too few memories" in done.stdout

    def test_a_dream_goes_with_the_memories_it_was_made_of(self, tmp_path: Path) -> None:
        written(tmp_path)
        chain = [Linked(id=name, at="", text="", why="") for name in ("m0", "m1")]
        dream = memory_of("dream", "gulls", chain, iso(datetime.now(UTC)), "m")
        year = dream["timestamp"][:4]
        path = tmp_path / "memory" / "episodic" / year / f"{dream['id']}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(dream))
        assert in_process(tmp_path, "memory", "forget", "m0", "--yes").returncode == 0
        assert path.exists()
        assert in_process(tmp_path, "memory", "forget", "m1", "--yes").returncode == 0
        assert not path.exists()
