"""The curator over memories that are in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from metahuman.memory.postgres.database import Database
from metahuman.memory.postgres.keeping import PostgresKeeper
from tests.curations import Desk, a_talk

pytestmark = pytest.mark.slow


async def test_memories_in_a_database_are_curated_once_and_marked(database: Database, tmp_path: Path) -> None:
    memories = [a_talk(), a_talk("evt-2", "Thanks!", "Sure."), a_talk("evt-3", about={"trainingConsent": False})]
    desk = Desk(tmp_path, *memories, keeper=PostgresKeeper(database))
    assert await desk.curate() == {"pair": 1, "refused": 2}
    assert len(desk.rows()) == 1
    assert all(desk.keeper.read(memory.id).metadata.curated for memory in memories)
    assert await desk.curate() == {}
    desk.keeper.close()


async def test_what_is_edited_later_is_noticed_and_curated_anew(database: Database, tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_talk(), keeper=PostgresKeeper(database))
    assert await desk.curate() == {"pair": 1}
    said = "Yesterday Jonas and I carried the old cello up four flights of stairs, and I felt proud of my knees."
    desk.keeper.edit(
        "evt-1", {"content": said, "response": "Your knees remember the cello, I hope, and Jonas told you so."}
    )
    assert await desk.curate() == {"pair": 1}
    assert [row["messages"][0]["content"] for row in desk.rows()] == [said]
    desk.keeper.edit("evt-1", {"metadata": {"trainingConsent": False}})
    assert await desk.curate() == {"refused": 1}
    assert desk.rows() == []
    assert await desk.curate() == {}
    desk.keeper.close()
