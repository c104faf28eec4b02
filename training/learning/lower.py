"""The layers that do not learn: what they make of a row is the same in each epoch, so it is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psutil
import torch

from metahuman.training.learning.rows import Row, tokens_of

#: The part of the free memory that this may take.
SHARE = 0.125


class _Passes(torch.nn.Module):  # type: ignore[misc]
    """A layer that gives what it is given."""

    def forward(self, hidden: Any, *_: Any, **__: Any) -> Any:
        return hidden


class _Catches(_Passes):
    """A layer that keeps what it is given."""

    caught: Any = None

    def forward(self, hidden: Any, *_: Any, **__: Any) -> Any:
        self.caught = hidden
        return hidden


class _Gives(_Passes):
    """A layer that gives what it has, whatever it is given."""

    given: Any = None

    def forward(self, hidden: Any, *_: Any, **__: Any) -> Any:
        return self.given


class Lower:
    """Stands in for the layers that do not learn, until `restore`.

    Args:
        decoder: The model's decoder; while this stands in, it reads only rows that were computed.
        split: How many layers do not learn, counted from below.
    """

    def __init__(self, decoder: Any, split: int) -> None:
        self._decoder, self._whole, self._split = decoder, list(decoder.layers), split
        self._gives, self._made = _Gives(), dict[Row, Any]()

    def compute(self, batches: Iterable[Sequence[Row]], states: Any) -> None:
        """Compute what the layers make of rows, then stand in for them.

        Args:
            batches: The rows, always in the same order: how rows are padded shows in the last digits.
            states: Runs the model over some rows.
        """
        catches = _Catches()
        above = [_Passes() for _ in self._whole[self._split + 1 :]]
        self._set([*self._whole[: self._split], catches, *above])
        with torch.no_grad():
            for rows in batches:
                states(rows)
                found = catches.caught.cpu()
                self._made |= {row: one[: row.length].clone() for row, one in zip(rows, found, strict=True)}
        self._set([self._gives, *(_Passes() for _ in range(self._split - 1)), *self._whole[self._split :]])

    def give(self, rows: Sequence[Row], device: Any) -> None:
        """Have the lowest layer give what was computed for some rows."""
        hidden = [self._made[row] for row in rows]
        self._gives.given = torch.nn.utils.rnn.pad_sequence(hidden, batch_first=True).to(device)

    def restore(self) -> None:
        """Put the layers back."""
        self._set(self._whole)

    def _set(self, layers: list[Any]) -> None:
        self._decoder.layers = torch.nn.ModuleList(layers)


def pays(config: Any, rows: Sequence[Row], split: int, epochs: int, width: int = 4) -> bool:
    """Tell whether it is worth it: some layers do not learn, rows are seen again, and it fits into the memory.

    Args:
        config: The model's.
        rows: All rows.
        split: How many layers do not learn.
        epochs: How often rows are seen.
        width: Bytes of a number.
    """
    if split < 1 or epochs < 2:
        return False
    return bool(tokens_of(rows) * config.hidden_size * width < SHARE * psutil.virtual_memory().available)
