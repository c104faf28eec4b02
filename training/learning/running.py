"""A training run from its job to its card; run again after a crash, it goes on where it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout

from metahuman.state.errors import SettingError, StoreError
from metahuman.state.files import make_folder, private_lock, read_json, store_errors, write_json
from metahuman.training.export import export_run
from metahuman.training.export.architectures import require_supported
from metahuman.training.job import CARD, Job, read_job
from metahuman.training.learning.batching import batches
from metahuman.training.learning.card import Went, card_of
from metahuman.training.learning.drawing import draw_losses
from metahuman.training.learning.keeping import State, drop, kept, sweep
from metahuman.training.learning.loading import Loaded, load_base, split_of, with_adapter
from metahuman.training.learning.lower import Lower, pays
from metahuman.training.learning.retention import neutral_rows
from metahuman.training.learning.rows import HELD_OUT, TRAIN, rows_of, tokens_of, verify
from metahuman.training.learning.speaker import Speaker
from metahuman.training.learning.steps import Rows, Trainer
from metahuman.training.telling import Log, Tell

LOCK = ".lock"


def train(folder: Path, tell: Tell) -> dict[str, Any]:
    """Train the adapter of a job, export it, and write its card; return that.

    Args:
        folder: The run's folder, with its job.json.
        tell: Told what happens.

    Raises:
        KeyboardInterrupt: If it is told to stop; run again, it goes on.
        BadChoice: If adapters for this kind of base cannot be written.
        SettingError: If the job, a row or a setting is wrong.
        StoreError: If something cannot be read or written, was changed, or another process trains in the folder.
    """
    with _alone(folder):
        job = read_job(folder)
        if not (folder / CARD).exists():
            require_supported(job.base.architecture)
            verify(job.dataset, folder)
            sweep(folder)
            with _in_memory():
                _train(job, folder, tell)
        drop(folder)
        card = read_json(folder / CARD)
        tell("finished", seconds=card["seconds"], losses=card["losses"], stopped=card["stopped"])
        return card


def _train(job: Job, folder: Path, tell: Tell) -> None:
    state = kept(folder) or State()
    log = Log(folder, tell, state.step)
    base = load_base(job, folder)
    model = with_adapter(base, job.settings)
    rows = _rows(job, folder, base)
    trainer = Trainer(job, folder, speaker := Speaker(model), rows, state, log)
    about = {"device": base.machine.device, "tokens": tokens_of(rows.train), "pairs": len(rows.train)}
    log("started", step=state.step, steps=trainer.steps, heldOut=len(rows.held_out), **about)
    _lower(job, base, speaker, rows)
    trainer.run()
    if speaker.lower:
        speaker.lower.restore()
    exported = export_run(folder, model.eval(), base.tokenizer)
    log("saved", what="adapter", path=str(folder))
    verify(job.dataset, folder)  # what was forgotten while it was learned must not go on in an adapter that looks clean
    draw_losses(folder, state)
    went = Went(state, rows, trainer.steps, base, _now())
    write_json(folder / CARD, card_of(job, folder, went, exported))
    log("saved", what="card", path=str(folder / CARD))


def _rows(job: Job, folder: Path, base: Loaded) -> Rows:
    dataset = folder / job.dataset.folder
    learned, held_out = (rows_of(dataset / name, base.tokenizer, job.settings) for name in (TRAIN, HELD_OUT))
    if not learned:
        raise StoreError(dataset / TRAIN, "there is nothing to learn from", "build a dataset with more memories")
    return Rows(learned, held_out, *neutral_rows(base.tokenizer, job.settings))


def _lower(job: Job, base: Loaded, speaker: Speaker, rows: Rows) -> None:
    """Compute what does not learn once, where that pays."""
    split = split_of(base.model, job.settings)
    config = base.model.config.get_text_config()
    if not base.fast and pays(config, rows.all, split, job.settings.epochs, base.machine.dtype.itemsize):
        lower = Lower(speaker.decoder, split)
        speaker.model.eval()
        lower.compute(batches(rows.all, job.settings.batch_tokens), speaker.states)
        speaker.lower = lower


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from training in the same folder."""
    lock = private_lock(make_folder(folder) / LOCK, timeout=0)
    with store_errors(folder / LOCK):
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreError(folder, "another process trains in it", "wait for it, or stop it") from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _in_memory() -> Iterator[None]:
    """Tell what can be done where the memory does not suffice."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        remedy = "lower batchTokens or maxTokens, set topLayers, or take a smaller base"
        raise SettingError("etc/training.json", "batchTokens", "the memory does not suffice", remedy) from error


def _now() -> datetime:
    return datetime.now(UTC)
