"""A restore over a home that is killed at any moment, again and again, and which home is there then.

Run by itself, in a process that forks before it has any threads: `python -m tests.restore_kills FOLDER TIMES`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from metahuman.home import Home
from metahuman.keeping.reading import open_archive
from metahuman.keeping.restoring import UNFINISHED, restore
from metahuman.keeping.writing import back_up

#: Files of the home that is kept; that many are written, one after the other.
FILES = 150


def made(root: Path, word: str) -> Home:
    """Make a home of files that all say the same word."""
    for number in range(FILES):
        path = root / "memory" / "episodic" / "2026" / f"evt-{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"id": f"evt-{number}", "content": word * 50}))
    return Home(root)


def words(root: Path) -> dict[str, int]:
    """Return which words a home's files say, and how many say each."""
    found = dict[str, int]()
    for path in (root / "memory" / "episodic" / "2026").glob("*.json"):
        text = path.read_text()
        word = json.loads(text)["content"][:3] if text.endswith("}") else "half"
        found[word] = found.get(word, 0) + 1
    return found


def _begun(archive: Path, target: Path) -> int:
    """Let a fork of this process, which has nothing to load, restore a home; return its id."""
    if child := os.fork():
        return child
    try:
        with open_archive(archive, str) as one:
            restore(one, target, lambda _done, _total: None)
    finally:
        os._exit(0)


def killed(folder: Path, times: int) -> dict[str, int]:
    """Return how often the old home, the new one, and anything else was there after a kill.

    Each kill comes later after one that came too early, and sooner after one that came too late: so most of them come
    about when one home takes the other's place.
    """
    target, archive, drawn = folder / "home", folder / "kept.zip", random.Random(11)
    back_up(made(folder / "source", "new"), archive)
    made(target, "old")
    started = time.perf_counter()
    os.waitpid(_begun(archive, folder / "timed"), 0)
    takes = time.perf_counter() - started
    outcome = {"old": 0, "new": 0, "else": 0, "lost": 0}
    for _ in range(times):
        if words(target) != {"old": FILES}:
            made(target, "old")
        child = _begun(archive, target)
        time.sleep(takes * drawn.uniform(0.7, 1.2))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        there = words(target)
        outcome[next((word for word in ("old", "new") if there == {word: FILES}), "else")] += 1
        takes *= 1.2 if there == {"old": FILES} else 0.8
        outcome["lost"] += there == {"new": FILES} and not _old_is_kept(folder)
    return outcome


def _old_is_kept(folder: Path) -> bool:
    """Tell whether the home that was there is whole under another name, where nobody takes it for rubbish."""
    stages = [path for path in folder.glob(".home.restoring-*/home") if not (path.parent / UNFINISHED).exists()]
    aside = [*folder.glob("home.before-*"), *stages]
    kept = any(words(path) == {"old": FILES} for path in aside)
    for path in (*folder.glob("home.before-*"), *folder.glob(".home.restoring-*")):
        shutil.rmtree(path)
    return kept


if __name__ == "__main__":
    sys.stdout.write(json.dumps(killed(Path(sys.argv[1]), int(sys.argv[2]))))
