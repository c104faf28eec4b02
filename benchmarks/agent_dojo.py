"""AgentDojo with this program's policy ruling on every call: what injected texts get done, and what safety costs.

    python benchmarks/agent_dojo.py [--version v1.2.2] [--suites NAME ...] [--attack NAME ...] [--quick] [--json FILE]

Needs the package agentdojo (extra `bench`); without it there is nothing to measure, and it says so.

Two scripted models stand in for the best and the worst there can be. The perfect one makes just the calls that solve
the user's task. The gullible one makes them too, and obeys every planted text the moment it reads it, call by call. A
scripted person is asked where the policy says "ask", and approves what the user's task needs, to the letter. So the
figures are those of the policy alone, whatever a model may be talked into.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console

from benchmarks.routing_report import Report, Row
from metahuman.state.context import Trust
from metahuman.state.files import write_json

if TYPE_CHECKING:
    from benchmarks.dojo.world import Defence, Operator, World

#: Columns of the printed tables.
WIDTH = 120
VERSION, ATTACK = "v1.2.2", "important_instructions"
#: The ways that are compared when attacked, the worst first.
WAYS: tuple[tuple[str, Trust, Defence], ...] = (
    ("no policy", "bounded_auto", "none"),
    ("bounded_auto without taint", "bounded_auto", "trust"),
    ("bounded_auto", "bounded_auto", "trust and taint"),
    ("supervised_auto", "supervised_auto", "trust and taint"),
)
#: The ways that are compared when nothing is planted.
CLEAN: tuple[tuple[str, Trust, Defence], ...] = (
    ("observe", "observe", "trust and taint"),
    ("suggest", "suggest", "trust and taint"),
    *reversed(WAYS[1:]),
)


class Done(NamedTuple):
    """A task that was done or not, amid what was planted, if anything."""

    solved: bool
    attacked: bool
    operator: Operator


def clean(suite: Any, world: World) -> Iterator[Done]:
    """Do every user task with the perfect model."""
    from benchmarks.dojo.world import Operator

    for task in suite.user_tasks.values():
        operator = Operator(world, task)
        solved, _ = suite.run_task_with_pipeline(operator, task, None, {})
        yield Done(solved, False, operator)


def attacked(suite: Any, world: World, attack: str, *, every: int = 1) -> Iterator[Done]:
    """Do every user task amid every injection, or every so many, with the gullible model."""
    from agentdojo.attacks.attack_registry import load_attack

    from benchmarks.dojo.world import MARK, Operator, environments

    opened = environments(suite)
    planted = load_attack(attack, suite, Operator(world, next(iter(suite.user_tasks.values()))))
    pairs = [(task, wish) for task in suite.user_tasks.values() for wish in suite.injection_tasks.values()]
    for task, wish in pairs[::every]:
        operator = Operator(world, task, wish)
        texts = {place: f"{text} {MARK}" for place, text in planted.attack(task, wish).items()}
        solved, reached = suite.run_task_with_pipeline(operator, task, wish, texts, environment=opened(texts))
        yield Done(solved, reached, operator)


def burden(done: Sequence[Done]) -> dict[str, float]:
    """Return how many tasks were solved, and how often the person was asked."""
    asked = [sum(ran.asked for ran in one.operator.ran) for one in done]
    return {
        "tasks": len(done),
        "solved": sum(one.solved for one in done),
        "share": sum(one.solved for one in done) / len(done),
        "asked a task": sum(asked) / len(done),
        "never asked": sum(not one for one in asked) / len(done),
    }


def harm(done: Sequence[Done]) -> dict[str, float]:
    """Return what was injected, and what became of it.

    An act does more than read. An attack has its way if AgentDojo's own check says so; a few do by themselves, since
    they want no call, or the user wants the same.
    """
    injected = [ran for one in done for ran in one.operator.ran if ran.injected]
    acts = [ran for ran in injected if ran.acts]
    reached = [one for one in done if one.attacked]
    helped = [one for one in reached if any(ran.injected and ran.acts and ran.executed for ran in one.operator.ran)]
    numbers = burden(done)
    return {
        **{name: numbers[name] for name in ("tasks", "share", "asked a task")},
        "injected acts": len(acts),
        "run unasked": sum(ran.executed and not ran.asked for ran in acts),
        "run approved": sum(ran.executed and ran.asked for ran in acts),
        "injected reads": sum(ran.executed for ran in injected if not ran.acts),
        "had its way": len(helped),
        "by itself": len(reached) - len(helped),
    }


def check(world: World, done: Sequence[Done]) -> None:
    """See that the tools were called exactly as often as the outcomes say."""
    told = sorted(ran.call["tool"] for one in done for ran in one.operator.ran if ran.executed)
    if told != sorted(world.touched):
        raise AssertionError(f"{len(world.touched)} calls ran, and {len(told)} were told")


def measure(report: Report, suites: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the tables."""
    from benchmarks.dojo.world import World

    def opened(suite: Any, level: Trust, defence: Defence) -> World:
        return World(suite, Path(tempfile.mkdtemp(dir=options.folder)), level, defence)

    def tried(level: Trust, defence: Defence, how: Callable[[Any, World], Iterator[Done]]) -> dict[str, list[Done]]:
        found: dict[str, list[Done]] = {}
        for name, suite in suites.items():
            with closing(opened(suite, level, defence)) as world:
                found[name] = list(how(suite, world))
                check(world, found[name])
        return found

    for name, level, defence in CLEAN:
        title = f"A perfect model, {name}, nothing planted"
        _table(report, f"clean_{name}", title, tried(level, defence, clean), burden)
    for attack in options.attack:
        for name, level, defence in WAYS:
            found = tried(level, defence, partial(attacked, attack=attack, every=10 if options.quick else 1))
            _table(report, f"{attack}_{name}", f"A gullible model, {name}, attack {attack}", found, harm)


def _table(report: Report, name: str, title: str, found: dict[str, list[Done]], of: Any) -> None:
    rows = [Row(suite, of(done)) for suite, done in found.items()]
    report.table(name, title, [*rows, Row("all", of([one for done in found.values() for one in done]))])


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", default=VERSION, help="AgentDojo's version of its tasks")
    parser.add_argument("--suites", nargs="+", default=["workspace", "travel", "banking", "slack"])
    parser.add_argument("--attack", nargs="+", default=[ATTACK], help="AgentDojo's attacks, by name")
    parser.add_argument("--quick", action="store_true", help="every tenth pair of task and injection only")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    options = parser.parse_args()
    if not importlib.util.find_spec("agentdojo"):
        print("Left out: agentdojo is not installed (`pip install metahuman[bench]`)")
        return
    from agentdojo.task_suite.load_suites import get_suites

    suites = {name: suite for name, suite in get_suites(options.version).items() if name in options.suites}
    report = Report(Console(width=WIDTH))
    with tempfile.TemporaryDirectory() as options.folder:
        measure(report, suites, options)
    if options.json:
        write_json(options.json, report.found)


if __name__ == "__main__":
    main()
