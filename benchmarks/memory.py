"""All that is measured of memory, one after the other, each in a process of its own.

    python benchmarks/memory.py [--data DIR] [--only recall store ...] [--quick] [--json FILE]

recall: how well it finds what answers a question, and how long that takes; on public sets, which DIR has to hold. With
    `--meaning` there is a row with the embedder too, and one of mem0 where that is installed.
store: saving, indexing, searching, and what killed writers leave.
hygiene: what is kept of a simulated life, and how much of it is junk.
threads: what a turn costs on a thread of 10,000 turns.

`--quick` makes each as small as still tells something: minutes instead of an hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.parts import LeftOut, measure_all, measured


class Part(NamedTuple):
    """A benchmark: its module, and what it is told at full length and in short."""

    module: str
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


PARTS = {
    "recall": Part("memory_recall", ("--latency", "10000", "100000", "1000000"), ("--latency", "10000")),
    "store": Part(
        "memory_store",
        ("--sizes", "10000", "100000", "1000000"),
        ("--sizes", "10000", "--kills", "10", "--each", "50"),
    ),
    "hygiene": Part("memory_hygiene", (), ("--turns", "1000")),
    "threads": Part("threads", ("--turns", "10000"), ("--turns", "400")),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the public sets; without them, recall is left out")
    parser.add_argument("--meaning", type=Path, help="the embedded encoder's file, for rows with it and of mem0")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args(arguments)

    def measure(name: str) -> Any:
        if name == "recall" and not asked.data:
            raise LeftOut("it needs --data, see benchmarks/memory_recall.py")
        return measured(PARTS[name].module, _told(name, asked))

    measure_all(asked.only, measure, asked.json)


def _told(name: str, asked: argparse.Namespace) -> list[str]:
    told = list(PARTS[name].quick if asked.quick else PARTS[name].full)
    if name == "recall":
        told += ["--data", str(asked.data.resolve())]
        told += ["--meaning", str(asked.meaning.resolve())] if asked.meaning else []
    return told


if __name__ == "__main__":
    main()
