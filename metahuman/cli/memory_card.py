"""A memory as a card for the terminal. What it says is text: never markup, never control."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from metahuman.cli.memory_lines import beginning, when
from metahuman.cli.text import plain
from metahuman.memory.hygiene.edits import facts_of, noise_of, note
from metahuman.memory.hygiene.facts import OWNER
from metahuman.state.memories import Memory

#: How the memories that go with this one are told.
_LABELS = {"supersedes": "replaces", "supersededBy": "replaced by"}


def card(memory: Memory, others: Mapping[str, Sequence[Memory]], file: str) -> Panel:
    """Return a memory with all that is known about it.

    Args:
        memory: The memory.
        others: Those that it replaced (`supersedes`), and the one that replaced it (`supersededBy`).
        file: Where it lies.
    """
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in [*_said(memory), *_known(memory)]:
        if text:
            table.add_row(label, Text(plain(text)))
    for kind, label in _LABELS.items():
        for other in others.get(kind, ()):
            table.add_row(label, Text.assemble((f"{plain(other.id)} ", "dim"), beginning(other)))
    return Panel(table, title=Text(plain(memory.id)), subtitle=Text(plain(file)))


def _said(memory: Memory) -> Iterator[tuple[str, str]]:
    yield "when", when(memory)
    yield "type", memory.type
    yield memory.metadata.speaker or "said", memory.content
    yield "answer", memory.response or ""


def _known(memory: Memory) -> Iterator[tuple[str, str]]:
    about = memory.metadata
    for fact, until in facts_of(memory):
        over = f", until {until[:10]}" if until else ", no longer" if fact.ended else ""
        whose = "" if fact.subject == OWNER else f"{fact.subject}: "
        yield "fact", f"{whose}{fact.attribute}: {fact.value}{over}"
    noise = noise_of(memory)
    yield "not recalled", f"{noise}; `metahuman memory edit ID --set metadata.noise=null` lets it be" if noise else ""
    yield "holds", _held(memory)
    yield "said", f"{about.seen} times, the last on {str(note(memory, 'lastSeen'))[:10]}" if about.seen > 1 else ""
    yield "tags", ", ".join(memory.tags)
    yield "entities", ", ".join(one if isinstance(one, str) else _short(one) for one in memory.entities)
    yield "links", ", ".join(one if isinstance(one, str) else _short(one) for one in memory.links)
    yield "thread", about.conversation_id or ""
    yield "from", about.source or ""
    yield "training", "" if about.training_consent else "no voice may be trained on it"


def _held(memory: Memory) -> str:
    """Return since and until when what it says held, where that is known."""
    since, until = memory.metadata.valid_from, memory.metadata.valid_until
    if memory.current:
        return f"since {since[:10]}" if since else ""
    return f"no longer, since {until[:10]}" if until else "no longer"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
