"""What a run of the curator takes: ten thousand memories by rules alone, and the graph's own cost beside a model.

    python benchmarks/curation_run.py [--memories 10000] [--asked 500] [--json FILE]

The memories are made up: talks of a few sentences, some with transcripts of tools, keys, small talk or nothing said.
`rules` is the whole of `metahuman curate --all --without-model`: looking the memories up, every gate, the curated
files and the marks on disk, and the datasets. `asked` is the same with a model that answers at once, in this process,
with what it was shown; of that run, `own` is what is not the gates': graph, prompts, JSON, audit, files and marks.
`graph` is the graph alone, over a curation that does nothing. Other programs on the machine count in all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from benchmarks.memory_life import DISHES, FIRMS, HAPPENED, PEOPLE, START, THINGS, TOWNS
from metahuman.curating import curate
from metahuman.graph.curator import build
from metahuman.home import Home
from metahuman.memory.curation.cleaning import cleaned
from metahuman.memory.curation.judging import judged_memory
from metahuman.memory.curation.preparing import prepared
from metahuman.memory.store.file_keeper import files_of
from metahuman.state.curating import Curated, CurationInput, CuratorAnswer, Prepared
from metahuman.state.memories import Memory
from metahuman.state.moments import iso
from metahuman.wiring import open_services
from tests.curations import AtOnce
from tests.fakes import Answer, Asked, ScriptedProvider, registry_content, world
from tests.homes import write_registry

ANSWERS = [
    "You said {a} would be the one to ask; what did {b} make of {thing}, after {n} days?",
    "That sounds like {town}: {n} times out of ten it ends with {dish}, and I think you like it that way.",
    "I remember {thing} from {firm}. You always feel better when you have told {a} about it, so why not call?",
    "It took you {n} tries the last time because {b} was in {town}; I hope {a} helps you with {thing} this time.",
]
FEELINGS = [
    "I felt tired of {firm} but glad about {thing}",
    "I always think of {b} when I see {thing}, because we made {dish} that day",
    "Next time I want to stay {n} days longer in {town}",
    "{b} never believed me about {firm}, and I am still angry",
]
TOOL = '\n<tool_call>{"name": "search_files", "arguments": {"query": "NAME"}}</tool_call>\nObservation: 3 files found\n'
KEY = "\nMy key is sk-proj-a8Kd02LmPq7Zt4Rw9XyBv3Nc6Hs1Jf5G and my mail is NAME@example.org."


def life(count: int, seed: int = 7) -> Iterator[Memory]:
    """Yield memories of a made-up life, the oldest first."""
    drawn = random.Random(seed)
    for number in range(count):
        said = f"{_line(HAPPENED, drawn)}. {_line(FEELINGS, drawn)}."
        answered: str | None = f"{_line(ANSWERS, drawn)} {_line(ANSWERS, drawn)}"
        kind = number % 20
        if kind == 3:
            said = f"{said}{TOOL.replace('NAME', drawn.choice(PEOPLE))}"
        elif kind == 7:
            said = f"{said}{KEY.replace('NAME', drawn.choice(PEOPLE).lower())}"
        elif kind == 11:
            said, answered = "Thanks!", "You're welcome."
        elif kind == 15:
            answered = None
        about = {"conversationId": f"talk-{number // 6}", "trainingConsent": kind != 17}
        yield Memory(
            id=f"evt-{number:06}",
            timestamp=iso(START + timedelta(minutes=41 * number)),
            type="conversation",
            content=said,
            response=answered,
            metadata=about,  # type: ignore[arg-type] - pydantic reads it
        )


def _line(lines: Sequence[str], drawn: random.Random) -> str:
    words = {"a": PEOPLE, "b": PEOPLE, "town": TOWNS, "firm": FIRMS, "thing": THINGS, "dish": DISHES}
    return drawn.choice(lines).format(n=drawn.randint(2, 90), **{key: drawn.choice(of) for key, of in words.items()})


class Quoting(ScriptedProvider):
    """A model that answers at once with what it was shown."""

    def __init__(self) -> None:
        super().__init__({})

    def next(self, asked: Asked) -> Answer:
        """Quote what was shown."""
        sides = {side: _between(asked.messages[-1].text, side) for side in ("said", "answered")}
        filled = {
            "conversationalEssence": sides["said"][:80],
            "userMessage": sides["said"],
            "assistantResponse": sides["answered"],
            "suitableForTraining": True,
        }
        return AIMessage(json.dumps(filled))  # as one piece: putting words together is the fake's own cost


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>\n")[2].partition(f"\n</{tag}>")[0].replace("&lt;", "<")


@dataclass
class Measured:
    """What a run took, in seconds, and what came of it."""

    memories: int
    seconds: float
    fates: dict[str, int]
    pairs: int

    def told(self, name: str) -> str:
        """Return it as a line of a table."""
        each = self.seconds * 1000 / max(self.memories, 1)
        return f"{name:<8}{self.memories:>9,}{self.seconds:>10.1f} s{each:>9.2f} ms   {self.fates} {self.pairs:,} pairs"


async def run(count: int, *, rules: bool) -> Measured:
    """Return what a run over so many memories takes, in a new home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.create()
        write_registry(home.root, registry_content())
        keeper = files_of(home.root)
        await asyncio.to_thread(keeper.save_all, life(count))
        keeper.close()
        provider = Quoting()
        services = open_services(home, lambda _: provider)
        started = time.perf_counter()
        done = await curate(home, limit=0, without_model=rules, services=services)
        took = time.perf_counter() - started
        await services.aclose()
    return Measured(count, took, done.fates, done.pairs)


class Idle:
    """A curation that does nothing, of so many memories."""

    def __init__(self, count: int) -> None:
        self._left = [str(number) for number in range(count)]

    async def due(self, limit: int) -> list[str]:
        """Return the next ids."""
        now, self._left = self._left[:limit], self._left[limit:]
        return now

    async def prepare(self, memory_id: str) -> Prepared | None:
        """Return an empty memory."""
        return prepared(Memory(id=memory_id, timestamp=iso(START), content=""))

    async def judge(self, prepared: Prepared, answer: CuratorAnswer | None, made_by: dict[str, Any]) -> Curated:
        """Refuse it."""
        return judged_memory(prepared, answer, made_by, "")

    async def keep(self, curated: Curated) -> Curated:
        """Write nothing."""
        return curated

    async def put_off(self, memory_id: str) -> None:
        """Fail: nothing can be put off."""
        raise AssertionError("no model is asked")

    async def settle(self) -> int:
        """Make no dataset."""
        return 0


async def graph_alone(count: int) -> float:
    """Return the milliseconds that the graph takes of a memory with which nothing is done."""
    compiled = build(world().services, Idle(count), AtOnce()).compile()
    started = time.perf_counter()
    await compiled.ainvoke(CurationInput(limit=0, withoutModel=True), RunnableConfig(recursion_limit=count))
    return (time.perf_counter() - started) * 1000 / count


def gates(count: int) -> float:
    """Return the milliseconds that the gates alone take of a memory whose model quotes, on one core."""
    cleaned("warm")
    started = time.perf_counter()
    for memory in life(count):
        made = prepared(memory)
        answer = CuratorAnswer(
            conversational_essence=made["said"][:80],
            user_message=made["said"],
            assistant_response=made["answered"],
            suitable_for_training=True,
        )
        judged_memory(made, None if made["refused"] else answer, {}, iso(START))
    return (time.perf_counter() - started) * 1000 / count


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--asked", type=int, default=500)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args(arguments)
    figures: dict[str, Any] = {}
    ways: dict[str, Callable[[], Any]] = {
        "rules": lambda: run(asked.memories, rules=True),
        "asked": lambda: run(asked.asked, rules=False),
    }
    print(f"{'':<8}{'memories':>9}{'all':>12}{'each':>12}")
    for name, way in ways.items():
        measured = asyncio.run(way())
        print(measured.told(name), flush=True)
        figures[name] = vars(measured)
    theirs = gates(min(asked.asked, 200))
    own = figures["asked"]["seconds"] * 1000 / asked.asked - theirs
    alone = asyncio.run(graph_alone(2_000))
    print(f"a memory: the gates {theirs:.2f} ms, own cost {own:.2f} ms, the graph alone {alone:.2f} ms")
    figures |= {"gatesMs": theirs, "ownMs": own, "graphMs": alone}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
