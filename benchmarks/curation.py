"""All that is measured of curation and digest, one after the other, each in a process of its own.

    python benchmarks/curation.py [--data DIR] [--only strip pii run digest ...] [--quick] [--json FILE]

strip: what is left of tool calls after stripping, and what is lost of what people said, in every format.
pii: how well secrets and personal data are found.
run: memories curated without a model, and what the graph itself costs for each.
digest: how many of the topics of meetings are among the themes that are found without a model.

DIR has the public sets, a folder each: tau-bench's trajectories (`tool_transcripts_dev`), detect-secrets' test lines
(`secrets_mini`), presidio-research's sentences (`presidio_synth`) and QMSum (`themes_qmsum`). What needs one that is
not there is left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.parts import LeftOut, measure_all, measured


class Part(NamedTuple):
    """A benchmark: its module, what it is told, and what more in short.

    Args:
        module: Its module.
        told: What it is told; a name in braces stands for a file or folder of the public sets.
        quick: What it is told besides, in short.
        figures: Whether it can write its figures to a file.
    """

    module: str
    told: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    figures: bool = True


#: Where the public sets are, in the folder that is given.
SETS = {
    "transcripts": "tool_transcripts_dev/tau_airline_gpt4o.json",
    "secrets": "secrets_mini/items.jsonl",
    "personal": "presidio_synth/items.jsonl",
    "themes": "themes_qmsum",
}
PARTS = {
    "strip": Part("curation_strip", ("{transcripts}",), ("--take", "20"), figures=False),
    "strip, odd half": Part("curation_strip", ("{transcripts}", "--half", "odd"), ("--take", "20"), figures=False),
    "pii": Part("curation_pii", ("--secrets", "{secrets}", "--personal", "{personal}", "--names")),
    "run": Part("curation_run", (), ("--memories", "500", "--asked", "50")),
    "digest": Part("digest", ("--data", "{themes}")),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the public sets")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args(arguments)
    sets = {name: asked.data.resolve() / place for name, place in SETS.items()} if asked.data else {}

    def measure(name: str) -> Any:
        part = PARTS[name]
        told = told_of(part, sets, quick=asked.quick)
        if told is None:
            raise LeftOut("it needs --data, with the public sets in it")
        return measured(part.module, told, figures=part.figures)

    measure_all(asked.only, measure, asked.json)


def told_of(part: Part, sets: Mapping[str, Path], *, quick: bool) -> list[str] | None:
    """Return what a benchmark is told; None if a set that it needs is not there.

    Args:
        part: The benchmark.
        sets: Where each public set is.
        quick: Whether it is to be short.
    """
    told = []
    for word in (*part.told, *(part.quick if quick else ())):
        place = sets.get(word.strip("{}")) if word.startswith("{") else None
        if word.startswith("{") and not (place and place.exists()):
            return None
        told.append(str(place or word))
    return told


if __name__ == "__main__":
    main()
