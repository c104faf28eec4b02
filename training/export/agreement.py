"""Whether llama.cpp, with an adapter's file, says what torch says with the adapter that was trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from metahuman.state.errors import StoreError
from metahuman.training.export.llama import Question, Step, ask

#: Prompts compared, steps after each, and the likeliest tokens of each step.
PROMPTS, STEPS, LIKELIEST = 20, 8, 20
#: llama.cpp rounds what it multiplies with a quantised base, torch does not: they differ without any adapter. With one
#: they may differ by so many times as much, and by so many nats more, in the mean (measured: docs/adapters.md).
TIMES, MORE = 1.5, 0.05


def agreement(model: Any, base: Path, adapter: Path, prompts: Sequence[Sequence[int]]) -> dict[str, float]:
    """Compare what torch and llama.cpp say after some prompts, with the adapter and without.

    llama.cpp goes on greedily for up to 8 tokens; torch is asked what it says at the same places, after the same ones.
    Of each place, the logarithms of probability of llama.cpp's 20 likeliest tokens are compared: logits, but for a
    number that is the same for all tokens of a place.

    Args:
        model: PEFT's model, in torch.
        base: The base's GGUF file.
        adapter: The adapter's.
        prompts: In tokens.

    Returns:
        `prompts`; `meanLogitDifference` and `maxLogitDifference`, in nats; `baseMeanLogitDifference`, the same without
        the adapter; `sameGreedy`: after how many of the prompts both say the same tokens.

    Raises:
        StoreError: If llama.cpp cannot speak with the adapter.
    """
    with_it, without = ask(Question(str(base), str(adapter), prompts, (1.0, 0.0), STEPS, LIKELIEST))
    pairs = zip(prompts, with_it, strict=True)
    found = [_compared(model, prompt, steps) for prompt, steps in pairs]
    with model.disable_adapter():
        plain = [_compared(model, prompt, steps) for prompt, steps in zip(prompts, without, strict=True)]
    differences = [one for different, _ in found for one in different]
    return {
        "prompts": len(prompts),
        "meanLogitDifference": round(_mean(differences), 5),
        "maxLogitDifference": round(max(differences, default=0.0), 5),
        "baseMeanLogitDifference": round(_mean([one for different, _ in plain for one in different]), 5),
        "sameGreedy": sum(same for _, same in found),
    }


def require_agreement(adapter: Path, found: dict[str, float]) -> None:
    """Make sure that torch and llama.cpp agree with the adapter about as well as without.

    Raises:
        StoreError: If they do not.
    """
    most, mean = TIMES * found["baseMeanLogitDifference"] + MORE, found["meanLogitDifference"]
    if not mean <= most:
        problem = f"llama.cpp differs from torch by {mean} nats in the mean, and may by {most:.5f}"
        raise StoreError(adapter, problem, "it is not what was trained: do not use it, and report this")


def _compared(model: Any, prompt: Sequence[int], steps: Sequence[Step]) -> tuple[list[float], bool]:
    """Return how much each likely token's logarithm of probability differs, and whether both say the same."""
    import torch

    ids = [*prompt, *(step.token for step in steps)]
    with torch.no_grad():
        whole = model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0]
    said = whole[len(prompt) - 1 : len(ids) - 1].float().log_softmax(-1).cpu()
    different = [
        abs(float(here[token]) - there)
        for here, step in zip(said, steps, strict=True)
        for token, there in step.likeliest.items()
    ]
    return different, said.argmax(-1).tolist() == [step.token for step in steps]


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
