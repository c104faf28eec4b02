"""Several voices on one base: chosen with each request, and brought in while others are heard."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from metahuman.models.live import LiveRegistry
from metahuman.models.providers import Served
from metahuman.models.providers.engine import adapters_of, drop_engine, find_engine, open_engine, renew_engine
from metahuman.models.providers.local import PROVIDER
from metahuman.models.registry import Registry
from metahuman.models.swapping import Swapper
from metahuman.state.errors import AdapterRefused
from tests.fakes import FakeAudit, registry_content
from tests.resolved import resolved, write_lora
from tests.tiny_base import LAYERS, WIDTH, tiny_base

PATIENCE = 30.0
WINDOW = 512


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    path = tiny_base(tmp_path / "tiny.gguf")
    yield path
    drop_engine(path)


def voice(folder: Path, name: str, alpha: float = 8.0, width: int = WIDTH) -> Path:
    return write_lora(folder / f"{name}.gguf", alpha=alpha, width=width, blocks=LAYERS)


async def said(base: Path, *adapters: Path, siblings: tuple[Path, ...] = (), scale: float = 1.0) -> str:
    model = resolved("local", str(base), adapters=adapters, options={"contextWindow": WINDOW})
    client: Any = PROVIDER.connect(model, Served(""))
    client = client.model_copy(update={"siblings": siblings})
    reply = await client.ainvoke([HumanMessage("Who are you?")], max_tokens=12, temperature=0, scale=scale)
    return str(reply.text)


async def test_each_call_has_its_own_voice_however_many_there_are_at_once(base: Path, tmp_path: Path) -> None:
    voices = [voice(tmp_path, f"voice{alpha}", float(alpha)) for alpha in (60, 300, 900)]
    open_engine(base, WINDOW, (), tuple(voices))
    choices = [(), *((one,) for one in voices)]
    alone = [await said(base, *chosen) for chosen in choices]
    assert len(set(alone)) == len(choices)
    together = await asyncio.gather(*(said(base, *choices[turn % len(choices)]) for turn in range(24)))
    assert together == [alone[turn % len(choices)] for turn in range(24)]
    assert await said(base, voices[1], scale=0.0) == alone[0]


def naming(base: Path, *adapters: Path) -> dict[str, Any]:
    entries = {path.stem: {"provider": "local", "model": str(base), "adapters": [str(path)]} for path in adapters}
    first = next(iter(entries))
    return {"defaults": {"orchestrator": first, "persona": first}, "models": entries} | {
        "roleHierarchy": {"persona": list(entries)}
    }


class Chat:
    """A program that follows a registry, with one voice loaded."""

    def __init__(self, base: Path, first: Path) -> None:
        self.base, self.path, self.audit = base, base.parent / "models.json", FakeAudit()
        self.edit(first)
        self.live = LiveRegistry(lambda: self.path, base.parent, self.audit, Swapper(self.audit).ready)
        open_engine(base, 4096, (first,))

    def edit(self, *adapters: Path) -> None:
        self.path.write_text(json.dumps(naming(self.base, *adapters)))

    def models(self) -> list[str]:
        return list(self.live().file.models)

    async def until(self, happened: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < ends
            await asyncio.sleep(0.01)


async def test_a_new_voice_is_loaded_while_the_old_one_is_heard(base: Path, tmp_path: Path) -> None:
    old, new = voice(tmp_path, "old", 60.0), voice(tmp_path, "new", 300.0)
    chat = Chat(base, old)
    engine = find_engine(base, 4096, (old,))
    chat.edit(old, new)
    started = time.perf_counter()
    assert chat.models() == ["old"]  # at once: nobody waits for the new one
    assert time.perf_counter() - started < 1
    assert await said(base, old)
    await chat.until(lambda: chat.models() == ["old", "new"])
    assert adapters_of(base) == (old, new)
    assert find_engine(base, 4096, (old,)) is not engine
    (told,) = chat.audit.named("adapter_loaded")
    assert (told["adapters"], told["how"]) == ([str(old), str(new)], "per_request")
    assert told["ms"] > 0
    model = chat.live().resolve_model("persona", overrides={"modelId": "new"})
    assert model is not None
    assert (await PROVIDER.prepare(model)).loaded_ms is None
    assert await said(base, old) != await said(base, new)


async def test_a_voice_that_cannot_be_loaded_holds_up_nothing(base: Path, tmp_path: Path) -> None:
    old, foreign = voice(tmp_path, "old"), voice(tmp_path, "foreign", width=WIDTH * 2)
    chat = Chat(base, old)
    chat.edit(old, foreign)
    await chat.until(lambda: chat.models() == ["old", "foreign"])
    assert adapters_of(base) == (old,)
    model = chat.live().resolve_model("persona", overrides={"modelId": "foreign"})
    assert model is not None
    with pytest.raises(AdapterRefused, match=r"does not fit .*: its blk\.0\.attn_q\.weight\.lora_a is 128 x 4, and"):
        await PROVIDER.prepare(model)


async def test_nothing_is_loaded_for_a_base_that_nobody_uses(base: Path, tmp_path: Path) -> None:
    first, second = voice(tmp_path, "first"), voice(tmp_path, "second")
    chat = Chat(base, first)
    drop_engine(base)
    chat.edit(first, second)
    assert chat.models() == ["first", "second"]
    assert adapters_of(base) is None
    assert renew_engine(base, WINDOW, (first,)) is None
    assert chat.audit.named("adapter_loaded") == []


def test_an_edit_waits_until_what_it_needs_is_there(tmp_path: Path) -> None:
    there, asked = threading.Event(), list[str]()

    def ready(registry: Registry) -> bool:
        asked.append(registry.version)
        return there.is_set()

    path, audit = tmp_path / "models.json", FakeAudit()
    path.write_text(json.dumps(registry_content(version="one")))
    live = LiveRegistry(lambda: path, tmp_path, audit, ready)
    path.write_text(json.dumps(registry_content(version="two")))
    assert [live().version, live().version] == ["one", "one"]
    assert (audit.events, live.problem) == ([], None)
    there.set()
    assert live().version == "two"
    assert asked[-1] == "two"
    assert audit.named("registry_loaded") == [{"path": str(path), "version": "two"}]
    path.write_text("broken")
    there.clear()
    assert live().version == "two"
    assert live.problem
