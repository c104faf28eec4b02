"""A trained adapter becomes files, which llama.cpp and torch agree on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from metahuman.models.adapter_fit import require_fit
from metahuman.models.gguf import read_adapter
from metahuman.state.errors import StoreError
from metahuman.training.export.agreement import require_agreement
from metahuman.training.job import Job, Source, TrainingSettings
from metahuman.training.telling import Event, told_to
from tests.tiny_base import base_of, tiny_base

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def a_run(folder: Path) -> Job:
    """Write the job of a run on a tiny base, and three held-out rows."""
    data = folder / "data"
    data.mkdir()
    pairs = [("Do you like rain?", "I do."), ("Why?", "It is mine."), ("And snow?", "Less.")]
    rows = [
        {"messages": [{"role": "user", "content": one}, {"role": "assistant", "content": other}]}
        for one, other in pairs
    ]
    (data / "held-out.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    job = Job(
        name="2026-05-17-120000-aaaaaa",
        created_at="2026-05-17T12:00:00.000Z",
        base=base_of(tiny_base(folder / "tiny.gguf")),
        dataset=Source(name="one", folder="data", files={}, memory_ids=[]),
        settings=TrainingSettings(),
    )
    job.write(folder)
    return job


def adapted(base: Any, seed: int = 1) -> Any:
    """Return a base with an adapter that says something else than the base."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=LINEAR))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, 0, 0.1)
    return model.eval()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_was_trained_is_what_llama_cpp_says(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed: make setup-train")
    from metahuman.training.export import export, export_run
    from metahuman.training.learning.loading import load_base

    job = a_run(tmp_path)
    base = load_base(job, tmp_path)
    made = export_run(tmp_path, adapted(base.model), base.tokenizer)
    equality, files = made["equality"], made["files"]
    assert equality["prompts"] == equality["sameGreedy"] == 20
    assert equality["meanLogitDifference"] < 0.01
    assert set(files) == {"adapter.gguf", "adapter/adapter_config.json", "adapter/adapter_model.safetensors"}
    assert {path.name for path in (tmp_path / "adapter").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert json.loads((tmp_path / "adapter/adapter_config.json").read_text())["base_model_name_or_path"] == "tiny"
    said = read_adapter(tmp_path / "adapter.gguf").metadata
    assert (said["metahuman.run"], said["metahuman.base.sha256"]) == (job.name, job.base.sha256)
    require_fit(tmp_path / "tiny.gguf", tmp_path / "adapter.gguf", job.base.sha256)

    (tmp_path / "adapter.gguf").unlink()
    events: list[Event] = []
    assert export(tmp_path, told_to(events)) == made  # from what PEFT kept, alone
    assert [event["what"] for event in events] == ["gguf"]

    other = tiny_base(tmp_path / "other.gguf", seed=2)
    shutil.copy(other, tmp_path / "tiny.gguf")
    with pytest.raises(StoreError, match=r"tiny\.gguf"):
        export(tmp_path, told_to([]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_that_llama_cpp_would_run_otherwise_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed: make setup-train")
    from metahuman.training.export import export, export_run
    from metahuman.training.learning.loading import load_base

    base = load_base(a_run(tmp_path), tmp_path)
    export_run(tmp_path, adapted(base.model), base.tokenizer)
    config = tmp_path / "adapter" / "adapter_config.json"
    good = json.loads(config.read_text())
    for changed in ({"use_dora": True}, {"bias": "all"}, {"alpha_pattern": {"q_proj": 3}}, {"r": None}):
        config.write_text(json.dumps(good | changed))
        with pytest.raises(StoreError, match=r"adapter_config\.json: llama\.cpp cannot run an adapter with"):
            export(tmp_path, told_to([]))
    config.write_text(json.dumps(good))
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"half")
    with pytest.raises(StoreError, match="train it again"):
        export(tmp_path, told_to([]))


@pytest.mark.slow
def test_a_file_that_llama_cpp_cannot_load_is_told_in_one_line(tmp_path: Path) -> None:
    from metahuman.training.export.llama import Question, ask

    base, broken = tiny_base(tmp_path / "tiny.gguf"), tmp_path / "broken.gguf"
    broken.write_bytes(b"no adapter")
    with pytest.raises(StoreError, match=r"broken\.gguf: llama\.cpp cannot speak with it on .*tiny\.gguf") as raised:
        ask(Question(str(base), str(broken), [[1, 5, 9]], (1.0,), 2, 5))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("mean", "base", "agrees"), [(0.2, 0.1, True), (0.21, 0.1, False), (0.05, 0.0, True)])
def test_how_far_they_may_differ(tmp_path: Path, mean: float, base: float, *, agrees: bool) -> None:
    found = {"meanLogitDifference": mean, "baseMeanLogitDifference": base}
    if agrees:
        require_agreement(tmp_path, found)
        return
    with pytest.raises(StoreError, match=r"differs from torch by 0\.21 nats in the mean, and may by 0\.20000; it is"):
        require_agreement(tmp_path, found)


def test_numbers_that_are_none_do_not_agree(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        require_agreement(tmp_path, {"meanLogitDifference": float("nan"), "baseMeanLogitDifference": 0.1})
