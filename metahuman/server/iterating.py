"""Async generators that are closed as soon as whoever reads them leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar, cast

T = TypeVar("T")


def reading(items: AsyncIterator[T]) -> aclosing[AsyncGenerator[T, None]]:
    """Hand out what an async generator yields, for a block; leaving the block, however, closes it there and then."""
    return aclosing(cast(AsyncGenerator[T, None], items))
