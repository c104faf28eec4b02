"""The model that is proved, with its adapter and without: one base in memory serves for both."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from metahuman.state.errors import StoreError
from metahuman.training.job import PEFT, Job
from metahuman.training.learning.batching import batches
from metahuman.training.learning.loading import load_base
from metahuman.training.learning.rows import Row
from metahuman.training.learning.speaker import Speaker, padded
from metahuman.training.proof.views import Vector

Which = Literal["base", "adapter"]
BOTH: tuple[Which, Which] = ("base", "adapter")


class Read(NamedTuple):
    """What a model makes of the answer of a row, token by token.

    Args:
        losses: What each costs, in nats.
        hits: Whether it is the very token that the model would have said.
    """

    losses: Vector
    hits: Any


class Pair:
    """A base, and the same with an adapter.

    Args:
        model: PEFT's model.
        tokenizer: The base's.
        tokens: Tokens that are read at a time.
    """

    def __init__(self, model: Any, tokenizer: Any, tokens: int) -> None:
        self._model, self.tokenizer, self._tokens = model.eval(), tokenizer, tokens
        self._speaker = Speaker(model)

    def read(self, rows: Sequence[Row], which: Which) -> list[Read]:
        """Return what one of the two makes of rows, in their order."""
        found = dict[int, Read]()
        with torch.no_grad(), self._as(which):
            for batch in batches(rows, self._tokens):
                states = self._speaker.states(batch)
                losses, hits = self._speaker.losses(batch, states), self._hits(batch, states)
                sizes = [len(row.answer) for row in batch]
                for row, cost, hit in zip(batch, losses.split(sizes), hits.split(sizes), strict=True):
                    found[id(row)] = Read(cost.double().cpu().numpy(), hit.cpu().numpy())
        return [found[id(row)] for row in rows]

    def costs(self, before: Sequence[int], endings: Sequence[Sequence[int]], which: Which) -> Vector:
        """Return what each of some endings costs after the same beginning, in nats.

        Args:
            before: The tokens of the beginning, at least two; it is read once.
            endings: The tokens of each ending.
            which: Who reads.
        """
        device = self._speaker.device
        with torch.no_grad(), self._as(which):
            past = self._model(input_ids=torch.tensor([before[:-1]], device=device), use_cache=True).past_key_values
            past.batch_repeat_interleave(len(endings))
            ids = padded([torch.tensor([before[-1], *ending]) for ending in endings]).to(device)
            logits = self._model(input_ids=ids[:, :-1], past_key_values=past, use_cache=True).logits.float()
            each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
            lengths = torch.tensor([len(ending) for ending in endings], device=device)[:, None]
            there = torch.arange(each.shape[1], device=device)[None] < lengths
            found: Vector = np.asarray((each * there).sum(1).double().cpu())
        return found

    def _hits(self, batch: Sequence[Row], states: Any) -> Any:
        head = self._model.get_output_embeddings()
        said = torch.cat([head(part).argmax(-1) for part in states.split(256)])
        return said == torch.tensor([token for row in batch for token in row.answer], device=said.device)

    def _as(self, which: Which) -> AbstractContextManager[Any]:
        without: AbstractContextManager[Any] = self._model.disable_adapter()
        return without if which == "base" else contextlib.nullcontext()


def load_pair(job: Job, folder: Path) -> Pair:
    """Load the base of a run, and its adapter.

    Args:
        job: The run's job.
        folder: Its folder.

    Raises:
        StoreError: If the base or the adapter is gone, or cannot be loaded.
    """
    from peft import PeftModel

    base = load_base(job, folder)
    with _adapter_errors(folder / PEFT), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what PEFT asks transformers has another name by now
        model = PeftModel.from_pretrained(base.model, str(folder / PEFT))
    return Pair(model.to(base.machine.device), base.tokenizer, job.settings.batch_tokens)


@contextlib.contextmanager
def _adapter_errors(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        problem = " ".join(str(error).split())[:300]
        raise StoreError(path, f"the adapter cannot be loaded: {problem}", "train it anew") from error
