"""The steps of a run: learn from a batch, look at what was held out now and then, stop when that gets no better."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict

from metahuman.state.errors import SettingError
from metahuman.training.job import Job
from metahuman.training.learning.batching import Batch, batches, epochs
from metahuman.training.learning.keeping import State, keep
from metahuman.training.learning.retention import Retention
from metahuman.training.learning.rows import Row, evened, tokens_of
from metahuman.training.learning.speaker import Speaker, mean_loss
from metahuman.training.learning.stopping import Stopping
from metahuman.training.telling import Tell

#: How far apart two losses have to be to count as different.
LEAST = 1e-4
BETAS = (0.9, 0.99)


class Rows(NamedTuple):
    """All rows of a run.

    Args:
        train: Those that are learned from.
        held_out: Those that tell when to stop; there may be none.
        retained: Neutral answers that the base is held to.
        neutral: Others, which are only looked at.
    """

    train: list[Row]
    held_out: list[Row]
    retained: list[Row]
    neutral: list[Row]

    @property
    def all(self) -> list[Row]:
        """All of them."""
        return [row for rows in self for row in rows]


class Trainer:
    """Trains the adapter of a model.

    Args:
        job: The job.
        folder: The run's folder.
        speaker: The model, with its adapter.
        rows: The rows.
        state: How far it is; `begin` or `go_on` comes first.
        tell: Told what happens.
    """

    def __init__(self, job: Job, folder: Path, speaker: Speaker, rows: Rows, state: State, tell: Tell) -> None:
        self._settings, self._folder, self._speaker, self.state = job.settings, folder, speaker, state
        self._tell = tell
        self._epochs = epochs(rows.train, job.settings.batch_tokens, job.settings.epochs, job.settings.seed)
        self._counts = evened(rows.train)
        self._held_out, self._neutral = (
            batches(some, job.settings.batch_tokens) for some in (rows.held_out, rows.neutral)
        )
        self._retention = Retention(speaker, rows.retained, job.settings)
        self._learning = [one for one in speaker.model.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(
            self._learning, lr=job.settings.learning_rate, weight_decay=job.settings.weight_decay, betas=BETAS
        )
        self._looks = set(_look_steps([len(epoch) for epoch in self._epochs], job.settings.looks))

    @property
    def steps(self) -> int:
        """How many steps there are at most."""
        return sum(map(len, self._epochs))

    def run(self) -> None:
        """Learn until it gets no better, or all epochs are over; the best adapter is then in the model.

        Raises:
            KeyboardInterrupt: If it is told to stop; how far it is was then written down.
            SettingError: If the loss runs away.
            StoreError: If something cannot be written.
        """
        if self.state.adapter:
            set_peft_model_state_dict(self._speaker.model, self.state.adapter)
            self._optimizer.load_state_dict(self.state.optimizer)
        if not self.state.stopped:
            self._retention.look()
            with Stopping() as stopping:
                self._learn(stopping)
        chosen = self.state.adapter if self.state.chosen is None else self.state.chosen
        set_peft_model_state_dict(self._speaker.model, chosen)

    def _learn(self, stopping: Stopping) -> None:
        begun, kept, before = time.monotonic(), time.monotonic(), self.state.seconds
        if not self.state.looks:
            self._look()
        plan = [rows for epoch in self._epochs for rows in epoch]
        while not self.state.stopped:
            self._step(plan[self.state.step])
            self.state.seconds = before + time.monotonic() - begun
            looked = self.state.step in self._looks
            if looked:
                self._look()
            if stopping.wanted or looked or time.monotonic() - kept > self._settings.checkpoint_seconds:
                self._keep()
                kept = time.monotonic()
            if stopping.wanted:
                raise KeyboardInterrupt

    def _step(self, rows: Batch) -> None:
        started, step = time.monotonic(), self.state.step
        torch.manual_seed(self._settings.seed * 1_000_003 + step)  # so that a step is the same when it is done again
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate(step)
        self._speaker.model.train()
        loss = self._loss(rows)
        loss.backward()
        if (drift := self._retention.loss(step)) is not None:
            drift.backward()
        torch.nn.utils.clip_grad_norm_(self._learning, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._note(step + 1, rows, loss.item(), time.monotonic() - started)

    def _loss(self, rows: Batch) -> Any:
        """Return the mean loss of a token of the answers, each row counted by its weight."""
        each = self._speaker.losses(rows)
        weights = torch.tensor([self._counts[row] for row in rows for _ in row.answer], device=each.device)
        return (each * weights).mean()

    def _note(self, step: int, rows: Batch, loss: float, took: float) -> None:
        if not math.isfinite(loss):
            problem = f"at step {step} the loss is no number any more"
            raise SettingError("etc/training.json", "learningRate", problem, "lower it, and train anew")
        tokens = tokens_of(rows)
        self.state.step, self.state.tokens = step, self.state.tokens + tokens
        self.state.losses.append(loss)
        about = {"loss": round(loss, 4), "rate": self.rate(step - 1), "tokensPerSecond": round(tokens / took, 1)}
        self._tell("step", step=step, steps=self.steps, **about)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: it climbs, then falls in a straight line to nothing."""
        climb = self._settings.warm_up * self.steps
        share = (step + 1) / (climb + 1) if step < climb else (self.steps - step) / max(1.0, self.steps - climb)
        return self._settings.learning_rate * min(1.0, share)

    def _look(self) -> None:
        """See how well it speaks what it does not learn from, and take note of the best; decide whether to go on."""
        held_out = mean_loss(self._speaker, self._held_out) if self._held_out else None
        neutral = mean_loss(self._speaker, self._neutral)
        state = self.state
        state.looks.append({"step": state.step, "heldOut": held_out, "neutral": neutral})
        losses = [look["heldOut"] for look in state.looks]
        if held_out is not None and (len(losses) == 1 or held_out < losses[state.best] - LEAST):
            state.best, state.chosen = len(losses) - 1, self._tensors()
        if held_out is not None and len(losses) - 1 - state.best >= self._settings.patience:
            state.stopped = "early"
        elif state.step == self.steps:
            state.stopped = "all epochs"
        self._tell("looked", step=state.step, heldOut=_short(held_out), neutral=_short(neutral))

    def _keep(self) -> None:
        self.state.adapter, self.state.optimizer = self._tensors(), self._optimizer.state_dict()
        self._tell("saved", what="checkpoint", path=str(keep(self._folder, self.state)), step=self.state.step)

    def _tensors(self) -> dict[str, Any]:
        found = get_peft_model_state_dict(self._speaker.model, save_embedding_layers=False)  # else it looks online
        return {name: one.detach().cpu().clone() for name, one in found.items()}


def _look_steps(lengths: Sequence[int], looks: int) -> list[int]:
    """Return after which steps the held-out rows are looked at: so many times an epoch, and at its end."""
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    return [
        start + math.ceil(length * part / looks)
        for start, length in zip(starts, lengths, strict=True)
        for part in range(1, looks + 1)
    ]


def _short(loss: float | None) -> float | None:
    return None if loss is None else round(loss, 4)
