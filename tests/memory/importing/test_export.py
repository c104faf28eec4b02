"""Exports: nothing is lost, nothing is overwritten unasked, and nothing is left half done."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from metahuman.memory.importing.export import ExportFormat, export
from metahuman.memory.importing.reading import read_import
from metahuman.state.errors import BadChoice, StoreError
from metahuman.state.memories import Memory, Metadata

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = TEXT.filter(lambda text: text.strip() != "")
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.lists(TEXT, max_size=2)
    | st.dictionaries(TEXT, TEXT, max_size=2)
)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)
MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC))
METADATA = st.fixed_dictionaries(
    {"source": SAID, "trainingConsent": st.booleans()},
    optional={
        "speaker": st.none() | SAID,
        "seen": st.integers(1, 9),
        "supersedes": st.lists(IDS, max_size=2),
        "mood": VALUES,
    },
)
MEMORIES = st.fixed_dictionaries(
    {"id": IDS, "timestamp": MOMENTS.map(datetime.isoformat), "content": SAID, "metadata": METADATA},
    optional={
        "type": SAID,
        "response": st.none() | TEXT,
        "tags": st.lists(TEXT, max_size=2),
        "entities": st.lists(VALUES, max_size=2),
        "importance": VALUES,
    },
).map(Memory.model_validate)


def memory(name: str = "evt-1", at: str = "2024-05-03T12:00:00.000Z", **more: Any) -> Memory:
    return Memory(**{"id": name, "timestamp": at, "content": f"about {name}"} | more)


def read(path: Path) -> list[dict[str, Any]]:
    return [found.as_json() for found in read_import(path)]


@settings(max_examples=60, phases=[Phase.generate])
@given(st.lists(MEMORIES, max_size=2, unique_by=lambda one: one.id))
def test_lines_come_back_as_they_were(memories: list[Memory]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "memories.jsonl"
        assert export(memories, target) == len(memories)
        found = [again.as_json() for again in read_import(target, "jsonl")]
    assert found == [one.as_json() for one in memories]


@pytest.mark.parametrize("name", ["memories.jsonl", "memories.zip", "memories"])
def test_what_is_exported_can_be_imported(tmp_path: Path, name: str) -> None:
    odd = memory(
        "evt-2",
        "1890-01-01",
        content='**"\u2028½" 🌍\r\n\ud83d',
        response="x",
        metadata=Metadata(source="a", speaker="Ann"),
    )
    known = [memory(metadata=Metadata(source="b")), odd]
    assert export(known, tmp_path / name) == 2
    whole = [one.as_json() for one in known]
    whole[1]["content"] = whole[1]["content"].replace("\ud83d", "\ufffd")
    assert sorted(read(tmp_path / name), key=lambda one: str(one["id"])) == whole


def test_files_are_for_the_owners_eyes(tmp_path: Path) -> None:
    for name in ("memories.jsonl", "memories.zip", "memories.md"):
        export([memory()], tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    export([memory()], tmp_path / "folder")
    [path] = (tmp_path / "folder").rglob("*.json")
    assert path.relative_to(tmp_path / "folder").as_posix() == "memory/episodic/2024/evt-1.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700
    assert zipfile.ZipFile(tmp_path / "memories.zip").namelist() == ["memory/episodic/2024/evt-1.json"]


def test_an_id_leads_nowhere(tmp_path: Path) -> None:
    export([memory("../../evil")], tmp_path / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"folder"}
    assert len(read(tmp_path / "folder")) == 1


def test_a_journal_is_in_the_order_of_days(tmp_path: Path) -> None:
    known = [
        memory("evt-3", "2024-05-04T08:30:00Z", content="# not a heading\n## 1 May 2024\nWell.", type="inner_dialogue"),
        memory("evt-1", "2024-05-03T22:30:00Z", content="Where to?", response="By the river.", type="conversation"),
        memory(
            "evt-2", "2024-05-03T09:00:00Z", content="It rains.", metadata=Metadata(speaker="Ann", valid_until="2024")
        ),
    ]
    zone = timezone(timedelta(hours=2))
    assert export(known, tmp_path / "journal.md", zone=zone) == 3
    assert (
        (tmp_path / "journal.md").read_text()
        == """# Memories

## 2024-05-03, Friday

### 11:00, observation, no longer so

> **Ann:**
> It rains.

## 2024-05-04, Saturday

### 00:30, conversation

> Where to?

> **answer:**
> By the river.

### 10:30, inner dialogue

> # not a heading
> ## 1 May 2024
> Well.
"""
    )


@pytest.mark.parametrize("name", ["memories.jsonl", "memories.md", "memories.zip", "memories"])
def test_what_is_there_is_replaced_only_if_that_is_said(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    export([memory()], target)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(BadChoice, match="is there already; give another name, or say --overwrite"):
        export([memory("evt-2")], target)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert export([memory("evt-2")], target, overwrite=True) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_folder_with_other_things_in_it_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadChoice, match="holds other things than an export"):
        export([memory()], tmp_path / "home", overwrite=True)
    with pytest.raises(BadChoice, match="is a folder; give another name"):
        export([memory()], tmp_path / "home", "jsonl", overwrite=True)
    (tmp_path / "empty").mkdir()
    assert export([memory()], tmp_path / "empty") == 1


@pytest.mark.parametrize("chosen", ["jsonl", "markdown", "zip", "folder"])
def test_what_was_stopped_leaves_what_was_there(tmp_path: Path, chosen: ExportFormat) -> None:
    target = tmp_path / "memories"
    export([memory()], target, chosen)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def stopped() -> Iterator[Memory]:
        yield memory("evt-2")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(stopped(), target, chosen, overwrite=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/memories.jsonl: No such file or directory; check that the folder"):
        export([memory()], tmp_path / "gone" / "memories.jsonl")
    with pytest.raises(BadChoice, match="its name tells no format: use one of jsonl, markdown, folder, zip"):
        export([memory()], tmp_path / "memories.csv")
    with pytest.raises(BadChoice, match="'csv' is no format"):
        export([memory()], tmp_path / "memories", "csv")  # type: ignore[arg-type]


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    export([memory("a"), memory("b")], tmp_path / "memories.jsonl", progress=told.append)
    assert told == [1, 2]
