"""Whether models fit: the verdicts by example, and what must hold whatever the registry and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.fitting import nested
from metahuman.models.keepers import Footprint, open_keeper
from metahuman.models.live import merged
from metahuman.models.machine import Gpu, Machine
from metahuman.models.plan import Plan, make_plan, runs_here, weigh
from metahuman.models.registry import Registry
from metahuman.models.resolved import distinct
from tests.resolved import resolved
from tests.servers.ollama import OllamaServer

GIB = 1 << 30
#: Gibibytes of each model's weights.
WEIGHTS = {"small": 1, "middle": 8, "large": 16, "coder": 18}
#: Bytes of attention cache for a token of window: 1 GiB for 8192.
TOKEN = GIB // 8192
WINDOW = 8192


def content(models: Mapping[str, Mapping[str, Any]], **sections: Any) -> dict[str, Any]:
    """Return a registry of Ollama's models in which every role asks the model of its name, or the persona's."""
    entries = {
        name: {"provider": "ollama", "options": {"contextWindow": WINDOW}, **entry} for name, entry in models.items()
    }
    roles = {name: name for name in models if "." not in name}
    return {"globalSettings": {"memoryReserve": 0}, "defaults": roles, "models": entries, **sections}


def registry(value: Mapping[str, Any]) -> Registry:
    return Registry.checked(value, Path("models.json"), Path("/home"))


def weights(known: Registry, mode: str | None = None) -> dict[str, Footprint | str]:
    """Return what the models take up; those of no known weight are not there."""
    found: dict[str, Footprint | str] = {}
    for model in distinct(known.asked(mode)):
        if model.model in WEIGHTS:
            cache = TOKEN * (model.window or 4096)
            found[model.model_id] = Footprint(WEIGHTS[model.model] * GIB, cache, 1000 * len(model.adapters))
        else:
            found[model.model_id] = f"Ollama has no {model.model}"
    return found


def machine(ram: float = 64, gpu: float = 0) -> Machine:
    return Machine(int(ram * GIB), (Gpu("card", int(gpu * GIB)),) if gpu else ())


def plan(value: Mapping[str, Any], on: Machine, mode: str | None = None) -> Plan:
    known = registry(value)
    return make_plan(known, mode, weights(known, mode), on)


def lines(found: Plan) -> dict[str, object]:
    return {line.key: line.value for line in found.changes}


def applied(value: Mapping[str, Any], found: Plan) -> dict[str, Any]:
    return merged(value, nested(found.changes))


THREE = content({"orchestrator": {"model": "small"}, "persona": {"model": "large"}, "coder": {"model": "coder"}})
STAY = {"models.orchestrator.metadata.alwaysLoaded": True, "models.persona.metadata.alwaysLoaded": True}


def test_everything_fits_together() -> None:
    found = plan(THREE, machine(38))
    assert found.verdict == "together"
    assert lines(found) == STAY
    assert plan(applied(THREE, found), machine(38)).changes == ()


def test_the_required_stay_and_specialists_come_in_turn() -> None:
    more = merged(THREE, content({"curator": {"model": "middle", "metadata": {"alwaysLoaded": True}}}))
    found = plan(more, machine(38))
    assert found.verdict == "in_turn"
    assert found.staying == ("orchestrator", "persona")
    assert lines(found) == STAY | {
        "models.coder.options.keepAlive": "0",
        "models.curator.options.keepAlive": "0",
        "models.curator.metadata.alwaysLoaded": False,
    }


def test_what_does_not_fit_beside_the_persona_shares_its_base() -> None:
    found = plan(THREE, machine(24))
    assert found.verdict == "one_base"
    assert found.staying == ("persona", "orchestrator")
    assert lines(found) == STAY | {"models.coder.model": "large"}
    tight = plan(merged(THREE, {"models": {"orchestrator": {"model": "middle"}}}), machine(24))
    assert tight.staying == ("persona",)
    assert lines(tight) == STAY | {"models.orchestrator.model": "large", "models.coder.model": "large"}


def test_a_voice_is_shared_by_whoever_shares_its_base() -> None:
    """Ollama bakes adapters in: the same base with others would be loaded a second time."""
    voice = {"adapters": ["voice.gguf"], "options": {"contextWindow": WINDOW, "adapterScale": 0.5}}
    value = merged(THREE, {"models": {"persona": voice}})
    found = plan(value, machine(24))
    assert {
        "models.coder.model": "large",
        "models.coder.adapters": ("voice.gguf",),
        "models.coder.options.adapterScale": 0.5,
    }.items() <= lines(found).items()
    after = plan(applied(value, found), machine(24))
    assert (after.verdict, after.changes) == ("together", ())
    assert shared(after)["coder"] == ("persona",)


def test_an_engine_of_this_process_gives_each_role_its_own_voice() -> None:
    models = {"persona": {"model": "large", "adapters": ["a"]}, "coder": {"model": "coder", "adapters": ["b"]}}
    entries = content({"orchestrator": {"model": "large"}, **models})["models"]
    local = {name: entry | {"provider": "local"} for name, entry in entries.items()}
    value = content({name: {} for name in local}) | {"models": local}
    found = plan(value, machine(24))
    assert lines(found) == STAY | {"models.coder.model": "large", "models.coder.adapters": ()}
    assert shared(found)["persona"] == ("orchestrator",)


def test_one_after_the_other_where_no_base_can_be_shared() -> None:
    """The coder's window is too wide for the persona's base."""
    wide = {"coder": {"model": "middle", "options": {"contextWindow": 10 * WINDOW}}}
    value = merged(THREE, {"models": {"coder": content(wide)["models"]["coder"]}})
    found = plan(value, machine(18.5))
    assert found.verdict == "one_by_one"
    assert lines(found) == {f"models.{name}.options.keepAlive": "0" for name in ("orchestrator", "persona", "coder")}


def test_what_is_too_big_and_the_window_at_which_it_would_not_be() -> None:
    found = plan(THREE, machine(18.5))
    assert found.verdict == "too_big"
    assert found.too_big == {"coder": WINDOW // 2}
    assert lines(found) == {"models.coder.options.contextWindow": WINDOW // 2}
    assert plan(applied(THREE, found), machine(18.5)).verdict == "one_base"
    assert plan(THREE, machine(12)).too_big == {"persona": None, "coder": None}


def test_a_window_that_an_answer_would_fill_is_none() -> None:
    value = merged(THREE, {"models": {"coder": {"options": {"maxTokens": WINDOW // 2}}}})
    assert plan(value, machine(18.5)).too_big == {"coder": None}


def test_a_model_that_leaves_at_once_cannot_stay() -> None:
    value = merged(THREE, {"models": {"persona": {"options": {"keepAlive": "0s"}}}})
    assert lines(plan(value, machine())) == STAY | {"models.persona.options.keepAlive": -1}


def places(found: Plan) -> list[str]:
    return [one.place for one in found.models]


def shared(found: Plan) -> dict[str, tuple[str, ...]]:
    return {one.model.model_id: one.shares_with for one in found.models}


def test_roles_on_one_model_are_counted_once_with_the_widest_window() -> None:
    narrow = {"coder": {"model": "large", "options": {"contextWindow": 2048}}}
    value = merged(THREE, {"models": {"coder": content(narrow)["models"]["coder"]}})
    found = plan(value, machine(19))
    assert found.verdict == "together"
    assert [one.model.model_id for one in found.models] == ["orchestrator", "persona", "coder"]
    assert shared(found) == {"orchestrator": (), "persona": ("coder",), "coder": ("persona",)}
    assert {one.footprint.kv for one in found.models if one.footprint} == {GIB}


def test_who_only_stands_in_need_not_fit_beside_the_others() -> None:
    value = content(
        {"orchestrator": {"model": "small"}, "persona": {"model": "large"}, "spare.one": {"model": "coder"}}
    )
    value["roleHierarchy"] = {"persona": ["persona", "spare.one"]}
    found = plan(value, machine(20))
    assert found.verdict == "together"
    assert {one.model.model_id: dict(one.asked_as) for one in found.models}["spare.one"] == {"persona": 2}
    assert plan(value, machine(18.5)).too_big == {"spare.one": WINDOW // 2}


def test_a_card_takes_what_fits_there() -> None:
    found = plan(THREE, machine(24, gpu=17))
    assert places(found) == ["gpu", "gpu", "ram"]
    assert found.verdict == "one_base"


def test_what_runs_elsewhere_takes_up_nothing() -> None:
    value = THREE | {"providers": {"ollama": {"baseUrl": "http://192.168.1.7:11434"}}}
    found = plan(value, machine(1))
    assert ({one.place for one in found.models}, found.verdict) == ({"elsewhere"}, "together")
    assert found.changes == ()


def test_what_nobody_knows_is_told_and_left_out() -> None:
    found = plan(merged(THREE, {"models": {"coder": {"model": "none"}}}), machine(20))
    assert found.unknown == {"coder": "Ollama has no none"}
    assert found.verdict == "together"


def test_a_mode_may_do_without_a_role() -> None:
    value = THREE | {"cognitiveModeMappings": {"emulation": {"orchestrator": None}}}
    assert plan(value, machine(17), "emulation").verdict == "too_big"
    assert "orchestrator" not in shared(plan(value, machine(64), "emulation"))


def test_the_reserve_is_kept_free() -> None:
    half = THREE | {"globalSettings": {"memoryReserve": 0.5}}
    assert [plan(half, machine(ram)).verdict for ram in (76, 75)] == ["together", "one_base"]


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://[::1]:11434", True),
        ("http://0.0.0.0:11434", True),
        ("http://localhost:11434", True),
        ("http://ollama.localhost", True),
        ("http://10.0.0.2:11434", False),
        ("http://gpu.lan:11434", False),
    ],
)
def test_where_a_server_runs(address: str, *, here: bool) -> None:
    assert runs_here(resolved("ollama", baseUrl=address)) is here
    assert runs_here(resolved("local"))


async def test_models_are_weighed_or_it_is_told_why_not() -> None:
    with OllamaServer(models=("m",)) as server:
        models = {
            "there": resolved("ollama", "m", baseUrl=server.url),
            "missing": resolved("ollama", "none", baseUrl=server.url),
            "served": resolved("openai", baseUrl="http://127.0.0.1:9"),
            "elsewhere": resolved("ollama", baseUrl="http://10.255.255.1"),
        }
        named = [replace(model, model_id=name) for name, model in models.items()]
        found = await weigh(named, open_keeper)
    assert isinstance(found["there"], Footprint)
    assert found["missing"] == "Ollama has no none: `ollama pull none`"
    assert found["served"] == "the server at http://127.0.0.1:9 does not say what its models take up"
    assert "elsewhere" not in found
