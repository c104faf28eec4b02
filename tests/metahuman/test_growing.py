"""Tests of what a twin knows and learns, through the Python API; voices are trained in the notebooks' tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metahuman.audit.reader import tail
from metahuman.state.errors import BadChoice
from tests.homes import scripted

DAYS = [
    "Ilka called about the concert in Porto, and I promised that I would come to hear her cello in June.",
    "I watered the tomatoes in the garden before breakfast, and I sat with them for a while after that.",
    "I painted the boat with Oskar, hardly talking, and in the end we both had to laugh about the colour.",
    "I planted the tomatoes out in the garden at last; the frost may come, and I have covered them well.",
]


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    lines = [
        {"type": "journal", "text": text, "date": (now - timedelta(days=ago)).isoformat(), "conversation_id": f"{ago}"}
        for ago, text in enumerate(DAYS)
    ]
    (tmp_path / "diary.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "diary.jsonl"


def test_memories_are_brought_in_once_and_recalled(tmp_path: Path, diary: Path) -> None:
    with scripted(tmp_path / "home") as twin:
        found = twin.import_memories(diary)
        assert (found.format, found.fates) == ("jsonl", {"new": len(DAYS)})
        assert twin.import_memories(str(diary)).fates == {"known": len(DAYS)}
        best, *_ = twin.recall("When does Ilka play in Porto?", limit=2)
        assert best.memory.content == DAYS[0]
        assert best.why
        assert twin.recall("helicopters") == []
        told = [line for line in tail(twin.home.audit, 9) if line["event"] == "memories_imported"]
        assert [(line["details"].get("new"), line["details"].get("known")) for line in told] == [(4, None), (None, 4)]


def test_what_is_no_import_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with scripted(tmp_path / "home") as twin, pytest.raises(BadChoice):
        twin.import_memories(tmp_path / "picture.png")


def test_a_route_is_explained_and_nothing_is_done(tmp_path: Path) -> None:
    with scripted(tmp_path) as twin:
        found = twin.explain("write a script that renames my photos")
        assert found.judged
        assert found.route["why"]  # a guess: the model that would decide was not asked
        assert twin.threads() == []
        assert not list(tail(twin.home.audit, 1))


def test_a_digest_finds_what_keeps_coming_up_and_then_nothing_new(tmp_path: Path, diary: Path) -> None:
    with scripted(tmp_path / "home") as twin:
        twin.import_memories(diary)
        found = twin.digest(days=7, without_model=True)
        assert any("tomatoes" in item["text"] or "garden" in item["text"] for item in found.items)
        assert found.changed
        assert not twin.digest(days=7, without_model=True).changed


def test_pairs_are_made_and_chosen(tmp_path: Path, diary: Path) -> None:
    looked = []
    with scripted(tmp_path / "home") as twin:
        twin.import_memories(diary)
        run = twin.curate(limit=0, without_model=True, tell=lambda look, of: looked.append((look["fate"], of)))
        assert run.fates == {"curated": len(DAYS)}
        assert looked == [("curated", len(DAYS))] * len(DAYS)
        dataset = twin.build_dataset("first")
        assert dataset.folder.name == "first"
        files = [dataset.folder / f"{name}.jsonl" for name in ("train", "held-out")]
        assert sum(len(file.read_text().splitlines()) for file in files) == len(DAYS)


def test_without_pairs_or_runs_it_says_what_is_missing(tmp_path: Path) -> None:
    with scripted(tmp_path) as twin:
        for lacking in (twin.build_dataset, twin.train, twin.evaluate, twin.compare):
            with pytest.raises(BadChoice):
                lacking()
