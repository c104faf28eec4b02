"""Any import: what it is, how far it is, and what is done about files that are broken, huge or hostile."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metahuman.memory.importing.reading import detect, read_import
from metahuman.memory.store.episodic import EpisodicStore
from metahuman.state.errors import BadChoice, MetaHumanError, StoreError
from tests.chat_exports import NO_PARENT, chatgpt, claude, file, node, packed, said

TALK = chatgpt(node("m1", "root", "user", "Where shall we walk?"))


def talks(count: int) -> list[dict[str, Any]]:
    return [
        chatgpt(node("m1", "root", "user", f"Question {n}"), id=f"c-{n}", conversation_id=f"c-{n}")
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("conversations.json", [TALK], "chatgpt"),
        ("conversations.json", TALK, "chatgpt"),
        ("conversations.json", [claude(said("m", "human", 'a "mapping": {"x"} of words'))], "claude"),
        ("conversations.json", [TALK | {"title": '"chat_messages": ['}], "chatgpt"),
        ("memories.jsonl", {"content": "x"}, "jsonl"),
        ("diary.md", "# 2024-05-03", "markdown"),
        ("diary.txt", "2024-05-03", "markdown"),
        ("conversations-003.json", [TALK], "chatgpt"),
        ("export/conversations.json", [TALK], "chatgpt"),
        ("a/conversations/c-1.json", [TALK], "chatgpt"),
        ("a/memory/episodic/2025/e.json", {}, "metahuman"),
    ],
)  # fmt: skip
def test_what_it_is_is_found_out(tmp_path: Path, name: str, content: object, found: str) -> None:
    path = file(tmp_path / name, content)
    assert detect(path if "/" not in name else tmp_path) == found
    assert detect(packed(tmp_path.with_suffix(".zip"), {name: content})) == found


def test_a_file_that_is_named_itself_may_have_any_name(tmp_path: Path) -> None:
    path = file(tmp_path / "my chats.json", [TALK])
    assert detect(path) == "chatgpt"
    assert len(list(read_import(path))) == 1


def test_what_it_is_can_be_said(tmp_path: Path) -> None:
    path = file(tmp_path / "notes", '{"text": "Bought beans", "date": "2024-05-03"}')
    assert [memory.content for memory in read_import(path, "jsonl")] == ["Bought beans"]
    with pytest.raises(BadChoice, match="'csv' is no format: use one of metahuman, chatgpt, claude, markdown, jsonl"):
        read_import(path, "csv")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("photo.png", b"\x89PNG", BadChoice, "is nothing that can be imported; if it is, say which: --format"),
        ("empty.json", "[]", BadChoice, "is nothing that can be imported"),
        ("broken.zip", b"PK\x03\x04 and no more", StoreError, "is a broken zip .*; get the export again"),
        ("empty.zip", b"", StoreError, "is a broken zip"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(
    tmp_path: Path, name: str, content: object, error: type[MetaHumanError], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        read_import(file(tmp_path / name, content))
    assert "\n" not in str(raised.value)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory; check that it is there"):
        read_import(tmp_path / "gone.zip")


@pytest.mark.parametrize(
    ("cut", "problem"),
    [
        (lambda text: text[:-40], "cut short, or no JSON"),
        (lambda text: text[:-1], "cut short"),
        (lambda text: text.replace('"title"', "title", 9).replace("title", '"title"', 8), "cut short, or no JSON"),
        (lambda text: text[:-1] + "3 4]", "two elements without a comma between them"),
        (lambda text: text[:-1] + "," + "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_comes_before_a_mistake_is_taken(tmp_path: Path, cut: Any, problem: str) -> None:
    path = file(tmp_path / "conversations.json", cut(json.dumps(talks(9))))
    found = read_import(path)
    assert len(list(found)) in (8, 9)
    assert list(found.report.broken) == [f"{problem}; what came before was taken"]


def test_a_zip_that_lies_or_is_locked_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "export.zip", {"conversations-000.json": [TALK], "conversations-001.json": talks(2)})
    data = bytearray(path.read_bytes())
    start = data.find(b"conversations-001.json") + len("conversations-001.json")
    data[start + 30] ^= 0xFF  # inside what is packed
    path.write_bytes(bytes(data))
    found = read_import(path)
    assert [memory.content for memory in found] == ["Where shall we walk?"]
    [problem] = found.report.broken
    assert problem.startswith(("broken or unreadable: ", "cut short"))


def test_an_encrypted_zip_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": [TALK], "a/conversations.json": [TALK]})
    data = bytearray(path.read_bytes())
    entry = data.find(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(bytes(data))
    found = read_import(path)
    list(found)
    assert list(found.report.broken) == ["encrypted: unpack it with its password, and import the folder"]


def test_a_bomb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("conversations.json", json.dumps([TALK]))
        with bomb.open("conversations-001.json", "w") as member:
            member.write(b"[" + b" " * 36 * 2**20 + b"]")
    found = read_import(path)
    assert len(list(found)) == 1
    assert list(found.report.broken) == ["unpacks to more than 200 times its size, as no honest export does"]


def test_paths_in_a_zip_lead_nowhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = packed(inside / "export.zip", {"../../conversations.json": [TALK], "/etc/\x1b[2Jconversations.json": [TALK]})
    before = sorted(tmp_path.rglob("*"))
    found = read_import(path)
    assert len(list(found)) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert "\x1b" not in "".join(found.report.lines())


def test_only_ordinary_files_are_opened(tmp_path: Path) -> None:
    file(tmp_path / "2024-05-03.md", "Walked.")
    os.mkfifo(tmp_path / "2024-05-04.md")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "2024-05-05.md").symlink_to(tmp_path / "gone.md")
    assert [memory.content for memory in read_import(tmp_path)] == ["Walked."]


def test_a_folder_that_is_gone_by_then_stops_nothing(tmp_path: Path) -> None:
    file(tmp_path / "a" / "2024-05-03.md", "Walked.")
    file(tmp_path / "b" / "2024-05-04.md", "Read.")
    found = iter(read_import(tmp_path))
    assert next(found).content == "Walked."
    shutil.rmtree(tmp_path / "b")
    assert list(found) == []


def test_how_far_it_is_is_told_in_bytes(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = packed(tmp_path / "export.zip", {"conversations-000.json": talks(900), "conversations-001.json": talks(9)})
    found = read_import(path, progress=lambda done, total: told.append((done, total)))
    assert len(list(found)) == 900
    assert {total for _, total in told} == {told[-1][0]}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) > 4


def test_what_was_stopped_goes_on_without_doubles(tmp_path: Path) -> None:
    path = file(tmp_path / "conversations.json", talks(20))
    store = EpisodicStore(tmp_path / "episodic")
    taken = iter(read_import(path))
    for _ in range(7):
        store.save(next(taken).as_json())
    taken.close()  # type: ignore[attr-defined] - a generator
    for memory in read_import(path):
        store.save(memory.as_json())
    assert store.count() == 20
    found = read_import(path)
    assert len(list(found)) == len(list(found)) == found.report.taken == 20


def test_a_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    words = "word " * 4_000
    with path.open("w") as written:
        written.write("[")
        for n in range(500):
            talk = chatgpt(node("m1", "root", "user", words), id=f"c-{n}", conversation_id=f"c-{n}")
            written.write(("," if n else "") + json.dumps(talk))
        written.write("]")
    assert path.stat().st_size > 9e6
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_import(path)) == 500
        assert tracemalloc.get_traced_memory()[1] < 7e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_whatever_the_encoding(tmp_path: Path, encoding: str) -> None:
    text = json.dumps([chatgpt(node("m1", "root", "user", "Grüße 🌍"))], ensure_ascii=False)
    path = file(tmp_path / "conversations.json", text.encode(encoding))
    assert [memory.content for memory in read_import(path, "chatgpt")] == ["Grüße 🌍"]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside a value."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*above, key)
        yield from places(item, (*above, key))


def replaced(value: Any, way: tuple[Any, ...], odd: object) -> Any:
    """Return a value with another in one place."""
    copy = json.loads(json.dumps(value))
    at = copy
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = odd
    return copy


@pytest.mark.parametrize(
    "odd", [None, 3, -1e300, True, "x", "", "\ud83d", [], [None, 3, [], {}], {}, {"x": None}], ids=repr
)
@pytest.mark.parametrize("format", ["chatgpt", "claude"])
def test_a_wrong_value_anywhere_stops_nothing(tmp_path: Path, format: Any, odd: object) -> None:  # noqa: A002
    file_of = {"attachments": [{"file_name": "a.txt"}], "files": [{"file_name": "b.png"}]}
    talk = {
        "chatgpt": chatgpt(
            node("m1", "root", "user", {"content_type": "audio_transcription", "text": "One"}, kind="multimodal_text"),
            node("m2", "m1", "assistant", "Two", metadata={"model_slug": "gpt-5", "attachments": [{"name": "a.txt"}]}),
        ),
        "claude": claude(
            said("m1", "human", "One", parent=NO_PARENT, **file_of), said("m2", "assistant", "Two", parent="m1")
        ),
    }[format]
    wrong = [replaced(talk, way, odd) for way in places(talk)]
    last = talk | {"conversation_id": "last", "uuid": "last"}
    found = read_import(file(tmp_path / "conversations.json", json.dumps([*wrong, last])), format)
    assert [memory.content for memory in found][-1] == "One"
    assert found.report.read == len(wrong) + 1
    assert found.report.broken == {}
