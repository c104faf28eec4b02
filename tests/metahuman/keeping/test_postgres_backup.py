"""Tests of the backup of a home whose memories and threads are in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from metahuman.database import URL
from metahuman.home import Home
from metahuman.keeping.reading import open_archive
from metahuman.keeping.restoring import restore
from metahuman.keeping.writing import back_up
from tests.homes import TALK, scripted
from tests.servers.postgres import postgres_server

pytestmark = pytest.mark.slow


def test_what_is_in_the_database_comes_back_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new, kept = tmp_path / "old", tmp_path / "new", tmp_path / "kept.zip"
    with scripted(old, orchestrator=[TALK], persona=["from before"]) as twin:
        twin.chat("in files that nobody reads any more")
    monkeypatch.setenv(URL, postgres_server().new_database())
    with scripted(old, orchestrator=[TALK], persona=["Poor Mittens."]) as twin:
        twin.chat("My cat Mittens is afraid of thunder.", thread="pets")
        manifest = back_up(Home(old), kept)
        memories = twin.memories()
    assert manifest.source == "postgresql"
    monkeypatch.delenv(URL)
    with open_archive(kept, str) as archive:
        restore(archive, new, lambda _done, _total: None)
    with scripted(new, orchestrator=[TALK], persona=["still afraid"]) as twin:
        assert twin.threads() == ["pets"]
        assert twin.memories() == memories
        assert [message.text for message in twin.history("pets")][-1] == "Poor Mittens."
        assert twin.chat("and now?", thread="pets").text == "still afraid"
