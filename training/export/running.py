"""From a trained adapter to its files: PEFT's folder, and the GGUF file that llama.cpp loads, both checked."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from metahuman.state.errors import StoreError
from metahuman.state.files import described, make_folder, read_json, store_errors, write_json
from metahuman.training.export.agreement import agreement, require_agreement
from metahuman.training.export.prompts import prompts_of
from metahuman.training.job import GGUF, PEFT, Job, read_job
from metahuman.training.telling import Tell

#: What PEFT calls its two files.
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
#: What such adapters would need, llama.cpp's files cannot say.
PLAIN = {"use_dora": False, "bias": "none", "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": None}
#: Why there is nothing to hold torch against.
NO_GGUF = "the base is no GGUF file: llama.cpp was not asked"
NO_LLAMA = "xllamacpp is not installed where it was trained: llama.cpp was not asked"


def export_run(folder: Path, model: Any, tokenizer: Any) -> dict[str, Any]:
    """Write the adapter of a run as PEFT keeps it and as llama.cpp loads it, and see that both say the same.

    Args:
        folder: The run's folder.
        model: PEFT's model, as it was trained.
        tokenizer: The base's.

    Returns:
        `files`, each with its `bytes` and `sha256`, and `equality`: what `agreement` found, or `leftOut`, why not.

    Raises:
        BadChoice: If adapters for this kind of base cannot be written.
        StoreError: If a file cannot be written, or llama.cpp says something else than torch.
    """
    job = read_job(folder)
    _save(folder / PEFT, model, job)
    return _exported(folder, job, model, tokenizer)


def export(folder: Path, tell: Tell) -> dict[str, Any]:
    """Write a run's adapter.gguf anew, from its folder `adapter` alone; returns and errors as for `export_run`.

    Args:
        folder: The run's folder.
        tell: Told what is written.
    """
    from peft import PeftModel

    from metahuman.training.learning.loading import load_base

    job, peft = read_job(folder), folder / PEFT
    _settings(peft), _tensors(peft)  # what is broken is told before a big base is loaded
    base = load_base(job, folder)
    try:
        model = PeftModel.from_pretrained(base.model, str(peft)).eval()
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        problem = " ".join(str(error).split())[:300]
        raise StoreError(peft, f"PEFT cannot load it: {problem}", "train it again") from error
    exported = _exported(folder, job, model, base.tokenizer)
    tell("saved", what="gguf", path=str(folder / GGUF))
    return exported


def _save(peft: Path, model: Any, job: Job) -> None:
    """Write PEFT's folder, whole or not at all."""
    unfinished = peft.with_name(f".{peft.name}.new")
    with store_errors(peft):
        shutil.rmtree(unfinished, ignore_errors=True)
        make_folder(unfinished)
        model.save_pretrained(str(unfinished), save_embedding_layers=False)
        (unfinished / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
        config = read_json(unfinished / CONFIG)
        # A set has no order: two runs of one seed are to leave the same files.
        config |= {"base_model_name_or_path": job.base.model, "target_modules": sorted(config["target_modules"])}
        write_json(unfinished / CONFIG, config)
        shutil.rmtree(peft, ignore_errors=True)
        unfinished.replace(peft)


def _exported(folder: Path, job: Job, model: Any, tokenizer: Any) -> dict[str, Any]:
    from metahuman.training.export.lora_gguf import BASE_SHA256, RUN, Heads, Shape, write_lora

    peft, path, base = folder / PEFT, folder / GGUF, folder / job.base.path
    alpha, config = _settings(peft), model.config.get_text_config()
    heads = Heads(config.num_attention_heads, getattr(config, "num_key_value_heads", config.num_attention_heads))
    notes = {RUN: job.name} | ({} if base.is_dir() else {BASE_SHA256: job.base.sha256})
    write_lora(path, _tensors(peft), alpha, Shape(job.base.architecture, config.num_hidden_layers, heads), notes)
    files = {one.relative_to(folder).as_posix(): described(one) for one in (peft / CONFIG, peft / WEIGHTS, path)}
    return {"files": files, "equality": _equality(folder, job, model, tokenizer)}


def _tensors(peft: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        with store_errors(peft / WEIGHTS, "train it again"):
            return load_file(peft / WEIGHTS)
    except SafetensorError as error:
        raise StoreError(peft / WEIGHTS, str(error), "train it again") from error


def _settings(peft: Path) -> float:
    """Return what llama.cpp takes for the adapter's alpha.

    Raises:
        StoreError: If it is none that llama.cpp can run.
    """
    config = read_json(peft / CONFIG)
    odd = [key for key, value in PLAIN.items() if (config.get(key) or value) != value]
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if odd or not isinstance(rank, int) or not isinstance(alpha, int | float):
        problem = f"llama.cpp cannot run an adapter with {', '.join(odd) or 'no r and lora_alpha'}"
        raise StoreError(peft / CONFIG, problem, "train it again")
    return float(alpha * rank**0.5) if config.get("use_rslora") else float(alpha)


def _equality(folder: Path, job: Job, model: Any, tokenizer: Any) -> dict[str, Any]:
    base = folder / job.base.path
    if base.is_dir():
        return {"leftOut": NO_GGUF}
    if find_spec("xllamacpp") is None:
        return {"leftOut": NO_LLAMA}
    found = agreement(model, base, folder / GGUF, prompts_of(folder, job, tokenizer))
    require_agreement(folder / GGUF, found)
    return found
