"""A base, loaded to learn on top of: from its GGUF file, or from a folder of safetensors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metahuman.state.errors import StoreError
from metahuman.training.base import place_of, weight_files
from metahuman.training.job import Job, TrainingSettings
from metahuman.training.learning import fourbit, unsloth
from metahuman.training.learning.machine import BYTES, Machine, prepared
from metahuman.training.telling import hush

#: The linear layers that learn: all of the attention and of the MLP.
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "qkv_proj", "gate_up_proj")
#: Bits of a weight in the usual GGUF quantisations, to tell from a file's size how many weights it has.
BITS = 4.5


@dataclass(frozen=True)
class Loaded:
    """A base that is ready.

    Args:
        model: Transformers' model.
        tokenizer: Its tokenizer.
        machine: What it runs on.
        fast: Whether Unsloth runs it.
    """

    model: Any
    tokenizer: Any
    machine: Machine
    fast: bool = False


def load_base(job: Job, folder: Path) -> Loaded:
    """Load the base of a job.

    Args:
        job: The job.
        folder: The run's folder, from which a relative path starts.

    Raises:
        StoreError: If it is gone, another one than the job says, or of a kind that cannot be loaded.
        SettingError: If the precision that is wanted is not possible here.
    """
    hush()
    path = place_of(job.base, folder)
    machine = prepared(job.settings, _weights(path), from_folder=path.is_dir())
    if path.is_dir() and machine.device == "cuda" and unsloth.is_there():
        return Loaded(*unsloth.load(path, machine, job.settings.max_tokens), machine, fast=True)
    return Loaded(*_load(path, machine), machine)


def _load(path: Path, machine: Machine) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source, options = (path, {}) if path.is_dir() else (path.parent, {"gguf_file": path.name})
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source), **options)
        quantised = fourbit.options(machine) if machine.precision == "4bit" else {}
        model = AutoModelForCausalLM.from_pretrained(str(source), dtype=machine.dtype, **options, **quantised)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        problem = " ".join(str(error).split())[:300]
        remedy = "see docs/training.md for the kinds of base that can be trained"
        raise StoreError(path, f"transformers cannot load it: {problem}", remedy) from error
    if machine.precision == "4bit":
        return fourbit.ready(model), tokenizer
    return model.requires_grad_(False).to(machine.device), tokenizer


def with_adapter(base: Loaded, settings: TrainingSettings) -> Any:
    """Put a fresh LoRA on the linear layers of the base's attention and MLP, and return PEFT's model.

    Args:
        base: The base.
        settings: Its rank, strength, dropout, seed, and which layers learn.
    """
    import torch

    there = {name.rpartition(".")[2] for name, _ in base.model.named_modules()}
    wanted = {
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "target_modules": [name for name in LINEAR if name in there],
        "layers_to_transform": list(range(split_of(base.model, settings), layers_of(base.model))),
    }
    torch.manual_seed(settings.seed)
    if base.fast:
        return unsloth.with_adapter(base.model, wanted, settings.seed)
    from peft import LoraConfig, get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what PEFT asks transformers has another name by now
        return get_peft_model(base.model, LoraConfig(task_type="CAUSAL_LM", **wanted))


def layers_of(model: Any) -> int:
    """Return how many layers a model has."""
    return int(model.config.get_text_config().num_hidden_layers)


def split_of(model: Any, settings: TrainingSettings) -> int:
    """Return how many layers do not learn, counted from below."""
    return max(0, layers_of(model) - settings.top_layers) if settings.top_layers else 0


def _weights(path: Path) -> int:
    """Return about how many weights a base has, by the size of its files."""
    size = sum(file.stat().st_size for file in weight_files(path))
    return int(size / BYTES["bfloat16"]) if path.is_dir() else int(size * 8 / BITS)
