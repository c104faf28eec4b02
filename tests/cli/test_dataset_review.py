"""`metahuman dataset review` at a real terminal: one key after the other, an editor, and Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.curated import curated, shelve

pytestmark = pytest.mark.slow
PATIENCE = 60.0


class Terminal:
    """The command at a terminal of its own.

    Args:
        home: The home.
        editor: What it opens to edit.
    """

    def __init__(self, home: Path, editor: str) -> None:
        self._screen, theirs = pty.openpty()
        command = [sys.executable, "-m", "metahuman", "--home", str(home), "dataset", "review"]
        term = os.environ | {"EDITOR": editor, "VISUAL": editor, "TERM": "dumb", "COLUMNS": "120"}
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=term,
            preexec_fn=lambda: os.login_tty(theirs),
        )
        os.close(theirs)
        self.seen = ""

    def until(self, words: str) -> None:
        """Read on until some words stand there; they are read once."""
        ends = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert time.monotonic() < ends, self.seen
            if select.select([self._screen], [], [], 0.1)[0]:
                self.seen += os.read(self._screen, 4096).decode()
        self.seen = self.seen.partition(words)[2]

    def type(self, keys: str) -> None:
        """Type."""
        os.write(self._screen, keys.encode())

    def end(self, key: str = "") -> int:
        """Wait for the command's end, and return its exit code.

        Until then `key` is pressed now and then, as a person does: Python loses a Ctrl-C that comes in the moment in
        which it has shown a prompt and does not yet read.
        """
        ends = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < ends:
            if key:
                self.type(key)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        code = self.process.wait(0)
        os.close(self._screen)
        return code


def verdicts(home: Path) -> dict[str, str | None]:
    files = (home / "memory" / "curated" / "conversations").glob("*.json")
    found = (json.loads(file.read_text()) for file in files)
    return {one["id"]: (one["review"] or {}).get("verdict") for one in found}


def test_one_after_the_other_is_kept_edited_dropped_and_skipped(tmp_path: Path) -> None:
    shelve(tmp_path, *(curated(f"evt-{number}", flags=["other"]) for number in range(5)))
    shelve(tmp_path, curated("evt-0", flags=["other"], assistantResponse="Write to ana.perez@example.org, I said."))
    editor = tmp_path / "editor"
    editor.write_text(f"#!{sys.executable}\nimport pathlib, sys\np = pathlib.Path(sys.argv[1])\n"
                      "p.write_text(p.read_text().replace('on Sundays', 'on Mondays'))\n")  # fmt: skip
    editor.chmod(0o755)
    screen = Terminal(tmp_path, str(editor))
    for number, key in enumerate("kkeds"):
        screen.until(f"{number + 1} of 5")
        screen.until("[q]uit")
        screen.type(f"{key}\n")
        if number == 0:
            screen.until("cannot be kept: the answer holds personal data or a secret: email")
    assert screen.end() == 0
    assert verdicts(tmp_path) == {"evt-0": None, "evt-1": "keep", "evt-2": "edit", "evt-3": "drop", "evt-4": None}
    edited = json.loads((tmp_path / "memory/curated/conversations/2026-11-22-evt-2.json").read_text())["review"]
    assert "on Mondays" in edited["userMessage"]


@pytest.mark.parametrize("key", ["\x03", "\x04", "q\n"], ids=["ctrl-c", "ctrl-d", "quit"])
def test_who_leaves_early_loses_nothing(tmp_path: Path, key: str) -> None:
    shelve(tmp_path, *(curated(f"evt-{number}", flags=["other"]) for number in range(3)))
    screen = Terminal(tmp_path, "true")
    screen.until("[q]uit")
    screen.type("k\n")
    screen.until("2 of 3")
    screen.until("[q]uit")
    assert screen.end(key) in (0, 130)
    assert verdicts(tmp_path) == {"evt-0": "keep", "evt-1": None, "evt-2": None}
