"""What llama.cpp makes of a prompt with an adapter's file, to hold against what torch makes of it with the adapter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import xllamacpp

#: The likeliest next tokens that are compared.
LIKELIEST = 20


def llama_probabilities(base: Path, adapter: Path, prompts: Sequence[Sequence[int]]) -> list[dict[int, float]]:
    """Return, for each prompt in tokens, the likeliest next tokens and their probabilities.

    Args:
        base: The base's GGUF file.
        adapter: The adapter's.
        prompts: The prompts.
    """
    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(base), 2048, 1
    params.warmup, params.verbosity, params.cache_ram_mib, params.fit_params = False, 0, 0, False
    info = xllamacpp.CommonAdapterLoraInfo()
    info.path, info.scale = str(adapter), 1.0
    params.lora_adapters = [info]
    server = xllamacpp.Server(params)
    asked = {"max_tokens": 1, "temperature": 0, "logprobs": LIKELIEST, "cache_prompt": False}
    answers = [server.handle_completions({"prompt": list(prompt), **asked}) for prompt in prompts]
    tokens = [answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"] for answer in answers]
    return [{one["id"]: math.exp(one["logprob"]) for one in likeliest} for likeliest in tokens]


def largest_difference(here: Sequence[Mapping[int, float]], there: Sequence[Mapping[int, float]]) -> float:
    """Return by how much the probability of any token that `there` names differs at most from the one `here`."""
    return max(abs(one[token] - other[token]) for one, other in zip(here, there, strict=True) for token in other)
