"""Which models come into memory, and which leave it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.keepers import Footprint, Progress
from metahuman.models.keepers.local import KEEPER as LOCAL
from metahuman.models.machine import Memory
from metahuman.models.providers import Wish
from metahuman.models.providers.local import model_file, window
from metahuman.models.providers.ollama import PROVIDER as OLLAMA
from metahuman.models.registry import Registry
from metahuman.models.residency import IDLE, LOOK_EVERY, Residency, instance_of
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import ModelDown
from tests.fakes import FakeAudit, FakeClock
from tests.homes import EMBEDDED
from tests.resolved import resolved
from tests.servers.answer import Answer
from tests.servers.ollama import OllamaServer

SHORT, ENOUGH = Memory(available=4, total=100), Memory(available=5, total=100)


class FakeKeeper:
    """Keeps models in a list; those that fail do nothing else."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.failing: set[str] = set()

    async def footprint(self, model: ResolvedModel) -> Footprint:
        raise NotImplementedError

    async def pull(self, model: ResolvedModel, progress: Progress) -> None:
        raise NotImplementedError

    async def resident(self, model: ResolvedModel) -> bool:
        return model.model in self.loaded

    async def load(self, model: ResolvedModel) -> None:
        if model.model in self.failing:
            raise ModelDown("no server")
        self.loaded.append(model.model)

    async def unload(self, model: ResolvedModel) -> None:
        if model.model in self.failing:
            raise ModelDown("no server")
        self.loaded.remove(model.model)


class World:
    """A residency with everything around it scripted."""

    def __init__(self) -> None:
        self.keeper, self.audit, self.clock, self.memory = FakeKeeper(), FakeAudit(), FakeClock(), SHORT
        self.looks = 0
        self.residency = Residency(self.audit, self.clock, lambda: 0.05, self._keeper, self._look)

    def _keeper(self, kind: str) -> FakeKeeper | None:
        return None if kind == "openai" else self.keeper

    def _look(self) -> Memory:
        self.looks += 1
        return self.memory

    async def use(self, *models: ResolvedModel, after: float = 0) -> None:
        """Have models answer, all at once, so many milliseconds after what was before."""
        self.clock.ticks += int(after)
        for model in models:
            await self.residency.used(model)

    def unloaded(self) -> list[Any]:
        return [event["model"] for event in self.audit.named("model_unloaded")]


@pytest.fixture
def world() -> World:
    return World()


def model(name: str, *, kind: str = "ollama", always: bool = False, **more: Any) -> ResolvedModel:
    return resolved(kind, name, metadata={"alwaysLoaded": always}, **more)


A, B, C, PINNED = model("a"), model("b"), model("c"), model("pinned", always=True)


async def test_the_model_that_was_idle_longest_leaves(world: World) -> None:
    world.keeper.loaded = ["a", "b", "c"]
    await world.use(B, A)
    await world.use(C, after=IDLE + 10)
    assert world.unloaded() == ["b"]
    await world.use(C, after=LOOK_EVERY)
    assert world.unloaded() == ["b", "a"]
    assert world.keeper.loaded == ["c"]
    assert world.audit.named("model_unloaded")[0]["why"] == "memory runs short"


async def test_nothing_leaves_while_memory_suffices(world: World) -> None:
    world.keeper.loaded, world.memory = ["a", "b"], ENOUGH
    await world.use(A)
    await world.use(B, after=IDLE + 10)
    assert world.unloaded() == []


async def test_what_answered_a_moment_ago_stays(world: World) -> None:
    world.keeper.loaded = ["a", "b"]
    await world.use(A)
    await world.use(B, after=IDLE - 100)
    assert world.unloaded() == []


async def test_what_is_always_loaded_stays(world: World) -> None:
    world.keeper.loaded = ["pinned", "a"]
    await world.use(PINNED)
    await world.use(A, after=IDLE + 10)
    assert world.unloaded() == []


async def test_memory_is_looked_at_now_and_then(world: World) -> None:
    await world.use(A, B, C)
    assert world.looks == 1
    await world.use(A, after=LOOK_EVERY)
    assert world.looks == 2


async def test_a_keeper_that_fails_does_not_hurt(world: World) -> None:
    world.keeper.loaded, world.keeper.failing = ["a", "b", "c"], {"a"}
    await world.use(A, B)
    await world.use(C, after=IDLE + 10)
    await world.use(C, after=LOOK_EVERY)
    assert world.unloaded() == ["b"]
    await world.residency.warm([model("a2"), PINNED])
    assert world.keeper.loaded[-1] == "pinned"


async def test_what_its_server_has_let_go_is_forgotten(world: World) -> None:
    world.keeper.loaded = ["b", "c"]
    await world.use(A, B)
    await world.use(C, after=IDLE + 10)
    await world.use(C, after=LOOK_EVERY)
    assert world.unloaded() == ["b"]


async def test_nobody_keeps_the_models_of_an_openai_server(world: World) -> None:
    served = model("a", kind="openai", baseUrl="http://127.0.0.1:9")
    world.keeper.loaded = ["a"]
    await world.use(served)
    await world.use(B, after=IDLE + 10)
    await world.residency.warm([served])
    assert world.audit.events == []


async def test_what_is_not_there_is_loaded_and_told(world: World) -> None:
    world.keeper.loaded, world.keeper.failing = ["a"], {"b"}
    await world.residency.warm([PINNED, A, B, C])
    assert world.keeper.loaded == ["a", "pinned", "c"]
    told = [(event["model"], event["why"], event["ms"]) for event in world.audit.named("model_loaded")]
    assert told == [("pinned", "always loaded", 1), ("c", "about to be asked", 1)]


def two_roles(provider: str, name: str, home: Path, **settings: Any) -> list[ResolvedModel]:
    """Return one model as two roles have it, with windows of their own."""
    entry = {"provider": provider, "model": name}
    content = {
        "defaults": {"orchestrator": "wide", "persona": "narrow"},
        "models": {
            "wide": entry | {"options": {"contextWindow": 2048}},
            "narrow": entry | {"options": {"contextWindow": 1024}},
        },
        "providers": {provider: settings},
    }
    registry = Registry.checked(content, home / "models.json", home)
    return [found for role in content["defaults"] if (found := registry.resolve_model(role))]


async def test_two_roles_on_one_model_of_ollama_are_one_in_memory(tmp_path: Path) -> None:
    with OllamaServer(models=("m",), answers=[Answer("one"), Answer("two")]) as server:
        models = two_roles("ollama", "m", tmp_path, baseUrl=server.url)
        assert len({instance_of(one) for one in models}) == 1
        audit = FakeAudit()
        await Residency(audit, FakeClock(), lambda: 0.05).warm(models)
        for one in models:
            served = await OLLAMA.prepare(one)
            chat = OLLAMA.connect(one, served)
            await chat.ainvoke("Hello", **OLLAMA.request(one, served, Wish()))
            await OLLAMA.disconnect(chat)
        asked = [request.body for request in server.requests if request.body]
        windows = [body["options"]["num_ctx"] for body in asked if "options" in body]
        assert windows == [2048] * 3
        assert list(server.loaded) == server.loads == ["m:latest"]
    assert len(audit.named("model_loaded")) == 1


@pytest.mark.real_model
@pytest.mark.skipif(not EMBEDDED.exists(), reason="the embedded model is not there: metahuman models pull")
async def test_two_roles_on_one_file_are_one_engine(tmp_path: Path) -> None:
    from metahuman.models.providers.engine import find_engine

    models = two_roles("local", str(EMBEDDED), tmp_path)
    for one in models:
        await LOCAL.unload(one)
    audit = FakeAudit()
    await Residency(audit, FakeClock(), lambda: 0.05).warm(models)
    assert len(audit.named("model_loaded")) == 1
    engines = {find_engine(model_file(one), window(one), ()) for one in models}
    assert len(engines - {None}) == 1


def test_what_makes_two_models_one_in_memory() -> None:
    voice = (Path("/voice.gguf"),)
    local, ollama = model("m", kind="local"), model("m")
    assert instance_of(replace(local, adapters=voice)) == instance_of(local)
    assert instance_of(replace(ollama, adapters=voice)) != instance_of(ollama)
    assert instance_of(replace(ollama, adapters=voice).with_options({"adapterScale": 0})) == instance_of(ollama)
    assert instance_of(model("m:latest")) == instance_of(ollama)
    assert instance_of(model("m", baseUrl="http://127.0.0.1:9")) != instance_of(ollama)
