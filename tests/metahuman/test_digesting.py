"""The digest and the unconscious of a home, wired together."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from metahuman.agents.alone import AlreadyRunning, alone
from metahuman.digesting import DIGEST, digest, digester, dream, dreamer, reflector
from metahuman.home import Home
from metahuman.state.errors import ModelDown
from metahuman.state.moments import iso
from metahuman.wiring import HomeServices, open_services
from tests.digests import Obliging, noted, write_memories
from tests.fakes import Answer, ScriptedProvider, registry_content
from tests.homes import write_registry

SAID = ["the harbour wall is cracked", "I live in Oslo. The harbour wall again", "gulls on the harbour wall"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    write_registry(tmp_path, registry_content())
    now = iso(datetime.now(UTC))
    write_memories(tmp_path, [{**one, "at": now} for one in noted(*SAID)])
    return Home(tmp_path)


def scripted(home: Home, **script: list[Answer]) -> tuple[HomeServices, ScriptedProvider]:
    provider = ScriptedProvider(script)
    return open_services(home, lambda _: provider), provider


async def test_a_digest_tells_how_far_it_is_and_what_came_of_it(home: Home) -> None:
    claims = {
        "themes": [{"name": "moon dust", "memories": [1]}],
        "facts": [{"about": "x", "value": "y", "memories": [7]}],
    }
    services, provider = scripted(home, curator=[json.dumps(claims)])
    told = list[tuple[int, int]]()
    with provider:
        found = await digest(home, services=services, courtesy=Obliging(), tell=lambda *done: told.append(done))
    await services.aclose()
    assert told == [(0, 1), (1, 1)]
    assert sorted(one["reason"] for one in found.refused) == [
        "it cites no memory that there is",
        "none of the memories that it cites is about it",
        "there is no such memory",
    ]
    assert (len(found.noted), found.unread) == (3, [])
    assert found.told() == "3 memories: 1 theme, 1 fact; 2 changes"


async def test_one_runs_at_a_time_but_a_dry_run_may(home: Home) -> None:
    async with alone(home, DIGEST):
        with pytest.raises(AlreadyRunning, match="digest is already running"):
            await digest(home, without_model=True)
        assert (await digest(home, without_model=True, dry_run=True)).changed


async def test_agents_say_in_a_line_what_came_of_it(home: Home, tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty")
    write_registry(empty.root, registry_content())
    assert await digester(empty) == "0 memories: nothing keeps coming up; 0 changes"
    assert await dreamer(empty) == "too few memories to dream of"
    assert await reflector(empty) == "too few memories to dream of"


async def test_a_dream_of_a_home_becomes_a_memory(home: Home) -> None:
    services, provider = scripted(home, dreamer=["I swim over the wall."])
    with provider:
        found = await dream(home, services=services, courtesy=Obliging())
    (made,) = found.made
    kept = services.memory.keeper.read(str(made["memory"]))
    assert (kept.type, kept.content, kept.metadata.model) == ("dream", "I swim over the wall.", "dreamer")
    assert found.told() == f"dream: {kept.id}"
    await services.aclose()


async def test_a_night_without_a_model_leaves_nothing(home: Home) -> None:
    services, provider = scripted(home, dreamer=[ModelDown("nobody is there")])
    with provider:
        found = await dream(home, services=services, courtesy=Obliging())
    assert "nobody is there" in found.told()
    assert services.memory.keeper.count() == 3
    await services.aclose()
