"""How fast memories are kept, indexed and searched, and what is left of them when their writers are killed.

    python benchmarks/memory_store.py [--sizes 10000 100000] [--json FILE] [--kills 200] [--each 1000]

The text is made up of the words of Python's own documentation, as often as they stand there, and of names that are as
rare as names are. Sizes of up to 100,000 are written as files and read back; larger ones go into the index at once.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from metahuman.memory.index import Stamp, Where
from metahuman.memory.recall.words import stems
from metahuman.memory.store.bulk import save_all
from metahuman.memory.store.documents import document_of
from metahuman.memory.store.keeping import Keeper
from metahuman.memory.store.syncing import reindex, sync
from metahuman.memory.store.verifying import verify
from metahuman.state.files import as_json
from metahuman.state.memories import SPOKEN_OF, Memory
from metahuman.state.moments import iso
from tests.keepers import a_memory, keeper_of

#: Beyond this, a size is measured without files: a million of them take gigabytes.
WITH_FILES = 100_000
#: Turns in a thread.
THREAD = 50
#: How often each thing is done that is timed.
TIMES = 200
ROOT = Path(__file__).resolve().parents[1]


class Text:
    """Texts whose words are as often, and as rare, as those of a language.

    Args:
        seed: Draws other texts.
        names: How many names there are, each of them rare.
    """

    def __init__(self, seed: int = 7, names: int = 60_000) -> None:
        self._drawn = random.Random(seed)
        counts = Counter(re.findall(r"[a-z]{2,}", " ".join(topics.values()).lower()))
        syllables = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
        drawn = random.Random(1)
        rare = {"".join(drawn.choices(syllables, k=4)): 0.4 / (1 + number / 500) for number in range(names)}
        self.words = [*counts, *rare]
        self._weights = list(accumulate([*map(float, counts.values()), *rare.values()]))
        # Questions ask for what is rare more often than it is said.
        self._asked = list(accumulate(weight**0.75 for weight in [*counts.values(), *rare.values()]))

    def said(self) -> str:
        """Return what somebody says: 6 to 30 words."""
        return " ".join(self._drawn.choices(self.words, cum_weights=self._weights, k=self._drawn.randint(6, 30)))

    def asked(self) -> list[str]:
        """Return the stems of a question of 8 words."""
        return stems(" ".join(self._drawn.choices(self.words, cum_weights=self._asked, k=8)))


def memories(count: int, seed: int = 7) -> Iterator[Memory]:
    """Yield a life's memories: threads of turns, a few minutes apart."""
    text, start = Text(seed), datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(count):
        yield a_memory(
            f"evt-{number:09}-{number * 7919 % 0xFFFFFF:06x}",
            text.said(),
            response=text.said(),
            timestamp=iso(start + timedelta(minutes=3 * number)),
            metadata={"conversationId": f"thread-{number // THREAD}"},
        )


def milliseconds(work: Callable[[Any], object], things: Iterable[Any]) -> dict[str, float]:
    """Return the median and the 99th percentile of how long each thing takes, in milliseconds of the clock."""
    took = []
    for thing in things:
        started = time.perf_counter()
        work(thing)
        took.append((time.perf_counter() - started) * 1000)
    took.sort()
    return {"p50": round(took[len(took) // 2], 2), "p99": round(took[int(len(took) * 0.99)], 2)}


def saving(home: Path) -> dict[str, Any]:
    """Return how long one save takes, and how many a second an import keeps; all of them are synced to the disk."""
    with keeper_of(home) as keeper:
        one = milliseconds(keeper.save, islice(memories(TIMES, seed=1), TIMES))
        started, many = time.perf_counter(), list(memories(2000, seed=2))
        save_all(keeper, many)
        return {"save ms": one, "imported/s": round(len(many) / (time.perf_counter() - started))}


def indexing(home: Path, size: int) -> dict[str, Any]:
    """Fill the index of a home with so many memories; return how fast that is, and how large it is."""
    with keeper_of(home) as keeper:
        if size > WITH_FILES:
            return _measured(keeper, size, *_put(keeper, size))
        text = _written(keeper, size)
        seconds = {}
        for name, work in {"reindex": reindex, "sync": sync, "verify": verify}.items():
            started = time.perf_counter(), time.process_time()
            work(keeper)
            seconds[name] = time.perf_counter() - started[0]
            seconds[f"{name}, of one core"] = time.process_time() - started[1]
        return _measured(keeper, size, text, seconds)


def _put(keeper: Keeper, size: int) -> tuple[int, dict[str, float]]:
    text, seconds, waiting = 0, {"put": 0.0, "put, of one core": 0.0}, memories(size)
    while batch := list(islice(waiting, 5000)):
        text += sum(len(memory.content) + len(memory.response or "") for memory in batch)
        started = time.perf_counter(), time.process_time()
        keeper.index.put(document_of(one, f"2020/{one.id}.json", Stamp(time.time_ns(), 700)) for one in batch)
        seconds["put"] += time.perf_counter() - started[0]
        seconds["put, of one core"] += time.process_time() - started[1]
    return text, seconds


def _written(keeper: Keeper, size: int) -> int:
    """Write the files without syncing each, as they would be in a home that was copied; return the text's bytes."""
    text = 0
    for memory in memories(size):
        path = keeper.files.folder / keeper.files.place({"id": memory.id, "timestamp": memory.timestamp})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_json(memory.as_json()))
        text += len(memory.content) + len(memory.response or "")
    return text


def _measured(keeper: Keeper, size: int, text: int, seconds: dict[str, float]) -> dict[str, Any]:
    keeper.index.close()
    bytes_kept = keeper.index.path.stat().st_size
    clock, core = list(seconds.values())[:2]
    return {
        "memories/s": round(size / clock),
        "memories/s of one core": round(size / core),
        "seconds": {name: round(one, 2) for name, one in seconds.items()},
        "index MB": round(bytes_kept / 1e6, 1),
        "index / text": round(bytes_kept / text, 2),
    }


def searching(home: Path) -> dict[str, Any]:
    """Return how long the questions of recall take, in milliseconds."""
    text = Text(seed=3)
    where = Where(types=SPOKEN_OF, not_thread="thread-3")
    questions = [text.asked() for _ in range(TIMES)]
    common = [text.said().split()[:6] for _ in range(TIMES)]
    with keeper_of(home) as keeper:
        index = keeper.index
        numbers = [[one.number for one in index.search(question, where, 60)] for question in questions]
        last = max(one.document.at for one in index.latest(Where(), 1))
        month = Where(types=SPOKEN_OF, since=last - 60 * 86400, until=last - 30 * 86400)
        return {
            "search ms": milliseconds(lambda question: index.search(question, where, 150), questions),
            "search, common words ms": milliseconds(lambda question: index.search(question, where, 150), common),
            "search in a month ms": milliseconds(lambda question: index.search(question, month, 150), questions),
            "neighbours of 60 ms": milliseconds(lambda found: index.around(found, 1), numbers),
            "latest 50 ms": milliseconds(lambda _: index.latest(where, 50), range(TIMES)),
        }


def surviving(home: Path, kills: int, each: int) -> dict[str, Any]:
    """Return what killed writers left, and what eight processes at once have kept."""
    command = [sys.executable, "-m", "tests.kills", str(home), str(kills), "8", str(each)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    seconds, files, documents = told["many"]
    many = {"expected": 8 * each, "files": files, "indexed": documents, "seconds": round(seconds, 1)}
    wrong = {what: len(told["kills"][what]) for what in ("lost", "half", "unlike")}
    return {
        "killed": {"kills": told["kills"]["kills"], "done before": told["kills"]["done"], **wrong},
        "8 processes": many,
    }


def printed(name: str, figures: dict[str, Any]) -> None:
    """Print figures under a name."""
    print(f"\n{name}")
    for what, value in figures.items():
        told = ", ".join(f"{key} {one:,}" for key, one in value.items()) if isinstance(value, dict) else f"{value:,}"
        print(f"  {what:<26} {told}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000], help="memories in the index")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--each", type=int, default=1000, help="memories that each of eight processes saves")
    asked, figures = parser.parse_args(arguments), dict[str, Any]()
    with tempfile.TemporaryDirectory() as folder:
        figures["saving"] = saving(Path(folder) / "saving")
        printed("saving", figures["saving"])
        for size in asked.sizes:
            home = Path(folder) / str(size)
            figures[str(size)] = indexing(home, size) | searching(home)
            printed(f"{size:,} memories", figures[str(size)])
        if asked.kills or asked.each:
            figures["surviving"] = surviving(Path(folder) / "kills", asked.kills, asked.each)
            printed("surviving", figures["surviving"])
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
