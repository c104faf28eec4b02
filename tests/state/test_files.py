"""How files are written and read: whole or not at all, private, and safe between processes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import make_folder, read_json, update_json, whole, write_atomic, write_json

KILLED_WHILE_WRITING = """
import json, os, random, signal, sys, time
from pathlib import Path
from metahuman.state.files import write_json

path = Path(sys.argv[1])
write_json(path, {"text": ""})
for _ in range(30):
    if (child := os.fork()) == 0:
        while True:
            write_json(path, {"text": "x" * random.randrange(100_000)})
    time.sleep(random.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert set(json.loads(path.read_bytes())) == {"text"}
    strays = [other for other in path.parent.iterdir() if other != path]
    assert [stray.suffix for stray in strays] in ([], [".tmp"]), strays
    for stray in strays:
        stray.unlink()
"""
COUNTING = """
import os, sys
from pathlib import Path
from metahuman.state.files import update_json

for _ in range(4):
    if os.fork() == 0:
        for _ in range(50):
            with update_json(Path(sys.argv[1])) as counter:
                counter["count"] += 1
        os._exit(0)
for _ in range(4):
    assert os.wait()[1] == 0
"""
KILLED_WHILE_HOLDING = """
import os, signal, sys, time
from pathlib import Path
from metahuman.state.files import update_json

path = Path(sys.argv[1])
reader, writer = os.pipe()
if (child := os.fork()) == 0:
    with update_json(path) as value:
        value["never"] = "written"
        os.write(writer, b"holding")
        time.sleep(60)
os.read(reader, 7)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
with update_json(path) as value:
    value["after"] = True
"""
FULL_DISK = """
import resource, sys
from pathlib import Path
from metahuman.state.errors import StoreError
from metahuman.state.files import write_atomic

resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
try:
    write_atomic(Path(sys.argv[1]), b"x" * 1000)
except StoreError as error:
    print(error)
"""
REMEDY = "check that the folder can be written and that the disk has room"


def run(script: str, path: Path) -> str:
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_and_the_folders_made_for_it_are_the_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "memory" / "episodic" / "a.json"
    write_atomic(path, b"one")
    assert path.read_bytes() == b"one"
    assert [mode(path), mode(path.parent), mode(path.parent.parent)] == [0o600, 0o700, 0o700]
    assert names(path.parent) == ["a.json"]


def test_a_file_keeps_the_permissions_its_owner_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"one")
    path.chmod(0o644)
    write_atomic(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"two", 0o644)


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert make_folder(tmp_path) == tmp_path
    assert mode(tmp_path) == 0o755


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    assert run(FULL_DISK, path) == f"{path}: {os.strerror(errno.EFBIG)}; {REMEDY}\n"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_a_path_below_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    below = tmp_path / "file" / "folder" / "a.json"
    with pytest.raises(StoreError) as raised:
        write_json(below, {})
    assert str(raised.value).startswith(f"{below.parent}: ")
    assert str(raised.value).endswith(REMEDY)
    assert "\n" not in str(raised.value)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_path_that_is_a_folder_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(StoreError, match=f"^{tmp_path / 'a.json'}: .*; {REMEDY}$"):
        write_json(tmp_path / "a.json", {})
    assert names(tmp_path) == ["a.json"]


def test_what_cannot_be_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": True})
    with pytest.raises(TypeError):
        write_json(path, {"new": object()})
    assert read_json(path) == {"old": True}
    assert names(tmp_path) == ["a.json"]


def test_kill_9_leaves_a_whole_file_and_at_most_one_stray(tmp_path: Path) -> None:
    run(KILLED_WHILE_WRITING, tmp_path / "a.json")


def test_json_is_written_for_people(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Zoë", "list": [1]})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "name": "Zoë",\n  "list": [\n    1\n  ]\n}\n'


def test_four_processes_lose_no_update_and_unknown_keys_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"ours": [{"deep": "ö"}], "count": 0})
    run(COUNTING, path)
    assert read_json(path) == {"ours": [{"deep": "ö"}], "count": 200}


def test_the_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    run(KILLED_WHILE_HOLDING, tmp_path / "a.json")
    assert read_json(tmp_path / "a.json") == {"after": True}


def test_an_update_begins_empty_where_there_is_no_file(tmp_path: Path) -> None:
    with update_json(tmp_path / "new" / "a.json") as value:
        assert value == {}
        value["a"] = 1
    assert read_json(tmp_path / "new" / "a.json") == {"a": 1}


def test_an_update_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})

    def fail() -> None:
        with update_json(path) as value:
            value["a"] = 2
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert read_json(path) == {"a": 1}


def test_an_update_never_overwrites_a_file_that_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": 1')
    with pytest.raises(SettingError), update_json(path):
        pytest.fail("there is nothing to change")
    assert path.read_bytes() == b'{"a": 1'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{\n  "a": 1,\n}', "not JSON: .+ at line [23], column \\d+; mend that line"),
        (b"", "not JSON: Expecting value at line 1, column 1; mend that line"),
        (b"[1]", "holds a list, not an object; wrap it in { }"),
        (b"null", "holds a NoneType, not an object; wrap it in { }"),
        (b'{"a": "\xff"}', r"not UTF-8 text \(byte 7\); save it as UTF-8"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply to be settings; mend or replace it"),
        (b'{"a": ' + b"1" * 5_000 + b"}", "a number in it has too many digits; mend or replace it"),
    ],
    ids=["trailing comma", "empty", "list", "null", "latin-1", "deep", "long number"],
)
def test_a_file_that_cannot_be_read_is_one_line_with_a_remedy(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=f"^{path}: {problem}$"):
        read_json(path)


def test_a_file_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"No such file or directory; check that the file exists and can be read$"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("value", "mended"),
    [
        ("a\ud83d", "a\ufffd"),
        ("\ude00b\ud83dc", "\ufffdb\ufffdc"),
        ("\ud83d\ude00 and 😀", "😀 and 😀"),
        ("\ufeffZoë", "\ufeffZoë"),
        ([{"\udcff": ["\udcff"]}], [{"\ufffd": ["\ufffd"]}]),
        (1.5, 1.5),
        (None, None),
    ],
)
def test_half_characters_are_replaced(value: Any, mended: Any) -> None:
    assert whole(value) == mended


def test_half_characters_cost_neither_the_writing_nor_the_reading_of_a_file(tmp_path: Path) -> None:
    """An emoji cut in half by another program is valid JSON, but no model and no checkpoint takes it."""
    path = tmp_path / "a.json"
    write_json(path, {"cut": "so glad \ud83d", "backslash": "\\\ud83d"})
    assert json.loads(path.read_bytes()) == {"cut": "so glad \ud83d", "backslash": "\\\ud83d"}
    assert read_json(path) == {"cut": "so glad \ufffd", "backslash": "\\\ufffd"}
