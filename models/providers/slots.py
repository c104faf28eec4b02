"""The places in which an engine computes: what it read stays there, so that the next call need not read it again."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from typing import Any


@dataclass
class _Slot:
    number: int
    voice: Hashable = None
    messages: Sequence[Any] = ()
    used: int = 0
    busy: bool = False

    def shared(self, messages: Sequence[Any]) -> int:
        """Return how many characters of its messages a prompt of these messages begins with."""
        pairs = zip(self.messages, messages, strict=False)
        return _length([held for held, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)])


class Slots:
    """Which slot each call takes. What another voice has read is worth nothing: llama.cpp reads it all again.

    Left to itself, llama.cpp takes the slot with the most similar text, whoever spoke there, and throws away what it
    held: two voices in one talk would cost each other the whole prompt with every turn.

    Args:
        count: How many slots there are.
        at_once: How many calls are computed at the same time; more wait for their turn.
    """

    def __init__(self, count: int, at_once: int) -> None:
        self._slots = [_Slot(number) for number in range(count)]
        self._at_once, self._uses = at_once, 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, voice: Hashable, messages: Sequence[Any]) -> Iterator[int]:
        """Hold a slot for one call, waiting for it as long as it takes.

        Args:
            voice: Tells apart what must not be read by another: the adapters, and how strong they are.
            messages: The prompt.

        Yields:
            The slot's number.
        """
        with self._changed:
            self._changed.wait_for(lambda: sum(slot.busy for slot in self._slots) < self._at_once)
            slot = self._best(voice, messages)
            self._uses += 1
            slot.voice, slot.messages, slot.used, slot.busy = voice, messages, self._uses, True
        try:
            yield slot.number
        finally:
            with self._changed:
                slot.busy = False
                self._changed.notify()

    def _best(self, voice: Hashable, messages: Sequence[Any]) -> _Slot:
        """Return the slot to take: one with this talk, else one never used, else this voice's oldest, else the oldest.

        A slot has this talk if at least half of what it holds would be of use.
        """
        free = [slot for slot in self._slots if not slot.busy]
        own = [slot for slot in free if slot.used and slot.voice == voice]
        shared = {slot.number: slot.shared(messages) for slot in own}
        talks = [slot for slot in own if 0 < _length(slot.messages) <= 2 * shared[slot.number]]
        if talks:
            return max(talks, key=lambda slot: shared[slot.number])
        unused = [slot for slot in free if not slot.used]
        return min(unused or own or free, key=lambda slot: slot.used)


def _length(messages: Sequence[Any]) -> int:
    return sum(len(str(message)) for message in messages)
