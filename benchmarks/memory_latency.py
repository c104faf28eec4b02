"""How long recall takes among many memories: each question is asked for the first time, as a person asks it."""

from __future__ import annotations

import statistics
import time
from contextlib import closing
from pathlib import Path

from benchmarks.memory_sets import Life
from metahuman.memory.index import Document
from metahuman.memory.recall.recaller import Recaller, Wanted
from metahuman.memory.store.sqlite_index import SqliteIndex

#: Every so many questions, one is asked.
EVERY = 5


def latency(folder: Path, lives: list[Life], size: int) -> dict[str, dict[str, float]]:
    """Return how long recall takes, in milliseconds of the clock and of one core; print it in a line.

    The memories are those of the conversations over and over, each copy at another time.

    Args:
        folder: Where the index is made.
        lives: The conversations.
        size: How many memories there are.
    """
    turns = [turn.document for life in lives for turn in life.turns]
    questions = [(question.text, life.now) for life in lives for question in life.questions][::EVERY]
    with closing(SqliteIndex(folder / f"latency-{size}.sqlite")) as index:
        index.put(_copy(turns[number % len(turns)], number // len(turns)) for number in range(size))
        index.compact()
        recaller, clock, core = Recaller(index), list[float](), list[float]()
        for text, now in questions:
            began = time.perf_counter(), time.thread_time()
            recaller.find(Wanted(text, now))
            clock.append((time.perf_counter() - began[0]) * 1000)
            core.append((time.thread_time() - began[1]) * 1000)
    took = {"ms": _cuts(clock), "ms of one core": _cuts(core)}
    told = "; ".join(f"{cuts['p50']} {unit} p50, {cuts['p99']} p99" for unit, cuts in took.items())
    print(f"{size:,} memories: {told}; {len(questions)} questions", flush=True)
    return took


def _cuts(took: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(took, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def _copy(document: Document, times: int) -> Document:
    marks = {"id": f"{document.thread}.{document.id}.{times}", "thread": f"{document.thread}.{times}"}
    return document._replace(**marks, at=document.at - times * 3600)
