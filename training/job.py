"""What a training run is given, and where it writes: the folder of a run.

    job.json            what to train on which base with which settings; written before anything else
    progress.ndjson     a line for each step and each look at the held-out pairs
    checkpoints/        the state of an unfinished run; gone once it is finished
    adapter/            the LoRA as PEFT keeps it: adapter_config.json, adapter_model.safetensors
    adapter.gguf        the same, as llama.cpp loads it
    loss.png            the losses, drawn
    evaluation/         what `metahuman persona eval` found: report.json, report.html, samples.jsonl
    card.json           everything needed to do it again, and how it went; written last

A folder without a card is a run that is not finished. Nothing here imports torch: who only looks need not wait for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictStr

from metahuman.state.files import read_json, write_json
from metahuman.state.written import Written, read_as

JOB, CARD, PROGRESS, CHECKPOINTS = "job.json", "card.json", "progress.ndjson", "checkpoints"
PEFT, GGUF, EVALUATION = "adapter", "adapter.gguf", "evaluation"
REMEDY = "correct the value; docs/training.md tells what is allowed"


class TrainingSettings(Written):
    """How an adapter is trained: `etc/training.json`, key by key over the shipped one.

    Args:
        rank: Of the LoRA.
        alpha: Its strength; divided by the rank.
        dropout: The share of what goes into the adapter that is left out at random while it learns.
        top_layers: How many layers learn, counted from the top; None for all.
        learning_rate: At its highest.
        warm_up: The share of the steps in which the rate climbs.
        weight_decay: Of the adapter's weights.
        epochs: How often each pair is seen, at most.
        batch_tokens: Tokens of a step, padding counted.
        least_weight: What a pair counts at least, as a share of the heaviest: what is old still counts.
        max_tokens: Tokens of a pair, at most: of what was said before, the end is kept; of the answer, the beginning.
        patience: Looks at the held-out pairs without a better loss, after which it stops.
        looks: How often an epoch the held-out pairs are looked at.
        retention: How much it counts that the model's neutral answers stay as they were; 0 to leave that out.
        checkpoint_seconds: After so many seconds the state is written down.
        precision: Of the base's weights while it learns; auto takes what the machine is quick with.
        seed: Of everything that is drawn.
    """

    rank: Annotated[int, Field(ge=1, le=512, strict=True)] = 8
    alpha: Annotated[float, Field(gt=0)] = 16
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    top_layers: Annotated[int, Field(ge=1, strict=True)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.06
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    epochs: Annotated[int, Field(ge=1, strict=True)] = 3
    batch_tokens: Annotated[int, Field(ge=64, strict=True)] = 1024
    max_tokens: Annotated[int, Field(ge=32, strict=True)] = 512
    least_weight: Annotated[float, Field(gt=0, le=1)] = 0.1
    patience: Annotated[int, Field(ge=1, strict=True)] = 2
    looks: Annotated[int, Field(ge=1, strict=True)] = 2
    retention: Annotated[float, Field(ge=0)] = 1.0
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 30
    precision: Literal["auto", "float32", "bfloat16", "4bit"] = "auto"
    seed: Annotated[int, Field(ge=0, strict=True)] = 1


class Base(Written):
    """The model that an adapter is made for.

    Args:
        model_id: Its entry in the registry.
        model: The provider's name for it.
        path: Its GGUF file, or the folder of its safetensors, on the machine that trains.
        sha256: Of the file; of a folder, of its safetensors files one after the other, in the order of their names.
        architecture: As its GGUF file has it under `general.architecture`, such as "llama" or "qwen3".
    """

    model_id: StrictStr
    model: StrictStr
    path: StrictStr
    sha256: StrictStr
    architecture: StrictStr


class Source(Written):
    """The dataset that is trained on, as `metahuman dataset build` made it.

    Args:
        name: Its name.
        folder: Where its files are: absolute, or relative to the run's folder.
        files: Rows, bytes and digest of each file, as the dataset's card has them: what differs is not trained on.
        memory_ids: The memories that are in it.
    """

    name: StrictStr
    folder: StrictStr
    files: dict[str, dict[str, int | str]]
    memory_ids: list[StrictStr]


class Job(Written):
    """One run, before it begins. `name` is the run's: `<date>-<time>-<six hexadecimal digits>`."""

    name: StrictStr
    created_at: StrictStr
    base: Base
    dataset: Source
    settings: TrainingSettings

    def write(self, folder: Path) -> None:
        """Write it into the folder of its run.

        Raises:
            StoreError: If it cannot be written.
        """
        write_json(folder / JOB, self.model_dump(mode="json", by_alias=True))


def read_job(folder: Path) -> Job:
    """Return the job of a run's folder.

    Raises:
        SettingError: If the file is wrong; the error names the key.
        StoreError: If it cannot be read.
    """
    return read_as(Job, folder / JOB, read_json(folder / JOB), REMEDY)
