from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf
import numpy as np
import pytest

from metahuman.models.encoding.e5_file import read_e5
from metahuman.models.encoding.to_gguf import gguf_of
from metahuman.models.gguf import read_header
from metahuman.state.errors import ModelMissing
from tests.encoders import PIECES, POSITIONS, WIDTH, write_e5


def test_the_tensors_are_those_of_the_model(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    target, tensors = gguf_of(path), read_e5(path).tensors
    assert target == tmp_path / "m.gguf"
    found = {tensor.name: tensor for tensor in gguf.GGUFReader(target).tensors}
    assert len(found) == len(tensors)
    for source, name in (
        ("emb.word", "token_embd.weight"),
        ("emb.pos", "position_embd.weight"),
        ("l0.fi.w", "blk.0.ffn_up.weight"),
        ("l0.fo.b", "blk.0.ffn_down.bias"),
        ("l0.oln.w", "blk.0.layer_output_norm.weight"),
    ):
        assert found[name].data.tobytes() == tensors[source].tobytes()
    assert list(found["token_embd.weight"].shape) == [WIDTH, len(PIECES) + 1]


def test_the_header_says_how_the_model_is_run(tmp_path: Path) -> None:
    header = read_header(gguf_of(write_e5(tmp_path / "m.bin")))
    assert header.metadata["general.architecture"] == "bert"
    assert header.metadata["bert.context_length"] == POSITIONS
    assert header.metadata["bert.attention.causal"] is False
    assert header.metadata["tokenizer.ggml.model"] == "no_vocab"
    assert header.metadata["metahuman.size"] == header.size


def test_it_is_written_once_and_anew_where_it_must(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    target = gguf_of(path)
    whole = target.read_bytes()
    before = target.stat().st_mtime_ns
    assert gguf_of(path).stat().st_mtime_ns == before
    target.write_bytes(whole[:-32])
    assert gguf_of(path).read_bytes() == whole
    target.write_bytes(b"another file")
    assert gguf_of(path).read_bytes() == whole
    write_e5(path, seed=1)
    assert gguf_of(path).read_bytes() != whole


def test_many_who_need_it_at_once_all_get_it_whole(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    with ThreadPoolExecutor(8) as threads:
        assert {*threads.map(gguf_of, [path] * 16)} == {tmp_path / "m.gguf"}
    assert {file.name for file in tmp_path.iterdir()} == {"m.bin", "m.gguf", ".m.gguf.lock"}


def test_a_missing_tensor_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"m\.gguf cannot be made: tensor l0\.fo\.b is missing or too short"):
        gguf_of(write_e5(tmp_path / "m.bin", leave_out=["l0.fo.b"]))
    assert not [file for file in tmp_path.iterdir() if file.suffix in (".gguf", ".new")]


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"none\.bin: no such file"):
        gguf_of(tmp_path / "none.bin")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told_unless_all_is_there(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "m.bin")
    tmp_path.chmod(0o500)
    with pytest.raises(ModelMissing, match="see that there is room, and that you may write there"):
        gguf_of(path)
    tmp_path.chmod(0o700)
    gguf_of(path)
    tmp_path.chmod(0o500)
    assert gguf_of(path).exists()
    tmp_path.chmod(0o700)


def test_blocks_are_those_of_ggml(tmp_path: Path) -> None:
    reader = gguf.GGUFReader(gguf_of(write_e5(tmp_path / "m.bin")))
    tensor = next(one for one in reader.tensors if one.name == "blk.0.attn_q.weight")
    weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    assert weights.shape == (WIDTH, WIDTH)
    assert np.abs(weights).max() <= 8 * float(np.float16(0.1))
