"""Whatever is called, with whatever arguments, trust, answers and edits: nothing runs that the policy refuses."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metahuman.state.acting import RISKS, Acting, Approval, Call, Outcome
from metahuman.state.context import MODES, TRUSTS
from metahuman.tools.begun import hash_of
from tests.tools.gates import Naive, World, acting, write, yes

#: What names lead out of a folder, hide where they lead, or are no names at all.
NAMES = [
    "a.txt", "sub", "..", ".", "", "out", "loop", "dangling", "~", "~root", "..\\",
    "\uff0e\uff0e", "\u2025", "%2e%2e", "é", "e\u0301", "\0", "\n",
    "\u202e", "\ud83d", "x" * 256, ".ssh", ".env", "files", "FILES", "etc", "ETC", "state", "trust.json",
]  # fmt: skip
PATHS = st.one_of(
    st.lists(st.sampled_from(NAMES), max_size=6).map("/".join),
    st.lists(st.sampled_from(NAMES), max_size=6).map(lambda names: "/" + "/".join(names)),
    st.lists(st.sampled_from(NAMES), max_size=6).map(lambda names: "@/" + "/".join(names)),  # in the home
    st.sampled_from(["/etc/passwd", "/proc/self/environ", "/dev/zero", "/", "x/" * 3_000]),
    st.text(max_size=20),
)
#: Recording tools: their risks and effects, as in `gates`.
RISK_OF = {"look": "low", "put": "medium", "note": "low", "shell": "high"}
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "trust": st.fixed_dictionaries({"dual": st.sampled_from(TRUSTS), "agent": st.sampled_from(TRUSTS)}),
        "tools": st.dictionaries(st.sampled_from([*RISK_OF]), st.sampled_from(["allow", "ask", "refuse"])),
        "always": st.just([{"tool": "put", "pattern": {"path": "*"}}, {"tool": "shell", "pattern": {"text": "*"}}]),
    },
)


@dataclass(frozen=True)
class Step:
    """One call, and what a person says to it."""

    tool: str
    arguments: dict[str, Any]
    number: int
    answer: bool | None
    edited: dict[str, Any] | None
    whom: dict[str, Any]


def arguments() -> st.SearchStrategy[dict[str, Any]]:
    text = st.text(max_size=5)
    return st.one_of(
        st.fixed_dictionaries({"path": PATHS}, optional={"text": text}),
        st.fixed_dictionaries({}, optional={"text": text, "times": st.integers(-1, 3)}),
        st.dictionaries(text, st.one_of(st.none(), st.integers(), st.floats(), st.lists(text, max_size=2)), max_size=2),
    )


STEPS = st.lists(
    st.builds(
        Step,
        tool=st.sampled_from([*RISK_OF, "nothing", ""]),
        arguments=arguments(),
        number=st.integers(1, 4),
        answer=st.sampled_from([None, True, False]),
        edited=st.none() | arguments(),
        whom=st.fixed_dictionaries(
            {
                "mode": st.sampled_from(MODES),
                "trust": st.none() | st.sampled_from(TRUSTS),
                "turn": st.sampled_from("ab"),
            },
            optional={"seen": st.just(["text of others"])},
        ),
    ),
    max_size=6,
)


@settings(max_examples=40, database=None)
@given(content=SETTINGS, steps=STEPS, level=st.none() | st.sampled_from(TRUSTS))
def test_nothing_runs_that_the_policy_refuses(content: dict[str, Any], steps: list[Step], level: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = prepared(Path(folder), content, level)
        asyncio.run(make(world, content, steps, level))
        world.gate.close()


def prepared(folder: Path, content: dict[str, Any], level: str | None) -> World:
    world = World(folder / "home", Naive())
    write(folder / "outside.txt", "not yours")
    write(world.files / "a.txt", "mine")
    (world.files / "sub").mkdir()
    for name, leads in (("out", folder), ("loop", world.files / "loop"), ("dangling", folder / "not-there")):
        (world.files / name).symlink_to(leads)
    world.trust(**content)
    if level:
        write(world.home / "persona" / "decision-rules.json", json.dumps({"trustLevel": level}))
    return world


async def make(world: World, content: dict[str, Any], steps: list[Step], level: str | None) -> None:
    for step in steps:
        before = len(world.tools.done)
        one = Call(id=str(step.number), tool=step.tool, arguments=placed(step.arguments, world))
        given = placed(step.edited, world) if step.edited is not None else one["arguments"]
        answer = None if step.answer is None else yes(given, approved=step.answer)
        whom = acting(**step.whom)
        outcome = await world.gate.run(one, whom, answer)
        if len(world.tools.done) > before:
            check_run(world, outcome, answer)
            check_trust(content, step.tool, whom, answer, level)
        check_audit(world)


def placed(given: dict[str, Any], world: World) -> dict[str, Any]:
    """Put the home where a path says so."""
    path = given.get("path")
    return {**given, "path": str(world.home) + path[1:]} if isinstance(path, str) and path[:2] == "@/" else given


def check_run(world: World, outcome: Outcome, answer: Approval | None) -> None:
    """What ran was to be run, and where it went, it might go."""
    name, path = world.tools.done[-1]
    assert outcome.ended == "done"
    assert outcome.ruling["verdict"] != "refuse"
    assert answer is None or answer["approved"]
    assert answer or outcome.ruling["verdict"] == "allow"
    assert outcome.approved_by == (answer["by"] if answer else "policy")
    if name in ("look", "put"):
        top = os.path.realpath(world.files)
        assert os.path.commonpath([top, os.path.realpath(world.files / path)]) == top


def check_trust(content: dict[str, Any], name: str, whom: Acting, answer: Approval | None, level: str | None) -> None:
    """What ran was within the trust that the owner has, or a person said yes; nobody lifts what only looking allows."""
    assert whom.mode != "emulation"
    assert content.get("tools", {}).get(name) != "refuse"
    own = whom.trust or content.get("trust", {}).get(whom.mode, "supervised_auto")
    trust = min([own, level or own], key=TRUSTS.index)
    assert trust != "observe" or name == "look"
    said = content.get("tools", {}).get(name)
    alone = {"observe": -1, "suggest": -1, "supervised_auto": 0, "bounded_auto": 1}[trust]
    by_trust = RISKS.index(RISK_OF[name]) <= alone or name == "look"
    approved_for_good = "always" in content and name in ("put", "shell")
    assert answer or said == "allow" or (said != "ask" and (by_trust or approved_for_good))


def check_audit(world: World) -> None:
    """Every execution has one event, with the rule, who let it and the hash of what it ran with; each call ran once."""
    events = world.audit.named("tool_called")
    assert [event["arguments"] for event in events] == [hash_of(given) for given in world.tools.given]
    assert all(event["rule"] and event["approver"] in ("ann", "policy") for event in events)
    assert len({event["execution"] for event in events}) == len(events) == len(world.tools.done)
    assert not [key for key, times in Counter((event["turn"], event["call"]) for event in events).items() if times > 1]
