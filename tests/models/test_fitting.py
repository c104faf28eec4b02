"""What must hold of every plan, whatever the registry and the machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.models.fitting import VERDICTS
from metahuman.models.machine import Machine
from tests.models.test_plan import GIB, WEIGHTS, applied, machine, places, plan

NAMES = ("orchestrator", "persona", "coder", "curator", "planner")


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "contextWindow": st.sampled_from([512, 4096, 32768, 131072]),
        "maxTokens": st.sampled_from([256, 2048]),
        "keepAlive": st.sampled_from(["0", 0, "30m", -1]),
    },
)


@st.composite
def registries(draw: st.DrawFn) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name in NAMES:
        entries[name] = {
            "provider": draw(st.sampled_from(["ollama", "ollama", "local", "away"])),
            "model": draw(st.sampled_from([*WEIGHTS, "none"])),
            "adapters": draw(st.sampled_from([[], [], ["a"], ["b"]])),
            "options": draw(OPTIONS),
            "metadata": {"alwaysLoaded": draw(st.booleans())},
        }
    hierarchy = {"persona": ["persona", draw(st.sampled_from(NAMES))]}
    away = {"away": {"type": "ollama", "baseUrl": "http://10.0.0.1:11434"}}
    roles = {name: draw(st.sampled_from([name, name, "persona"])) for name in NAMES}
    reserve = {"memoryReserve": draw(st.sampled_from([0, 0.05, 0.3]))}
    sections = {"globalSettings": reserve, "defaults": roles, "models": entries}
    return {**sections, "roleHierarchy": hierarchy, "providers": away}


machines = st.builds(machine, st.floats(1, 120), st.sampled_from([0, 0, 4.0, 12.0, 24.0, 80.0]))


@given(registries(), machines, st.floats(0, 60), st.floats(0, 60))
@settings(max_examples=60)
def test_more_memory_is_never_worse(value: dict[str, Any], on: Machine, ram: float, gpu: float) -> None:
    """A card that a model just fits on takes it, fast but crowded: that is not more of the same memory."""
    before, roomy = plan(value, on), replace(on, ram=on.ram + int(ram * GIB))
    larger = replace(roomy, gpus=tuple(replace(card, total=card.total + int(gpu * GIB)) for card in on.gpus))
    for after in (plan(value, roomy), plan(value, larger)):
        if places(after) == places(before):
            assert VERDICTS.index(after.verdict) <= VERDICTS.index(before.verdict)


@given(registries(), machines)
@settings(max_examples=60)
def test_the_lines_to_change_lead_to_a_plan_that_fits(value: dict[str, Any], on: Machine) -> None:
    found = plan(value, on)
    after = plan(applied(value, found), on)
    if found.verdict != "too_big":
        assert VERDICTS.index(after.verdict) <= VERDICTS.index(found.verdict)
    elif None not in found.too_big.values():
        assert after.verdict != "too_big"
