"""What a training is to learn, on which base: chosen before anything is begun."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metahuman.home import Home
from metahuman.memory.dataset.assembling import named
from metahuman.memory.dataset.checking import checked, datasets
from metahuman.memory.dataset.comparing import card_in
from metahuman.memory.dataset.lineage import Look
from metahuman.memory.dataset.places import datasets_folder
from metahuman.memory.dataset.tainting import CARD, FILES
from metahuman.models.encoding import is_encoder
from metahuman.models.gguf import read_header
from metahuman.models.providers.local import model_file
from metahuman.models.registry import Registry
from metahuman.models.resolved import ResolvedModel
from metahuman.state.errors import BadChoice
from metahuman.state.files import make_folder
from metahuman.state.moments import iso
from metahuman.training.base import base_digest, folder_architecture, weight_files
from metahuman.training.export.architectures import require_supported
from metahuman.training.job import Base, Job, Source, TrainingSettings
from metahuman.training.settings import load_settings
from metahuman.voice.runs import Run, adapters_folder

PERSONA = "persona"
#: Characters of a token, about; how many tokens there are is known once the base's tokenizer is asked.
CHARACTERS = 4


@dataclass(frozen=True)
class Wanted:
    """What the owner asks for; None leaves it to what there is.

    Args:
        dataset: The name of a dataset; by default the one that was built last.
        base: The id of the base's entry in the registry; by default the first of the persona's that can be trained.
        base_path: Where the base's files are: for models that a server runs.
        settings: How it is trained; by default what `etc/training.json` says.
    """

    dataset: str | None = None
    base: str | None = None
    base_path: Path | None = None
    settings: TrainingSettings | None = None


@dataclass(frozen=True)
class Plan:
    """A training that could begin.

    Args:
        job: The job.
        folder: Where its run would be.
        pairs: Pairs that are learned from.
        held_out: Those that are not, to test with.
        tokens: About how many tokens the pairs have.
    """

    job: Job
    folder: Path
    pairs: int
    held_out: int
    tokens: int


def planned(home: Home, wanted: Wanted, look: Look, now: datetime) -> Plan:
    """Choose what is learned, and see that it may be; nothing is written.

    Args:
        home: The home.
        wanted: What is asked for.
        look: Returns what a memory is now.
        now: The time.

    Raises:
        BadChoice: If there is no such dataset or base, or it may not be trained on, or cannot.
        SettingError: If a settings file or a card is wrong.
        StoreError: If something cannot be read.
    """
    settings = wanted.settings or load_settings(home.root)
    card = _dataset(home, wanted.dataset, look)
    base = _base(home, wanted)
    name = f"{now:%Y-%m-%d-%H%M%S}-{secrets.token_hex(3)}"
    folder = datasets_folder(home.root) / card["name"]
    source = Source(
        name=card["name"], folder=str(folder), files=card["files"], memory_ids=[*map(str, card["memoryIds"])]
    )
    job = Job(name=name, created_at=iso(now), base=base, dataset=source, settings=settings)
    sides = {side: card["files"][file] for side, file in FILES.items()}
    tokens = int(sides["train"]["bytes"]) // CHARACTERS
    return Plan(job, place_of(home, name), int(sides["train"]["rows"]), int(sides["held-out"]["rows"]), tokens)


def place_of(home: Home, name: str) -> Path:
    """Return the folder of a run, by its name."""
    return adapters_folder(home) / name[: len("2026-01-01")] / name


def begun(plan: Plan) -> Run:
    """Write a plan down as a run, which can be trained from then on.

    Raises:
        StoreError: If it cannot be written.
    """
    plan.job.write(make_folder(plan.folder))
    return Run(plan.folder, plan.job)


def _dataset(home: Home, name: str | None, look: Look) -> dict[str, Any]:
    """Return the card of a dataset that may be trained on."""
    folder = datasets_folder(home.root) / named(name) if name else _latest(home)
    card, told = card_in(folder), f"`metahuman dataset check {folder.name}`"
    if card.get("tainted"):
        raise BadChoice(f"dataset {folder.name} is tainted; `metahuman dataset build --name {folder.name}` mends that")
    if problems := checked(home.root, look, folder).problems:
        raise BadChoice(f"dataset {folder.name}: {problems[0].what} ({len(problems)} in all); {told} shows where")
    if not card["files"][FILES["train"]]["rows"]:
        raise BadChoice(f"dataset {folder.name} has no pair to learn from; build it with more memories")
    return card | {"name": folder.name, "memoryIds": card.get("memoryIds") or []}


def _latest(home: Home) -> Path:
    built = [folder for folder in datasets(home.root) if (folder / CARD).is_file()]
    if not built:
        raise BadChoice("there is no dataset yet; `metahuman dataset build` makes one")
    return max(built, key=lambda folder: (folder / CARD).stat().st_mtime_ns)


def _base(home: Home, wanted: Wanted) -> Base:
    registry = Registry.load(home.registry, home.root)
    overrides = {"modelId": wanted.base} if wanted.base else None
    listed = registry.candidates(PERSONA, overrides=overrides)
    model = listed[0] if wanted.base or wanted.base_path else _trainable(listed)
    path = wanted.base_path.expanduser().absolute() if wanted.base_path else _file(model)
    weight_files(path)
    architecture = folder_architecture(path) if path.is_dir() else _said(path)
    require_supported(architecture)
    return Base(
        model_id=model.model_id,
        model=model.model,
        path=str(path),
        sha256=base_digest(path),
        architecture=architecture,
    )


def _trainable(listed: list[ResolvedModel]) -> ResolvedModel:
    """Return the first model whose file is on this machine."""
    found = next((model for model in listed if model.kind == "local" and not is_encoder(model_file(model))), None)
    if found is None:
        names = ", ".join(model.model_id for model in listed)
        raise BadChoice(f"the persona's models ({names}) run elsewhere: say with --base-path where one's files are")
    return found


def _file(model: ResolvedModel) -> Path:
    if model.kind != "local":
        needed = "say with --base-path where its GGUF file is, or the folder of its safetensors"
        raise BadChoice(f"{model.model_id} ({model.model}) is run by {model.provider}: {needed}")
    return model_file(model)


def _said(path: Path) -> str:
    """Return the architecture that a GGUF file names."""
    return str(read_header(path).metadata.get("general.architecture", ""))
