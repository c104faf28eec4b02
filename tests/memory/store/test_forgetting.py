"""A memory forgotten, with what was made from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.store.forgetting import Forgotten, forget, traces
from metahuman.memory.store.keeping import Keeper
from metahuman.memory.store.verifying import verify
from metahuman.state.errors import BadChoice
from tests.homes import files
from tests.keepers import a_memory, bytes_of_index, found, keeper_of


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    with keeper_of(tmp_path) as opened:
        yield opened


def put(home: Path, place: str, content: object) -> Path:
    path = home / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_nothing_is_left_of_it(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1", "the xylophone of Anna"))
    keeper.save(a_memory("evt-2", "rain"))
    assert forget(keeper, tmp_path, "evt-1") == Forgotten("2026/evt-1.json", [], {}, [], [], [], [])
    assert b"ylophon" not in b"".join(files(tmp_path).values()) + bytes_of_index(tmp_path)
    assert (found(keeper, "rain"), verify(keeper).sound) == (["evt-2"], True)
    with pytest.raises(BadChoice, match="there is no memory 'evt-1'"):
        forget(keeper, tmp_path, "evt-1")


def test_curated_copies_of_it_go_and_no_others(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))
    folder = "memory/curated/conversations"
    put(tmp_path, f"{folder}/2026-05-17-evt-1.json", "{")
    put(tmp_path, f"{folder}/odd-evt-1.json", {"memoryId": "evt-1"})
    others = ["2026-05-17-my-evt-1.json", "2026-05-17-evt-10.json", "2026-05-17-evt-1.json.txt"]
    for name in others:
        put(tmp_path, f"{folder}/{name}", {"memoryId": name[11:-5]})
    told = forget(keeper, tmp_path, "evt-1")
    assert told.curated == [f"{folder}/2026-05-17-evt-1.json", f"{folder}/odd-evt-1.json"]
    assert sorted(path.name for path in (tmp_path / folder).iterdir()) == sorted(others)


def test_rows_made_from_it_leave_the_datasets(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))
    kept = ['{"memoryId": "evt-10"}', '{"text": "evt-1"}', "evt-1 is no JSON", "", '["evt-1"]']
    gone = ['{"memoryId": "evt-1", "n": 1}', '{"id": "evt-1"}', '{"metadata": {"memoryIds": ["evt-0", "evt-1"]}}']
    data = "memory/curated/training-datasets/persona-training-2026-05-17.jsonl"
    path = put(tmp_path, data, "\n".join([*gone, *kept]))
    other = put(tmp_path, "memory/curated/training-datasets/other.jsonl", "\n".join(kept))
    before = other.stat().st_mtime_ns
    assert forget(keeper, tmp_path, "evt-1").rows == {data: 3}
    assert path.read_text() == "\n".join(kept)
    assert other.stat().st_mtime_ns == before


@pytest.mark.parametrize("key", ["memoryIds", "memories"])
def test_adapters_that_were_trained_on_it_are_flagged(tmp_path: Path, keeper: Keeper, key: str) -> None:
    for name in ("evt-1", "evt-2"):
        keeper.save(a_memory(name))
    place = "out/adapters/2026-05-17/run-1/manifest.json"
    path = put(tmp_path, place, {"id": "run-1", key: ["evt-1", "evt-2"], "theirs": None})
    other = put(tmp_path, "out/adapters/2026-05-17/run-2/manifest.json", {"id": "evt-1", key: ["evt-10"]})
    for name in ("evt-1", "evt-2"):
        assert forget(keeper, tmp_path, name).adapters == [place]
    manifest = json.loads(path.read_text())
    assert manifest["flagged"]["memoryIds"] == ["evt-1", "evt-2"]
    assert "train it anew" in manifest["flagged"]["reason"]
    assert manifest["theirs"] is None
    assert "flagged" not in json.loads(other.read_text())


def test_unfinished_runs_are_flagged_and_what_may_quote_it_goes(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))
    run, other = "out/adapters/2026-05-17/run-1", "out/adapters/2026-05-17/run-2"
    job = put(tmp_path, f"{run}/job.json", {"name": "run-1", "dataset": {"memoryIds": ["evt-1"]}})
    put(tmp_path, f"{other}/card.json", {"memoryIds": ["evt-10"], "job": {"dataset": {"memoryIds": ["evt-10"]}}})
    for folder in (run, other):
        for place in ("evaluation/ab.json", "evaluation/plots/one.svg", "checkpoints/1/state", "data/train.jsonl"):
            put(tmp_path, f"{folder}/{place}", "the xylophone of Anna")
        put(tmp_path, f"{folder}/progress.ndjson", "{}")
    expected = [f"{run}/{name}" for name in ("checkpoints", "evaluation", "data")]
    assert traces(tmp_path, "evt-1").quotes == expected
    told = forget(keeper, tmp_path, "evt-1")
    assert (told.adapters, told.quotes) == ([f"{run}/job.json"], expected)
    assert json.loads(job.read_text())["flagged"]["memoryIds"] == ["evt-1"]
    assert sorted(path.name for path in (tmp_path / run).iterdir() if path.suffix != ".lock") == [
        "job.json",
        "progress.ndjson",
    ]
    assert (tmp_path / other / "evaluation" / "ab.json").read_text() == "the xylophone of Anna"


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ({"links": ["evt-1", "evt-3"]}, {"links": ["evt-3"]}),
        ({"links": [{"target": "evt-1", "kind": "about"}, {"target": "evt-3"}]}, {"links": [{"target": "evt-3"}]}),
        ({"metadata": {"supersedes": ["evt-1"], "note": None}}, {"metadata": {"supersedes": [], "note": None}}),
        ({"metadata": {"supersededBy": "evt-1"}}, {"metadata": {}}),
    ],
)
def test_others_are_linked_to_it_no_longer(
    tmp_path: Path, keeper: Keeper, named: dict[str, Any], left: dict[str, Any]
) -> None:
    keeper.save(a_memory("evt-1"))
    other = {"id": "evt-2", "timestamp": "2026-05-17T12:00:00Z", "content": "rain"}
    path = keeper.save(other | named)
    told = forget(keeper, tmp_path, "evt-1")
    assert (told.unlinked, told.mentions) == (["evt-2"], [])
    assert json.loads(path.read_text()) == other | left
    assert verify(keeper).sound


def test_what_else_names_it_is_told_and_left(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))
    keeper.save(a_memory("evt-2", "as I said in evt-1.", links=["evt-1"]))
    keeper.save(a_memory("evt-3", "evt-10 and my-evt-1 are others"))
    put(tmp_path, "persona/cache.json", {"frequentFacts": {"home": {"memoryIds": ["evt-1"]}}})
    told = forget(keeper, tmp_path, "evt-1")
    assert (told.unlinked, told.mentions) == (["evt-2"], ["memory/episodic/2026/evt-2.json", "persona/cache.json"])


def test_broken_files_do_not_stop_it(tmp_path: Path, keeper: Keeper) -> None:
    keeper.save(a_memory("evt-1"))
    broken = put(tmp_path, "memory/episodic/2026/cut.json", '{"links": ["evt-1"')
    put(tmp_path, "out/adapters/a/b/manifest.json", '["evt-1"')
    told = forget(keeper, tmp_path, "evt-1")
    assert (told.unlinked, told.mentions, broken.exists()) == ([], ["memory/episodic/2026/cut.json"], True)


def test_progress_is_told(tmp_path: Path, keeper: Keeper) -> None:
    told: list[tuple[int, int]] = []
    for name in ("evt-1", "evt-2", "evt-3"):
        keeper.save(a_memory(name))
    forget(keeper, tmp_path, "evt-1", lambda *done: told.append(done))
    assert told == [(2, 2)]
