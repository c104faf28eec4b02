"""The reader of GGUF headers, beside the files that llama.cpp's own writer makes and beside its own reader."""

from __future__ import annotations

import os
import random
import struct
import time
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from metahuman.models.gguf import ALPHA, kv_bytes, read_adapter, read_header
from metahuman.state.errors import AdapterRefused, ModelMissing
from tests.homes import EMBEDDED
from tests.resolved import real_model, write_gguf, write_lora

LLAMA = {
    "general.architecture": "llama",
    "llama.block_count": 30,
    "llama.embedding_length": 576,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
}


def written(path: Path, **more: Any) -> Path:
    return write_gguf(path, LLAMA | more)


def raw(path: Path, *entries: bytes, version: int = 3, keys: int | None = None) -> Path:
    """Write a file of nothing but a header, as broken as one likes."""
    count = len(entries) if keys is None else keys
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 0, count) + b"".join(entries))
    return path


def entry(key: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    values: dict[str, Any] = {"uint8": 8, "int8": -8, "uint16": 16, "int16": -16, "uint32": 32, "int32": -32}
    values |= {"uint64": 1 << 40, "int64": -(1 << 40), "float32": 0.5, "float64": 0.1, "bool": True, "string": "Ωmega"}
    for kind, value in values.items():
        getattr(writer, f"add_{kind}")(kind, value)
    writer.add_array("numbers", [1, 2, 3])
    writer.add_array("words", ["a", "b"])
    writer.add_array("long", list(range(10_000)))
    writer.add_string("last", "still right")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    found = read_header(tmp_path / "m.gguf")
    assert found.size == (tmp_path / "m.gguf").stat().st_size
    assert {key: found.metadata[key] for key in values} == values
    assert found.metadata["numbers"] == (1, 2, 3)
    assert not {"words", "long"} & found.metadata.keys()
    assert found.metadata["last"] == "still right"


def test_a_number_can_be_changed_where_it_stands(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "lora.gguf", alpha=8.0, blocks=1)
    data = bytearray(path.read_bytes())
    struct.pack_into("<f", data, read_header(path).offsets[ALPHA], 4.0)
    path.write_bytes(data)
    assert gguf.GGUFReader(path).fields[ALPHA].contents() == 4.0
    assert read_header(path).metadata[ALPHA] == 4.0


def test_a_vocabulary_is_passed_over_quickly(tmp_path: Path) -> None:
    path = written(tmp_path / "m.gguf", **{"tokenizer.ggml.tokens": [f"token {n}" for n in range(200_000)]})
    started = time.perf_counter()
    first = read_header(path)
    assert time.perf_counter() - started < 2
    started = time.perf_counter()
    assert read_header(path) is first
    assert time.perf_counter() - started < 0.1


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "m.gguf")
    assert read_header(path).metadata["llama.block_count"] == 30
    written(path, **{"llama.block_count": 31})
    os.utime(path, (1, 1))
    assert read_header(path).metadata["llama.block_count"] == 31


@pytest.mark.parametrize("window", [1, 2048, 8192])
@pytest.mark.parametrize(
    ("more", "numbers_per_token"),
    [
        ({}, 30 * 3 * (64 + 64)),
        ({"llama.attention.key_length": 128, "llama.attention.value_length": 96}, 30 * 3 * (128 + 96)),
        ({"llama.attention.head_count_kv": [3] * 10 + [0] * 20}, 10 * 3 * (64 + 64)),
        ({"llama.attention.head_count_kv": None}, 30 * 9 * (64 + 64)),
        ({"llama.attention.head_count_kv": []}, 30 * 9 * (64 + 64)),
        ({"llama.attention.head_count": [0, 9] * 15}, 30 * 3 * (64 + 64)),
    ],
)
def test_the_attention_cache_is_weighed(more: dict[str, Any], numbers_per_token: int, window: int) -> None:
    assert kv_bytes(LLAMA | more, window) == numbers_per_token * window * 2


@pytest.mark.parametrize(
    "more",
    [
        {"general.architecture": None},
        {"llama.block_count": None},
        {"llama.block_count": "many"},
        {"llama.block_count": -1},
        {"llama.block_count": 1 << 31},
        {"llama.embedding_length": 0},
        {"llama.attention.head_count": 0},
        {"llama.attention.head_count": [0] * 30},
    ],
)
def test_what_does_not_say_how_it_is_built_is_not_weighed(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(it has no|llama)"):
        kv_bytes(LLAMA | more, 4096)


class PlainReader(gguf.GGUFReader):
    """Llama.cpp's own reader on a plain array: it makes 250,000 views, and each is slow on a mapped file."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, np.asarray(value) if name == "data" else value)


@real_model
def test_the_embedded_model_is_read_as_llama_cpp_reads_it() -> None:
    ours, theirs = read_header(EMBEDDED), PlainReader(EMBEDDED).fields
    known = {key: field.contents() for key, field in theirs.items() if key in ours.metadata}
    assert ours.metadata == known
    assert set(theirs) - set(known) >= {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}
    assert kv_bytes(ours.metadata, 8192) == 188_743_680  # "KV buffer size = 180.00 MiB" in llama.cpp's log


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    huge = struct.pack("<Q", 1 << 60)
    broken = {
        "empty": b"",
        "text": b"not a model",
        "short": b"GGUF\3",
        "old": b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
        "big-endian": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    }
    paths = [tmp_path / name for name in broken]
    for path, data in zip(paths, broken.values(), strict=True):
        path.write_bytes(data)
    paths += [
        raw(tmp_path / "keys", keys=1 << 60),
        raw(tmp_path / "key", huge),
        raw(tmp_path / "kind", entry(b"k", 99, b"")),
        raw(tmp_path / "text value", entry(b"k", 8, huge)),
        raw(tmp_path / "array", entry(b"k", 9, struct.pack("<I", 4) + huge)),
        raw(tmp_path / "texts", entry(b"k", 9, struct.pack("<IQ", 8, 1 << 20))),
        raw(tmp_path / "nested", entry(b"k", 9, struct.pack("<IQ", 9, 1))),
    ]
    for path in paths:
        with pytest.raises(ModelMissing, match=f"^{path} is no whole GGUF file: .*; fetch or convert it again$"):
            read_header(path)
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ModelMissing, match=f"^{path} cannot be read"):
            read_header(path)


def test_whatever_is_done_to_a_file_it_is_read_or_refused(tmp_path: Path) -> None:
    good = write_lora(tmp_path / "good.gguf", blocks=1).read_bytes()[:400]
    path, chance, refused = tmp_path / "bad.gguf", random.Random(1), 0
    for turn in range(300):
        data = bytearray(good[: chance.randrange(len(good))] if turn % 2 else good)
        for _ in range(turn % 4 if data else 0):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        os.utime(path, (turn, turn))
        try:
            read_header(path)
        except ModelMissing:
            refused += 1
    assert refused > 100


def test_a_file_as_big_as_it_claims_to_be_does_not_keep_the_reader_busy(tmp_path: Path) -> None:
    path = raw(tmp_path / "sparse", entry(b"k", 9, struct.pack("<IQ", 8, 1 << 40)))
    os.truncate(path, 1 << 40)
    started = time.perf_counter()
    with pytest.raises(ModelMissing, match="claims 1099511627776 items in an array"):
        read_header(path)
    assert time.perf_counter() - started < 1


def test_only_a_lora_is_an_adapter(tmp_path: Path) -> None:
    assert read_adapter(write_lora(tmp_path / "lora.gguf", blocks=1)).metadata[ALPHA] == 8.0
    with pytest.raises(AdapterRefused, match=r"m\.gguf is a GGUF file, but no LoRA"):
        read_adapter(written(tmp_path / "m.gguf"))
    with pytest.raises(AdapterRefused, match=r"adapter .*none\.gguf cannot be read"):
        read_adapter(tmp_path / "none.gguf")
    with pytest.raises(AdapterRefused, match="Is a directory"):
        read_adapter(tmp_path)
