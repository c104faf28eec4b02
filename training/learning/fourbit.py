"""A base whose weights take four bits each, for GPUs that it would not fit otherwise (QLoRA, arXiv:2305.14314)."""

from __future__ import annotations

from typing import Any

from metahuman.training.learning.machine import Machine


def options(machine: Machine) -> dict[str, Any]:
    """Return what transformers is told to load a base so, with bitsandbytes."""
    from transformers import BitsAndBytesConfig

    kind = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=machine.dtype,
    )
    return {"quantization_config": kind, "device_map": {"": 0}}


def ready(model: Any) -> Any:
    """Return the base, made ready to learn on top of."""
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=True)
