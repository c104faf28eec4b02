"""A LoRA of PEFT's becomes a GGUF file that turns the same vectors on llama.cpp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from metahuman.models.gguf import ALPHA, read_adapter
from metahuman.state.errors import BadChoice, StoreError
from metahuman.training.export.architectures import NAMES, architecture_of, require_supported, supported
from metahuman.training.export.lora_gguf import BASE_SHA256, Heads, Shape, convert, interleave, write_lora

HEADS = Heads(queries=4, keys=2)
LLAMA = Shape("llama", 4, HEADS)
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
FUSED = {"self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"}
WIDTH, SIZE, RANK = 32, 8, 2
Tensors = dict[str, Any]


def peft(layer: int = 3, parts: tuple[str, ...] = tuple(PARTS)) -> Tensors:
    random = np.random.default_rng(0)
    rows = {"self_attn.k_proj": HEADS.keys * SIZE, "self_attn.v_proj": HEADS.keys * SIZE}
    tensors = {}
    for part in parts:
        name = f"base_model.model.model.layers.{layer}.{part}"
        tensors[f"{name}.lora_A.weight"] = random.normal(size=(RANK, WIDTH)).astype(np.float32)
        tensors[f"{name}.lora_B.weight"] = random.normal(size=(rows.get(part, WIDTH), RANK)).astype(np.float32)
    return tensors


def written(path: Path) -> Tensors:
    return {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}


def test_the_file_is_one_that_llama_cpp_knows_as_a_lora(tmp_path: Path) -> None:
    path = tmp_path / "new" / "voice.gguf"
    size = write_lora(path, peft(), 16, LLAMA, {BASE_SHA256: "abc"})
    header = read_adapter(path)
    assert (header.metadata["general.architecture"], header.metadata[ALPHA]) == ("llama", 16)
    assert header.size == size
    assert header.metadata["metahuman.base.sha256"] == "abc"
    tensors = written(path)
    assert len(tensors) == 2 * len(PARTS)
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}
    assert tensors["blk.3.attn_k.weight.lora_b"].shape == (HEADS.keys * SIZE, RANK)
    assert tensors["blk.3.ffn_down.weight.lora_a"].shape == (RANK, WIDTH)
    assert [item.name for item in path.parent.iterdir()] == ["voice.gguf"]


def test_only_what_rotary_embeddings_turn_is_put_in_another_order() -> None:
    given, made = peft(), convert(peft(), LLAMA)
    for part, name in PARTS.items():
        for side in "AB":
            before = given[f"base_model.model.model.layers.3.{part}.lora_{side}.weight"].astype(np.float16)
            after = made[f"blk.3.{name}.weight.lora_{side.lower()}"]
            turned = side == "B" and name in ("attn_q", "attn_k")
            assert np.array_equal(before, after) is not turned
            assert sorted(before.ravel()) == sorted(after.ravel())


def test_rows_are_ordered_as_llama_cpp_orders_them() -> None:
    """Two heads of six rows: the halves of each head (0 1 2, 3 4 5) become pairs."""
    rows = np.arange(12.0).reshape(12, 1)
    assert interleave(rows, 2).ravel().tolist() == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]


def test_a_head_turned_either_way_gives_the_same_attention() -> None:
    random = np.random.default_rng(1)
    query, key = random.normal(size=(2, SIZE, 1))
    angles = np.exp(-np.arange(SIZE // 2))
    for here, there in ((0, 0), (5, 2), (40, 7)):
        halves = _turn_halves(query, angles * here).T @ _turn_halves(key, angles * there)
        pairs = _turn_pairs(interleave(query, 1), angles * here).T @ _turn_pairs(interleave(key, 1), angles * there)
        assert np.allclose(halves, pairs)


def _turn_halves(head: Any, angles: Any) -> Any:
    """As Hugging Face does."""
    first, second = np.split(head[:, 0], 2)
    sin, cos = np.sin(angles), np.cos(angles)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin])[:, None]


def _turn_pairs(head: Any, angles: Any) -> Any:
    """As llama.cpp does."""
    first, second = head[0::2, 0], head[1::2, 0]
    sin, cos = np.sin(angles), np.cos(angles)
    return np.stack([first * cos - second * sin, second * cos + first * sin], axis=1).reshape(-1, 1)


def test_other_kinds_of_base_keep_their_order() -> None:
    for architecture in ("qwen2", "qwen3", "gemma2", "gemma3"):
        made = convert(peft(), Shape(architecture, 4, HEADS))
        for part, name in PARTS.items():
            given = peft()[f"base_model.model.model.layers.3.{part}.lora_B.weight"].astype(np.float16)
            assert np.array_equal(made[f"blk.3.{name}.weight.lora_b"], given)


def test_parts_that_phi3_keeps_in_one_stay_so() -> None:
    made = convert(peft(parts=tuple(FUSED)), Shape("phi3", 4, HEADS))
    assert {name.rpartition(".")[0] for name in made} == {f"blk.3.{name}.weight" for name in FUSED.values()}


def test_a_kind_of_base_is_known_by_either_name() -> None:
    assert (architecture_of("mistral"), architecture_of("gemma3_text"), architecture_of("mamba")) == (
        "llama",
        "gemma3",
        "mamba",
    )
    assert all(supported(name) for name in NAMES.values())
    with pytest.raises(BadChoice, match=r"of the kind 'mamba' cannot be trained here; take one of llama, qwen2, "):
        require_supported("mamba")
    with pytest.raises(BadChoice, match="mamba"):
        convert(peft(), Shape("mamba", 4, HEADS))


def test_what_llama_cpp_could_not_place_is_refused(tmp_path: Path) -> None:
    whole, path = peft(), tmp_path / "voice.gguf"
    odd = {"base_model.model.model.layers.0.mlp.odd.lora_A.weight": np.zeros((RANK, WIDTH))}
    far = peft(layer=9)
    with pytest.raises(StoreError, match=r"mlp\.odd\.lora_A\.weight is not of a linear layer of a llama model; train"):
        write_lora(path, whole | odd, 16, LLAMA)
    with pytest.raises(StoreError, match=r"layers\.9\..* is not of a linear layer"):
        write_lora(path, far, 16, LLAMA)
    next(iter(whole.values()))[0, 0] = np.nan
    with pytest.raises(StoreError, match="holds numbers that f16 has none for"):
        write_lora(path, whole, 16, LLAMA)
    whole = peft()
    whole.popitem()
    with pytest.raises(StoreError, match=r"blk\.3\.ffn_down\.weight\.lora_a has no .*lora_b"):
        write_lora(path, whole, 16, LLAMA)
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "voice.gguf"
    path.write_bytes(b"old")
    (tmp_path / ".voice.gguf.new").write_bytes(b"half of what a killed program wrote")
    with pytest.raises(StoreError):
        write_lora(path, {"odd": np.zeros((RANK, WIDTH))}, 16, LLAMA)
    assert path.read_bytes() == b"old"
    write_lora(path, peft(), 16, LLAMA)
    assert [one.name for one in tmp_path.iterdir()] == ["voice.gguf"]
