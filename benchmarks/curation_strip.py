"""What is left of tool calls after stripping, and what is lost of what people said.

Run it with `python -m benchmarks.curation_strip FILE [--half even|odd] [--take 100]`; FILE holds trajectories in
OpenAI's message format, as tau-bench writes them.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.curation_formats import SEEN, UNSEEN, calls
from metahuman.memory.curation.stripping import strip

_WORD = re.compile(r"\w+")
#: What tool syntax looks like, whatever the tools are called.
_SYNTAX = (
    r'"\w+"\s*:',
    r"</?[a-z_]+[>=]",
    r"<[|\uff5c]",
    r"call_\w{10}",
    r"\b(?:Action|Observation|Tool|Thought)\b.{0,20}:",
)
#: Characters of a result whose beginning must not be left.
BEGINNING = 40


def residue(messages: list[dict[str, Any]], left: str, said: str) -> list[str]:
    """Return what is left of calls and results, but for what people said themselves."""
    wanted: list[str] = []
    for message in messages:
        wanted += [part for call in calls(message) for part in call if len(part) > 3]
        if message["role"] == "tool":
            content = message["content"] or ""
            wanted += [*re.findall(r'"[a-z_]+": ', content), content[:BEGINNING]]
    wanted += [part for pattern in _SYNTAX for part in re.findall(pattern, left)]
    return [part for part in wanted if len(part) > 3 and part in left and part not in said]


def measure(conversations: list[list[dict[str, Any]]], written: Callable[[list[Any]], str]) -> dict[str, float]:
    """Return shares of one format: documents with any residue, words kept, kept words among those left."""
    dirty = kept = had = left = 0
    begun = time.perf_counter()
    for messages in conversations:
        said = "\n".join(m["content"] for m in messages if m["role"] in ("user", "assistant") and m.get("content"))
        text = strip(written(messages)).text
        dirty += bool(residue(messages, text, said))
        mine, theirs = Counter(_WORD.findall(said.lower())), Counter(_WORD.findall(text.lower()))
        kept, had, left = kept + (mine & theirs).total(), had + mine.total(), left + theirs.total()
    took = (time.perf_counter() - begun) * 1000 / len(conversations)
    return {"residue": dirty / len(conversations), "kept": kept / had, "precision": kept / max(left, 1), "ms": took}


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--half", choices=["even", "odd"], default="even", help="which conversations, by their place")
    parser.add_argument("--take", type=int, help="so many of them")
    given = parser.parse_args()
    found = [each["traj"] for each in json.loads(given.file.read_text("utf-8"))]
    conversations = found[given.half == "odd" :: 2][: given.take]
    for group, formats in (("seen", SEEN), ("unseen", UNSEEN)):
        for name, written in formats.items():
            row = measure(conversations, written)
            print(f"{group:7}{name:16}" + "".join(f"  {key} {value:.4f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
