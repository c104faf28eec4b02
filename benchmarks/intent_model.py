"""How well the embedded model routes, with its adapter and without, on the examples that it was not trained on.

    python benchmarks/intent_model.py [--limit 100] [--zero-shot] [--examples FILE] [--adapter FILE]

Asked as in a turn: the same prompt, the schema as a grammar, the prompt's beginning still in the cache. Small talk
comes up more often than dreams, so beside the share of right answers stand its mean over destinations, and the mean F1.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from metahuman.home import Home
from metahuman.models.answers import reader, usable
from metahuman.models.providers import AnswerSchema, Wish
from metahuman.models.providers.local import PROVIDER
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.nodes.orchestrator import RouteAnswer, routing_prompt
from metahuman.routing.examples import Example, read_examples
from metahuman.state.errors import ModelError
from scripts.intent_examples import all_examples, held_out

MODEL = "embedded.orchestrator"
NOTHING = "nothing legal"


@dataclass(frozen=True)
class Outcome:
    """What became of one example: where it should go, where it goes, and the milliseconds that took."""

    wanted: tuple[str, ...]
    got: tuple[str, ...]
    ms: float

    @property
    def single(self) -> bool:
        """Whether it asks for one thing only."""
        return len(self.wanted) == 1


def resolved(**changes: Any) -> ResolvedModel:
    """Return the shipped orchestrator of last resort, with some fields of its entry changed."""
    home = Home(Path("/nowhere"))
    model = Registry.load(home.registry, home.root).resolve_model(
        "orchestrator", overrides={"modelId": MODEL, **changes}
    )
    assert model is not None
    return model


async def outcomes(model: ResolvedModel, examples: Sequence[Example]) -> list[Outcome]:
    """Ask a model to route each of `examples`."""
    schema = RouteAnswer.model_json_schema()
    answer = AnswerSchema("RouteAnswer", schema, reader(RouteAnswer, schema))
    served = await PROVIDER.prepare(model)
    client, call = PROVIDER.connect(model, served), PROVIDER.request(model, served, Wish(schema=answer))
    await client.ainvoke(routing_prompt(examples[0].situation), **call)  # loads it, and fills the cache
    found = []
    for example in examples:
        prompt = routing_prompt(example.situation)
        started = time.perf_counter()
        message = await client.ainvoke(prompt, **call)
        ms = (time.perf_counter() - started) * 1000
        try:
            tasks = answer.read(usable(message, answer)).tasks
            got = tuple(sorted({task.destination for task in tasks}))
        except ModelError:
            got = (NOTHING,)
        found.append(Outcome(tuple(sorted(example.destinations)), got, ms))
    return found


def scores(found: Sequence[Outcome]) -> Mapping[str, float]:
    """Return what is told of a model, shares from 0 to 1 and milliseconds."""
    single = [(one.wanted[0], one.got[0] if len(one.got) == 1 else "several") for one in found if one.single]
    several = [one.wanted == one.got for one in found if not one.single]
    wanted, got = Counter(want for want, _ in single), Counter(got for _, got in single)
    right = Counter(want for want, got in single if want == got)
    cuts = statistics.quantiles([one.ms for one in found], n=100)
    return {
        "right": right.total() / len(single),
        "by destination": statistics.mean(right[name] / wanted[name] for name in wanted),
        "macro-F1": statistics.mean(2 * right[name] / (wanted[name] + got[name]) for name in wanted),
        "several: all of them": statistics.mean(several) if several else float("nan"),
        "legal": statistics.mean(one.got != (NOTHING,) for one in found),
        "p50 ms": cuts[49],
        "p99 ms": cuts[98],
    }


def print_table(measured: Mapping[str, Sequence[Outcome]]) -> None:
    """Print a line for each model."""
    table = {name: scores(found) for name, found in measured.items()}
    columns = list(next(iter(table.values())))
    print(f"| SmolLM2-135M-Instruct | {' | '.join(columns)} |\n|---|{'---:|' * len(columns)}")
    for name, told in table.items():
        cells = (f"{value:.0f}" if column.endswith("ms") else f"{value:.3f}" for column, value in told.items())
        print(f"| {name} | {' | '.join(cells)} |")


def print_mistakes(found: Sequence[Outcome]) -> None:
    """Print which destinations are taken for which others, the commonest first."""
    wrong = Counter((one.wanted, one.got) for one in found if one.wanted != one.got)
    for (wanted, got), times in wrong.most_common(12):
        print(f"{times:4}  {' + '.join(wanted)} → {' + '.join(got)}")


def main() -> None:
    """Measure the adapter, and the base without it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="ask about only so many examples")
    parser.add_argument("--zero-shot", action="store_true", help="the bare base too, which takes seconds an answer")
    parser.add_argument("--examples", type=Path, help="another file of examples")
    parser.add_argument("--adapter", help="another adapter than the shipped one")
    options = parser.parse_args()
    whole = read_examples(options.examples) if options.examples else filter(held_out, all_examples())
    examples = list(whole)[: options.limit]
    changes = {"adapters": [str(Path(options.adapter).resolve())]} if options.adapter else {}
    measured = {"with its adapter": asyncio.run(outcomes(resolved(**changes), examples))}
    if options.zero_shot:
        measured["zero-shot"] = asyncio.run(outcomes(resolved(adapters=[]), examples))
    several = sum(len(one.tasks) > 1 for one in examples)
    print(f"\n{len(examples)} examples, of which {several} ask for several things\n")
    print_table(measured)
    print("\nmistakes with the adapter:")
    print_mistakes(measured["with its adapter"])


if __name__ == "__main__":
    main()
