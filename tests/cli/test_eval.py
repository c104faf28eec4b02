"""Tests of `metahuman eval`: the shipped sets, own questions, and experiments in LangSmith."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.homes import in_process, metahuman
from tests.servers.langsmith import LangSmithServer

MEMORY = {"id": "m1", "timestamp": "2026-01-02T10:00:00Z", "content": "The violin is at the luthier's in Graz."}
OTHER = {"id": "m2", "timestamp": "2026-01-03T10:00:00Z", "content": "Bought nine tulips at the market."}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scores(home: Path, *arguments: str) -> dict[str, Any]:
    done = in_process(home, "eval", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return {one["set"]: one for one in json.loads(done.stdout)}


def test_the_shipped_sets_are_measured_here(tmp_path: Path) -> None:
    found = scores(tmp_path, "recall", "curation", "voice")
    assert (found["recall"]["cases"], found["curation"]["cases"]) == (40, 30)
    assert found["recall"]["scores"]["recall@5"] > 0.9
    assert found["curation"]["scores"]["kept"] > 0.9
    assert found["curation"]["scores"]["clean"] > 0.8
    assert found["recall"]["latencyMs"]["p50"] > 0
    assert "metahuman train" in found["voice"]["skipped"]
    assert not (tmp_path / "memory").exists()


def test_own_questions_bring_their_memories_or_are_about_the_homes(tmp_path: Path) -> None:
    asked = {"question": "Where is the violin?", "ids": ["m1"]}
    own = write(tmp_path / "own.jsonl", {"memory": MEMORY}, {"memory": OTHER}, asked)
    assert scores(tmp_path / "home", "recall", "--data", str(own))["recall"]["scores"] == {"recall@5": 1, "first": 1}
    alone = write(tmp_path / "alone.jsonl", asked)
    assert scores(tmp_path / "home", "recall", "--data", str(alone))["recall"]["scores"]["recall@5"] == 0
    place = tmp_path / "home" / "memory" / "episodic" / "2026" / "m1.json"
    place.parent.mkdir(parents=True)
    write(place, {"type": "observation", **MEMORY})
    assert scores(tmp_path / "home", "recall", "--data", str(alone))["recall"]["scores"]["recall@5"] == 1


def test_the_exit_code_says_whether_it_is_enough(tmp_path: Path) -> None:
    wrong = {"question": "Where is the violin?", "ids": ["m2"]}
    own = write(tmp_path / "own.jsonl", {"memory": MEMORY}, {"memory": OTHER}, wrong)
    arguments = ("eval", "recall", "--data", str(own), "--at-least")
    assert in_process(tmp_path, *arguments, "0").returncode == 0
    done = in_process(tmp_path, *arguments, "0.9")
    assert (done.returncode, done.stderr) == (1, "")
    assert "own.jsonl" in done.stdout
    assert in_process(tmp_path, "eval", "voice", "--at-least", "0").returncode == 1, "nothing was measured"


@pytest.mark.parametrize(
    ("name", "line", "wrong"),
    [
        ("routing", '{"text": "hi", "to": "nowhere"}', "question 1: "),
        ("recall", '{"question": "who?"}', "question 1: lacks 'ids'"),
        ("recall", '{"question": "who?", "ids": ["m1"], "now": "2026-01-01"}', "question 1: `now` needs a time zone"),
        ("recall", '{"memory": {"id": "m1"}}', "a memory's timestamp is wrong"),
        ("curation", "{", "line 1: not JSON"),
        ("curation", "[1]", "line 1: no object"),
        ("curation", '{"said": "hi", "gone": 3}', "question 1: "),
        ("curation", "", "holds no question"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, name: str, line: str, wrong: str) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(f"{line}\n")
    done = in_process(tmp_path, "eval", name, "--data", str(own))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert f"own.jsonl: {wrong}" in done.stderr


def test_own_questions_are_of_one_set(tmp_path: Path) -> None:
    own = write(tmp_path / "own.jsonl", {"text": "hi", "to": "conversation"})
    assert in_process(tmp_path, "eval", "--data", str(own)).returncode == 2


def test_nothing_is_sent_without_consent(tmp_path: Path) -> None:
    done = in_process(tmp_path, "eval", "recall", "--langsmith", typed="n\n")
    assert done.returncode == 130
    assert "would be sent to LangSmith at" in done.stderr


@pytest.mark.slow
class TestLangSmith:
    def test_a_set_becomes_a_dataset_and_an_experiment(self, tmp_path: Path) -> None:
        asked = {"question": "Where is the violin?", "ids": ["m1"]}
        own = write(tmp_path / "own.jsonl", {"memory": MEMORY}, {"memory": OTHER}, asked)
        with LangSmithServer() as smith:
            done = self.run(tmp_path, own, smith.url)
            assert done.returncode == 0, done.stderr
            (found,) = json.loads(done.stdout)
            assert found["experiment"].startswith("metahuman-recall-")
            assert found["scores"] == {"recall@5": 1, "first": 1}
            assert {one["key"]: one["score"] for one in smith.feedback} == {"recall@5": 1, "first": 1}
            assert b"Where is the violin?" in smith.sent()
            assert b"luthier" not in smith.sent(), "memories stay"

    def test_one_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        own = write(tmp_path / "own.jsonl", {"memory": MEMORY}, {"question": "Where?", "ids": ["m1"]})
        done = self.run(tmp_path, own, "http://127.0.0.1:9")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert done.stderr.startswith("metahuman: LangSmith at http://127.0.0.1:9: ")

    def run(self, home: Path, own: Path, address: str) -> Any:
        environment = {**os.environ, "LANGSMITH_ENDPOINT": address, "LANGSMITH_API_KEY": "a-key"}
        arguments = ("eval", "recall", "--data", str(own), "--langsmith", "--yes", "--json")
        return metahuman(home, *arguments, env=environment)
