"""Embeddings as the scripted servers make them."""

from __future__ import annotations

import re
from math import sqrt
from zlib import crc32


def embedding(text: str, length: int) -> list[float]:
    """Count words into buckets: texts that share words are near each other, as with a real model."""
    vector = [0.0] * length
    for word in re.findall(r"\w+", text.lower()):
        vector[crc32(word.encode()) % length] += 1.0
    norm = sqrt(sum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]
