"""How much of what is remembered is junk: `metahuman memory audit`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from metahuman.memory.hygiene.duplicates import holds
from metahuman.memory.hygiene.edits import facts_of, noise_of, note, response_of
from metahuman.memory.hygiene.facts import Fact, stated
from metahuman.memory.hygiene.preparing import judge
from metahuman.memory.hygiene.superseding import states_facts
from metahuman.memory.hygiene.wording import weighty
from metahuman.state.memories import Memory

#: Memories named for each kind of junk.
EXAMPLES = 5
_MEANING = {
    "empty": "say nothing",
    "small talk": "greetings, thanks and nods",
    "heartbeat": "signs of life and timed jobs",
    "system prompt": "what a program told a model",
    "tool output": "what a tool printed",
    "recalled": "older memories, saved again",
    "duplicate": "say again, word for word, what another says",
    "out of date": "state what a later memory contradicts, yet count as current",
}


@dataclass
class Count:
    """How many memories are of a kind, and the first few of them by id."""

    memories: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, memory_id: str) -> None:
        """Count one more."""
        self.memories += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(memory_id)


class Row(NamedTuple):
    """A line of the report for a person: the kind, how many, their share of what is recalled, and some ids."""

    kind: str
    memories: int
    share: float
    meaning: str
    examples: list[str]


@dataclass
class JunkReport:
    """What an audit found.

    Args:
        total: All memories looked at.
        recalled: Those that recall may bring up as current.
        junk: Among those, by kind, the ones that hygiene would not have let in.
        flagged: Kept with a flag, never recalled, by kind.
        superseded: Whose fact another has replaced; kept, not current.
        merged: How many times something was said again and counted instead of kept.
        shortened: From how many a paste was cut.
    """

    total: int = 0
    recalled: int = 0
    junk: dict[str, Count] = field(default_factory=dict)
    flagged: dict[str, Count] = field(default_factory=dict)
    superseded: Count = field(default_factory=Count)
    merged: int = 0
    shortened: int = 0

    @property
    def rate(self) -> float:
        """The share of junk in what is recalled, from 0 to 1."""
        return sum(each.memories for each in self.junk.values()) / self.recalled if self.recalled else 0.0

    def rows(self) -> list[Row]:
        """Return a line for each kind of junk that is recalled, the commonest first."""
        found = sorted(self.junk.items(), key=lambda item: -item[1].memories)
        return [
            Row(kind, each.memories, each.memories / self.recalled, _MEANING.get(kind, kind), each.examples)
            for kind, each in found
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values; shares are from 0 to 1."""
        kinds = {name: {"memories": one.memories, "examples": one.examples} for name, one in sorted(self.junk.items())}
        flagged = {name: one.memories for name, one in sorted(self.flagged.items())}
        return {
            "memories": self.total,
            "recalled": self.recalled,
            "junkRate": round(self.rate, 6),
            "junk": kinds,
            "flagged": flagged,
            "superseded": self.superseded.memories,
            "merged": self.merged,
            "shortened": self.shortened,
        }


class Auditor:
    """Counts junk in a stream of memories; it keeps a few bytes of each, so that a long life fits."""

    def __init__(self) -> None:
        self.report = JunkReport()
        self._said: dict[bytes, str] = {}
        self._latest: dict[str, tuple[float, str, Fact]] = {}
        self._stale: set[str] = set()

    def take(self, memory: Memory) -> None:
        """Look at one memory."""
        report = self.report
        report.total += 1
        report.merged += max(memory.metadata.seen - 1, 0)
        report.shortened += bool(note(memory, "cut"))
        noise = noise_of(memory)
        if noise:
            report.flagged.setdefault(noise, Count()).add(memory.id)
        elif not memory.current:
            report.superseded.add(memory.id)
        else:
            report.recalled += 1
            kind = self._kind(memory)
            if kind:
                report.junk.setdefault(kind, Count()).add(memory.id)
            else:
                self._compare(memory)

    def _kind(self, memory: Memory) -> str | None:
        """Return what kind of junk a memory is that recall may bring up; None for one that is not."""
        verdict = judge(memory.model_copy(update={"response": response_of(memory)}))
        return verdict.reason or self._duplicate(memory)

    def _duplicate(self, memory: Memory) -> str | None:
        said = weighty(memory.content)
        if len(said) < 2 or not holds(memory.content):
            return None
        key = hashlib.blake2b(" ".join([memory.type, memory.metadata.speaker or "", *said]).encode(), digest_size=12)
        return "duplicate" if self._said.setdefault(key.digest(), memory.id) != memory.id else None

    def _compare(self, memory: Memory) -> None:
        """Count whichever is older of two memories that contradict each other, though both count as current."""
        facts = [fact for fact, until in facts_of(memory) if not until]
        if not facts and states_facts(memory):
            facts = list(stated(memory.content, memory.at).facts)
        for fact in facts:
            mine = (memory.at.timestamp(), memory.id, fact)
            other = self._latest.setdefault(fact.sign, mine)
            older, newer = sorted((mine, other), key=lambda one: one[0])
            self._latest[fact.sign] = newer
            if older[2].contradicts(newer[2]) and older[1] not in self._stale:
                self._stale.add(older[1])
                self.report.junk.setdefault("out of date", Count()).add(older[1])


def audit(memories: Iterable[Memory]) -> JunkReport:
    """Return how much junk there is in a stream of memories, which may come in any order."""
    auditor = Auditor()
    for memory in memories:
        auditor.take(memory)
    return auditor.report
