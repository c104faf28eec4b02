"""Writes a LoRA that PEFT trained as a GGUF file, which llama.cpp runs on the base's GGUF file.

Does what `convert_lora_to_gguf.py` of llama.cpp does. Needs `gguf`, of the extra `train`, though not torch: tensors
come as numpy arrays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import gguf
import numpy as np
from numpy.typing import NDArray

from metahuman.state.errors import StoreError
from metahuman.state.files import make_folder, store_errors
from metahuman.training.export.architectures import REORDERED, require_supported

Tensor: TypeAlias = NDArray[np.floating]

#: Keys of ours: what an adapter is made for, and which run made it, so that a file which was moved still says so.
BASE_SHA256, RUN = "metahuman.base.sha256", "metahuman.run"
_NAME = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight")
_LARGEST = float(np.finfo(np.float16).max)


class Heads(NamedTuple):
    """How many heads the base's attention has."""

    queries: int
    keys: int


class Shape(NamedTuple):
    """How a base is built.

    Args:
        architecture: Its `general.architecture`.
        layers: How many it has.
        heads: Those of its attention.
    """

    architecture: str
    layers: int
    heads: Heads


def write_lora(
    path: Path, tensors: Mapping[str, Tensor], alpha: float, base: Shape, notes: Mapping[str, str] | None = None
) -> int:
    """Write a LoRA, and read it back to see that it is whole.

    Args:
        path: Where to; what was there is replaced once the new file is whole.
        tensors: PEFT's, by its names: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. A is rank x
            input, B is output x rank.
        alpha: Its `lora_alpha`, which llama.cpp divides by the rank.
        base: What it is for.
        notes: What else the file says, by key.

    Returns:
        The file's bytes.

    Raises:
        BadChoice: If adapters for such a base cannot be written.
        StoreError: If a tensor has no place in such a base, one of a pair is missing, a number is none, or the file
            cannot be written.
    """
    try:
        converted = convert(tensors, base)
    except ValueError as error:
        raise StoreError(path, f"the adapter cannot be written: {error}", "train it again") from error
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.new")
    with store_errors(path):
        _write(unfinished, converted, alpha, base.architecture, notes or {})
        if not same_tensors(read_tensors(unfinished), converted):
            raise StoreError(path, "what was written does not read as it was", "check the disk, and export it again")
        return unfinished.replace(path).stat().st_size


def convert(tensors: Mapping[str, Tensor], base: Shape) -> dict[str, Tensor]:
    """Return PEFT's tensors as llama.cpp names and orders them, in f16; arguments as for `write_lora`.

    Raises:
        BadChoice: If adapters for such a base cannot be written.
        ValueError: If a tensor has no place in such a base, one of a pair is missing, or a number is none.
    """
    require_supported(base.architecture)
    names = gguf.get_tensor_name_map(_kind(base.architecture), base.layers)
    converted = {}
    for name, tensor in tensors.items():
        found = _NAME.fullmatch(name)
        place = names.get_name(found[1].replace("language_model.", "")) if found else None
        if not found or not place:
            raise ValueError(f"{name} is not of a linear layer of a {base.architecture} model")
        turned = _reordered(tensor, place, base) if found[2] == "B" else tensor
        converted[f"{place}.weight.lora_{found[2].lower()}"] = _halved(name, turned)
    for name in converted:
        twin = name[:-1] + {"a": "b", "b": "a"}[name[-1]]
        if twin not in converted:
            raise ValueError(f"{name} has no {twin}")
    return dict(sorted(converted.items(), key=_place))


def interleave(rows: Tensor, heads: int) -> Tensor:
    """Return the rows of each head as llama.cpp turns them: each pair side by side, not in two halves.

    Rotary embeddings turn pairs of rows. Hugging Face pairs a row with the one half a head further on; llama.cpp, which
    orders the rows of a Llama likewise when it converts it, pairs neighbours.
    """
    halves = rows.reshape(heads, 2, -1, rows.shape[-1])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a GGUF file whose numbers are floats."""
    return {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}


def same_tensors(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Tell whether two adapters have the same tensors, bit by bit."""
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name]) for name in one
    )


def _reordered(rows: Tensor, place: str, base: Shape) -> Tensor:
    part = place.rpartition(".")[2]
    if base.architecture not in REORDERED or part not in ("attn_q", "attn_k"):
        return rows
    return interleave(rows, base.heads.queries if part == "attn_q" else base.heads.keys)


def _halved(name: str, tensor: Tensor) -> Tensor:
    if not np.all(np.abs(tensor) <= _LARGEST):  # of what is no number, nothing is true
        raise ValueError(f"{name} holds numbers that f16 has none for: the training ran away; lower its learning rate")
    return tensor.astype(np.float16)


def _kind(architecture: str) -> gguf.MODEL_ARCH:
    return next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)


def _write(
    path: Path, tensors: Mapping[str, Tensor], alpha: float, architecture: str, notes: Mapping[str, str]
) -> None:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for key, value in notes.items():
        writer.add_string(key, value)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _place(item: tuple[str, Tensor]) -> tuple[int, str]:
    parts = item[0].split(".")
    return int(parts[1]) if parts[0] == "blk" else -1, item[0]
