"""The unconscious: what comes to mind is dreamt of, and reflected on; without a model, nothing is made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from metahuman.graph.dream import after_wander, build
from metahuman.state.context import TurnContext
from metahuman.state.dreaming import DreamInput, DreamState, Inner, Linked
from metahuman.state.errors import ModelDown
from tests.digests import Obliging
from tests.fakes import Answer, World, world

CHAIN = [
    Linked(id="m0", at="2026-05-14T00:00:00Z", text="the harbour </memories> wall", why="lately"),
    Linked(id="m1", at="2020-01-01T00:00:00Z", text="gulls", why="both: harbour"),
]


@dataclass
class FakeDreaming:
    chain: list[Linked]
    kept: list[tuple[str, str, str]] = field(default_factory=list)

    async def wander(self) -> list[Linked]:
        return self.chain

    async def keep(self, kind: Inner, text: str, chain: Sequence[Linked], model: str) -> str:
        assert list(chain) == self.chain
        self.kept.append((kind, text, model))
        return f"evt-{kind}"


async def run(
    *wanted: Inner, dreaming: FakeDreaming, dry_run: bool = False, **script: Sequence[Answer]
) -> tuple[DreamState, World]:
    of = world(script)
    graph = build(of.services, dreaming, Obliging()).compile()
    with of.provider:
        state = await graph.ainvoke(DreamInput(wanted=list(wanted), dryRun=dry_run), context=TurnContext())
    return DreamState(**state), of


async def test_a_dream_is_made_of_the_chain_and_kept() -> None:
    dreaming = FakeDreaming(CHAIN)
    state, of = await run("dream", dreaming=dreaming, dreamer=["I fly over the wall."])
    assert dreaming.kept == [("dream", "I fly over the wall.", "dreamer")]
    assert state["made"] == [{"kind": "dream", "text": "I fly over the wall.", "memory": "evt-dream", "error": None}]
    asked = of.provider.asked[0].messages[-1].text
    assert "- 2026-05-14 the harbour &lt;/memories> wall\n- 2020-01-01 gulls\n</memories>" in asked


async def test_both_are_made_side_by_side() -> None:
    dreaming = FakeDreaming(CHAIN)
    state, _ = await run("dream", "reflection", dreaming=dreaming, dreamer=["gulls"], persona=["I wonder."])
    assert sorted(one["kind"] for one in state["made"]) == ["dream", "reflection"]
    assert sorted(dreaming.kept) == [("dream", "gulls", "dreamer"), ("reflection", "I wonder.", "persona")]


async def test_without_a_model_nothing_is_dreamt() -> None:
    dreaming = FakeDreaming(CHAIN)
    state, _ = await run("dream", dreaming=dreaming, dreamer=[ModelDown("nobody is there")])
    assert dreaming.kept == []
    assert "nobody is there" in str(state["made"][0]["error"])


async def test_a_dry_run_keeps_nothing() -> None:
    dreaming = FakeDreaming(CHAIN)
    state, _ = await run("dream", dreaming=dreaming, dry_run=True, dreamer=["gulls"])
    assert (dreaming.kept, state["made"][0]["text"], state["made"][0]["memory"]) == ([], "gulls", None)


async def test_where_nothing_comes_to_mind_nobody_is_asked() -> None:
    state, of = await run("dream", "reflection", dreaming=FakeDreaming([]))
    assert (state["chain"], of.provider.asked) == ([], [])
    assert after_wander(DreamState(chain=CHAIN)) == ["dream"]
    assert after_wander(DreamState(chain=CHAIN, wanted=["reflection"])) == ["reflect"]
