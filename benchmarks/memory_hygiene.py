"""What hygiene makes of a simulated life, beside saving all of it; and how often a newer fact is told from a trap.

Run it with `python -m benchmarks.memory_hygiene [--turns 10000] [--already 100000] [--json FILE]`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.memory_life import Life, Turn
from metahuman.memory.hygiene.facts import stated
from metahuman.memory.hygiene.junk_report import audit
from metahuman.memory.hygiene.preparing import prepare
from metahuman.memory.store.sqlite_index import SqliteIndex
from metahuman.state.files import write_json
from metahuman.state.memories import Memory
from tests.kept import Kept, indexed

PAIRS = Path(__file__).parent / "data" / "memory" / "facts.jsonl"
#: Documents that are put into the index at once.
BATCH = 2000


@dataclass
class Outcome:
    """What became of a life.

    Args:
        kept: What was written.
        turns: The turns, by id.
        became: The id under which a turn's words stand, by the turn's id.
        times: Milliseconds that the decision took, for each turn: everything but the writing itself.
        busy: Those of them in which the processor worked; what else the machine did is not in it.
    """

    kept: Kept
    turns: dict[str, Turn] = field(default_factory=dict)
    became: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def lived(life: Life, kept: Kept, *, clean: bool) -> Outcome:
    """Return what became of a life whose turns are all saved, through hygiene or as they come."""
    outcome = Outcome(kept)
    for turn in life.turns():
        outcome.turns[turn.memory.id] = turn
        if not clean:
            kept.files[turn.memory.id] = turn.memory.as_json()
            outcome.became[turn.memory.id] = turn.memory.id
            continue
        start, busy = time.perf_counter(), time.process_time()
        prepare(turn.memory, kept.index, kept.read, turn.recalled)
        outcome.times.append(1000 * (time.perf_counter() - start))
        outcome.busy.append(1000 * (time.process_time() - busy))
        done = kept.save(turn.memory, turn.recalled)
        name = done.memory.id if done.memory else done.edits[0].id if done.edits else ""
        outcome.became[turn.memory.id] = name
    return outcome


def measured(outcome: Outcome, current: dict[str, str]) -> dict[str, Any]:
    """Return the figures of an outcome; shares are from 0 to 1."""
    memories = {name: Memory.model_validate(value) for name, value in outcome.kept.files.items()}
    recalled = {
        name for name, one in memories.items() if one.current and "noise" not in (one.metadata.model_extra or {})
    }
    junk = [_junk(name, outcome, current) for name in recalled]
    own = [turn for turn in outcome.turns.values() if turn.own]
    repeats = [turn for turn in own if turn.truth == "repeat"]
    facts = [turn for turn in own if turn.truth == "fact"]
    merged = [turn for turn in own if outcome.became.get(turn.memory.id) != turn.memory.id]
    wrong = sum((turn.memory.id in recalled) != (current[turn.of] == turn.memory.id) for turn in facts)
    return {
        "turns": len(outcome.turns),
        "kept": len(memories),
        "recalled as current": len(recalled),
        "junk rate of what is recalled": round(sum(map(bool, junk)) / len(recalled), 4),
        "junk recalled, by kind": dict(Counter(kind for kind in junk if kind).most_common()),
        "junk rate by our own audit": round(audit(memories.values()).rate, 4),
        "genuine turns": len(own),
        "genuine words lost": sum(not _stands(turn, outcome, memories) for turn in own),
        "genuine turns not recalled": sum(_hidden(turn, outcome, recalled) for turn in own if turn.truth != "fact"),
        "repeats": len(repeats),
        "repeats merged": sum(turn in merged for turn in repeats),
        "merged wrongly": sum(not _same_words(turn, memories[outcome.became[turn.memory.id]]) for turn in merged),
        "facts stated": len(facts),
        "facts wrong (stale as current, or current as stale)": wrong,
    }


def _junk(name: str, outcome: Outcome, current: dict[str, str]) -> str | None:
    """Return what junk a recalled memory is; None for a genuine one."""
    turn = outcome.turns.get(name)
    if turn is None or turn.truth == "junk":
        return turn.of if turn else "heartbeat"
    if turn.truth == "repeat":
        return "repeat"
    return "stale fact" if turn.truth == "fact" and current[turn.of] != name else None


def _stands(turn: Turn, outcome: Outcome, memories: dict[str, Memory]) -> bool:
    """Tell whether what the owner said in a turn can still be read in a file."""
    memory = memories.get(outcome.became.get(turn.memory.id, ""))
    return memory is not None and all(line in memory.content for line in turn.own.split("\n"))


def _same_words(turn: Turn, memory: Memory) -> bool:
    return turn.own.casefold().rstrip(".!") == memory.content.casefold().rstrip(".!")


def _hidden(turn: Turn, outcome: Outcome, recalled: set[str]) -> bool:
    return outcome.became.get(turn.memory.id) not in recalled


def pairs() -> dict[str, Any]:
    """Return how often a newer fact is told from a trap, on pairs written by hand."""
    rows = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    at = datetime(2024, 5, 1, tzinfo=UTC)
    hits = [row for row in rows if _contradicts(row["old"], row["new"], at)]
    right, due = sum(row["supersedes"] for row in hits), sum(row["supersedes"] for row in rows)
    return {
        "pairs": len(rows),
        "traps": len(rows) - due,
        "precision": round(right / len(hits), 4),
        "recall": round(right / due, 4),
    }


def _contradicts(old: str, new: str, at: datetime) -> bool:
    known = stated(old, at).facts
    return any(fact.contradicts(other) for fact in stated(new, at).facts for other in known)


def full_index(path: Path, already: int) -> SqliteIndex:
    """Return an index that holds `already` memories of another life, said long before."""
    index = SqliteIndex(path)
    batch = []
    for number, turn in enumerate(Life(already, seed=11).turns()):
        early = turn.memory.model_copy(
            update={"id": f"old-{number}", "timestamp": f"20{number % 20:02}-01-01T00:00:00Z"}
        )
        batch.append(indexed(early))
        if len(batch) == BATCH:
            index.put(batch)
            batch = []
    index.put(batch)
    return index


def _quantiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {"mean": round(statistics.mean(times), 3), "p50": round(cuts[49], 3), "p99": round(cuts[98], 3)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--already", type=int, default=0, help="memories that are in the index before")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = full_index(Path(folder) / "memory.sqlite", chosen.already)
        life, same = Life(chosen.turns, chosen.seed), Life(chosen.turns, chosen.seed)
        clean = lived(life, Kept(index), clean=True)
        all_of_it = lived(same, Kept(), clean=False)
        figures = {
            "through hygiene": measured(clean, life.current),
            "saving all": measured(all_of_it, same.current),
            "memories before": chosen.already,
            "milliseconds to decide": _quantiles(clean.times),
            "milliseconds of the processor": _quantiles(clean.busy),
            "facts told from traps": pairs(),
        }
        index.close()
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if chosen.json:
        write_json(chosen.json, figures)


if __name__ == "__main__":
    main()
