"""What of the machine is used: which processor, which precision, how many threads."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from typing import Any, Literal

import psutil
import torch

from metahuman.state.errors import SettingError
from metahuman.training.job import TrainingSettings

Precision = Literal["float32", "bfloat16", "4bit"]
#: The part of a GPU's memory that the base's weights may fill; the rest is for what is computed with them.
FILLED = 0.6
#: Bytes of a weight.
BYTES = {"float32": 4.0, "bfloat16": 2.0, "4bit": 0.6}


@dataclass(frozen=True)
class Machine:
    """What is trained on.

    Args:
        device: cuda, mps or cpu.
        precision: Of the base's weights.
        threads: Of the CPU.
    """

    device: str
    precision: Precision
    threads: int

    @property
    def dtype(self) -> Any:
        """Torch's word for the precision that is computed in."""
        return torch.float32 if self.precision == "float32" else torch.bfloat16

    def told(self) -> dict[str, Any]:
        """Return what a card says of it."""
        name = torch.cuda.get_device_name() if self.device == "cuda" else None
        return {"device": self.device, "name": name, "precision": self.precision, "cores": self.threads}


def prepared(settings: TrainingSettings, weights: int, *, from_folder: bool) -> Machine:
    """Choose, and set torch up so that the same seed gives the same adapter.

    Args:
        settings: What is wanted.
        weights: How many weights the base has.
        from_folder: Whether it comes as safetensors; only such can be loaded with 4 bits.

    Raises:
        SettingError: If the precision that is wanted is not possible here.
    """
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    threads = int(os.environ.get("OMP_NUM_THREADS") or psutil.cpu_count(logical=False) or os.cpu_count() or 1)
    torch.set_num_threads(threads)
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else sums come out in another order each time
        torch.use_deterministic_algorithms(True, warn_only=True)
    return Machine(device, _precision(settings, device, weights, from_folder=from_folder), threads)


def _precision(settings: TrainingSettings, device: str, weights: int, *, from_folder: bool) -> Precision:
    four = device == "cuda" and from_folder and importlib.util.find_spec("bitsandbytes") is not None
    if settings.precision == "4bit" and not four:
        remedy = "install bitsandbytes, and train on an NVIDIA GPU from a folder of safetensors; or choose another"
        raise SettingError("etc/training.json", "precision", "4bit is not possible here", remedy)
    if settings.precision != "auto":
        return settings.precision
    if device == "cpu":
        return "float32"  # few CPUs are quick with anything less
    if four and weights * BYTES["bfloat16"] > FILLED * torch.cuda.get_device_properties(0).total_memory:
        return "4bit"
    return "bfloat16"
