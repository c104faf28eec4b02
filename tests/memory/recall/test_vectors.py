"""Memories' vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from metahuman.memory.recall.meaning import nearness
from metahuman.memory.recall.vectors import SqliteVectors

UP, RIGHT = np.array([0, 1], np.float32), np.array([1, 0], np.float32)
BETWEEN = np.array([0.6, 0.8], np.float32)


def test_vectors_are_kept_replaced_and_forgotten(tmp_path: Path) -> None:
    store = SqliteVectors(tmp_path / "v.sqlite")
    store.put({"a": UP, "b": RIGHT})
    store.put({"a": BETWEEN})
    other = SqliteVectors(tmp_path / "v.sqlite")
    assert {id_: vector.round(2).tolist() for id_, vector in other.get(["a", "b", "c"]).items()} == {
        "a": BETWEEN.round(2).tolist(),
        "b": [1, 0],
    }
    store.remove(["a", "unknown"])
    assert list(other.get(["a", "b"])) == ["b"]
    other.close()
    store.close()


def test_the_nearest_come_first_also_after_another_process_wrote(tmp_path: Path) -> None:
    store, other = (SqliteVectors(tmp_path / "v.sqlite") for _ in range(2))
    assert store.nearest(UP, 3) == []
    other.put({"a": RIGHT, "b": UP})
    assert store.nearest(UP, 3) == ["b", "a"]
    other.put({"a": UP, "c": BETWEEN})
    other.remove(["b"])
    assert store.nearest(UP, 2) == ["a", "c"]
    assert store.nearest(np.ones(3, np.float32), 2) == []


def test_nearness_runs_from_farthest_to_nearest(tmp_path: Path) -> None:
    store = SqliteVectors(tmp_path / "v.sqlite")
    store.put({"a": UP, "b": RIGHT, "c": BETWEEN})
    assert nearness(UP, ["a", "b", "c", "unknown"], store).round(1).tolist() == [1, 0, 0.8, 0.5]
    assert nearness(UP, ["unknown"], store).tolist() == [0.5]
    assert nearness(UP, ["a"], store).tolist() == [0.5]
