"""What a voice costs and what it is worth: whole cycles from memories to a proof, on voices that anybody may use.

    python benchmarks/voice.py --data DIR [--only socrates pepys] [--quick] [--json FILE]

socrates: what Socrates answers in Jowett's translation of Plato (`voice_socrates_dialogues`), as conversations.
pepys: the diary of Samuel Pepys (`voice_pepys_diary`), as entries of a journal, out of which the curator makes pairs.

Each: memories are brought in, curated by rules, built into a dataset of at most 400 pairs (the diary's, whose entries
are longer, of at most 300), and trained on, on top of the embedded model; the adapter is exported and proved. Both
sets are public domain (CC0 1.0), from Standard Ebooks: standardebooks/plato_dialogues_benjamin-jowett and
standardebooks/samuel-pepys_the-diary on GitHub. DIR has a folder of each. It needs the extra `train`, the embedded
model, and a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.parts import LeftOut, measure_all, measured

#: Where each set is, in the folder that is given.
SETS = {"socrates": "voice_socrates_dialogues/pairs.jsonl", "pepys": "voice_pepys_diary/entries.jsonl"}
#: How many pairs at most: as many as a cycle of twenty minutes has time for on two cores.
PAIRS = {"socrates": 400, "pepys": 300}
QUICK = ("--pairs", "60", "--samples", "12", "--epochs", "1")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the public sets")
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), metavar="VOICE")
    parser.add_argument(
        "--quick", action="store_true", help="few pairs, once: to see that it runs, not what it is worth"
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args(arguments)

    def measure(name: str) -> Any:
        path = asked.data.resolve() / SETS[name] if asked.data else None
        if path is None or not path.exists():
            raise LeftOut(f"it needs --data, with {SETS[name]} in it")
        wanted = QUICK if asked.quick else ("--pairs", str(PAIRS[name]))
        return measured("voice_run", [name, str(path), *wanted])

    measure_all(asked.only, measure, asked.json)


if __name__ == "__main__":
    main()
