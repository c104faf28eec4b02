"""How often a client may ask, and how many streams there are at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from metahuman.server.errors import Refused

#: Clients that are remembered; the one that has asked longest ago is forgotten first.
CLIENTS = 10_000


class Buckets:
    """A bucket of requests for each client, which fills up with time.

    Args:
        rate: Requests a second that come into a bucket.
        burst: Requests that it holds.
        clock: Returns seconds that never run backwards.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left = OrderedDict[str, tuple[float, float]]()

    def take(self, client: str) -> float:
        """Take one request out of a client's bucket; return the seconds to wait where it is empty, else 0."""
        left = self._now(client)
        if left < 1:
            return (1 - left) / self._rate
        self._put(client, left - 1)
        return 0.0

    def empty(self, client: str) -> float:
        """Return the seconds until a client may ask again; 0 if it may now. Nothing is taken."""
        left = self._now(client)
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def _now(self, client: str) -> float:
        left, since = self._left.get(client, (float(self._burst), self._clock()))
        return min(self._burst, left + (self._clock() - since) * self._rate)

    def _put(self, client: str, left: float) -> None:
        self._left[client] = left, self._clock()
        self._left.move_to_end(client)
        while len(self._left) > CLIENTS:
            self._left.popitem(last=False)


class Streams:
    """The answers and feeds that are under way.

    Args:
        most: How many there are at once.
    """

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 0
        self.stopping = asyncio.Event()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one more while the block runs.

        Raises:
            Refused: If there are as many as there may be.
        """
        if self._count >= self._most:
            raise Refused(
                429, "too_many_streams", f"{self._most} answers are being given at once", headers={"Retry-After": "2"}
            )
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


def too_often(seconds: float) -> Refused:
    """Return what a client is told that asks too often."""
    wait = str(max(1, math.ceil(seconds)))
    return Refused(429, "rate_limit_exceeded", f"too many requests: wait {wait} s", headers={"Retry-After": wait})
