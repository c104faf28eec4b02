"""Situations as numbers: the message, and what went before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from metahuman.routing.kernel import Array, Numbers
from metahuman.state.routing import Situation

#: How much each part of what went before counts, as chosen by cross-validation (see `kernel`).
TWIN, OWNER, TOOLS, SIGNS, EXPECTED = 0.2, 0.1, 0.1, 0.1, 0.3
#: Characters kept of the start and the end of an earlier message: what it leaves open stands at its end.
EARLIER = {"head": 60, "tail": 120}


class Encoder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """What it is called, so that vectors of another are not mistaken for its own."""
        ...

    def encode(self, texts: Sequence[str], *, head: int = 320, tail: int = 160) -> Array:
        """Return a unit vector for each text, (n, d); of long texts the middle is left out."""
        ...


class Encoded(NamedTuple):
    """Situations as the encoder sees them, before anything is learned: `(n, d)` each, zeros where there is nothing.

    Args:
        message: The messages.
        owner: What the owner said last before them.
        twin: What the twin said last before them.
        tools: What tools brought lately.
        signs: Whether something went before, the twin asked, tools ran, tasks are open, there is a focus: (n, 5).
    """

    message: Array
    owner: Array
    twin: Array
    tools: Array
    signs: Array

    def rows(self, chosen: Numbers) -> Encoded:
        """Return some of the situations."""
        return Encoded(*(part[chosen] for part in self))


def encode(situations: Sequence[Situation], encoder: Encoder) -> Encoded:
    """Return the situations as numbers."""
    message = encoder.encode([one.message for one in situations])
    wide = message.shape[1]
    owner = _sparse([_last(one, "owner") for one in situations], encoder, wide)
    twin = _sparse([_last(one, "twin") for one in situations], encoder, wide)
    tools = _sparse([" ".join(one.tools) for one in situations], encoder, wide)
    signs = np.array([_signs(one) for one in situations], np.float32).reshape(len(situations), 5)
    return Encoded(message, owner, twin, tools, signs)


def _sparse(texts: Sequence[str], encoder: Encoder, wide: int) -> Array:
    vectors = np.zeros((len(texts), wide), np.float32)
    if there := [number for number, text in enumerate(texts) if text.strip()]:
        vectors[there] = encoder.encode([texts[number] for number in there], **EARLIER)
    return vectors


def _last(situation: Situation, who: str) -> str:
    return next((text for speaker, text in reversed(situation.earlier) if speaker == who), "")


def _signs(situation: Situation) -> list[bool]:
    asked = _last(situation, "twin").rstrip().endswith(("?", "？", "؟"))  # noqa: RUF001
    return [bool(situation.earlier), asked, bool(situation.tools), bool(situation.active), bool(situation.focus)]
