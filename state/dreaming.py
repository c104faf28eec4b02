"""What dreams and reflections are made of: a chain of memories, each of which leads to the next."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from typing_extensions import TypedDict  # before Python 3.12, pydantic can only describe this one to Studio

from metahuman.state.parts import TurnCall

Inner = Literal["dream", "reflection"]


class Linked(TypedDict):
    """A memory of a chain: its id, when it was made, what it says, and `why` it came to mind after the one before."""

    id: str
    at: str
    text: str
    why: str


class Made(TypedDict):
    """What came of it: the words and the id of the memory they became; else "" and None, and why there are none."""

    kind: Inner
    text: str
    memory: str | None
    error: str | None


class DreamInput(TypedDict, total=False):
    """What starts a run: what is to be `wanted`, and `dryRun` to save nothing."""

    wanted: list[Inner]
    dryRun: bool


class DreamState(DreamInput, total=False):
    """All that a run knows: the `chain` of memories, and what was `made` of it."""

    chain: list[Linked]
    made: Annotated[list[Made], operator.add]
    calls: Annotated[list[TurnCall], operator.add]


class Dreaming(Protocol):
    """The memories that come to mind, and where dreams are kept. Blocking work is done in threads."""

    async def wander(self) -> list[Linked]:
        """Return a chain of memories, the first a recent one; [] where there are too few."""
        ...

    async def keep(self, kind: Inner, text: str, chain: Sequence[Linked], model: str) -> str:
        """Save a dream or a reflection as a memory with links to its sources, never trained on; return its id."""
        ...
