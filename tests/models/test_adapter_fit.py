"""A LoRA that is not made for its base is refused before llama.cpp is asked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metahuman.models.adapter_fit import BASE, fits, require_fit
from metahuman.models.digests import sha256_of
from metahuman.models.providers.local import PROVIDER
from metahuman.state.errors import AdapterRefused, ModelMissing
from tests.resolved import resolved, write_gguf

LORA = {"general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 8.0}
WEIGHT = "blk.0.attn_k.weight"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base of one weight, of 6 rows of 8."""
    return write_gguf(tmp_path / "base.gguf", {}, {WEIGHT: np.zeros((6, 8), np.float32)})


def lora(folder: Path, a: tuple[int, ...] = (2, 8), b: tuple[int, ...] = (6, 2), **changed: Any) -> Path:
    metadata, tensors = changed.get("metadata", {}), {f"{WEIGHT}.lora_a": a, f"{WEIGHT}.lora_b": b}
    shapes = tensors | changed.get("tensors", {})
    zeros = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return write_gguf(folder / "voice.gguf", LORA | metadata, zeros)


def refused(base: Path, adapter: Path, sha256: str | None = None) -> str:
    with pytest.raises(AdapterRefused) as raised:
        require_fit(base, adapter, sha256)
    said = str(raised.value)
    assert said.startswith(f"adapter {adapter} does not fit {base}: ")
    assert said.endswith("; name the base it was trained on, or train it again")
    assert "\n" not in said
    assert not fits(base, adapter, sha256)
    return said


def test_one_that_fits_is_taken(base: Path, tmp_path: Path) -> None:
    require_fit(base, lora(tmp_path))
    require_fit(base, lora(tmp_path, tensors={"blk.0.attn_norm.weight": (8,)}))
    assert fits(base, lora(tmp_path, a=(4, 8), b=(6, 4)))


def test_another_kind_of_model(base: Path, tmp_path: Path) -> None:
    other = lora(tmp_path, metadata={"general.architecture": "qwen3"})
    assert "it is made for qwen3 models, and that is a llama model" in refused(base, other)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"a": (2, 7)}, "its blk.0.attn_k.weight.lora_a is 7 x 2, and the base's blk.0.attn_k.weight is 8 x 6"),
        ({"b": (5, 2)}, "its blk.0.attn_k.weight.lora_b is 2 x 5, and"),
        ({"b": (6, 2, 1)}, "lora_b is 2 x 6, and|lora_b is 1 x 2 x 6, and"),
        ({"tensors": {"blk.1.attn_k.weight.lora_a": (2, 8)}}, "the base has no blk.1.attn_k.weight"),
        ({"tensors": {"blk.0.attn_k.weight": (6, 8)}}, "a tensor blk.0.attn_k.weight, which is no half of a LoRA"),
        ({"tensors": {"x": (1,)}}, "a tensor x, which is no half"),
    ],
)
def test_tensors_that_have_no_place(base: Path, tmp_path: Path, changed: dict[str, Any], problem: str) -> None:
    said = refused(base, lora(tmp_path, **changed))
    assert any(one in said for one in problem.split("|"))


def test_a_strength_of_a_kind_over_which_llama_cpp_would_die(base: Path, tmp_path: Path) -> None:
    for wrong in (8, True, "8"):
        odd = lora(tmp_path, metadata={"adapter.lora.alpha": wrong})
        assert "its adapter.lora.alpha is no 32-bit float" in refused(base, odd)


def test_an_empty_one(base: Path, tmp_path: Path) -> None:
    assert "it holds nothing" in refused(base, write_gguf(tmp_path / "voice.gguf", LORA))


def test_one_that_was_trained_on_another_file(base: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(base.read_bytes()).hexdigest()
    require_fit(base, lora(tmp_path, metadata={BASE: digest}))
    assert "it was trained on a base with sha256 abc…" in refused(base, lora(tmp_path, metadata={BASE: "abc"}))
    plain = lora(tmp_path)
    require_fit(base, plain, digest)
    assert f"and that file's is {digest[:12]}…" in refused(base, plain, "abc")


def test_a_base_in_several_files_is_not_asked_for_what_the_others_hold(tmp_path: Path) -> None:
    base = write_gguf(tmp_path / "base.gguf", {"split.count": 2}, {"blk.9.x.weight": np.zeros((1, 1), np.float32)})
    require_fit(base, lora(tmp_path))


def test_files_that_are_not_there(base: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterRefused, match="cannot be read"):
        require_fit(base, tmp_path / "none.gguf")
    with pytest.raises(ModelMissing):
        require_fit(tmp_path / "none.gguf", lora(tmp_path))


async def test_a_check_sees_it_without_loading_anything(base: Path, tmp_path: Path) -> None:
    good = resolved("local", str(base), adapters=[lora(tmp_path)])
    await PROVIDER.check(good)
    with pytest.raises(AdapterRefused, match="trained on a base with sha256 000"):
        await PROVIDER.check(resolved("local", str(base), adapters=good.adapters, metadata={"baseSha256": "000"}))


def test_a_big_file_is_hashed_once_for_as_long_as_it_does_not_change(tmp_path: Path) -> None:
    path = tmp_path / "base.gguf"
    path.write_bytes(b"one")
    digest, note = sha256_of(path), tmp_path / ".base.gguf.checked"
    assert digest == hashlib.sha256(b"one").hexdigest()
    assert note.read_text() == f"{digest} {path.stat().st_mtime_ns}"
    note.write_text(f"{'0' * 64} {path.stat().st_mtime_ns}")
    os.utime(path, ns=(5, 5))
    note.write_text(f"{'1' * 64} 5")
    assert sha256_of(path) == "1" * 64  # it is believed
    path.write_bytes(b"two")
    for broken in (b"", b"\xff\xfe", b"half"):
        note.write_bytes(broken)
        assert sha256_of(path) == hashlib.sha256(b"two").hexdigest()
