"""The digest and the dreams of a home: its files are read, and the persona cache and the memories are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from metahuman.home import SHIPPED
from metahuman.memory.digest.applying import applied
from metahuman.memory.digest.dreams import HomeDreaming, made_of, memory_of
from metahuman.memory.digest.home import HomeDigestion
from metahuman.memory.digest.period import gone, noted_since
from metahuman.memory.digest.wandering import wander
from metahuman.memory.home import HomeMemory
from metahuman.memory.persona.cache import AuditedPersonaCache
from metahuman.state.dreaming import Linked
from metahuman.state.memories import Question
from tests.digests import noted, write_memories
from tests.fakes import NOON, FakeAudit, FakeClock
from tests.homes import files
from tests.keepers import a_memory

SAID = [
    "the harbour wall is cracked",
    "I live in Oslo. The harbour wall again",
    "gulls on the harbour wall, easy does it, captain",
    "rain all day; easy does it, captain",
    "no bread left. Easy does it, captain",
]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[HomeMemory]:
    write_memories(tmp_path, noted(*SAID, days=3))
    memory = HomeMemory(tmp_path, SHIPPED / "persona" / "core.json")
    memory.ready()
    yield memory
    memory.close()


def digestion(memory: HomeMemory) -> tuple[HomeDigestion, FakeAudit]:
    audit, clock = FakeAudit(), FakeClock()
    return HomeDigestion(memory.keeper, AuditedPersonaCache(memory.persona.cache, audit, clock), clock), audit


async def once(memory: HomeMemory, *, dry_run: bool = False) -> dict[str, list[str]]:
    of, _ = digestion(memory)
    said = await of.look_back(NOON - timedelta(days=14))
    return (await of.keep(said, await of.find(said), dry_run=dry_run))["changed"]


async def test_twice_leaves_the_same_bytes(memory: HomeMemory, tmp_path: Path) -> None:
    changed = await once(memory)
    assert changed["frequentFacts"] == ["home"]
    assert changed["catchphrases"] == ["easy does it, captain"]
    assert "harbour wall" in changed["recentThemes"]
    written = (tmp_path / "persona" / "cache.json").read_bytes()
    assert await once(memory) == {}
    assert (tmp_path / "persona" / "cache.json").read_bytes() == written


async def test_a_dry_run_says_the_same_and_writes_nothing(memory: HomeMemory, tmp_path: Path) -> None:
    before = files(tmp_path, but="state")
    would = await once(memory, dry_run=True)
    assert files(tmp_path, but="state") == before
    assert await once(memory) == would


async def test_what_rests_on_memories_that_are_no_more_is_dropped(memory: HomeMemory) -> None:
    await once(memory)
    memory.keeper.remove("m1")
    of, audit = digestion(memory)
    changes = await of.keep([], [], dry_run=False)
    assert changes["forgotten"] == ["m1"]
    assert "home" in changes["changed"]["frequentFacts"]
    assert memory.persona.cache.load()["frequentFacts"] == {}
    assert audit.named("persona_cache_changed")


def test_a_memory_that_cannot_be_read_is_still_there(memory: HomeMemory, tmp_path: Path) -> None:
    (tmp_path / "memory" / "episodic" / "2026" / "m1.json").write_text("{")
    memory.keeper.sync()
    assert gone(memory.keeper, ["m0", "m1", "m99"]) == ["m99"]


def test_inner_life_and_noise_are_not_read(memory: HomeMemory) -> None:
    for kind in ("dream", "reflection", "inner_dialogue"):
        memory.keeper.save(a_memory(kind, "the harbour wall", type=kind))
    memory.keeper.save(a_memory("beat", "heartbeat", metadata={"noise": "heartbeat"}))
    memory.keeper.save(a_memory("old", "the harbour", timestamp="2025-01-01T00:00:00Z"))
    memory.keeper.save(a_memory("theirs", "the harbour", metadata={"speaker": "Bo"}))
    read = noted_since(memory.keeper, NOON - timedelta(days=14))
    assert [one["id"] for one in read] == ["m0", "m1", "m2", "m3", "m4", "theirs"]
    assert [one["own"] for one in read] == [True] * 5 + [False]


def test_tool_syntax_is_nobodys_words(memory: HomeMemory) -> None:
    call = 'Look at this.\n```json\n{"tool": "harbour_wall", "arguments": {"x": 1}}\n```\n'
    memory.keeper.save(a_memory("call", call))
    (read,) = (one for one in noted_since(memory.keeper, NOON - timedelta(days=1)) if one["id"] == "call")
    assert "harbour_wall" not in read["said"]


class TestWandering:
    def test_one_memory_leads_to_another_by_what_both_hold(self, memory: HomeMemory) -> None:
        for seed in range(20):
            chain = wander(memory.keeper, NOON, Random(seed))
            ids = [one["id"] for one in chain]
            assert len(ids) == len(set(ids)) >= 2
            assert set(ids) <= {f"m{number}" for number in range(5)}
            assert chain[0]["why"] == "lately"
            assert all(one["why"].startswith("both: ") for one in chain[1:])

    def test_a_link_is_followed(self, memory: HomeMemory) -> None:
        memory.keeper.save(a_memory("far", "zebra crossing", timestamp="2020-01-01T00:00:00Z"))
        memory.keeper.save(a_memory("near", "quartz", links=[{"id": "far", "relation": "about"}, "none"]))
        chains = [wander(memory.keeper, NOON, Random(seed)) for seed in range(60)]
        steps = [(one["id"], two["id"], two["why"]) for chain in chains for one, two in pairwise(chain)]
        assert ("near", "far", "linked") in steps

    def test_nobody_dreams_of_dreams_or_of_too_little(self, tmp_path: Path) -> None:
        memory = HomeMemory(tmp_path, SHIPPED / "persona" / "core.json")
        assert wander(memory.keeper, NOON, Random(1)) == []
        memory.keeper.save(a_memory("a", "the harbour wall"))
        memory.keeper.save(a_memory("b", "the harbour wall", type="dream"))
        assert wander(memory.keeper, NOON, Random(1)) == []
        memory.close()


CHAIN = [Linked(id="m0", at="2026-05-14", text=SAID[0], why="lately"), Linked(id="m1", at="", text=SAID[1], why="")]


class TestDreams:
    async def test_a_dream_is_kept_with_its_sources_and_never_learned_from(self, memory: HomeMemory) -> None:
        dreaming = HomeDreaming(memory.keeper, audit := FakeAudit(), FakeClock())
        name = await dreaming.keep("dream", "A wall of gulls. Write to ada@example.org!", CHAIN, "m")
        kept = memory.keeper.read(name)
        assert (kept.type, [link["id"] for link in kept.links]) == ("dream", ["m0", "m1"])
        assert kept.metadata.training_consent is False
        assert "ada@example.org" not in kept.content
        assert audit.named("dreamt")[0]["sources"] == ["m0", "m1"]

    async def test_it_is_never_recalled_as_a_fact(self, memory: HomeMemory) -> None:
        dreaming = HomeDreaming(memory.keeper, FakeAudit(), FakeClock())
        await dreaming.keep("dream", "I live in a zeppelin made of gulls", CHAIN, "m")
        await dreaming.keep("reflection", "I wonder about the zeppelin", CHAIN, "m")
        for asked in ("Where do I live?", "the zeppelin of gulls", "zeppelin"):
            found = await memory.recall(Question(asked, NOON))
            assert not [one for one in found if "zeppelin" in one["text"]]
        told = await memory.recall(Question("What did I dream of, a zeppelin?", NOON))
        assert [one["text"] for one in told if "zeppelin" in one["text"]]

    def test_it_goes_with_the_last_of_its_sources(self, memory: HomeMemory) -> None:
        dream = memory_of("dream", "gulls", CHAIN, "2026-05-17T12:00:00.000Z", "m")
        memory.keeper.save(dream)
        memory.keeper.save(a_memory("loose", "wind", type="dream"))
        assert made_of(memory.keeper, {"m0"}) == []
        assert [one.id for one in made_of(memory.keeper, {"m0", "m1"})] == [dream["id"]]
        assert made_of(memory.keeper, {"m0", "m1", dream["id"]}) == []


def test_a_cache_that_says_nothing_is_not_written(memory: HomeMemory, tmp_path: Path) -> None:
    assert memory.persona.cache.change(lambda cache: applied(cache, [], {}, [], "2026-05-17T12:00:00.000Z")) == {}
    assert not (tmp_path / "persona").exists()
