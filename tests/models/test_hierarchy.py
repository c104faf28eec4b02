"""What is done about each kind of failure: who is asked again, after how long, who next, and who is left alone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from metahuman.models.calls import RoleCall
from metahuman.models.router import RoleRouter
from metahuman.models.schema import ROLES
from metahuman.state.errors import (
    AdapterRefused,
    BadKey,
    ContextOverflow,
    ModelBusy,
    ModelDown,
    ModelError,
    ModelFailed,
    ModelMissing,
    ModelTimeout,
    NoModelAnswered,
    RefusedAnswer,
)
from metahuman.state.services import Spent
from tests.fakes import Answer, FakeAudit, FakeClock, ScriptedProvider, Slow, World, registry, world

TWO = {"persona": ["big", "small"]}


def router(script: dict[str, list[Answer]], **settings: Any) -> World:
    return world(script, known=registry(TWO, providers={"local": settings}))


async def ask(it: World, role: str = "persona") -> str:
    return (await it.services.models.chat_model(role).ainvoke("hello")).text


def kinds(it: World) -> list[str]:
    return [one["kind"] for one in it.audit.named("llm_call")[-1]["failed"]]


@pytest.mark.parametrize(
    "failure",
    [
        ModelDown("refused"),
        ModelTimeout("silent"),
        ModelMissing("not there"),
        ContextOverflow("too long"),
        BadKey("no key"),
        RefusedAnswer("withheld"),
        AdapterRefused("takes none"),
    ],
)
async def test_what_will_not_pass_by_waiting_goes_to_the_next_at_once(failure: ModelError) -> None:
    it = router({"big": [failure], "small": ["hi"]})
    assert await ask(it) == "hi"
    assert kinds(it) == [failure.kind]


@pytest.mark.parametrize("failure", [ModelBusy("loading"), ModelFailed("broke off")])
async def test_what_may_pass_is_tried_again(failure: ModelError) -> None:
    it = router({"big": [failure, failure, "third time lucky"], "small": []})
    assert await ask(it) == "third time lucky"
    assert kinds(it) == [failure.kind] * 2
    assert it.audit.named("llm_call")[0]["fallback"] is False


async def test_but_not_more_often_than_the_registry_says() -> None:
    it = router({"big": [ModelBusy("loading")] * 2, "small": ["hi"]}, retries=1)
    assert await ask(it) == "hi"
    assert kinds(it) == ["overloaded"] * 2


class Pauses(FakeClock):
    """Notes how long it is asked to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_the_pauses_grow_and_are_jittered() -> None:
    known, clocks = registry(TWO, providers={"local": {"retries": 3}}), [Pauses() for _ in range(40)]
    for clock in clocks:
        provider = ScriptedProvider({"big": [ModelBusy("loading")] * 4, "small": ["hi"]})
        asked = RoleRouter(lambda: known, FakeAudit(), clock, {"local": provider}.__getitem__)
        await asked.generate(RoleCall("persona", []))
    for number, most in enumerate([0.25, 0.5, 1.0]):
        drawn = [clock.slept[number] for clock in clocks]
        assert max(drawn) <= most
        assert max(drawn) - min(drawn) > most / 2


async def test_a_server_is_asked_again_when_it_said() -> None:
    it = router({"big": [ModelBusy("slow down", retry_after=2), "now"], "small": []})
    before = it.clock.milliseconds()
    assert await ask(it) == "now"
    assert it.clock.milliseconds() - before >= 2000


async def test_nobody_waits_longer_than_the_registry_says() -> None:
    it = router({"big": [ModelBusy("slow down", retry_after=60)], "small": ["hi", "hi"]})
    assert await ask(it) == "hi"
    # It is then left alone for as long as it wanted.
    it.clock.ticks += 50_000
    assert await ask(it) == "hi"
    assert kinds(it) == ["set_aside"]


async def test_a_silent_model_leaves_the_next_its_time() -> None:
    known = registry(TWO, rolePolicies={"persona": {"deadline": 400}})
    it = world({"big": [Slow("at last", 5)], "small": ["quick"]}, known=known)
    started = time.monotonic()
    assert await ask(it) == "quick"
    assert 0.15 < time.monotonic() - started < 0.4
    assert kinds(it) == ["timeout"]


async def test_a_call_may_have_less_time_than_its_role() -> None:
    it = router({"big": [Slow("at last", 5), "in time"], "small": [Slow("at last", 5)]})
    started = time.monotonic()
    with pytest.raises(NoModelAnswered):
        await it.services.models.generate(RoleCall("persona", [], deadline=100))  # type: ignore[attr-defined]
    assert time.monotonic() - started < 1
    assert await ask(it) == "in time"  # nobody was set aside for it


async def test_a_retry_that_would_come_too_late_is_not_waited_for() -> None:
    known = registry(TWO, rolePolicies={"persona": {"deadline": 2000}})
    it = world({"big": [ModelBusy("slow down", retry_after=3)], "small": ["hi"]}, known=known)
    assert await ask(it) == "hi"


async def test_a_dead_server_costs_one_try_not_one_a_turn() -> None:
    it = router({"big": [ModelDown("refused")], "small": ["one", "two", "three"]})
    assert [await ask(it) for _ in range(3)] == ["one", "two", "three"]
    assert kinds(it) == ["set_aside"]
    assert it.audit.named("model_set_aside") == [{"provider": "local", "model": "big", "why": "refused", "seconds": 10}]


async def test_where_nobody_else_could_answer_a_model_is_asked_in_any_case() -> None:
    it = world({"coder": [ModelDown("refused"), "back"]})
    with pytest.raises(NoModelAnswered):
        await ask(it, "coder")
    assert await ask(it, "coder") == "back"
    assert len(it.audit.named("model_back")) == 1


async def test_a_dead_server_is_dead_for_all_its_models() -> None:
    known = registry(
        TWO | {"coder": ["coder", "small"]},
        models={
            name: {"provider": provider, "model": name}
            for name, provider in [("big", "local"), ("coder", "local"), ("small", "other")]
        },
        providers={"local": {"baseUrl": "http://127.0.0.1:1"}, "other": {"type": "local"}},
        defaults={"orchestrator": "small", "persona": "big", "coder": "coder"},
        roleHierarchy=TWO | {"coder": ["coder", "small"]},
    )
    it = world({"big": [ModelDown("refused")], "coder": [], "small": ["one", "two"]}, known=known)
    assert await ask(it) == "one"
    assert await ask(it, "coder") == "two"


async def test_a_model_that_is_back_is_found_with_a_cheap_request_first() -> None:
    it = router({"big": [ModelTimeout("silent"), "back"], "small": ["hi", "hi"]})
    assert await ask(it) == "hi"
    it.clock.ticks += 10_000
    it.provider.unwell["big"] = ModelDown("still down")
    assert await ask(it) == "hi"  # one look, no call
    it.clock.ticks += 20_000
    it.provider.unwell.clear()
    assert await ask(it) == "back"
    assert it.audit.named("model_back") == [{"provider": "local", "model": "big"}]


async def test_each_failure_in_a_row_sets_a_model_aside_for_twice_as_long() -> None:
    it = router({"big": [ModelTimeout("silent")] * 3, "small": ["hi"] * 3})
    for _ in range(3):
        assert await ask(it) == "hi"
        it.clock.ticks += 300_000
    assert [event["seconds"] for event in it.audit.named("model_set_aside")] == [10, 20, 40]


async def test_while_one_call_finds_out_the_others_do_not_wait() -> None:
    it = router({"big": [ModelTimeout("silent"), Slow("back", 0.2)], "small": ["hi"] * 3})
    await ask(it)
    it.clock.ticks += 10_000
    assert sorted(await asyncio.gather(ask(it), ask(it), ask(it))) == ["back", "hi", "hi"]


async def test_a_trial_that_is_cancelled_lets_the_next_call_try() -> None:
    it = router({"big": [ModelTimeout("silent"), Slow("never", 30), "back"], "small": ["hi"]})
    await ask(it)
    it.clock.ticks += 10_000
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(it), 0.05)
    assert await ask(it) == "back"


async def test_a_private_role_does_not_leave_the_machine() -> None:
    known = registry(TWO, providers={"local": {"type": "openai", "baseUrl": "https://api.openai.com/v1"}})
    it = world({"big": [], "small": [], "coder": ["fine"]}, known=known)
    with pytest.raises(NoModelAnswered, match=r'take it to api\.openai\.com; rolePolicies\.persona\.locality: "any"'):
        await ask(it)
    assert kinds(it) == ["remote", "remote"]
    assert await ask(it, "coder") == "fine"


@pytest.mark.parametrize("role", sorted({*ROLES, "embedder"} - {"coder", "fallback"}))
def test_roles_whose_prompts_carry_memories_are_private(role: str) -> None:
    assert registry().policy(role).locality == "local"


async def test_it_does_where_its_owner_says_so() -> None:
    known = registry(
        TWO,
        providers={"local": {"type": "openai", "baseUrl": "https://api.openai.com/v1"}},
        rolePolicies={"persona": {"locality": "any"}},
    )
    assert await ask(world({"big": ["fine"]}, known=known)) == "fine"


class Spending:
    """What was asked of anyone today."""

    def __init__(self, calls: int, tokens: int, cost: float) -> None:
        self.today = Spent(calls, tokens, cost)
        self.asked: list[tuple[str, str]] = []

    def spent(self, provider: str, day: str) -> Spent:
        self.asked.append((provider, day))
        return self.today


@pytest.mark.parametrize(
    ("cap", "reached"),
    [
        ({"cost": 1.0}, True),
        ({"tokens": 501}, False),
        ({"calls": 5, "cost": 9}, True),
        ({"calls": 0}, True),
        ({}, False),
    ],
)
async def test_a_daily_cap_refuses_before_the_call(cap: dict[str, float], *, reached: bool) -> None:
    known = registry(TWO, providers={"local": {"dailyCap": cap}})
    provider, audit, usage = ScriptedProvider({"big": ["fine"]}), FakeAudit(), Spending(5, 500, 1.0)
    asked = RoleRouter(lambda: known, audit, FakeClock(), lambda _: provider, usage)
    if reached:
        with pytest.raises(NoModelAnswered, match=r"providers\.local\.dailyCap\.\w+ in models\.json is"):
            await asked.generate(RoleCall("persona", []))
        assert provider.asked == []
    else:
        assert (await asked.generate(RoleCall("persona", []))).text == "fine"
    assert usage.asked == ([("local", "2026-05-17")] * (2 if reached else 1) if cap else [])


async def test_what_a_call_costs_is_told() -> None:
    known = registry(TWO, providers={"local": {"price": {"prompt": 1, "completion": 100_000}}})
    it = world({"big": ["two words"]}, known=known)
    await ask(it)
    assert it.audit.named("llm_call")[0]["cost"] == pytest.approx(0.20001)


async def test_a_base_that_turns_to_another_adapter_is_noted(tmp_path: Any) -> None:
    content = registry(TWO).file.model_dump(by_alias=True)
    for model_id, adapters in [("big", []), ("small", ["voice.gguf"])]:
        content["models"][model_id] = {"provider": "local", "model": "base", "adapters": adapters}
    known = type(registry()).parse(content, tmp_path / "models.json", tmp_path)
    it = world({"big": ["one", "three"], "small": ["two"]}, known=known)
    for model_id in ("big", "small", "big"):
        await it.services.models.chat_model("persona", model_id=model_id).ainvoke("hello")
    voice = str(tmp_path / "voice.gguf")
    swaps = [(event["before"], event["after"]) for event in it.audit.named("adapter_swapped")]
    assert swaps == [([], [voice]), ([voice], [])]
    assert all(event["ms"] > 0 for event in it.audit.named("adapter_swapped"))
