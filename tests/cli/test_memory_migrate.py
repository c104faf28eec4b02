"""Tests of `metahuman memory migrate`, into a real PostgreSQL and back."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from metahuman.audit.reader import tail
from metahuman.database import URL
from tests.homes import TALK, in_process, scripted
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow

TOLD = "My cat Mittens is afraid of thunder since that storm in Lisbon."


def moved(home: Path, *arguments: str) -> CompletedProcess[str]:
    return in_process(home, "memory", "migrate", "--to", *arguments)


def said(home: Path, message: str, answer: str) -> list[str]:
    """Say something, and return all that the thread holds."""
    with scripted(home, orchestrator=[TALK], persona=[answer]) as twin:
        twin.chat(message)
        return [one.text for one in twin.history()]


@pytest.mark.slow
def test_a_home_goes_into_a_database_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres_server().new_database()
    said(tmp_path, TOLD, "Poor Mittens.")
    there = moved(tmp_path, url)
    assert there.stdout.splitlines() == [
        "memories: 1 found, 1 new there, 1 the same there",
        "threads: 1 found, 1 new there, 1 the same there",
        f"set {URL} to that address to use the database; the files stay as they are",
    ]
    monkeypatch.setenv(URL, url)
    assert len(said(tmp_path, "The tulips by the window want water twice a week.", "Noted.")) == 4
    back = moved(tmp_path, "files")
    assert back.stdout.splitlines() == [
        "memories: 2 found, 1 new there, 2 the same there",
        "threads: 1 found, 0 new there, 1 the same there",
        f"unset {URL} to use the files; what is in the database stays there",
    ]
    monkeypatch.delenv(URL)
    with scripted(tmp_path, orchestrator=[TALK], persona=["Twice a week."]) as twin:
        reply = twin.chat("How often do the tulips want water?", thread="new")
        assert "tulips by the window" in reply.evidence[0]["text"]
        assert len(twin.history("main")) == 4
    events = [event.details for event in tail(tmp_path / "logs" / "audit", 9, event="memories_migrated")]
    counts = {"found": 1, "new": 1, "same": 1, "differing": 0, "left": 0}
    assert events[0] == {"to": url.replace("postgres@", ""), "memories": counts, "threads": counts}
    assert events[1]["to"] == "files"


def test_what_does_not_come_over_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres_server().new_database()
    said(tmp_path, TOLD, "Poor Mittens.")
    (file,) = (tmp_path / "memory" / "episodic").rglob("*.json")
    broken = file.with_name("broken.json")
    broken.write_text("{")
    first = moved(tmp_path, url)
    assert (first.returncode, "memories: 2 found, 1 new there, 1 the same there" in first.stdout) == (1, True)
    assert f"left as it is: {broken}: not JSON" in first.stderr
    broken.unlink()
    file.write_text(file.read_text().replace("Lisbon", "Porto"))
    second = moved(tmp_path, url)
    assert (second.returncode, f"1 memories are otherwise there: {file.stem}; --overwrite" in second.stderr) == (
        1,
        True,
    )
    assert moved(tmp_path, url, "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("files", f"set {URL} to its address"),
        ("somewhere", "is no address of a PostgreSQL database"),
        ("postgresql://ada:hidden@127.0.0.1:9/x", "see that PostgreSQL runs"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, target: str, why: str) -> None:
    done = moved(tmp_path, target)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert why in done.stderr
    assert "hidden" not in done.stderr
