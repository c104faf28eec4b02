"""A model that reads rows and is judged by the persona's words alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax
from torch.utils.checkpoint import checkpoint

from metahuman.training.learning.lower import Lower
from metahuman.training.learning.rows import Row

#: Bytes of logits that are held at once; of more, parts are computed again on the way back.
LOGITS = 1 << 28


class Speaker:
    """A causal language model, with or without an adapter.

    Args:
        model: Transformers' model, or PEFT's around it.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        self.decoder, self._head = inner.get_decoder(), inner.get_output_embeddings()
        config = inner.config.get_text_config()
        self._cap: float | None = getattr(config, "final_logit_softcapping", None)  # Gemma 2 has one
        self._part = max(1, LOGITS // (4 * config.vocab_size))
        self.lower: Lower | None = None

    @property
    def device(self) -> Any:
        """Where it is."""
        return self._head.weight.device

    def states(self, rows: Sequence[Row]) -> Any:
        """Return what the last layer makes of the tokens before each token of the answers: tokens x width.

        The vocabulary is a fifth of a small model's work, so it is only asked where an answer is.
        """
        ids = padded([torch.tensor([*row.prompt, *row.answer]) for row in rows]).to(self.device)
        length = torch.tensor([row.length for row in rows], device=self.device)[:, None]
        start = torch.tensor([len(row.prompt) for row in rows], device=self.device)[:, None]
        place = torch.arange(ids.shape[1], device=self.device)[None]
        if self.lower:
            self.lower.give(rows, self.device)
        mask = None if bool((length == ids.shape[1]).all()) else (place < length).long()
        hidden = self.decoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        return hidden[(place >= start - 1) & (place < length - 1)]

    def losses(self, rows: Sequence[Row], states: Any = None) -> Any:
        """Return the loss of each token of the answers, one row after the other, in nats."""
        states = self.states(rows) if states is None else states
        targets = torch.tensor([token for row in rows for token in row.answer], device=self.device)
        return self._in_parts(self._losses, states, targets)

    def drift(self, before: Any, states: Any) -> Any:
        """Return how far the next token's distribution has moved from what it was: KL(before || now), in nats a token.

        Args:
            before: What the last layer made of the tokens as the base was.
            states: What it makes of them now.
        """
        return self._in_parts(self._drift, states, before).mean()

    def _in_parts(self, compute: Any, states: Any, others: Any) -> Any:
        parts = list(zip(states.split(self._part), others.split(self._part), strict=True))
        if len(parts) == 1 or not torch.is_grad_enabled():
            return torch.cat([compute(one, other) for one, other in parts])
        return torch.cat([checkpoint(compute, one, other, use_reentrant=False) for one, other in parts])

    def _losses(self, states: Any, targets: Any) -> Any:
        return cross_entropy(self._logits(states), targets, reduction="none")

    def _drift(self, states: Any, before: Any) -> Any:
        with torch.no_grad():
            was = log_softmax(self._logits(before), -1)
        return kl_div(log_softmax(self._logits(states), -1), was, log_target=True, reduction="none").sum(-1)

    def _logits(self, states: Any) -> Any:
        logits = self._head(states).float()
        return self._cap * torch.tanh(logits / self._cap) if self._cap else logits


def padded(rows: Sequence[Any]) -> Any:
    """Return rows as one tensor; what is added stands behind, where no token looks."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)


def mean_loss(speaker: Speaker, batches: Sequence[Sequence[Row]]) -> float:
    """Return the mean loss of a token of the answers, in nats: the logarithm of the perplexity."""
    total, count = 0.0, 0
    speaker.model.eval()
    with torch.no_grad():
        for rows in batches:
            found = speaker.losses(rows)
            total, count = total + found.double().sum().item(), count + len(found)
    return total / max(1, count)
