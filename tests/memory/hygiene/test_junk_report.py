"""How much of what is remembered is junk."""

from __future__ import annotations

import json

from metahuman.memory.hygiene.junk_report import audit
from metahuman.state.memories import Memory
from tests.kept import Kept, said

TURNS = [
    said("I live in Lisbon.", at="2023-01-01T00:00:00Z", name="lisbon"),
    said("thanks", at="2023-01-02T00:00:00Z", name="thanks"),
    said("HEARTBEAT_OK", at="2023-01-02T00:00:00Z", name="beat1"),
    said("HEARTBEAT_OK", at="2023-01-02T01:00:00Z", name="beat2"),
    said("I love jazz", at="2023-01-03T00:00:00Z", name="jazz"),
    said("I really love jazz", at="2023-01-04T00:00:00Z", name="jazz2"),
    said("I moved to Rome.", at="2024-01-01T00:00:00Z", name="rome"),
    said("Bea broke her arm", at="2024-01-02T00:00:00Z", name="arm"),
]


def test_what_came_through_hygiene_has_no_junk() -> None:
    kept = Kept()
    kept.say(*TURNS)
    report = audit(Memory.model_validate(value) for value in kept.files.values())
    assert report.rate == 0
    assert report.as_json() == {
        "memories": 6,
        "recalled": 3,
        "junkRate": 0.0,
        "junk": {},
        "flagged": {"heartbeat": 1, "small talk": 1},
        "superseded": 1,
        "merged": 1,
        "shortened": 0,
    }


def test_what_was_saved_as_it_came_is_told_with_examples() -> None:
    report = audit(TURNS)
    assert {row.kind: row.examples for row in report.rows()} == {
        "heartbeat": ["beat1", "beat2"],
        "small talk": ["thanks"],
        "duplicate": ["jazz2"],
        "out of date": ["lisbon"],
    }
    assert report.rate == 5 / 8
    assert json.loads(json.dumps(report.as_json()))["junk"]["heartbeat"]["memories"] == 2


def test_no_memories_have_no_junk() -> None:
    assert audit([]).rate == 0
    assert audit([]).rows() == []
