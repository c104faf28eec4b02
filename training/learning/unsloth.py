"""Unsloth, which trains faster and in less memory on an NVIDIA GPU: used where it is installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from metahuman.training.learning.machine import Machine


def is_there() -> bool:
    """Tell whether it is installed."""
    return find_spec("unsloth") is not None


def load(path: Path, machine: Machine, longest: int) -> tuple[Any, Any]:
    """Return the base in a folder, and its tokenizer.

    Args:
        path: The folder.
        machine: What it runs on.
        longest: Tokens of the longest row.
    """
    fast = import_module("unsloth").FastLanguageModel
    four = machine.precision == "4bit"
    model, tokenizer = fast.from_pretrained(
        model_name=str(path), max_seq_length=longest, dtype=machine.dtype, load_in_4bit=four
    )
    return model, tokenizer


def with_adapter(model: Any, wanted: dict[str, Any], seed: int) -> Any:
    """Return the base with a fresh LoRA, for what PEFT calls `wanted`."""
    fast = import_module("unsloth").FastLanguageModel
    return fast.get_peft_model(model, **wanted, bias="none", random_state=seed)
