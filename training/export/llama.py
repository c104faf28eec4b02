"""What llama.cpp says with an adapter's file, asked in a process of its own: if it dies, it dies alone.

`python -m metahuman.training.export.llama` reads on standard input what is asked, and prints, for each scale and
prompt, the steps of a greedy answer: `{"token": 5, "likeliest": {"5": -0.1, "7": -2.4}}`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from metahuman.state.errors import StoreError

#: Seconds for all prompts together, of which loading a big base takes most.
PATIENCE = 1800
#: The end of what a program that failed said, in characters.
TOLD = 300


@dataclass(frozen=True)
class Question:
    """What is asked of llama.cpp.

    Args:
        base: The base's GGUF file.
        adapter: The adapter's.
        prompts: The prompts, in tokens.
        scales: How strongly the adapter speaks, once for each: 0 is not at all.
        tokens: How long each answer may be: it stops sooner where it ends, or within a character.
        likeliest: Of how many tokens it tells how likely they were, at each step.
    """

    base: str
    adapter: str
    prompts: Sequence[Sequence[int]]
    scales: Sequence[float]
    tokens: int
    likeliest: int


class Step(NamedTuple):
    """One greedy step.

    Args:
        token: The token that llama.cpp says.
        likeliest: The likeliest tokens at this place, each with the natural logarithm of its probability.
    """

    token: int
    likeliest: dict[int, float]


def ask(question: Question) -> list[list[list[Step]]]:
    """Return how llama.cpp goes on: for each scale, after each prompt.

    Raises:
        StoreError: If it cannot load the adapter on the base, or breaks off.
    """
    try:
        child = subprocess.run(  # noqa: S603 - this module, by its name
            [sys.executable, "-m", __name__],
            input=json.dumps(asdict(question)),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        problem = f"llama.cpp gave no answer within {PATIENCE} s"
        raise StoreError(question.adapter, problem, "try a smaller base") from error
    if child.returncode:
        said = " ".join(child.stderr.split())[-TOLD:] or f"it ended with {child.returncode}"
        problem = f"llama.cpp cannot speak with it on {question.base}: {said}"
        raise StoreError(question.adapter, problem, "train again; if that does not help, take another base")
    told = json.loads(child.stdout.splitlines()[-1])
    return [[[_step(step) for step in steps] for steps in prompts] for prompts in told]


def _step(told: dict[str, Any]) -> Step:
    return Step(told["token"], {int(token): value for token, value in told["likeliest"].items()})


def _answered(asked: dict[str, Any]) -> list[list[list[dict[str, Any]]]]:
    server = _server(Path(asked["base"]), Path(asked["adapter"]), max(map(len, asked["prompts"])) + asked["tokens"])
    return [[_steps(server, prompt, scale, asked) for prompt in asked["prompts"]] for scale in asked["scales"]]


def _server(base: Path, adapter: Path, window: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(base), window + 1, 1
    params.warmup, params.verbosity, params.cache_ram_mib, params.fit_params = False, 0, 0, False
    params.ui, params.cors_origins = False, "http://localhost"
    # Its threads wait for each other by spinning: one more than there are free cores, and all stand still.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) // 2)
    info = xllamacpp.CommonAdapterLoraInfo()
    info.path, info.scale = str(adapter), 1.0
    params.lora_adapters = [info]
    return xllamacpp.Server(params)


def _steps(server: Any, prompt: list[int], scale: float, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Go on token by token: in one go, it says nothing of tokens that are only a part of a character."""
    steps = list[dict[str, Any]]()
    call = {"max_tokens": 1, "temperature": 0, "logprobs": asked["likeliest"], "lora": [{"id": 0, "scale": scale}]}
    while len(steps) < asked["tokens"]:
        (answer,) = server.handle_completions({"prompt": [*prompt, *(step["token"] for step in steps)], **call})[
            "choices"
        ]
        if not (places := (answer.get("logprobs") or {}).get("content")):
            break
        likeliest = {one["id"]: one["logprob"] for one in places[0]["top_logprobs"]}
        steps.append({"token": places[0]["id"], "likeliest": likeliest})
        if answer["finish_reason"] == "stop":
            break
    return steps


if __name__ == "__main__":
    try:
        found = _answered(json.load(sys.stdin))
    except RuntimeError as failure:  # what xllamacpp raises where a file cannot be loaded
        sys.exit(str(failure))
    sys.stdout.write(json.dumps(found) + "\n")
