"""What an import found: how much was taken, what was left, and why, with the first few places of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: Places that are named for each reason; the rest are counted.
EXAMPLES = 3


@dataclass
class Group:
    """Things that met the same fate.

    Args:
        count: How many they are.
        examples: Where the first few of them stand.
    """

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, place: str, count: int = 1) -> None:
        """Count `count` more, found at `place`."""
        self.count += count
        if place and len(self.examples) < EXAMPLES and place not in self.examples:
            self.examples.append(place)


@dataclass
class Report:
    """What became of an import.

    Args:
        format: What was read.
        read: How many things were looked at: conversations, entries, lines or files, as the format has them.
        taken: How many memories came of them.
        skipped: What was left out, by reason.
        notes: What the owner should know about memories that were taken, by matter.
        broken: Files and lines that could not be read, by problem.
    """

    format: str
    read: int = 0
    taken: int = 0
    skipped: dict[str, Group] = field(default_factory=dict)
    notes: dict[str, Group] = field(default_factory=dict)
    broken: dict[str, Group] = field(default_factory=dict)

    def skip(self, why: str, place: str, count: int = 1) -> None:
        """Tell that something was left out on purpose."""
        self.skipped.setdefault(why, Group()).add(place, count)

    def note(self, what: str, place: str) -> None:
        """Tell something about what was taken."""
        self.notes.setdefault(what, Group()).add(place)

    def fault(self, problem: str, place: str) -> None:
        """Tell that something could not be read."""
        self.broken.setdefault(problem, Group()).add(place)

    def lines(self) -> Iterator[str]:
        """Yield the report as lines for a person."""
        yield f"{self.taken:,} memories taken, {self.read:,} items read ({self.format})"
        for label, groups in (("skipped", self.skipped), ("note", self.notes), ("could not be read", self.broken)):
            for why, group in groups.items():
                more = ", …" if group.count > len(group.examples) else ""
                places = f" ({', '.join(group.examples)}{more})" if group.examples else ""
                yield f"{label}: {why}: {group.count:,}{places}"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        kinds = {"skipped": self.skipped, "notes": self.notes, "broken": self.broken}
        told = {
            kind: {why: {"count": group.count, "examples": group.examples} for why, group in groups.items()}
            for kind, groups in kinds.items()
        }
        return {"format": self.format, "read": self.read, "taken": self.taken, **told}
