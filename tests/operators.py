"""What stands in for the operator's tools: scripted outputs and rulings, and calls that have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metahuman.state.acting import Acting, Approval, Call, Ended, Offer, Outcome, Output, Ruling, Step, Verdict

NOTHING: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass
class FakeTools:
    """Tools with an output each, or an error; each is allowed unless `verdicts` says otherwise."""

    outputs: Mapping[str, str | Exception] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    waits: float | None = None
    made: list[tuple[Call, Acting, Approval | None]] = field(default_factory=list)
    for_good: list[Call] = field(default_factory=list)

    async def ready(self) -> None:
        pass

    def offered(self, acting: Acting) -> list[Offer]:
        return [Offer(name, f"Does {name}.", NOTHING) for name in self.outputs]

    async def rule(self, call: Call, acting: Acting) -> Ruling:
        verdict = self.verdicts.get(call["tool"], "allow")
        return Ruling(verdict=verdict, rule=f"fake.{verdict}", why=f"the test says {verdict}", risk="low")

    async def preview(self, call: Call, acting: Acting) -> str:
        return f"would do {call['tool']}"

    async def run(self, call: Call, acting: Acting, approval: Approval | None = None) -> Outcome:
        ruling = await self.rule(call, acting)
        if ruling["verdict"] == "refuse" or (ruling["verdict"] == "ask" and not (approval and approval["approved"])):
            return Outcome(ruling, "refused", error=(approval and approval["why"]) or ruling["why"])
        self.made.append((call, acting, approval))
        output = self.outputs[call["tool"]]
        if isinstance(output, Exception):
            return Outcome(ruling, "failed", error=str(output), approved_by="policy")
        return Outcome(ruling, "done", Output(output, (f"{call['tool']}:source",)), approved_by="policy")

    async def always(self, call: Call, acting: Acting) -> dict[str, str]:
        self.for_good.append(call)
        return {}

    def patience(self) -> float | None:
        return self.waits


def step(tool: str, output: str = "", turn: str = "q1", *, ended: Ended = "done", **arguments: Any) -> Step:
    """Return a call that has ended."""
    return Step(
        turn=turn,
        call=Call(id=f"{turn}/0", tool=tool, arguments=arguments),
        ruling=Ruling(verdict="allow", rule="fake.allow", why="", risk="low"),
        approvedBy="policy",
        ended=ended,
        output=output,
        error=None if ended == "done" else "it broke",
        sources=[],
        trusted=False,
        latencyMs=1.0,
    )
