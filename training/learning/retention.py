"""What keeps the base's plain answers as they are: it is held to what it said of them before it learned a voice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from metahuman.training.job import TrainingSettings
from metahuman.training.learning.batching import Batch, batches
from metahuman.training.learning.rows import Row, rows_of
from metahuman.training.learning.speaker import Speaker

#: Sixty everyday questions with short, plain answers, written for this program.
NEUTRAL = Path(__file__).with_name("neutral.jsonl")
#: The base is held to its answers in every so many steps.
EVERY = 2


def neutral_rows(tokenizer: Any, settings: TrainingSettings) -> tuple[list[Row], list[Row]]:
    """Return the neutral answers as rows: those that the base is held to, and those that are only looked at."""
    rows = rows_of(NEUTRAL, tokenizer, settings)
    return rows[::2], rows[1::2]


class Retention:
    """Holds a model to what it said of some rows before.

    Args:
        speaker: The model.
        rows: The rows.
        settings: How much that counts; how many tokens at a time; the seed.
    """

    def __init__(self, speaker: Speaker, rows: Sequence[Row], settings: TrainingSettings) -> None:
        self._speaker, self._settings = speaker, settings
        self._batches: list[Batch] = batches(rows, settings.batch_tokens // 4) if settings.retention else []
        self._before: dict[int, Any] = {}

    def look(self) -> None:
        """Take note of what the model says without its adapter; kept as what its last layer makes of each token."""
        self._speaker.model.eval()
        with torch.no_grad(), self._speaker.model.disable_adapter():
            self._before = {at: self._speaker.states(rows).cpu() for at, rows in enumerate(self._batches)}

    def loss(self, step: int) -> Any:
        """Return how far it has drifted on some rows, as it counts in a step; None in steps that leave it out."""
        if not self._batches or step % EVERY:
            return None
        chance = random.Random(f"{self._settings.seed} {step}")  # noqa: S311 - a step is the same when done again
        at = chance.randrange(len(self._batches))
        before = self._before[at].to(self._speaker.device)
        return self._settings.retention * self._speaker.drift(before, self._speaker.states(self._batches[at]))
