"""Tests of `metahuman memory import`, `export`, `verify`, `sync`, `reindex` and `audit`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_memory import keep, listed, told
from tests.cli.test_persona import events
from tests.homes import files, in_process
from tests.keepers import a_memory


def lines(path: Path, *contents: str) -> Path:
    """Write one of those exports that anybody's program makes."""
    rows = [
        json.dumps({"id": f"n{number}", "text": text, "date": f"2024-05-{number + 1:02}T10:00:00Z"})
        for number, text in enumerate(contents)
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def chats(path: Path, answer: str) -> Path:
    """Write an export of Claude's with one exchange."""
    messages = [
        {"uuid": "q", "sender": "human", "text": "Who built our boathouse?", "created_at": "2024-05-01T10:00:00Z"},
        {"uuid": "a", "sender": "assistant", "text": answer, "created_at": "2024-05-01T10:00:05Z"},
    ]
    path.write_text(json.dumps([{"uuid": "c", "name": "boats", "chat_messages": messages}]))
    return path


class TestImport:
    def test_what_comes_goes_the_way_of_all_that_is_remembered(self, tmp_path: Path) -> None:
        home, path = tmp_path / "home", lines(tmp_path / "notes.jsonl", "I live in Lisbon", "I live in Porto", "thanks")
        done = in_process(home, "memory", "import", str(path), "--no-training")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == f"{path}: jsonl"
        assert "3 memories taken, 3 items read (jsonl)\n2 new, 1 kept, but never recalled; " in done.stdout
        thanks, porto, lisbon = told(home, "list")["memories"]
        assert lisbon["metadata"]["supersededBy"] == porto["id"]
        assert thanks["metadata"]["noise"] == "small talk"
        assert not any(one["metadata"]["trainingConsent"] for one in (thanks, porto, lisbon))
        [event] = events(home, "memories_imported")
        assert event["details"] == {"path": str(path), "format": "jsonl", "new": 2, "flagged": 1, "broken": 0}

    def test_twice_is_once(self, tmp_path: Path) -> None:
        path = lines(tmp_path / "notes.jsonl", "Eva got a dog", "the boat needs paint")
        in_process(tmp_path / "home", "memory", "import", str(path))
        before = files(tmp_path / "home" / "memory")
        done = in_process(tmp_path / "home", "memory", "import", str(path))
        assert "\n2 there already; " in done.stdout
        assert files(tmp_path / "home" / "memory") == before

    def test_a_chat_that_has_grown_is_brought_up_to_date_and_the_owners_word_stays(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        in_process(home, "memory", "import", str(chats(tmp_path / "conversations.json", "Your uncle built it.")))
        [name] = listed(home)
        in_process(home, "memory", "edit", name, "--set", "metadata.trainingConsent=false")
        grown = chats(tmp_path / "conversations.json", "Your uncle built it, and Eva painted the doors.")
        assert "1 brought up to date; " in in_process(home, "memory", "import", str(grown)).stdout
        [found] = told(home, "list")["memories"]
        assert found["response"] == "Your uncle built it, and Eva painted the doors."
        assert found["metadata"]["trainingConsent"] is False
        in_process(home, "memory", "edit", name, "--set", "response=Nobody knows.")
        assert "1 there already; " in in_process(home, "memory", "import", str(grown)).stdout
        assert told(home, "list")["memories"][0]["response"] == "Nobody knows."

    def test_a_trial_writes_nothing(self, tmp_path: Path) -> None:
        home, path = tmp_path / "home", lines(tmp_path / "notes.jsonl", "Eva got a dog")
        done = in_process(home, "memory", "import", str(path), "--dry-run")
        assert done.stdout.endswith("would come: 1 new\n")
        assert not home.exists()
        in_process(home, "memory", "import", str(path))
        lines(tmp_path / "notes.jsonl", "Eva got a dog", "the boat needs paint")
        done = in_process(home, "memory", "import", str(path), "--dry-run")
        assert done.stdout.endswith("would come: 1 new, 1 there already\n")
        assert len(events(home, "memories_imported")) == 1

    def test_what_is_broken_is_told_and_the_rest_comes(self, tmp_path: Path) -> None:
        path = lines(tmp_path / "notes.jsonl", "Eva got a dog", "the boat needs paint")
        path.write_text(f"{{\n{path.read_text()}")
        done = in_process(tmp_path / "home", "memory", "import", str(path))
        assert done.returncode == 1
        assert "could not be read: not JSON: 1 (notes.jsonl, line 1)" in done.stdout
        assert len(listed(tmp_path / "home")) == 2

    def test_what_nobody_knows_is_one_line(self, tmp_path: Path) -> None:
        path = tmp_path / "picture.png"
        path.write_bytes(b"\x89PNG")
        done = in_process(tmp_path / "home", "memory", "import", str(path))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "picture.png: is nothing that can be imported; if it is, say which: --format " in done.stderr
        assert not (tmp_path / "home").exists()

    @pytest.mark.slow
    def test_an_import_that_is_stopped_goes_on_where_it_was(self, tmp_path: Path) -> None:
        home, many = tmp_path / "home", 150
        rows = [{"id": str(n), "text": f"the {n}th stone of the wall", "date": 1.7e9 + 60 * n} for n in range(many)]
        path = tmp_path / "notes.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        command = [sys.executable, "-m", "metahuman", "--home", str(home), "memory", "import", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while not list(home.rglob("line-*.json")):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        assert process.returncode == 130
        assert err == "stopped; what came so far is kept, and the same command goes on from there\n"
        assert " new; " in out
        assert in_process(home, "memory", "verify").returncode == 0
        done = in_process(home, "memory", "import", str(path))
        assert " there already; " in done.stdout
        assert told(home, "stats")["memories"] == many


class TestExport:
    def test_what_is_written_can_be_brought_back(self, tmp_path: Path) -> None:
        keep(tmp_path / "home", a_memory("one", "tea"), a_memory("two", timestamp="2026-05-18T12:00:00Z"))
        target = tmp_path / "out.jsonl"
        done = in_process(tmp_path / "home", "memory", "export", str(target))
        assert (done.returncode, done.stdout) == (0, f"2 memories: {target}\n")
        [event] = events(tmp_path / "home", "memories_exported")
        assert event["details"] == {"path": str(target), "format": None, "memories": 2}
        in_process(tmp_path / "other", "memory", "import", str(target))
        there, back = (told(tmp_path / name, "list")["memories"] for name in ("home", "other"))
        assert [one["metadata"].pop("source") for one in back] == ["jsonl: out.jsonl"] * 2
        assert back == there

    def test_it_may_be_some_of_them(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("old", timestamp="2024-01-01T00:00:00Z"), a_memory("new"), a_memory("x", type="dream"))
        target = tmp_path / "journal.md"
        in_process(tmp_path, "memory", "export", str(target), "--type", "conversation", "--since", "2025-01-01")
        assert "about new" in target.read_text()
        assert "about old" not in target.read_text()
        assert "about x" not in target.read_text()

    def test_nothing_is_replaced_unless_told(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"))
        target = tmp_path / "out.zip"
        target.write_text("mine")
        done = in_process(tmp_path, "memory", "export", str(target))
        assert (done.returncode, target.read_text()) == (1, "mine")
        assert done.stderr == f"metahuman: {target}: is there already; give another name, or say --overwrite\n"
        assert in_process(tmp_path, "memory", "export", str(target), "--overwrite").returncode == 0
        assert target.read_bytes().startswith(b"PK")


class TestIndex:
    def test_what_was_changed_by_hand_is_named_and_taken_in(self, tmp_path: Path) -> None:
        keep(tmp_path, a_memory("one"), a_memory("two"), a_memory("three"))
        folder = tmp_path / "memory" / "episodic" / "2026"
        (folder / "one.json").write_text(json.dumps(a_memory("one", "coffee").as_json()))
        (folder / "two.json").unlink()
        (folder / "four.json").write_text(json.dumps(a_memory("four").as_json()))
        (folder / "broken.json").write_text("{")
        done = in_process(tmp_path, "memory", "verify")
        assert done.returncode == 1
        for line in (
            "not in the index: 2026/four.json",
            "otherwise in the index: 2026/one.json",
            "in the index, but not there: 2026/two.json",
            "`metahuman memory sync` takes in what was changed by hand",
        ):
            assert line in done.stdout.splitlines()
        assert f"{folder}/broken.json: not JSON" in done.stdout
        done = in_process(tmp_path, "memory", "sync")
        assert done.stdout == "1 added, 1 changed, 1 gone\n"
        assert f"{folder}/broken.json: not JSON" in done.stderr
        (folder / "broken.json").unlink()
        assert in_process(tmp_path, "memory", "verify").stdout == "3 memories: all sound\n"

    def test_it_is_made_anew_and_that_is_audited(self, tmp_path: Path) -> None:
        keep(tmp_path, *(a_memory(f"m{number}") for number in range(3)))
        (tmp_path / "state" / "memory.sqlite").write_bytes(b"not a database")
        done = in_process(tmp_path, "memory", "reindex")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("3 memories indexed in ")
        assert in_process(tmp_path, "memory", "verify").returncode == 0
        [event] = events(tmp_path, "index_rebuilt")
        assert event["details"] == {"memories": 3, "broken": 0}


def test_junk_is_counted_by_kind(tmp_path: Path) -> None:
    keep(
        tmp_path,
        a_memory("one", "Eva got a dog called Rex"),
        a_memory("two", "ok thanks"),
        a_memory("three", "thanks", metadata={"noise": "small talk"}),
        a_memory("four", "the boat needs paint", metadata={"seen": 3}),
    )
    shown = in_process(tmp_path, "memory", "audit", columns=120).stdout
    assert "small talk" in shown
    assert "33.33%" in shown
    assert "Junk: 33.33% of the 3 memories that may be recalled as current.\n" in shown
    assert "Kept, but never recalled: 1 (small talk 1).\nAlso: 2 said again, and counted.\n" in shown
    found = told(tmp_path, "audit")
    assert (found["memories"], found["junk"]["small talk"]["examples"]) == (4, ["two"])


@pytest.mark.parametrize("name", ["audit", "verify", "sync", "reindex"])
def test_a_home_that_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "episodic").write_text("")
    done = in_process(tmp_path, "memory", name)
    assert done.stderr.count("\n") <= 1
    assert "Traceback" not in done.stderr
