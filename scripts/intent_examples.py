"""The routing examples as the orchestrator's model meets them: which are kept from it, and what it should answer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from metahuman.routing.examples import Example, read_examples

EXAMPLES = Path(__file__).parents[1] / "routing" / "examples"
#: One text in so many is never trained on.
HELD_OUT = 10


def all_examples(folder: Path = EXAMPLES) -> list[Example]:
    """Return every example, in the files' order."""
    return [example for file in sorted(folder.glob("*.jsonl")) for example in read_examples(file)]


def held_out(example: Example) -> bool:
    """Tell whether an example is for measuring only: its text decides, whatever others are added."""
    digest = hashlib.sha256(example.situation.message.strip().casefold().encode()).digest()
    return int.from_bytes(digest) % HELD_OUT == 0


def answer_to(example: Example) -> str:
    """Return the shortest legal answer: tasks have words of their own only where there are several."""
    whole = [{"destination": task["destination"], "task": task["task"]} for task in example.tasks]
    tasks = whole if len(whole) > 1 else [{"destination": example.label}]
    return json.dumps({"tasks": tasks}, separators=(",", ":"), ensure_ascii=False)
