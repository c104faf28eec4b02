"""What a GGUF file says of itself, read from its header alone: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from metahuman.state.errors import AdapterRefused, ModelMissing

MAGIC, VERSIONS = b"GGUF", (2, 3)
#: How each type of number is packed, by the number that stands for the type.
NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
TEXT, ARRAY = 8, 9
#: Far more than any model has: what claims more is broken, or meant to keep the reader busy.
MOST_KEYS, MOST_KEY_BYTES, MOST_TEXT_BYTES, MOST_ITEMS = 1 << 16, 1 << 16, 1 << 24, 1 << 23
MOST_TENSORS, MOST_DIRECTIONS = 1 << 17, 8
#: Longer arrays are passed over: they are vocabularies. A model's layers are fewer.
MOST_KEPT = 4096
#: Where a LoRA says how strong it is; llama.cpp divides it by the rank.
ALPHA = "adapter.lora.alpha"
FLOAT32 = 6
#: Bytes of a number in the attention cache, which llama.cpp keeps as f16.
F16 = 2

Value: TypeAlias = int | float | bool | str | tuple[int | float | bool, ...]


@dataclass(frozen=True)
class Header:
    """The header of a GGUF file.

    Args:
        size: Bytes of the whole file.
        metadata: What it says under each key: texts, numbers, and short arrays of numbers.
        offsets: Where in the file each number of `metadata` stands, in bytes from its start.
        kinds: The type of each key's value, by the number that stands for it.
        tensors: How long each tensor is in each direction: as llama.cpp counts, from the innermost outward.
    """

    size: int
    metadata: dict[str, Value] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)


def read_header(path: Path) -> Header:
    """Return the header of the GGUF file at `path`; a file that has not changed is not read again.

    Raises:
        ModelMissing: If there is no such file, or it is no whole GGUF file.
    """
    try:
        found = path.stat()
        return _read(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelMissing(f"{path} is no whole GGUF file: {error}; fetch or convert it again") from error


def read_adapter(path: Path) -> Header:
    """Return the header of the LoRA at `path`.

    Raises:
        AdapterRefused: If there is no such file, or it is no LoRA in the GGUF format.
    """
    try:
        header = read_header(path)
    except ModelMissing as error:
        raise AdapterRefused(f"adapter {error}") from error
    if (header.metadata.get("general.type"), header.metadata.get("adapter.type")) != ("adapter", "lora"):
        raise AdapterRefused(
            f"adapter {path} is a GGUF file, but no LoRA; convert_lora_to_gguf.py of llama.cpp makes one"
        )
    return header


def kv_bytes(metadata: Mapping[str, Any], window: int) -> int:
    """Return how big the attention cache of a model is at most.

    For each layer and token of the window, llama.cpp keeps a key and a value for every head that has its own
    (`llama_kv_cache` in llama-kv-cache.cpp, `n_embd_k_gqa` and `n_embd_v_gqa` in llama-hparams.cpp). Models some of
    whose layers look back less far take less.

    Args:
        metadata: The keys of its GGUF file, or of Ollama's `model_info`.
        window: The context window in tokens.

    Returns:
        Bytes, with keys and values as f16.

    Raises:
        ValueError: If the metadata does not say how the model is built.
    """
    name = metadata.get("general.architecture")
    layers, width = _number(metadata, f"{name}.block_count"), _number(metadata, f"{name}.embedding_length")
    if layers > MOST_KEPT:
        raise ValueError(f"{name}.block_count is {layers}")
    heads = _per_layer(metadata.get(f"{name}.attention.head_count"), layers)
    if not any(heads):
        raise ValueError(f"it has no {name}.attention.head_count")
    # Ollama leaves long arrays empty; then every head counts, which is the most it can be.
    caching = _per_layer(metadata.get(f"{name}.attention.head_count_kv"), layers) or heads
    key, value = (_positive(metadata.get(f"{name}.attention.{part}_length")) for part in ("key", "value"))
    usual = width // max(heads)
    return sum(caching) * ((key or usual) + (value or usual)) * window * F16


def _number(metadata: Mapping[str, Any], key: str) -> int:
    if number := _positive(metadata.get(key)):
        return number
    raise ValueError(f"it has no {key}")


def _positive(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _per_layer(value: object, layers: int) -> list[int]:
    """Return a number for each layer, from one for all or one for each; none if there is neither."""
    if isinstance(value, int):
        return [_positive(value)] * layers
    return [_positive(item) for item in value] if isinstance(value, list | tuple) and len(value) == layers else []


@lru_cache(maxsize=64)
def _read(path: Path, size: int, _changed: int) -> Header:
    header = Header(size)
    with path.open("rb", buffering=1 << 18) as file:
        reader = _Reader(file, size)
        if reader.take(4) != MAGIC or reader.number("<I") not in VERSIONS:
            raise ValueError("it does not start as one")
        tensors = reader.count(MOST_TENSORS, "tensors")
        for _ in range(reader.count(MOST_KEYS, "keys")):
            reader.entry(header)
        for _ in range(tensors):
            reader.tensor(header)
    return header


class _Reader:
    """Goes through a header, and never beyond the end of its file.

    Args:
        file: The file, at its start.
        size: Its bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._at = file, size, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        self._advance(count)
        data = self._file.read(count)
        if len(data) < count:
            raise ValueError("it ends too early")
        return data

    def number(self, form: str) -> Any:
        """Return the next number."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def count(self, most: int, of: str) -> int:
        """Return the next number, which says how many of something follow."""
        found: int = self.number("<Q")
        if found > most:
            raise ValueError(f"it claims {found} {of}")
        return found

    def entry(self, header: Header) -> None:
        """Read one key and what it says into `header`."""
        key = self.take(self.count(MOST_KEY_BYTES, "bytes in a key")).decode(errors="replace")
        kind, at = self.number("<I"), self._at
        header.kinds[key] = kind
        if kind == TEXT:
            header.metadata[key] = self.take(self.count(MOST_TEXT_BYTES, "bytes in a text")).decode(errors="replace")
        elif kind == ARRAY:
            if (items := self._array()) is not None:
                header.metadata[key] = items
        else:
            header.metadata[key] = self.number(_form(kind))
            header.offsets[key] = at

    def tensor(self, header: Header) -> None:
        """Read what is said of one tensor into `header`; where its numbers are does not matter here."""
        name = self.take(self.count(MOST_KEY_BYTES, "bytes in a tensor's name")).decode(errors="replace")
        directions = self.number("<I")
        if directions > MOST_DIRECTIONS:
            raise ValueError(f"it claims a tensor of {directions} directions")
        header.tensors[name] = struct.unpack(f"<{directions}Q", self.take(8 * directions))
        self.take(4 + 8)  # the kind of its numbers, and their place

    def _array(self) -> tuple[int | float | bool, ...] | None:
        """Return an array of numbers; None, once it is passed over, if it is long or holds texts."""
        kind, count = self.number("<I"), self.count(MOST_ITEMS, "items in an array")
        if kind == TEXT:
            self._skip_texts(count)
            return None
        size = struct.calcsize(form := _form(kind))
        if count > MOST_KEPT:
            self._advance(count * size)
            self._file.seek(self._at)
            return None
        return struct.unpack(f"<{count}{form[1:]}", self.take(count * size))

    def _skip_texts(self, count: int) -> None:
        read, seek, at = self._file.read, self._file.seek, self._at  # a vocabulary has hundreds of thousands
        for _ in range(count):
            at += 8 + int.from_bytes(read(8), "little")
            if at > self._size:
                raise ValueError("it ends too early")
            seek(at)
        self._at = at

    def _advance(self, count: int) -> None:
        self._at += count
        if self._at > self._size:
            raise ValueError("it ends too early")


def _form(kind: int) -> str:
    if kind not in NUMBERS:
        raise ValueError(f"it has a value of the unknown type {kind}")
    return NUMBERS[kind]
