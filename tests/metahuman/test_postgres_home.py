"""A twin whose memories and threads are in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from metahuman.api import MetaHuman
from metahuman.database import NAME, URL
from metahuman.state.errors import StoreError, ThreadBusy
from tests.fakes import Answer, ScriptedProvider, Slow, registry_content
from tests.homes import TALK, files, scripted, write_registry
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow

TOLD = "My cat Mittens is afraid of thunder since that storm in Lisbon."


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    address = postgres_server().new_database()
    monkeypatch.setenv(URL, address)
    return address


def rows(url: str) -> dict[str, int]:
    """Return how many rows each table of the only home in a database has."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT schemaname, relname FROM pg_stat_user_tables").fetchall()
        return {
            table: connection.execute(f'SELECT count(*) FROM "{schema}"."{table}"').fetchall()[0][0]
            for schema, table in tables
        }


def worker(home: Path, *says: Answer, patience: float = 10, decides: Iterable[Answer] = (TALK,)) -> MetaHuman:
    """A twin in a folder of its own, as on a machine of its own."""
    write_registry(home, registry_content())
    provider = ScriptedProvider({"orchestrator": decides, "persona": says})
    return MetaHuman(home, providers=lambda _: provider, patience=patience)


def test_what_was_said_is_remembered_and_the_thread_goes_on(tmp_path: Path, url: str) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=["Poor Mittens."]) as twin:
        first = twin.chat(TOLD, thread="pets")
        twin.close()
        assert [memory["id"] for memory in twin.memories("mittens")] == [first.memory_id]
    with scripted(tmp_path, orchestrator=[TALK, TALK], persona=["Thunder.", "We are."]) as twin:
        second = twin.chat("What is my cat Mittens afraid of?", thread="elsewhere")
        assert [one["id"] for one in second.evidence] == [first.memory_id]
        twin.chat("Are we still speaking?", thread="pets")
        said = [TOLD, "Poor Mittens.", "Are we still speaking?", "We are."]
        assert [message.text for message in twin.history("pets")] == said
        assert twin.threads() == ["pets", "elsewhere"]
        twin.delete_thread("elsewhere")
        assert twin.threads() == ["pets"]
    assert [place for place in files(tmp_path) if place.endswith((".sqlite", ".sqlite-wal"))] == ["state/usage.sqlite"]
    assert not (tmp_path / "memory").exists()


def test_workers_on_one_thread_take_turns(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "shared")
    busy = worker(tmp_path / "one", Slow("first done", 0.6))
    hasty, patient = worker(tmp_path / "two", patience=0.05), worker(tmp_path / "three", "second done")
    with closing(busy), closing(hasty), closing(patient), ThreadPoolExecutor(1) as beside:
        events = busy.stream("the first of us")
        next(events)  # by now it holds the thread
        with pytest.raises(ThreadBusy, match="thread 'main' is in the middle of a turn elsewhere"):
            hasty.chat("me too")
        waiting = beside.submit(patient.chat, "the second of us")
        list(events)
        assert waiting.result(20).text == "second done"
        said = [message.text for message in busy.history()]
        assert said == ["the first of us", "first done", "the second of us", "second done"]
        assert len(busy.memories()) == 2


def test_emulation_leaves_no_trace_there(tmp_path: Path, url: str) -> None:
    with scripted(tmp_path, orchestrator=[TALK], persona=["Poor Mittens.", "Hush."]) as twin:
        twin.chat(TOLD)
        before = rows(url)
        twin.chat("That stays between us.", mode="emulation")
        assert rows(url) == before
        assert before["memories"] == 1


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, "postgresql://ada:hidden@127.0.0.1:9/twin")
    with closing(worker(tmp_path, patience=0.1)) as twin:
        with pytest.raises(StoreError, match=r"^postgresql://127.0.0.1:9/twin: .*; see that PostgreSQL runs") as down:
            twin.chat("Hello")
        assert "hidden" not in str(down.value)
        with pytest.raises(StoreError, match="see that PostgreSQL runs"):
            twin.memories()
