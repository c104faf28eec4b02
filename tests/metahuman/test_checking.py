"""What a check finds out of each model, and which questions it still asks after one that went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from metahuman.checking import STEPS, Asking, Check, Checked
from metahuman.clock import SystemClock
from metahuman.models.registry import Registry
from metahuman.models.router import RoleRouter
from metahuman.state.errors import BadRequest, ModelDown, ModelMissing, ModelTimeout
from tests.fakes import Answer, FakeAudit, ScriptedProvider, Slow, registry_content
from tests.homes import EMBEDDED, embedded
from tests.servers.answer import Answer as Said
from tests.servers.ollama import OllamaServer

COLOUR = json.dumps({"name": "red", "warm": True})


def calling(name: str = "Add", **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "1"}])


def natives(hierarchy: Mapping[str, list[str]] | None = None) -> Registry:
    """Return models that call tools of themselves."""
    content = registry_content(hierarchy)
    content["models"] = {name: entry | {"options": {"toolCalls": True}} for name, entry in content["models"].items()}
    return Registry.parse(content, Path("models.json"), Path("/nowhere"))


ALL_WELL: list[Answer] = ["I am a model.", COLOUR, calling(a=17, b=25)]


async def check(
    script: dict[str, list[Answer]],
    *roles: str,
    known: Registry | None = None,
    mode: str | None = None,
    unwell: dict[str, Any] | None = None,
) -> tuple[dict[str, Checked], list[str], list[Asking]]:
    """Return what was found of each model, the roles nobody answers for, and what was asked."""
    models = known or natives()
    with ScriptedProvider(script) as provider:
        provider.unwell = unwell or {}
        router = RoleRouter(lambda: models, FakeAudit(), SystemClock(), lambda _: provider)
        checking = Check(router, mode, roles, lambda _: provider)
        events = [event async for event in checking.run()]
    found = {event.model.model_id: event for event in events if isinstance(event, Checked)}
    return found, checking.unanswered(found.values()), [event for event in events if isinstance(event, Asking)]


def all_well(one: Checked) -> bool:
    return one.done == dict.fromkeys(STEPS, True) and not one.problems


async def test_a_model_that_can_do_all_of_it() -> None:
    found, unanswered, asked = await check({"persona": [Slow("I am a model.", 0.02), *ALL_WELL[1:]]}, "persona")
    one = found["persona"]
    assert all_well(one)
    assert one.asked_as == {"persona": 1}
    assert one.first_token_ms is not None
    assert one.first_token_ms >= 20
    assert one.tokens_per_second is not None
    assert one.tokens_per_second > 4 / 0.02  # the time before the first word does not count
    assert unanswered == []
    assert asked == [Asking("persona", step) for step in STEPS]


async def test_each_model_is_asked_once_and_alone() -> None:
    known = natives({"coder": ["coder", "spare"], "planner": ["spare", "coder"]})
    known = Registry.checked(without_roles(known), known.path, Path("/nowhere"))
    found, _, _ = await check({"coder": ALL_WELL, "spare": ALL_WELL}, "coder", "planner", known=known)
    assert {name: dict(one.asked_as) for name, one in found.items()} == {
        "coder": {"coder": 1, "planner": 2},
        "spare": {"coder": 2, "planner": 1},
    }
    assert all(map(all_well, found.values()))


def without_roles(known: Registry) -> dict[str, Any]:
    content = known.file.model_dump(by_alias=True, exclude_unset=True)
    return {**content, "models": {key: {**entry, "roles": []} for key, entry in content["models"].items()}}


async def test_what_is_not_there_is_asked_nothing() -> None:
    found, unanswered, asked = await check({}, "persona", unwell={"persona": ModelDown("nobody is there")})
    assert found["persona"].done == {"reachable": False}
    assert found["persona"].problems == {"reachable": "nobody is there"}
    assert unanswered == ["persona"]
    assert asked == [Asking("persona", "reachable")]


@pytest.mark.parametrize("failure", [ModelTimeout("too slow"), ModelMissing("no such model")])
async def test_a_failure_that_the_next_question_would_meet_too_ends_the_check(failure: Exception) -> None:
    found, unanswered, _ = await check({"persona": [failure]}, "persona")
    assert found["persona"].done == {"reachable": True, "answers": False}
    assert found["persona"].problems == {"answers": str(failure)}
    assert unanswered == ["persona"]


async def test_a_model_that_only_talks() -> None:
    script: list[Answer] = ["I am a model.", "red", "a warm red", "It is 42."]
    found, unanswered, _ = await check({"persona": script}, "persona")
    assert found["persona"].done == {"reachable": True, "answers": True, "json": False, "tool": False}
    assert found["persona"].problems == {
        "json": "it is not a JSON object",
        "tool": "it answers in words, and calls no tool",
    }
    assert unanswered == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (calling("Subtract", a=1, b=2), "it calls 'Subtract', which is not there"),
        (calling(a="17", b=25), "it calls the tool wrongly: a: Input should be a valid integer"),
        (calling(a=17), "it calls the tool wrongly: b: Field required"),
        (BadRequest("m does not support\ntools"), "m does not support tools"),
    ],
)
async def test_a_tool_that_is_not_called_as_it_should_be(answer: Answer, problem: str) -> None:
    found, _, _ = await check({"persona": [*ALL_WELL[:2], answer]}, "persona")
    assert found["persona"].problems == {"tool": problem}


async def test_the_required_roles_must_be_answered_for() -> None:
    broken: list[Answer] = [ModelTimeout("too slow")]
    roles = {"orchestrator": broken, "coder": broken}
    well = {name: ALL_WELL for name in natives().file.models if name not in roles}
    _, unanswered, _ = await check({**well, **roles})
    assert unanswered == ["orchestrator"]
    _, unanswered, _ = await check({**well, "coder": broken}, mode="emulation")
    assert unanswered == []


async def test_thoughts_are_among_the_tokens_and_their_time_counts() -> None:
    content = registry_content({"persona": ["m"]})
    content["models"]["m"] = {"provider": "ollama", "model": "m"}
    thinking = Said("I am.", thinking="who am I then " * 5, chunk_delay=0.01)
    added = Said(tool_calls=[("Add", {"a": 17, "b": 25})])
    with OllamaServer(models=("m",), answers=[thinking, Said(COLOUR), added]) as server:
        content["providers"] = {"ollama": {"baseUrl": server.url}}
        known = Registry.checked(content, Path("models.json"), Path("/nowhere"))
        router = RoleRouter(lambda: known, FakeAudit(), SystemClock())
        checked = [one async for one in Check(router, None, ["persona"]).run() if isinstance(one, Checked)]
        await router.aclose()
    assert all_well(checked[0]), checked[0].problems
    assert checked[0].tokens_per_second is not None
    assert checked[0].tokens_per_second < 1 / 0.01


@pytest.mark.real_model
@pytest.mark.skipif(not EMBEDDED.exists(), reason="the embedded model is not there: metahuman models pull")
async def test_the_embedded_model_is_honest_about_what_it_cannot_do(tmp_path: Path) -> None:
    embedded(tmp_path)
    known = Registry.load(tmp_path / "etc" / "models.json", tmp_path)
    router = RoleRouter(lambda: known, FakeAudit(), SystemClock())
    (one,) = [one async for one in Check(router, None, ["fallback"]).run() if isinstance(one, Checked)]
    assert one.done == {"reachable": True, "answers": True, "json": True, "tool": False}
    assert one.tokens_per_second is not None
    assert one.tokens_per_second > 1
