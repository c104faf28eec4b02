"""Ctrl-C while a step is computed: the step is finished first, so that what is written down is whole."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self


class Stopping:
    """Takes note of the first signal to stop; the second one stops at once."""

    def __init__(self) -> None:
        self.wanted = False

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._note) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
