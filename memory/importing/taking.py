"""What the readers of all formats share: how a memory is made of what they found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from metahuman.memory.importing.parts import Part
from metahuman.memory.importing.report import Report
from metahuman.state.memories import Memory, Metadata
from metahuman.state.moments import iso


@dataclass(frozen=True)
class Taking:
    """One run of an import.

    Args:
        report: Told of everything that was left out.
        consent: Whether a voice may be trained on what is taken.
    """

    report: Report
    consent: bool

    def memory(self, memory_id: str, at: datetime, content: str, *, source: str, **more: Any) -> Memory:
        """Return a memory.

        Args:
            memory_id: Its id, which must be the same at every import.
            at: When it was made.
            content: What the owner said.
            source: Where in the import it stood.
            **more: Further fields of the memory; of its `metadata`, a dict.
        """
        told = {
            "source": source,
            "trainingConsent": self.consent,
            "sourceDigest": digest(content, more.get("response")),
        }
        metadata = Metadata.model_validate(told | more.pop("metadata", {}))
        return Memory(id=memory_id, timestamp=iso(at), content=content, metadata=metadata, **more)


class Reader(Protocol):
    """Reads one format."""

    def wants(self, name: str) -> bool:
        """Tell whether a file of this name holds memories."""
        ...

    def aside(self, name: str) -> str:
        """Return why a file that is not wanted is left out; "" where that is not worth a word."""
        ...

    def read(self, part: Part, taking: Taking) -> Iterator[Memory]:
        """Yield the memories of a file."""
        ...


def digest(content: str, response: str | None) -> str:
    """Return a short mark of what a memory says."""
    said = f"{content}\0{response or ''}".encode(errors="replace")
    return hashlib.sha256(said).hexdigest()[:16]


def grown(found: Memory, kept: Memory) -> bool:
    """Tell whether the source now says more or other than what is kept of it, which nobody has edited since.

    Args:
        found: The memory as it is in the import.
        kept: The memory of the same id in the home.
    """
    mark = (kept.metadata.model_extra or {}).get("sourceDigest")
    return mark == digest(kept.content, kept.response) != digest(found.content, found.response)
