"""Writes a LoRA that PEFT trained as a GGUF file, which llama.cpp runs on the base's GGUF file.

Follows `convert_lora_to_gguf.py` of llama.cpp. Needs the extra `train`, though not torch: tensors come as numpy arrays.
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

from metahuman.state.files import make_folder

Tensor: TypeAlias = NDArray[np.floating]

#: What a layer's parts are called by PEFT, and by llama.cpp.
PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_NAME = re.compile(r"\.layers\.(\d+)\.([\w.]+)\.lora_([AB])(?:\.default)?\.weight$")


class Heads(NamedTuple):
    """How many heads the base's attention has."""

    queries: int
    keys: int


def write_lora(path: Path, tensors: Mapping[str, Tensor], alpha: float, heads: Heads) -> int:
    """Write a LoRA of a Llama model.

    Args:
        path: Where to; what was there is replaced once the new file is whole.
        tensors: PEFT's, by its names: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
        alpha: Its `lora_alpha`, which llama.cpp divides by the rank.
        heads: The base's heads.

    Returns:
        The file's bytes.

    Raises:
        ValueError: If a tensor is none of a Llama's linear layers, or one of a pair is missing.
    """
    converted = convert(tensors, heads)
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(unfinished, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    for name, tensor in converted.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return unfinished.replace(path).stat().st_size


def convert(tensors: Mapping[str, Tensor], heads: Heads) -> dict[str, Tensor]:
    """Return PEFT's tensors as llama.cpp names and orders them, in f16; arguments and errors as for `write_lora`."""
    converted = {}
    for name, tensor in tensors.items():
        found = _NAME.search(name)
        part = PARTS.get(found[2]) if found else None
        if not found or not part:
            raise ValueError(f"{name} is not of a linear layer of a Llama model")
        turned = tensor
        if found[3] == "B" and part in ("attn_q", "attn_k"):
            turned = interleave(tensor, heads.queries if part == "attn_q" else heads.keys)
        converted[f"blk.{found[1]}.{part}.weight.lora_{found[3].lower()}"] = turned.astype(np.float16)
    for name in converted:
        twin = name[:-1] + {"a": "b", "b": "a"}[name[-1]]
        if twin not in converted:
            raise ValueError(f"{name} has no {twin}")
    return dict(sorted(converted.items(), key=_place))


def interleave(rows: Tensor, heads: int) -> Tensor:
    """Return the rows of each head as llama.cpp turns them: each pair side by side, not in two halves.

    Rotary embeddings turn pairs of rows. Hugging Face pairs a row with the one half a head further on; llama.cpp, which
    orders the base's rows likewise when it converts them, pairs neighbours.
    """
    halves = rows.reshape(heads, 2, -1, rows.shape[-1])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def _place(item: tuple[str, Tensor]) -> tuple[int, str]:
    return int(item[0].split(".")[1]), item[0]
