"""Journals in Markdown, as people keep them."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from metahuman.memory.importing.reading import Import, read_import
from metahuman.memory.importing.taking import grown
from metahuman.state.memories import Memory
from tests.chat_exports import file

MODIFIED = datetime(2023, 7, 1, 8, tzinfo=UTC).timestamp()


def note(path: Path, content: str | bytes) -> Path:
    os.utime(file(path, content), (MODIFIED, MODIFIED))
    return path


def taken(path: Path) -> tuple[list[Memory], Import]:
    found = read_import(path)
    assert found.format == "markdown"
    return list(found), found


def told(memories: list[Memory]) -> list[tuple[str, str]]:
    return [(memory.timestamp[:10], memory.content) for memory in memories]


def local(*clock: int) -> str:
    return datetime(*clock).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")  # type: ignore[arg-type]


def test_each_dated_heading_begins_an_entry(tmp_path: Path) -> None:
    text = """# My diary

## 3 May 2024
Walked to the river.

### Evening
Read a book.

## May 4, 2024: rain
Stayed in.
```
## 5 May 2024
```

**5 May 2024**
Sun again, see 2024-05-03.

## 6 May 2024
"""
    memories, found = taken(note(tmp_path / "diary.md", text))
    assert told(memories) == [
        ("2024-05-03", "Walked to the river.\n\n### Evening\nRead a book."),
        ("2024-05-04", "rain\nStayed in.\n```\n## 5 May 2024\n```"),
        ("2024-05-05", "Sun again, see 2024-05-03."),
    ]
    assert {memory.type for memory in memories} == {"journal"}
    assert memories[0].timestamp == "2024-05-03T12:00:00.000Z"
    assert memories[0].metadata.source == "markdown: diary.md"
    assert found.report.notes == {}


def test_a_folder_of_daily_notes_is_read(tmp_path: Path) -> None:
    note(tmp_path / "2024" / "05" / "03.md", "Friday's note")
    note(tmp_path / "journals" / "2024_05_04.md", "- Saturday\n  id:: 66-a\n  collapsed:: true\n- tea with Ann\n")
    note(tmp_path / "May 5th, 2024.md", "Sunday")
    note(tmp_path / "2024-05-06.txt", "Monday, in plain text")
    note(tmp_path / "requirements.txt", "not a day")
    note(tmp_path / ".obsidian" / "2024-05-07.md", "hidden")
    note(tmp_path / "logseq" / "bak" / "2024_05_08.md", "an old state")
    memories, _ = taken(tmp_path)
    assert sorted(told(memories)) == [
        ("2024-05-03", "Friday's note"),
        ("2024-05-04", "- Saturday\n- tea with Ann"),
        ("2024-05-05", "Sunday"),
        ("2024-05-06", "Monday, in plain text"),
    ]


def test_a_front_matter_tells_day_and_tags(tmp_path: Path) -> None:
    note(tmp_path / "a.md", "---\ntitle: Walk\ndate: 2024-05-03\ntags: [walks, '#river']\n---\nBy the river.\n")
    note(tmp_path / "b.md", "---\ndate: 2024-05-04 14:30\ntags: rain, tea\n---\nInside.\n")
    note(tmp_path / "c.md", "---\ncreated: 2024-05-05T10:00:00+02:00\n---\nSun.\n")
    memories, _ = taken(tmp_path)
    assert [(memory.timestamp, memory.content, memory.tags) for memory in memories] == [
        ("2024-05-03T12:00:00.000Z", "By the river.", ["walks", "river"]),
        (local(2024, 5, 4, 14, 30), "Inside.", ["rain", "tea"]),
        ("2024-05-05T08:00:00.000Z", "Sun.", []),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\nHe said: no: way\n---\nand left.",
        "---\njust a line",
        "---\n",
        "---\ndate: 2024-99-99\n---\nx",
        "---\n- a\n---\nb",
    ],
)
def test_what_is_no_front_matter_is_text(tmp_path: Path, text: str) -> None:
    memories, _ = taken(note(tmp_path / "2024-05-03.md", text))
    assert [memory.content for memory in memories] == ([said] if (said := text.removeprefix("---\n")) else [])


def test_the_name_of_a_file_counts_more_than_when_it_was_created(tmp_path: Path) -> None:
    memories, _ = taken(note(tmp_path / "2024-05-03.md", "---\ncreated: 2025-01-01\n---\nWalked."))
    assert told(memories) == [("2024-05-03", "Walked.")]


def test_a_file_without_a_date_has_that_of_its_last_change_and_it_is_told(tmp_path: Path) -> None:
    [memory], found = taken(note(tmp_path / "ideas.md", "# Ideas\nA boat."))
    assert (memory.timestamp, memory.content) == ("2023-07-01T08:00:00.000Z", "# Ideas\nA boat.")
    assert memory.metadata.model_dump()["dated"] == "by the file's last change"
    group = found.report.notes["without a date: dated by when the file was last changed"]
    assert (group.count, group.examples) == (1, ["ideas.md"])
    os.utime(tmp_path / "ideas.md", (MODIFIED + 9e6, MODIFIED + 9e6))
    assert [one.id for one in taken(tmp_path)[0]] == [memory.id]


def test_dates_of_numbers_are_read_as_the_rest_of_the_file_tells(tmp_path: Path) -> None:
    note(tmp_path / "day-first.md", "## 03/05/2024\nOne\n## 13/05/2024\nTwo\n")
    note(tmp_path / "nobody-knows.md", "## 05/03/2024\nThree\n")
    memories, found = taken(tmp_path)
    assert [day for day, _ in told(memories)] == ["2024-05-03", "2024-05-13", "2024-05-03"]
    assert found.report.notes["read as month/day/year, as no date of the file tells otherwise"].examples == [
        "nobody-knows.md"
    ]


def test_an_entry_stays_the_same_where_it_is_moved_and_grows_where_it_is_written_on(tmp_path: Path) -> None:
    [before], _ = taken(note(tmp_path / "2024-05-03.md", "Walked."))
    [moved], _ = taken(note(tmp_path / "vault" / "daily" / "2024-05-03.md", "Walked.\nRead a book."))
    assert moved.id == before.id
    assert grown(moved, before)
    assert not grown(before, before)
    edited = before.model_copy(update={"content": "Walked far."})
    assert not grown(moved, edited)


def test_two_files_of_one_name_are_two_entries(tmp_path: Path) -> None:
    for folder in ("home", "work"):
        note(tmp_path / folder / "2024-05-03.md", f"At {folder}.")
    memories, found = taken(tmp_path)
    assert len({memory.id for memory in memories}) == 2
    assert list(found.report.notes) == ["another text under the same id: taken under an id of its own"]
    assert [memory.id for memory in taken(tmp_path)[0]] == [memory.id for memory in memories]


@pytest.mark.parametrize(
    ("data", "content"),
    [
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        (b"One\r\nTwo\r\n", "One\nTwo"),
    ],
)
def test_whatever_the_encoding(tmp_path: Path, data: bytes, content: str) -> None:
    memories, _ = taken(note(tmp_path / "2024-05-03.md", data))
    assert [memory.content for memory in memories] == [content]


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    memories, found = taken(note(tmp_path / "2024-05-03.md", b"GIF89a\0\0\0"))
    assert memories == []
    assert list(found.report.lines())[1:] == [
        "could not be read: broken or unreadable: it is no text: 1 (2024-05-03.md)"
    ]


def test_an_entry_without_an_end_is_told(tmp_path: Path) -> None:
    memories, found = taken(note(tmp_path / "2024-05-03.md", "x" * (2**22 + 1) + "\n## 4 May 2024\nWalked.\n"))
    assert told(memories) == [("2024-05-04", "Walked.")]
    assert list(found.report.broken) == ["an entry longer than 4,194,304 characters"]


def test_a_journal_in_a_zip_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "vault.zip", "w") as packed:
        packed.writestr("vault/2024-05-03.md", "Walked.")
        packed.writestr(zipfile.ZipInfo("vault/ideas.md", (2023, 7, 1, 8, 0, 0)), "A boat.")
    memories, _ = taken(tmp_path / "vault.zip")
    assert told(memories) == [("2024-05-03", "Walked."), ("2023-07-01", "A boat.")]
