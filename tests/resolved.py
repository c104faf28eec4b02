"""Models of a registry, and small GGUF files for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from tests.homes import EMBEDDED, ENCODER


def real_model(test: Callable[..., Any], file: Path = EMBEDDED) -> Any:
    """Mark a test that talks to the embedded model, or to another one whose file was fetched."""
    absent = pytest.mark.skipif(not file.exists(), reason=f"{file.name} is not there: metahuman models pull")
    return pytest.mark.real_model(absent(test))


def real_encoder(test: Callable[..., Any]) -> Any:
    """Mark a test that uses the sentence encoder's real weights."""
    return real_model(test, ENCODER)


def resolved(
    kind: str,
    model: str = "m",
    *,
    adapters: Iterable[Path] = (),
    options: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **settings: Any,
) -> ResolvedModel:
    """Return a model as a registry with nothing else in it says it; `settings` are those of its provider."""
    entry = {"provider": kind, "model": model, "adapters": [str(path) for path in adapters]}
    content = {
        "defaults": {"orchestrator": "one", "persona": "one"},
        "models": {"one": entry | {"options": options or {}, "metadata": metadata or {}}},
        "providers": {kind: {"connectTimeout": 500, **settings}},
    }
    found = Registry.parse(content, Path("models.json"), Path("/nowhere")).resolve_model("persona")
    assert found is not None
    return found


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Mapping[str, Any] | None = None) -> Path:
    """Write a GGUF file as llama.cpp's own tools do; whole numbers are u32, others f32."""
    writer = gguf.GGUFWriter(path, str(metadata.get("general.architecture", "llama")))
    adders: dict[type, Any] = {
        bool: writer.add_bool,
        int: writer.add_uint32,
        float: writer.add_float32,
        str: writer.add_string,
    }
    for key, value in metadata.items():
        if key != "general.architecture":
            adders.get(type(value), writer.add_array)(key, value)
    for name, tensor in (tensors or {}).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_lora(path: Path, *, alpha: float | None = 8.0, width: int = 576, blocks: int = 30) -> Path:
    """Write a LoRA of random numbers; with the usual width and blocks it fits the embedded model."""
    random = np.random.default_rng(0)
    shapes = {"a": (4, width), "b": (width, 4)}
    tensors = {
        f"blk.{block}.attn_q.weight.lora_{side}": random.normal(0, 0.15, shape).astype(np.float32)
        for block in range(blocks)
        for side, shape in shapes.items()
    }
    strength = {} if alpha is None else {"adapter.lora.alpha": alpha}
    return write_gguf(path, {"general.type": "adapter", "adapter.type": "lora", **strength}, tensors)
