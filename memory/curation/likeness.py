"""How much two texts are alike: by a few numbers of each, so that thousands need not be read again.

What is compared are a text's pairs of neighbouring words. Of each text the smallest hashes of these are kept, which is
a bottom-k sketch (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007): the share of the smallest
of both that stand in both estimates the Jaccard similarity of the two sets, and is it where neither has more than are
kept. Which texts are worth comparing is told by bands of min-hashes (Broder 1997; Indyk and Motwani 1998).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np

from metahuman.memory.hygiene.wording import words

#: Numbers that are kept of a text.
KEPT = 64
#: Bands, and min-hashes in each. Of two texts with 0.8 of their pairs in common, 1 - (1 - 0.8 ** 5) ** 16 = 0.998 share
#: a band; with 0.3, one in 25 does.
BANDS, ROWS = 16, 5
#: Texts whose numbers are kept in mind: a run asks for them before it writes, and when it does.
RECENT = 256
#: From this share on, two texts are nearly the same.
ALIKE = 0.8
Sketch = tuple[int, ...]


@lru_cache(RECENT)
def sketch(*texts: str) -> Sketch:
    """Return the numbers of texts that belong together, in order.

    Args:
        texts: Such as a message and its answer; no pair of words reaches from one to the next.
    """
    pairs = (pair for text in texts for pair in pairwise(["", *words(text)]))
    return tuple(sorted({crc32(" ".join(pair).encode(errors="replace")) for pair in pairs})[:KEPT])


@lru_cache(RECENT)
def bands(of: Sketch) -> tuple[int, ...]:
    """Return numbers of which texts that are nearly the same share at least one; none for no text."""
    if not of:
        return ()
    # Multiply and shift is a universal hash (Dietzfelbinger and others 1997); what overflows is meant to.
    factors, addends = _hashes()
    hashed = (np.array(of, np.uint64)[:, None] * factors + addends) >> np.uint64(32)
    rows = hashed.min(axis=0).astype(np.uint32).reshape(BANDS, ROWS)
    return tuple(crc32(bytes([place]) + row.tobytes()) for place, row in enumerate(rows))


def alike(one: Sketch, other: Sketch) -> float:
    """Return the share of word pairs that two texts have in common, from 0 to 1."""
    mine, theirs = frozenset(one), frozenset(other)
    both: Iterable[int] = mine | theirs
    if KEPT in (len(one), len(other)):
        both = sorted(both)[:KEPT]
    common, size = mine & theirs, len(list(both))
    return len(common.intersection(both)) / size if size else 0.0


@cache
def _hashes() -> tuple[Any, Any]:
    """Return the factors, which are odd, and the addends of the hashes: always the same, for they are stored."""
    drawn = np.random.default_rng(2007).integers(0, 1 << 63, (2, BANDS * ROWS), dtype=np.uint64)
    return drawn[0] | np.uint64(1), drawn[1]
