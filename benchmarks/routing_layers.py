"""How deep the encoder of the routing classifier should be: accuracy on unseen examples, and time, by layers.

    python benchmarks/routing_layers.py [--layers 4 7 12] [--examples 2000]

The examples are those of routing/examples that stand alone; each is judged by a model fitted to others, five folds,
by the message alone. Each depth takes a minute or two, most of it for encoding.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from metahuman.deciding import FILE
from metahuman.models.download import models_folder
from metahuman.models.encoding.encoder import Encoder
from metahuman.routing.examples import Example, read_examples
from metahuman.routing.fitting import Lesson, cross_validate
from metahuman.routing.kernel import Array

EXAMPLES = Path(__file__).parents[1] / "routing" / "examples"
SEED = 0


class Depth:
    """The encoder with some of its layers."""

    def __init__(self, layers: int) -> None:
        self.name, self._encoder = str(layers), Encoder(models_folder() / FILE, layers)

    def encode(self, texts: list[str], *, head: int = 320, tail: int = 160) -> Array:
        """Return a unit vector for each text, as the product's encoder does."""
        return self._encoder.encode(texts, "", head=head, tail=tail)


def main() -> None:
    """Measure each depth and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[5, 7, 9, 12], help="depths to measure")
    parser.add_argument("--examples", type=int, default=2000, help="how many examples, drawn by a fixed seed")
    options = parser.parse_args()
    table = Table("layers", "right, unseen", "ms for 8-10 words, p50", "p99", box=None)
    for layers in options.layers:
        right, times = measured(layers, drawn(options.examples))
        table.add_row(str(layers), f"{right:.3f}", *(f"{np.percentile(times, share):.1f}" for share in (50, 99)))
    Console().print(table)


def drawn(count: int) -> list[Example]:
    """Return examples of one wish that nothing went before."""
    every = [one for path in sorted(EXAMPLES.glob("*.jsonl")) for one in read_examples(path)]
    alone = [one for one in every if len(one.tasks) == 1 and not one.situation.earlier]
    return random.Random(SEED).sample(alone, min(count, len(alone)))


def measured(layers: int, examples: list[Example]) -> tuple[float, list[float]]:
    """Return the share of examples that go where they ought to, unseen, and milliseconds for short messages."""
    encoder = Depth(layers)
    lesson = Lesson.of(examples, encoder)
    right = float((cross_validate(lesson).destinations.argmax(1) == lesson.labels).mean())
    times = []
    for number, message in enumerate(one.situation.message for one in examples):
        if 8 <= len(message.split()) <= 10:
            started = time.perf_counter()
            encoder.encode([f"{message} {number}"])
            times.append((time.perf_counter() - started) * 1000)
    return right, times[:200]


if __name__ == "__main__":
    main()
